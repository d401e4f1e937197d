"""The city that `bench.console` looks at, and how it changes meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Value
from bench.console_clients import FIRST
from bench.dashboards_city import fill
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

#: copies of the profile's city, so that there are 5,270 things
COPIES: Final = 17
INDICATOR: Final = "laeq_1h"
COMMITS_A_S: Final = 1.0
#: each datastream measures, and each gateway is heard, once in so many commits
_ROUND: Final = 60
_ROWS: Final = 1_500_000
_DAYS: Final = 2

_PLACE = """
SELECT a.id, v.time FROM latest_values v JOIN areas a ON a.id = v.area_id
WHERE v.indicator = %s AND a.level = 'district' ORDER BY a.id LIMIT 1"""
_MEASURE = """
INSERT INTO observations (time, datastream_id, value)
SELECT now(), id, 20 FROM datastreams WHERE id %% %(round)s = %(turn)s ON CONFLICT DO NOTHING"""
_HEAR = """
UPDATE gateway_status SET last_seen = now(), messages = messages + 1
WHERE gateway_id %% %(round)s = %(turn)s AND online"""
_IS_FILLED = "SELECT to_regclass('things') IS NOT NULL"
_THINGS = "SELECT count(*) FROM things"


def prepare(url: str, copies: int) -> int:
    """Fill a database with two days of so many copies of the city unless it is kept; return its things."""
    return asyncio.run(_prepare(url, copies))


async def _prepare(url: str, copies: int) -> int:
    async with await connect(url) as conn:
        row = await (await conn.execute(_IS_FILLED)).fetchone()
    if row == (False,):
        await fill(url, _ROWS * copies // COPIES, copies, _DAYS)
    async with await connect(url) as conn:
        for turn in range(_ROUND):  # what was filled ends a while ago
            await _send(conn, turn)
        row = await (await conn.execute(_THINGS)).fetchone()
    return int(row[0]) if row else 0


def change(url: str, numbers: range) -> NDArray[np.float64]:
    """Commit the values FIRST + n of INDICATOR in a district, on schedule, and what gateways send.

    Returns:
        `time.monotonic()` after each commit.
    """
    return asyncio.run(_change(url, numbers))


async def _change(url: str, numbers: range) -> NDArray[np.float64]:
    committed, begin = np.zeros(len(numbers)), time.monotonic()
    async with await connect(url) as conn:
        found = await (await conn.execute(_PLACE, [INDICATOR])).fetchone()
        assert found is not None
        for turn, number in enumerate(numbers):
            await asyncio.sleep(max(0.0, begin + turn / COMMITS_A_S - time.monotonic()))
            await _send(conn, turn % _ROUND)
            async with conn.transaction():
                await values.store(conn, _value(*found, number))
            committed[turn] = time.monotonic()
    return committed


async def _send(conn: AsyncConnection[Any], turn: int) -> None:
    async with conn.transaction():
        for statement in (_MEASURE, _HEAR):
            await conn.execute(statement, {"round": _ROUND, "turn": turn})


async def _value(area: int, step: datetime, number: int) -> AsyncIterator[list[values.Row]]:
    found = Value(float(FIRST + number), completeness=1.0)
    yield [(INDICATORS[INDICATOR], area, step, found)]
