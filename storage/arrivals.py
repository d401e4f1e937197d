"""How long readings took to arrive, as counts in bins that can be added up over gateways and time.

A bin's bounds grow by a constant factor, so that any quantile of the counts is right within ACCURACY of its
value (the idea of DDSketch). Two more bins hold what is no latency: readings ahead of the clock, and replays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

#: Relative error of a quantile.
ACCURACY = 0.02
#: Latencies below count as this, s.
SHORTEST_S = 0.001
#: A reading older than this when it is committed is of a replay: a gateway sends its buffer, or a clock is
#: behind.
REPLAY_AFTER_S = 600.0
_GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
_SCALE = 1 / np.log(_GROWTH)
#: First and last bin of latencies.
FIRST, LAST = (int(np.ceil(np.log(s) * _SCALE)) for s in (SHORTEST_S, REPLAY_AFTER_S))
#: Bins of what is ahead of the clock, and of replays.
AHEAD, REPLAY = FIRST - 1, LAST + 1
#: How many bins there are, the two included; bin b has place b - AHEAD.
WIDTH = REPLAY - AHEAD + 1

#: Readings of one gateway in one bin; time in microseconds since 1970 UTC, of a half-hour.
ARRIVAL = np.dtype([("time", "i8"), ("bin", "i2"), ("count", "i8")])

_INSERT = """
INSERT INTO arrivals (time, gateway_id, client_id, started, bins, counts)
SELECT %s, id, %s, %s, %s, %s FROM gateways WHERE code = %s ON CONFLICT DO NOTHING"""
# Half-hours begin where local hours do, everywhere.
_READ = """
SELECT g.code, (extract(epoch FROM time_bucket('30 minutes', a.time)) * 1000000)::int8, b.bin,
       sum(b.count)::int8
FROM arrivals a JOIN gateways g ON g.id = a.gateway_id
CROSS JOIN LATERAL unnest(a.bins, a.counts) AS b (bin, count)
WHERE a.time >= %s AND a.time < %s AND g.code = ANY(%s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""


def places(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places, 0 to WIDTH - 1, of the bins of latencies in s, shape (n,)."""
    bins = np.ceil(np.log(np.maximum(seconds, SHORTEST_S)) * _SCALE)
    found: NDArray[np.int64] = np.clip(bins, FIRST, LAST).astype(np.int64) - AHEAD
    found[seconds < 0] = 0
    found[seconds > REPLAY_AFTER_S] = WIDTH - 1
    return found


def centres(bins: NDArray[np.int16]) -> NDArray[np.float64]:
    """Return the latency in s that each bin stands for, within ACCURACY of all that it holds."""
    return np.asarray(2 * _GROWTH ** bins.astype(np.float64) / (_GROWTH + 1), np.float64)


async def store(
    conn: AsyncConnection[Any],
    client_id: str,
    started: datetime,
    counted: Iterable[tuple[datetime, str, NDArray[np.int64]]],
) -> None:
    """Store (start of five minutes, gateway, counts by place); a gateway that is not registered is left out.

    The same rows again change nothing.
    """
    rows = []
    for time, gateway, counts in counted:
        (used,) = counts.nonzero()
        rows.append((time, client_id, started, (used + AHEAD).tolist(), counts[used].tolist(), gateway))
    if rows:
        async with conn.cursor() as cursor:
            await cursor.executemany(_INSERT, rows)


async def read(
    conn: AsyncConnection[Any], gateways: Sequence[str], start: datetime, end: datetime
) -> dict[str, NDArray[np.void]]:
    """Return the ARRIVAL rows of start <= time < end by gateway, each ordered by time and bin."""
    cursor = await conn.execute(_READ, [start, end, list(gateways)])
    found: dict[str, list[tuple[int, int, int]]] = {}
    for gateway, *row in await cursor.fetchall():
        found.setdefault(gateway, []).append(tuple(row))
    return {gateway: np.array(rows, ARRIVAL) for gateway, rows in found.items()}
