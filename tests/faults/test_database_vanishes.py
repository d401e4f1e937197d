"""The database is gone without a word: packets vanish, or nothing but the network answers."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from storage.errors import is_transient
from storage.pool import cut_after, open_pool
from tests.conftest import changed
from tests.faults.conftest import long, until
from tests.faults.ingesting import Ingest
from tests.faults.test_postgres_away import more_stored
from tests.processes import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.settings import Settings
    from tests.faults.conftest import Traffic

Connection = psycopg.AsyncConnection[Any]
#: TCP gives a connection up after 20 s, the writer one whose server hangs after 60 s; and one retry's pause
NOTICED_S = {"vanish": 30, "hang": 70}


def noticed_by(ingest: Ingest) -> str | None:
    """Who found out: the writer, or the lock that the client id is claimed with."""
    return next((action for action in ("write_retry", "claim_lost") if ingest.count(action)), None)


@long
@pytest.mark.parametrize("how", ["vanish", "hang"])
async def test_noticed_and_stored_after_its_return(
    conn: Connection, settings: Settings, traffic: Traffic, tmp_path: Path, how: str
) -> None:
    async with Proxy(str(settings.database_url)).serving() as proxy:
        behind = changed(settings, database_url=proxy.url)
        async with Ingest(behind, tmp_path / "ingest.log") as ingest:
            with traffic.flowing():
                await more_stored(conn)
                begin = time.monotonic()
                getattr(proxy, how)()
                await until(lambda: noticed_by(ingest) is not None, NOTICED_S[how])
                noticed = time.monotonic() - begin
                await asyncio.sleep(60)
                back = time.monotonic()
                proxy.reappear() if how == "vanish" else proxy.let_flow()
                await more_stored(conn)
                wait = time.monotonic() - back
            await traffic.assert_stored(conn)
            assert ingest.lives == 1
    print(
        f"{how}: noticed after {noticed:.0f} s ({noticed_by(ingest)}), "
        f"stores again {wait:.1f} s after the return, peak {ingest.peak_mb:.0f} MB"
    )


@long
@pytest.mark.parametrize("how", ["vanish", "hang"])
async def test_stopped_meanwhile(
    conn: Connection, settings: Settings, traffic: Traffic, tmp_path: Path, how: str
) -> None:
    async with Proxy(str(settings.database_url)).serving() as proxy:
        behind = changed(settings, database_url=proxy.url)
        ingest = Ingest(behind, tmp_path / "ingest.log")
        await ingest.start()
        with traffic.flowing():
            await more_stored(conn)
            getattr(proxy, how)()
            await asyncio.sleep(0.5)
            duration = await ingest.stop()
            proxy.reappear() if how == "vanish" else proxy.let_flow()
        async with ingest:
            await traffic.assert_stored(conn)
    print(f"{how}: SIGTERM ended ingest after {duration:.1f} s")
    assert duration < 10


async def test_a_connection_is_cut_when_its_time_is_over(database_url: str) -> None:
    async with open_pool(database_url) as pool:
        async with pool.connection() as conn:
            with pytest.raises(psycopg.OperationalError) as caught, cut_after(0.1, conn):
                await conn.execute("SELECT pg_sleep(30)")
        assert is_transient(caught.value)
        async with pool.connection() as another:
            cursor = await another.execute("SELECT 1")
            assert await cursor.fetchone() == (1,)
