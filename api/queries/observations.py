"""Observations of one datastream: its key (datastream_id, time) serves every query here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import Row, fetch

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

_RAW = """
SELECT time, value, quality, coalesce(f.flags, 0) AS flags
FROM observations LEFT JOIN observation_flags f USING (datastream_id, time)
WHERE datastream_id = %(id)s AND time >= %(start)s AND time < %(end)s
  AND (%(after)s::timestamptz IS NULL OR time > %(after)s)
ORDER BY time LIMIT %(limit)s"""

# `end` cuts by the start of the hour: an hour that has begun before `end` is given whole.
_HOURLY = """
SELECT bucket AS time, n, n_suspect, mean, minimum, maximum, total, first, last FROM observations_hourly
WHERE datastream_id = %(id)s AND bucket >= %(start)s AND bucket < %(end)s
  AND (%(after)s::timestamptz IS NULL OR bucket > %(after)s)
ORDER BY bucket LIMIT %(limit)s"""


async def raw(
    conn: AsyncConnection[Any],
    datastream: int,
    start: datetime,
    end: datetime,
    *,
    after: datetime | None,
    limit: int,
) -> list[Row]:
    """Return observations as they were measured, `start` <= time < `end`, by time."""
    params = {"id": datastream, "start": start, "end": end, "after": after, "limit": limit}
    return await fetch(conn, _RAW, params)


async def hourly(
    conn: AsyncConnection[Any],
    datastream: int,
    start: datetime,
    end: datetime,
    *,
    after: datetime | None,
    limit: int,
) -> list[Row]:
    """Return UTC hours whose start lies in `start` <= time < `end`, by time."""
    params = {"id": datastream, "start": start, "end": end, "after": after, "limit": limit}
    return await fetch(conn, _HOURLY, params)
