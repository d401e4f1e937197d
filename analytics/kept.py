"""The SQL of what analytics keep between computations: site values, sums over quarters, packed hours."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.quarters import QUARTER_SUM
from analytics.results import Reason, SiteValue
from storage import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime, timedelta

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

    from analytics.indicator import Indicator

_encode = json.JSONEncoder(ensure_ascii=False).encode
#: A thing's value of one step; weight NaN: none.
SITE_VALUE = np.dtype([("thing_id", "i4"), ("time", "i8"), ("value", "f8"), ("weight", "f8")])

_STAGE_SITES = """
CREATE TEMP TABLE IF NOT EXISTS staged_site_values (LIKE site_values) ON COMMIT DELETE ROWS"""
_COPY_SITES = """
COPY staged_site_values (indicator, version, thing_id, time, value, weight, completeness, reason, suspect,
                         details) FROM STDIN"""
_STORE_SITES = """
INSERT INTO site_values AS v SELECT * FROM staged_site_values ORDER BY indicator, thing_id, time
ON CONFLICT (indicator, thing_id, time) DO UPDATE
SET (value, weight, completeness, reason, suspect, details, version) = (excluded.value, excluded.weight,
    excluded.completeness, excluded.reason, excluded.suspect, excluded.details, excluded.version)
WHERE (v.value, v.weight, v.completeness, v.reason, v.suspect, v.details, v.version) IS DISTINCT FROM
      (excluded.value, excluded.weight, excluded.completeness, excluded.reason, excluded.suspect,
       excluded.details, excluded.version)"""
_READ_SITES = """
SELECT thing_id, time, value, coalesce(weight, 'NaN') AS weight FROM site_values
WHERE indicator = %s AND thing_id = ANY(%s) AND time >= %s AND time < %s AND value IS NOT NULL
ORDER BY thing_id, time"""
_READ_WHOLE = """
SELECT thing_id, time, value, completeness, reason, weight, suspect, details FROM site_values
WHERE indicator = %s AND version = %s AND thing_id = ANY(%s) AND time >= %s AND time <= %s
  AND suspect IS NOT NULL"""

# Sums that are read stay true until the transaction ends: who forgets an hour waits for it.
_SHARE = "SELECT pg_advisory_xact_lock_shared(hashtext('halong.quarter_sums'))"
_EXCLUDE = "SELECT pg_advisory_xact_lock(hashtext('halong.quarter_sums'))"
# Two that keep sums of the same hours would wait for each other's rows; one may as well not keep them.
_WRITE = "SELECT pg_try_advisory_xact_lock(hashtext('halong.quarter_sums.write'))"
_READ_QUARTERS = """
SELECT datastream_id, time, good, suspect, total FROM quarter_sums
WHERE datastream_id = ANY(%s) AND time >= %s AND time < %s ORDER BY datastream_id, time"""
_STAGE_QUARTERS = """
CREATE TEMP TABLE IF NOT EXISTS staged_quarter_sums (
    datastream_id int, time timestamptz, good int, suspect int, total float8) ON COMMIT DELETE ROWS"""
_COPY_QUARTERS = "COPY staged_quarter_sums FROM STDIN (FORMAT binary)"
# Before the hour has settled its observations may still come without being queued as late.
_STORE_QUARTERS = """
INSERT INTO quarter_sums AS q (datastream_id, time, good, suspect, total)
SELECT * FROM staged_quarter_sums WHERE time < date_trunc('hour', now() - %s)
ON CONFLICT (datastream_id, time) DO UPDATE
SET (good, suspect, total) = (excluded.good, excluded.suspect, excluded.total)
WHERE (q.good, q.suspect, q.total) IS DISTINCT FROM (excluded.good, excluded.suspect, excluded.total)"""
_READ_HOURS = """
SELECT datastream_id, hour, observations FROM packed_hours
WHERE datastream_id = ANY(%s) AND hour >= %s AND hour < %s ORDER BY datastream_id, hour"""
_STAGE_HOURS = """
CREATE TEMP TABLE IF NOT EXISTS staged_packed_hours (LIKE packed_hours) ON COMMIT DELETE ROWS"""
_COPY_HOURS = "COPY staged_packed_hours (hour, datastream_id, observations) FROM STDIN (FORMAT binary)"
_STORE_HOURS = """
INSERT INTO packed_hours SELECT * FROM staged_packed_hours WHERE hour < date_trunc('hour', now() - %s)
ON CONFLICT (hour, datastream_id) DO UPDATE SET observations = excluded.observations"""
_DROP_HOURS = """
DELETE FROM packed_hours WHERE hour < (SELECT max(hour) FROM staged_packed_hours) - interval '2 days'"""

_FORGET_LATE = """
WITH hours AS (
    DELETE FROM packed_hours h USING late_hours_taken l
    WHERE h.datastream_id = l.datastream_id AND h.hour = l.hour
)
DELETE FROM quarter_sums q USING late_hours_taken l
WHERE q.datastream_id = l.datastream_id AND q.time >= l.hour AND q.time < l.hour + interval '1 hour'"""
_FORGET = """
WITH forgotten AS (
    SELECT * FROM unnest(%s::int[], %s::timestamptz[]) l(datastream_id, hour)
), hours AS (
    DELETE FROM packed_hours h USING forgotten l WHERE h.datastream_id = l.datastream_id AND h.hour = l.hour
)
DELETE FROM quarter_sums q USING forgotten l
WHERE q.datastream_id = l.datastream_id AND q.time >= l.hour AND q.time < l.hour + interval '1 hour'"""

_KEEP_HOURS = "SELECT keep_hours()"
_KEEP_LATE_HOURS = "SELECT keep_late_hours()"


async def store_sites(
    conn: AsyncConnection[Any], rows: Iterable[tuple[Indicator, int, datetime, SiteValue]]
) -> None:
    """Keep (indicator, thing id, time, value) rows in place of earlier ones; needs an open transaction."""
    await conn.execute(_STAGE_SITES)
    await conn.execute("TRUNCATE staged_site_values")
    async with conn.cursor() as cursor, cursor.copy(_COPY_SITES) as copy:
        for i, thing, time, v in rows:
            details = _encode(v.details) if v.details else "{}"
            found = (v.value, v.weight, v.completeness, v.reason, v.suspect, details)
            await copy.write_row((i.code, i.version, thing, time, *found))
    await conn.execute(_STORE_SITES)


async def read_whole_sites(
    conn: AsyncConnection[Any],
    indicator: Indicator,
    things: Mapping[int, str],
    start: datetime,
    end: datetime,
) -> dict[int, dict[datetime, SiteValue]]:
    """Return, by thing and start of the step, what is kept of steps that begin within start <= time <= end.

    Values of another version of the formula are left out; so are the areas that a site counts for.

    Args:
        conn: any connection.
        indicator: whose values.
        things: code by id.
        start: aware.
        end: aware.
    """
    found: dict[int, dict[datetime, SiteValue]] = {}
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(_READ_WHOLE, [indicator.code, indicator.version, list(things), start, end])
        for thing, time, value, completeness, reason, weight, suspect, details in await cursor.fetchall():
            found.setdefault(thing, {})[time] = SiteValue(
                things[thing], value, completeness, reason and Reason(reason), weight, suspect, details
            )
    return found


async def read_sites(
    conn: AsyncConnection[Any], code: str, things: Sequence[int], start: datetime, end: datetime
) -> NDArray[np.void]:
    """Return the SITE_VALUE rows of steps that begin within start <= time < end, by thing and time."""
    return await columns.read(conn, _READ_SITES, [code, list(things), start, end], SITE_VALUE)


async def share(conn: AsyncConnection[Any]) -> None:
    """Keep others from forgetting sums and packed hours until the transaction ends."""
    await conn.execute(_SHARE)


async def read_quarters(
    conn: AsyncConnection[Any], datastreams: Iterable[int], start: datetime, end: datetime
) -> NDArray[np.void]:
    """Return the QUARTER_SUM rows that are kept of start <= time < end, by datastream and time."""
    return await columns.read(conn, _READ_QUARTERS, [sorted(datastreams), start, end], QUARTER_SUM)


async def store_quarters(conn: AsyncConnection[Any], rows: NDArray[np.void], settle: timedelta) -> None:
    """Keep QUARTER_SUM rows, shape (n,), of hours that have settled; needs an open transaction.

    Nothing is kept while another transaction keeps sums: they are computed again when they are wanted.
    """
    if not len(rows) or not (await (await conn.execute(_WRITE)).fetchall())[0][0]:
        return
    await conn.execute(_STAGE_QUARTERS)
    await conn.execute("TRUNCATE staged_quarter_sums")
    async with conn.cursor() as cursor, cursor.copy(_COPY_QUARTERS) as copy:
        await copy.write(columns.encode(rows))
    await conn.execute(_STORE_QUARTERS, [settle])


async def read_hours(
    conn: AsyncConnection[Any], datastreams: Iterable[int], start: datetime, end: datetime
) -> dict[int, list[tuple[datetime, bytes]]]:
    """Return the packed hours of start <= hour < end by datastream, oldest first: OBSERVATION rows' bytes."""
    found: dict[int, list[tuple[datetime, bytes]]] = {}
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(_READ_HOURS, [sorted(datastreams), start, end])
        for datastream, hour, packed in await cursor.fetchall():
            found.setdefault(datastream, []).append((hour, packed))
    return found


async def store_hours(
    conn: AsyncConnection[Any], hours: Iterable[tuple[datetime, int, bytes]], settle: timedelta
) -> None:
    """Keep (hour, datastream, OBSERVATION rows' bytes) of hours that have settled, and drop what is old.

    As with sums, nothing is kept while another transaction does. Needs an open transaction.
    """
    if not (await (await conn.execute(_WRITE)).fetchall())[0][0]:
        return
    await conn.execute(_STAGE_HOURS)
    await conn.execute("TRUNCATE staged_packed_hours")
    async with conn.cursor() as cursor, cursor.copy(_COPY_HOURS) as copy:
        copy.set_types(["timestamptz", "int4", "bytea"])
        for row in hours:
            await copy.write_row(row)
    await conn.execute(_STORE_HOURS, [settle])
    await conn.execute(_DROP_HOURS)


async def forget_late(conn: AsyncConnection[Any]) -> None:
    """Forget sums and packed hours of the late hours that were moved, once nobody reads them any more."""
    async with conn.transaction():
        await conn.execute(_EXCLUDE)
        await conn.execute(_FORGET_LATE)


async def forget(conn: AsyncConnection[Any], hours: Iterable[tuple[int, datetime]]) -> None:
    """Forget sums and packed hours of hours of datastreams, once nobody reads them any more."""
    found = list(hours)
    if found:
        async with conn.transaction():
            await conn.execute(_EXCLUDE)
            await conn.execute(_FORGET, [[i for i, _ in found], [hour for _, hour in found]])


async def keep_hours(conn: AsyncConnection[Any], at_once_s: float = 1.0) -> None:
    """Add up hours that are over, a day at once and the oldest first: what charts over weeks read.

    Args:
        conn: without an open transaction.
        at_once_s: after which no other day is begun, s; what is left is for the next call.
    """
    until = time.monotonic() + at_once_s
    while await _said(conn, _KEEP_HOURS) and time.monotonic() < until:
        pass


async def keep_late_hours(conn: AsyncConnection[Any]) -> None:
    """Add up the taken late hours again, of those that were added up."""
    await conn.execute(_KEEP_LATE_HOURS)


async def _said(conn: AsyncConnection[Any], query: str) -> bool:
    row = await (await conn.execute(query.encode())).fetchone()
    return bool(row and row[0])
