"""Hours of backlog: ingest is stopped while gateways go on, and takes all of it when it starts again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Broker, make_settings
from tests.faults.conftest import count, long, register_all
from tests.faults.ingesting import Ingest
from tests.faults.inputs import assert_stored, send_all, until_heard
from tests.faults.ledger import Ledger

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import AsyncConnection


MESSAGES = 300_000


@pytest.fixture
def broker(own_broker: Broker) -> Broker:
    return own_broker


@long
async def test_what_waited_at_the_broker_is_stored(
    conn: AsyncConnection[Any], database_url: str, broker: Broker, gateway_code: str, tmp_path: Path
) -> None:
    ids = await register_all(conn, gateway_code)
    ledger = Ledger(gateway_code, ids[gateway_code, "pm10"])
    settings = make_settings(database_url=database_url, mqtt_url=broker.platform_url)
    ingest = Ingest(settings, tmp_path / "ingest.log")
    async with ingest:  # from here on the broker keeps its messages
        pass
    begin = time.monotonic()
    await send_all(broker, gateway_code, (ledger.next()[1].encode() for _ in range(MESSAGES)))
    sent = time.monotonic()
    assert await count(conn) == 0
    async with ingest:
        idle = ingest.note_memory()
        started = time.monotonic()
        await until_heard(conn, gateway_code, MESSAGES)
        print(
            f"{MESSAGES} messages queued in {sent - begin:.0f} s, stored {time.monotonic() - started:.0f} s "
            f"after the start, {idle:.0f} MB before, peak {ingest.note_memory():.0f} MB"
        )
    expected = ledger.expected(range(1, MESSAGES + 1))
    await assert_stored(conn, {(stream, t * 1000): value for (stream, t), value in expected.items()})
