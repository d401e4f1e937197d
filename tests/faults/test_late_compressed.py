"""Late readings and duplicates into compressed chunks, through the writer, on the Community edition."""

from __future__ import annotations

import asyncio
import json
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from devices.catalog import load
from ingest.batch import Batcher
from ingest.mqtt import Delivery
from ingest.pipeline import time_limits
from ingest.turns import Turns
from ingest.understand import understand
from ingest.writer import Outcome, Writer
from storage.edition import Edition
from storage.migrate import edition, migrate
from storage.observations import OBSERVATION, copy_in, empty, merge_in
from storage.pool import connect, open_pool
from tests.conftest import make_settings
from tests.integration.city import register
from tests.integration.test_community_edition import FOLDER, node

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devices.catalog import Catalog

__all__ = ["node"]

Connection = psycopg.AsyncConnection[Any]
GATEWAY = "gw-late"
DAY_MS = 86_400_000
#: midnight ten days ago: analytics has passed it, and the policy has compressed it
START_MS = int((datetime.now(UTC) - timedelta(days=10)).timestamp() * 1000) // DAY_MS * DAY_MS
TIMES = range(START_MS, START_MS + DAY_MS, 60_000)


@contextmanager
def serving(node: str) -> Iterator[str]:
    """A database of the Community edition in memory; it takes one connection at a time."""
    command = [node, str(FOLDER / "serve.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        port = int(process.stdout.readline())
        yield f"postgresql://postgres:password@127.0.0.1:{port}/postgres?sslmode=disable&gssencmode=disable"
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.fixture(scope="module")
def server_url(node: str) -> Iterator[str]:
    """The address of a migrated database."""
    with serving(node) as url:
        asyncio.run(migrate(url))
        yield url


@pytest.fixture
async def community_url(server_url: str) -> str:
    """Its address, without observations."""
    async with await connect(server_url) as conn:
        await conn.execute("TRUNCATE observations, late_hours, refusals, gateway_status")
    return server_url


@pytest.fixture
async def catalog(community_url: str) -> Catalog:
    async with await connect(community_url) as conn:
        assert await edition(conn) is Edition.COMMUNITY
        await register(conn, GATEWAY)
        return await load(conn)


async def write(url: str, catalog: Catalog, readings: list[dict[str, Any]], *, prepare: bool) -> Outcome:
    """Store one message as ingest does after its start, with the marks read or (a hint at most) without."""
    payload = json.dumps({"readings": readings}).encode()
    delivery = Delivery(f"city/v1/{GATEWAY}/up/observations", payload, None, False, False, 1, 1)
    batcher = Batcher(max_rows=100_000, max_deliveries=100, max_age=1.0)
    settings = make_settings()
    assert batcher.add(understand(delivery, catalog, settings.topic_root, time_limits(settings)), 0.0) is None
    batch = batcher.close()
    assert batch
    async with open_pool(url, max_size=1) as pool:
        writer = Writer(pool)
        if prepare:
            await writer.prepare()
        return await writer.write(writer.plan(batch, Turns().next()))


async def compress(url: str) -> None:
    async with await connect(url) as conn:
        await conn.execute("SELECT compress_chunk(c, true) FROM show_chunks('observations') c")
        cursor = await conn.execute(
            "SELECT bool_and(is_compressed) FROM timescaledb_information.chunks "
            "WHERE hypertable_name = 'observations'"
        )
        assert await cursor.fetchone() == (True,)


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    async with await connect(url) as conn:
        return await (await conn.execute(sql.encode())).fetchall()


@pytest.mark.parametrize("prepare", [True, False], ids=["marks read", "without marks"])
async def test_late_rows_are_stored_and_the_first_value_stays(
    community_url: str, catalog: Catalog, prepare: bool
) -> None:
    first = [{"time": time, "pm10": 1.0} for time in TIMES[::2]]
    assert (await write(community_url, catalog, first, prepare=True)).stored == len(first)
    await compress(community_url)
    async with await connect(community_url) as conn:
        await conn.execute("TRUNCATE late_hours")
    # Every minute of the day, of which every other one is stored, and one minute twice with another value.
    again = [{"time": time, "pm10": 2.0} for time in TIMES] + [{"time": TIMES[1], "pm10": 3.0}]
    outcome = await write(community_url, catalog, again, prepare=prepare)
    assert (outcome.stored, outcome.duplicates) == (len(TIMES) // 2, len(TIMES) // 2 + 1)
    values = await rows(
        community_url, "SELECT value, count(*) FROM observations GROUP BY value ORDER BY value"
    )
    assert values == [(1.0, len(TIMES) // 2), (2.0, len(TIMES) // 2)]
    assert await rows(community_url, "SELECT count(*) FROM late_hours") == [(24,)]
    await compress(community_url)
    repeated = await write(community_url, catalog, again, prepare=prepare)
    assert (repeated.stored, repeated.duplicates) == (0, len(again))


async def test_the_key_holds_in_a_compressed_chunk(community_url: str) -> None:
    stored = empty(100)
    stored["datastream_id"], stored["value"], stored["quality"] = 1, 1.0, 0
    stored["time"] = [time * 1000 for time in TIMES[:100]]
    late = stored[:1].copy()
    late["time"] += 30_000_000
    assert stored.dtype == OBSERVATION
    async with await connect(community_url) as conn:
        await copy_in(conn, stored)
    await compress(community_url)
    async with await connect(community_url) as conn:
        with pytest.raises(psycopg.errors.UniqueViolation):
            await copy_in(conn, stored[50:51])
        await copy_in(conn, late)
        async with conn.transaction():
            assert await merge_in(conn, stored, datetime.now(UTC)) == 0
    assert await rows(community_url, "SELECT count(*), count(DISTINCT time) FROM observations") == [
        (101, 101)
    ]
