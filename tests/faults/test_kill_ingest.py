"""SIGKILL of ingest between COPY and acknowledgement: every published reading is stored exactly once."""

from __future__ import annotations

import asyncio
import subprocess
import time
from typing import TYPE_CHECKING, Any

import psycopg

from tests.conftest import changed
from tests.faults.ingesting import Ingest
from tests.integration.city import register
from tests.integration.test_ingest import ingesting, until
from tests.processes import Proxy, running

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.local.provision import Binaries
    from runtime.settings import Settings
    from tests.conftest import Broker

Connection = psycopg.AsyncConnection[Any]
READINGS = 500
NOW_MS = int(time.time() * 1000)


def publish(binaries: Binaries, broker: Broker, gateway: str) -> None:
    """Publish one reading a message with mosquitto_pub, which waits for each PUBACK."""
    url = broker.server.gateway_url.removeprefix("mqtt://").split(":")
    lines = "".join(
        f'{{"seq": {i + 1}, "readings": [{{"time": {NOW_MS + i}, "pm10": {i}}}]}}\n' for i in range(READINGS)
    )
    subprocess.run(
        [
            binaries.mosquitto_pub, "-h", url[0], "-p", url[1], "-V", "5", "-q", "1", "-l", "-i", gateway,
            "-u", gateway, "-P", broker.add_gateway(gateway), "-t", f"city/v1/{gateway}/up/observations",
        ],
        input=lines.encode(), check=True, timeout=60,
    )  # fmt: skip


async def register_and_subscribe(conn: Connection, settings: Settings, gateway: str) -> None:
    """Register the gateway, and let ingest subscribe once: from then on the broker keeps its messages."""
    await register(conn, gateway)
    async with ingesting(settings):
        pass


async def count(conn: Connection) -> int:
    cursor = await conn.execute("SELECT count(*) FROM observations")
    row = await cursor.fetchone()
    assert row
    return int(row[0])


async def assert_each_stored_once(conn: Connection, gateway: str) -> None:
    cursor = await conn.execute(
        "SELECT (extract(epoch FROM time) * 1000)::bigint, value FROM observations ORDER BY time"
    )
    assert await cursor.fetchall() == [(NOW_MS + i, float(i)) for i in range(READINGS)]
    cursor = await conn.execute(
        "SELECT received_seq::text, (SELECT count(*) FROM refusals WHERE gateway = %s) FROM gateway_status",
        [gateway],
    )
    assert await cursor.fetchone() == (f"{{[1,{READINGS + 1})}}", 0)


async def test_killed_after_the_commit_and_before_the_acknowledgement(
    conn: Connection,
    settings: Settings,
    broker: Broker,
    binaries: Binaries,
    gateway_code: str,
    tmp_path: Path,
) -> None:
    await register_and_subscribe(conn, settings, gateway_code)
    async with Proxy(broker.platform_url).serving() as proxy:
        behind = changed(settings, mqtt_url=proxy.url)
        ingest = Ingest(behind, tmp_path / "ingest.log")
        await ingest.start()  # which waits for the answer to SUBSCRIBE
        proxy.hold_upstream()  # acknowledgements no longer reach the broker
        await asyncio.to_thread(publish, binaries, broker, gateway_code)
        await until(lambda: at_least(conn, READINGS))
        ingest.kill()
    with running(settings, "ingest"):
        # Nothing was acknowledged, so the broker sends all of it again.
        await until(lambda: heard_twice(conn))
    await assert_each_stored_once(conn, gateway_code)


async def test_killed_between_copy_and_commit(
    conn: Connection,
    settings: Settings,
    broker: Broker,
    binaries: Binaries,
    gateway_code: str,
    database_url: str,
) -> None:
    await register_and_subscribe(conn, settings, gateway_code)
    with running(settings, "ingest") as ingest:
        await until(lambda: subscribed(conn))
        async with await psycopg.AsyncConnection.connect(str(settings.database_url)) as blocker:
            # Ingest writes gateway_status after COPY and before COMMIT: there it waits for this lock.
            await blocker.execute("LOCK TABLE gateway_status IN EXCLUSIVE MODE")
            await asyncio.to_thread(publish, binaries, broker, gateway_code)
            await until(lambda: waits_for_lock(conn))
            ingest.kill()
            ingest.wait()
            await blocker.rollback()
            await until(lambda: nobody_writes(conn))
    assert await count(conn) == 0
    with running(settings, "ingest"):
        await until(lambda: at_least(conn, READINGS))
    await assert_each_stored_once(conn, gateway_code)


async def subscribed(conn: Connection) -> bool:
    """Ingest subscribes right after it has read the marks and the registry."""
    cursor = await conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'halong catalog'"
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def heard_twice(conn: Connection) -> bool:
    cursor = await conn.execute("SELECT messages FROM gateway_status")
    row = await cursor.fetchone()
    return bool(row and row[0] == 2 * READINGS)


async def at_least(conn: Connection, rows: int) -> bool:
    return await count(conn) >= rows


async def waits_for_lock(conn: Connection) -> bool:
    cursor = await conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'halong ingest' AND wait_event_type = 'Lock'"
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def nobody_writes(conn: Connection) -> bool:
    cursor = await conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'halong ingest' AND state <> 'idle'"
    )
    row = await cursor.fetchone()
    return bool(row and row[0] == 0)
