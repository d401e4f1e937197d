"""What is published as open data: the city, its areas, a month of values, and what has changed since."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_CITY = "SELECT code, name_en, name_vi, time_zone, properties FROM city"
_PROPERTIES = """
SELECT code, name_en, name_vi, unit, aggregation, device_kind FROM observed_properties
WHERE code = ANY(%(codes)s) ORDER BY code"""
_AREAS = "SELECT code, name_en, name_vi, level, boundary FROM areas WHERE reporting ORDER BY code"
_FIRST = "SELECT min(time) AS first FROM indicator_values WHERE indicator = ANY(%(indicators)s)"
_FIRST_OBSERVATION = """
SELECT min(o.time) AS first FROM datastreams d JOIN observed_properties p ON p.id = d.observed_property_id
CROSS JOIN LATERAL (SELECT time FROM observations WHERE datastream_id = d.id ORDER BY time LIMIT 1) o
WHERE p.code = ANY(%(properties)s)"""

_VALUES = """
SELECT v.indicator, a.code AS area, a.name_en AS area_name_en, a.name_vi AS area_name_vi,
       a.valid_from AS area_valid_from, v.area_id, a.parent_id, v.time, v.value, v.category, v.reason,
       v.completeness, v.version, v.revision, v.computed_at, (v.details->>'present')::float8 AS present
FROM indicator_values v JOIN areas a ON a.id = v.area_id
WHERE v.indicator = %(indicator)s AND v.time >= %(start)s AND v.time < %(end)s
  AND v.superseded_at IS NULL AND a.reporting
ORDER BY a.code, a.valid_from, v.time"""
_HOURS = """
SELECT t.code AS thing, t.name AS thing_name, t.latitude, t.longitude, p.code AS property, p.unit,
       h.bucket AS time, h.n, h.n_suspect,
       CASE p.aggregation WHEN 'sum' THEN h.total WHEN 'max' THEN h.maximum WHEN 'min' THEN h.minimum
                          ELSE h.mean END AS value, h.minimum, h.maximum
FROM observations_hourly h JOIN datastreams d ON d.id = h.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE p.code = ANY(%(properties)s) AND h.bucket >= %(start)s AND h.bucket < %(end)s
ORDER BY t.code, p.code, h.bucket"""

_CHANGED = """
SELECT count(*) FILTER (WHERE v.revision > 1) AS revised, count(*) FILTER (WHERE v.revision = 1) AS added,
       count(*) FILTER (WHERE v.revision > 1 AND v.version > (
           SELECT o.version FROM indicator_values o WHERE o.indicator = v.indicator AND o.area_id = v.area_id
             AND o.time = v.time AND o.revision < v.revision ORDER BY o.revision DESC LIMIT 1)) AS formula
FROM indicator_values v
WHERE v.indicator = ANY(%(indicators)s) AND v.time >= %(start)s AND v.time < %(end)s
  AND v.superseded_at IS NULL AND v.computed_at > %(since)s"""

_LOCK = "SELECT pg_try_advisory_lock(hashtext('halong.open_data')) AS free"
_UNLOCK = "SELECT pg_advisory_unlock(hashtext('halong.open_data'))"


async def city(conn: AsyncConnection[Any]) -> Row | None:
    """Return the city's names, time zone and properties, or None before a profile is imported."""
    return await fetch_one(conn, _CITY, {})


async def observed_properties(conn: AsyncConnection[Any], codes: Sequence[str]) -> list[Row]:
    """Return the observed properties with these codes."""
    return await fetch(conn, _PROPERTIES, {"codes": list(codes)})


async def areas(conn: AsyncConnection[Any]) -> list[Row]:
    """Return the reporting areas with their outlines (GeoJSON, WGS 84)."""
    return await fetch(conn, _AREAS, {})


async def first_time(
    conn: AsyncConnection[Any], indicators: Sequence[str], properties: Sequence[str]
) -> datetime | None:
    """Return the first step of any of the indicators, or the first observation of any of the properties."""
    if properties:
        row = await fetch_one(conn, _FIRST_OBSERVATION, {"properties": list(properties)})
    else:
        row = await fetch_one(conn, _FIRST, {"indicators": list(indicators)})
    return row["first"] if row else None


async def values(
    conn: AsyncConnection[Any], indicator: str, start: datetime, end: datetime, size: int
) -> AsyncIterator[list[Row]]:
    """Yield the current values of steps that start in `start` <= time < `end`, `size` rows at a time.

    By area's code and time. Needs an open transaction.
    """
    parameters = {"indicator": indicator, "start": start, "end": end}
    async with conn.cursor(name="open_data", row_factory=dict_row) as cursor:
        await cursor.execute(_VALUES, parameters)
        while rows := await cursor.fetchmany(size):
            yield rows


async def hours(
    conn: AsyncConnection[Any], properties: Sequence[str], start: datetime, end: datetime, size: int
) -> AsyncIterator[list[Row]]:
    """Yield hourly values by device, property and hour, `size` rows at a time. Needs an open transaction."""
    async with conn.cursor(name="open_data", row_factory=dict_row) as cursor:
        await cursor.execute(_HOURS, {"properties": list(properties), "start": start, "end": end})
        while rows := await cursor.fetchmany(size):
            yield rows


async def changed(
    conn: AsyncConnection[Any], indicators: Sequence[str], start: datetime, end: datetime, since: datetime
) -> Row:
    """Return how many current values of a period were computed after `since`.

    `revised`: later revisions, of which `formula` have another version of the formula; `added`: first ones.
    """
    parameters = {"indicators": list(indicators), "start": start, "end": end, "since": since}
    return await fetch_one(conn, _CHANGED, parameters) or {}


@asynccontextmanager
async def snapshot(conn: AsyncConnection[Any]) -> AsyncIterator[datetime]:
    """Read everything within as it was at one instant, which is given."""
    async with conn.transaction():
        await conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = await fetch_one(conn, "SELECT now() AS now", {})
        assert row is not None
        yield row["now"]


async def claim(conn: AsyncConnection[Any]) -> bool:
    """Become the one session that publishes; False if there is one."""
    row = await fetch_one(conn, _LOCK, {})
    return bool(row and row["free"])


async def release(conn: AsyncConnection[Any]) -> None:
    """Let another session publish."""
    await conn.execute(_UNLOCK)
