"""Observations in and out as numpy columns: no Python object is made per row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from storage import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

#: One observation: time in microseconds since 1970-01-01T00:00:00Z, quality as devices.model.Quality.
OBSERVATION = np.dtype([("datastream_id", "i4"), ("time", "i8"), ("value", "f8"), ("quality", "i2")])

_EPOCH_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_COLUMNS = f"({', '.join(OBSERVATION.names or ())})"
_COPY = f"COPY observations {_COLUMNS} FROM STDIN (FORMAT binary)"
_STAGE = "CREATE TEMP TABLE IF NOT EXISTS staged_observations (LIKE observations) ON COMMIT DELETE ROWS"
_COPY_STAGED = f"COPY staged_observations {_COLUMNS} FROM STDIN (FORMAT binary)"
# What is stored late is queued for analytics in the same statement, so that duplicates queue nothing.
_MERGE = """
WITH stored AS (
    INSERT INTO observations SELECT * FROM staged_observations
    ON CONFLICT DO NOTHING RETURNING datastream_id, time
), late AS (
    INSERT INTO late_hours (datastream_id, hour)
    SELECT DISTINCT datastream_id, time_bucket('1 hour', time) FROM stored WHERE time < %s
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM stored"""
_LATE = """
INSERT INTO late_hours (datastream_id, hour)
SELECT datastream_id, to_timestamp(hour * 3600.0) FROM unnest(%s::int[], %s::int[]) AS l (datastream_id, hour)
ON CONFLICT DO NOTHING"""
_HOUR = 3_600_000_000
_LOWER_HALF = 0xFFFF_FFFF
# One row a datastream, its columns as PostgreSQL sends them: psycopg needs longer for a row than the server.
_READ = """
SELECT datastream_id, string_agg(timestamptz_send(time), ''::bytea ORDER BY time),
       string_agg(float8send(value), ''::bytea ORDER BY time),
       string_agg(int2send(quality), ''::bytea ORDER BY time)
FROM observations WHERE datastream_id = ANY(%s) AND time >= %s AND time < %s
GROUP BY datastream_id ORDER BY datastream_id"""


def to_microseconds(time: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC, exactly."""
    return (time - _EPOCH_1970) // _MICROSECOND


def to_datetime(microseconds: int) -> datetime:
    """Return microseconds since 1970 UTC as an aware datetime, exactly."""
    return _EPOCH_1970 + microseconds * _MICROSECOND


def empty(rows: int = 0) -> NDArray[np.void]:
    """Return uninitialised OBSERVATION rows, shape (rows,)."""
    return np.empty(rows, OBSERVATION)


def sort(rows: NDArray[np.void]) -> NDArray[np.void]:
    """Return the rows ordered by (datastream, time), the order in which the key's index is cheapest to fill.

    The order is stable: of equal keys the first sent stays first.
    """
    # np.take copies whole rows, an index field by field: a tenth of the time.
    return np.take(rows, np.lexsort((rows["time"], rows["datastream_id"])))


async def copy_in(conn: AsyncConnection[Any], rows: NDArray[np.void]) -> None:
    """Store OBSERVATION rows, shape (n,), none of which may be stored already.

    Raises:
        psycopg.errors.UniqueViolation: one is; nothing of the call is stored.
    """
    await copy_sorted(conn, sort(rows))


async def copy_sorted(conn: AsyncConnection[Any], rows: NDArray[np.void]) -> None:
    """Store OBSERVATION rows, shape (n,), ordered by (datastream, time), as `copy_in` does."""
    await _copy(conn, _COPY, rows)


async def merge_in(conn: AsyncConnection[Any], rows: NDArray[np.void], late_before: datetime) -> int:
    """Store the OBSERVATION rows, shape (n,), that are not stored yet and return how many they were.

    The first value of a (datastream, time) stays, within the call and against the table. The hours of stored
    rows before `late_before` are queued in late_hours.
    Needs an open transaction: the staging table is emptied at its end.
    """
    await conn.execute(_STAGE)
    await conn.execute("TRUNCATE staged_observations")
    await _copy(conn, _COPY_STAGED, sort(rows))
    cursor = await conn.execute(_MERGE, [late_before])
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def queue_late(conn: AsyncConnection[Any], rows: NDArray[np.void], late_before: datetime) -> None:
    """Queue the hours of the OBSERVATION rows, shape (n,), that lie before `late_before` in late_hours."""
    late = rows[rows["time"] < to_microseconds(late_before)]
    if not len(late):
        return
    # Both in one number, the hour since 1970 below: to sort pairs takes ten times as long.
    keys = np.unique(late["datastream_id"].astype("i8") << 32 | late["time"] // _HOUR & _LOWER_HALF)
    hours = keys.astype("i4")
    await conn.execute(_LATE, [(keys >> 32).tolist(), hours.tolist()])


async def read(
    conn: AsyncConnection[Any], datastream_ids: Sequence[int], start: datetime, end: datetime
) -> NDArray[np.void]:
    """Return the observations with start <= time < end as OBSERVATION rows ordered by (datastream, time)."""
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(_READ, [list(datastream_ids), start, end])
        found = await cursor.fetchall()
    rows = empty(sum(len(quality) // 2 for *_, quality in found))
    at = 0
    for datastream, times, measured, quality in found:
        part = rows[at : at + len(quality) // 2]
        part["datastream_id"] = datastream
        part["time"] = np.frombuffer(times, ">i8")
        part["value"] = np.frombuffer(measured, ">f8")
        part["quality"] = np.frombuffer(quality, ">i2")
        at += len(part)
    rows["time"] += columns.EPOCH_2000
    return rows


async def _copy(conn: AsyncConnection[Any], statement: str, rows: NDArray[np.void]) -> None:
    async with conn.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(columns.encode(rows))


async def insert_missing(conn: AsyncConnection[Any], rows: NDArray[np.void]) -> None:
    """Store the OBSERVATION rows, shape (n,), that are not stored yet; no hour is queued as late."""
    async with conn.transaction():
        await merge_in(conn, rows, datetime.min.replace(tzinfo=UTC))


async def newest(conn: AsyncConnection[Any]) -> datetime | None:
    """Return the time of the newest observation of all datastreams, or None if there is none."""
    cursor = await conn.execute("SELECT max(time) FROM latest_observations")
    row = await cursor.fetchone()
    return row[0] if row else None
