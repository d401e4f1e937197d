"""The connection to the database is cut where it hurts most, by a proxy before PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import changed
from tests.faults.conftest import until
from tests.faults.ingesting import Ingest
from tests.processes import COMMITTED, COPY, Proxy, Trap

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

    from runtime.settings import Settings
    from tests.faults.conftest import Traffic


@pytest.mark.parametrize(
    ("direction", "marker", "arrives"),
    [("upstream", COPY, 0.5), ("downstream", COMMITTED, 0.0)],
    ids=["in the middle of COPY", "between COMMIT and its answer"],
)
async def test_cut(
    conn: psycopg.AsyncConnection[Any],
    settings: Settings,
    traffic: Traffic,
    tmp_path: Path,
    full: bool,
    direction: str,
    marker: bytes,
    arrives: float,
) -> None:
    trap = Trap(marker, arrives)
    url = str(settings.database_url)
    async with Proxy(url, **{direction: trap}).serving() as proxy:
        behind = changed(settings, database_url=proxy.url)
        async with Ingest(behind, tmp_path / "ingest.log") as ingest:
            with traffic.flowing():
                for _ in range(100 if full else 4):
                    trap.times += 1
                    await until(lambda: trap.sprung == trap.times)
                    await asyncio.sleep(0.2)
            await traffic.assert_stored(conn)
            assert ingest.lives == 1
            # Other connections of ingest commit as well: what was deferred, is unknown or goes down.
            retries = ("write_retry", "deferred_retry", "unknown_retry", "down_retry")
            assert sum(map(ingest.count, retries)) >= trap.times
    print(f"{trap.sprung} cuts, peak {ingest.peak_mb:.0f} MB")
