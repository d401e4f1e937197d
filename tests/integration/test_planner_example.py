"""docs/examples/planners: the late buffer that planners.md shows, on real services."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from analytics import service as analytics
from api import keys
from api import service as api
from devices.registry import import_profile
from tests.conftest import REPOSITORY, changed
from tests.integration.city import small_city
from tests.integration.test_ingest import ingesting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

    from devices.model import Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

pytestmark = pytest.mark.timeout(300)

SCRIPT = REPOSITORY / "docs" / "examples" / "planners" / "late_buffer.py"
PLANNERS = (REPOSITORY / "docs" / "planners.md").read_text("utf-8")
#: what is another one each day
VARYING = (
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"\d\d:\d\d(:\d\d(\.\d+)?)?", "TIME"),
    (r"[ ─]+", " "),
)


def one_station(code: str) -> Profile:
    """The small city with one station, aq-017."""
    city = small_city(code)
    (gateway,) = city.gateways
    station = replace(gateway.things[0], code="aq-017", name="aq-017", datastreams={"pm2_5": 300})
    return replace(city, gateways=(replace(gateway, things=(station,)),))


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[str]:
    """Run analytics and the API; yield the API's address."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    services = [
        asyncio.create_task(analytics.run(settings, stop)),
        asyncio.create_task(api.run(settings, stop, on_listening=listening.set_result)),
    ]
    yield await asyncio.wait_for(listening, 60)
    stop.set()
    await asyncio.gather(*services)


async def run(environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, f"{err.decode()}{out.decode()}"
    return out.decode()


def steady(text: str) -> list[str]:
    """The lines of a text without what is another one each day."""
    for pattern, replacement in VARYING:
        text = re.sub(pattern, replacement, text)
    return [line.strip() for line in text.splitlines() if line.strip()]


async def test_a_late_buffer_changes_yesterday_and_planners_md_shows_how(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await import_profile(conn, one_station(gateway_code))
    password, (key, _) = broker.add_gateway(gateway_code), await keys.create(conn, "planner", "operator")
    url = urlsplit(broker.gateway_url)
    environment = {
        "MQTT_HOST": url.hostname or "", "MQTT_PORT": str(url.port), "GATEWAY": gateway_code,
        "PASSWORD": password, "DEVICE": "aq-017", "AREA": "193", "KEY": key,
        "HALONG_DATABASE_URL": settings.require_database_url(), "COLUMNS": "118",
        "PATH": f"{REPOSITORY / '.venv/bin'}:{os.environ['PATH']}",
    }  # fmt: skip
    async with ingesting(settings), serving(changed(settings, api_port=0)) as address:
        printed = await run({**environment, "HALONG": address})
    assert "equal to the stored value" in printed
    (shown,) = re.findall(r"<!-- late_buffer.py -->\n```text\n(.*?)\n```", PLANNERS, re.DOTALL)
    assert steady(printed) == steady(shown)
