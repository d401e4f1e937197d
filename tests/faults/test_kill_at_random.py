"""SIGKILL of ingest at random moments, and its graceful end, while traffic flows."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

import psycopg

from tests.faults.conftest import long, until

if TYPE_CHECKING:
    from tests.faults.conftest import Traffic
    from tests.faults.ingesting import Ingest

Connection = psycopg.AsyncConnection[Any]


async def newest(conn: Connection) -> Any:
    cursor = await conn.execute("SELECT max(time) FROM observations")
    return await cursor.fetchone()


async def test_killed_at_random_moments(
    conn: Connection, traffic: Traffic, ingest: Ingest, full: bool
) -> None:
    moments = random.Random(20260131)
    async with ingest:
        with traffic.flowing():
            for number in range(100 if full else 3):
                before = await newest(conn)

                async def stores(before: Any = before) -> bool:
                    return bool(await newest(conn) != before)

                await until(stores)
                await asyncio.sleep(moments.uniform(0.0, 0.4))
                ingest.kill()
                # Every fourth life ends before or while it subscribes.
                await ingest.start(wait=number % 4 != 3)
                if number % 4 == 3:
                    await asyncio.sleep(moments.uniform(0.0, 1.5))
                    ingest.kill()
                    await ingest.start()
        await traffic.assert_stored(conn)
    print(f"{ingest.lives} lives, peak {ingest.peak_mb:.0f} MB")


async def test_stopped_under_load(conn: Connection, traffic: Traffic, ingest: Ingest, full: bool) -> None:
    durations = []
    async with ingest:
        with traffic.flowing():
            for _ in range(40 if full else 2):
                await asyncio.sleep(0.5)
                durations.append(await ingest.stop())
                await ingest.start()
        await traffic.assert_stored(conn)
    print(f"SIGTERM ended ingest after {max(durations):.1f} s at most")
    assert max(durations) < 10


@long
async def test_stopped_while_the_database_does_not_answer(
    conn: Connection, traffic: Traffic, ingest: Ingest
) -> None:
    async with ingest:
        with traffic.flowing():
            async with conn.transaction():
                await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
                await asyncio.sleep(0.5)
                duration = await ingest.stop()
        await ingest.start()
        await traffic.assert_stored(conn)
    print(f"SIGTERM ended ingest after {duration:.1f} s")
    assert ingest.count("drain_timeout") == 1
    assert duration < 10
