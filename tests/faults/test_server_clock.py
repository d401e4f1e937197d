"""The server's own clock is wrong, that of the gateways right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.faults.conftest import register_all
from tests.faults.inputs import NOW_MS, send_all, until_heard

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

#: Python runs a module of this name before the program.
BEHIND = """
import time

right = time.time_ns
time.time_ns = lambda: right() - 3_600_000_000_000
"""


async def test_an_hour_behind_all_is_refused_and_kept(
    conn: AsyncConnection[Any],
    broker: Broker,
    ingest: Ingest,
    gateway_code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await register_all(conn, gateway_code)
    (tmp_path / "sitecustomize.py").write_text(BEHIND)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    payload = f'{{"seq": 1, "readings": [{{"time": {NOW_MS}, "pm10": 1}}]}}'.encode()
    async with ingest:
        await send_all(broker, gateway_code, [payload])
        await until_heard(conn, gateway_code, 1)
    cursor = await conn.execute(
        "SELECT reason, stored, payload FROM refusals WHERE gateway = %s", [gateway_code]
    )
    assert await cursor.fetchall() == [("time_in_future", False, payload)]
    cursor = await conn.execute("SELECT count(*) FROM observations")
    assert await cursor.fetchone() == (0,)
