"""docs/api.md says what is so: curl runs its requests against a server, its example error is the real one."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.problems import KINDS
from api.service import run
from runtime.settings import Settings
from tests.integration.api.seed import HOUR

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from psycopg import AsyncConnection

PAGE = Path(__file__).resolve().parents[3] / "docs" / "api.md"
TEXT = PAGE.read_text("utf-8")
REQUESTS = re.findall(r"^```sh\n(curl .*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def address(database_url: str, city: AsyncConnection[Any]) -> AsyncIterator[str]:
    """A server on loopback that asks for a key."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings.model_validate({"database_url": database_url, "api_port": 0})
    service = asyncio.create_task(run(settings, stop, on_listening=listening.set_result))
    yield await asyncio.wait_for(listening, 60)
    stop.set()
    await asyncio.wait_for(service, 60)


async def shell(command: str, **environment: str) -> str:
    process = await asyncio.create_subprocess_shell(
        f"{command} --fail-with-body --max-time 60",
        env=environment | {"PATH": "/usr/local/bin:/usr/bin:/bin", "no_proxy": "*"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode == 0, f"{command}: {err.decode()} {out.decode()}"
    return out.decode()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_the_ten_requests(address: str, city: AsyncConnection[Any]) -> None:
    assert len(REQUESTS) == 10
    key, _ = await keys.create(city, "duty desk", "operator")
    answers = [await shell(command, HALONG=address, KEY=key) for command in REQUESTS]
    assert len(json.loads(answers[0])["items"]) == 13
    assert json.loads(answers[1])["successors"]
    assert len(json.loads(answers[2])["features"]) == 13
    assert json.loads(answers[3])["rows"]
    assert json.loads(answers[4])["declaration"]["source"]
    assert answers[5].startswith("indicator,area,")
    assert len(answers[5].splitlines()) == 1 + 6
    assert json.loads(answers[6])["as_of"] == "2026-11-20T17:00:00Z"
    over = (datetime.now(UTC) - HOUR) // timedelta(hours=1)  # since the city was written
    assert len(json.loads(answers[7])["items"]) in {5 - over, 6 - over}
    assert [row["code"] for row in json.loads(answers[8])["items"]] == ["ha-long-2"]
    assert json.loads(answers[9])["items"][0]["reason"] == "value_out_of_range"


async def test_the_example_error_is_the_real_one(client: httpx.AsyncClient) -> None:
    (written,) = re.findall(r"^```json\n(.*?)\n```$", TEXT, re.MULTILINE | re.DOTALL)
    shown = json.loads(written)
    answer = await client.get("/v1/latest?property=pm25", headers={"x-request-id": shown["request_id"]})
    real = answer.json()
    shown["errors"][0].pop("did_you_mean")
    assert real["errors"][0].pop("did_you_mean")[0] == "pm2_5"
    shown.pop("detail")
    assert real.pop("detail")
    assert real == shown


def test_every_kind_of_problem_is_in_the_table() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (.*?) \|", TEXT, re.MULTILINE)
    written = {kind: int(status) for status, cell in rows for kind in re.findall(r"`(.+?)`", cell)}
    assert written == {kind: status for kind, (status, _) in KINDS.items()}
