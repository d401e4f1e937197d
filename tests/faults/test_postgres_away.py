"""PostgreSQL crashes, or is away for a while: ingest keeps its batch, lives on and stores it afterwards."""

from __future__ import annotations

import asyncio
import random
import time
from typing import TYPE_CHECKING, Any

from storage.pool import connect
from tests.faults.conftest import count, long, until

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.local.postgres import LocalPostgres
    from tests.faults.conftest import Traffic
    from tests.faults.ingesting import Ingest


async def more_stored(conn: AsyncConnection[Any]) -> float:
    """Wait until something more is stored and return how long that took, s."""
    begin, before = time.monotonic(), await count(conn)

    async def more() -> bool:
        return await count(conn) > before

    await until(more)
    return time.monotonic() - begin


async def test_killed_and_started_again(
    durable_postgres: LocalPostgres,
    durable_url: str,
    durable_traffic: Traffic,
    durable_ingest: Ingest,
    full: bool,
) -> None:
    moments = random.Random(4711)
    async with durable_ingest as ingest:
        with durable_traffic.flowing():
            for _ in range(20 if full else 2):
                await asyncio.sleep(moments.uniform(0.3, 1.0))
                await asyncio.to_thread(durable_postgres.kill)
                await asyncio.to_thread(durable_postgres.start)
                async with await connect(durable_url) as conn:
                    await more_stored(conn)
        async with await connect(durable_url) as conn:
            await durable_traffic.assert_stored(conn)
        assert ingest.lives == 1
        assert ingest.is_running


async def test_away_for_a_while(
    durable_postgres: LocalPostgres,
    durable_url: str,
    durable_traffic: Traffic,
    durable_ingest: Ingest,
    full: bool,
) -> None:
    waits = []
    async with durable_ingest as ingest:
        with durable_traffic.flowing():
            await asyncio.sleep(0.5)
            before = ingest.note_memory()
            # The pauses between attempts grow: how long the return goes unnoticed depends on the moment.
            for seconds in (60, 7, 12, 18, 25, 33) if full else (8,):
                await asyncio.to_thread(durable_postgres.stop)
                await asyncio.sleep(seconds)
                assert ingest.is_running
                after = ingest.note_memory()
                await asyncio.to_thread(durable_postgres.start)
                async with await connect(durable_url) as conn:
                    waits.append(await more_stored(conn))
        async with await connect(durable_url) as conn:
            await durable_traffic.assert_stored(conn)
        assert ingest.lives == 1
    print(
        f"stores again {', '.join(f'{wait:.1f}' for wait in waits)} s after the return; "
        f"peak {before:.0f} MB before, {after:.0f} MB after"
    )
    # Attempts to write are 5 s apart at most, and an attempt to connect takes 10 s at most.
    assert max(waits) < 20
    # What is taken at most: Receive Maximum messages and three batches.
    assert after - before < 50


@long
async def test_stopped_while_away(
    durable_postgres: LocalPostgres, durable_url: str, durable_traffic: Traffic, durable_ingest: Ingest
) -> None:
    async with durable_ingest as ingest:
        with durable_traffic.flowing():
            await asyncio.sleep(0.5)
            await asyncio.to_thread(durable_postgres.stop)
            await asyncio.sleep(0.5)
            duration = await ingest.stop()
            await asyncio.to_thread(durable_postgres.start)
        await ingest.start()
        async with await connect(durable_url) as conn:
            await durable_traffic.assert_stored(conn)
    print(f"SIGTERM ended ingest after {duration:.1f} s")
    assert duration < 10
