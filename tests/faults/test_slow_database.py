"""A slow database: what is not committed stays with the broker, and ingest's memory does not grow."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg

from tests.conftest import changed
from tests.faults.conftest import count, make_traffic, until
from tests.faults.ingesting import Ingest
from tests.faults.publishers import publishing

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.local.provision import Binaries
    from runtime.settings import Settings
    from tests.conftest import Broker

Connection = psycopg.AsyncConnection[Any]
#: messages in flight
WINDOW = 1000
# Fires once a transaction: the other gateway's row does not count.
SLOW_COMMIT = """
CREATE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT OR UPDATE ON gateway_status
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit()"""


async def test_each_commit_takes_half_a_second(
    conn: Connection,
    binaries: Binaries,
    broker: Broker,
    gateway_code: str,
    settings: Settings,
    tmp_path: Path,
    full: bool,
) -> None:
    # 1000 to 2000 messages a second at the most, which the publishers outrun.
    small = changed(settings, ingest_receive_maximum=WINDOW, ingest_batch_deliveries=WINDOW // 2)
    ingest = Ingest(small, tmp_path / "ingest.log")
    traffic = await make_traffic(conn, binaries, broker, gateway_code)
    traffic.mosquitto.chunk, traffic.mosquitto.pause = 1000, 0.4
    await conn.execute(SLOW_COMMIT.encode())
    most, until_s = 0, time.monotonic() + (20 if full else 1)
    async with ingest:
        with traffic.flowing():
            while most < WINDOW + 200 or time.monotonic() < until_s:
                await asyncio.sleep(0.1)
                most = max(most, (traffic.readings - await count(conn)) // 5)
        await traffic.assert_stored(conn)
        ingest.note_memory()
    print(f"up to {most} messages behind, peak {ingest.peak_mb:.0f} MB")
    # More than the Receive Maximum waited: the broker held it, not ingest.
    assert ingest.lives == 1
    assert ingest.actions()["write_retry"] == 0


async def test_large_messages_while_the_database_does_not_answer(
    conn: Connection, binaries: Binaries, broker: Broker, gateway_code: str, ingest: Ingest
) -> None:
    # 150 messages are fewer than the Receive Maximum: their bytes must hold the broker back.
    traffic = await make_traffic(conn, binaries, broker, gateway_code, padding=900_000)
    traffic.mosquitto.chunk = traffic.paho.burst = 25
    async with ingest:
        async with conn.transaction():
            await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
            with publishing(traffic.mosquitto, traffic.paho):
                await until(lambda: traffic.acked >= 150)
            await asyncio.sleep(0.5)
        await traffic.assert_stored(conn)
        ingest.note_memory()
    print(f"{traffic.acked} messages of 0.9 MB, peak {ingest.peak_mb:.0f} MB")
