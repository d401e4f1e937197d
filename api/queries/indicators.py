"""Indicators' values, of which every revision is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import tuple_row

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from api.periods import Period
    from api.stand_ins import Choice, Series

Stored = tuple[Any, ...]

#: what may be read of a value: field -> SQL
FIELDS: Mapping[str, LiteralString] = {
    "indicator": "v.indicator",
    "area": "p.area",
    "time": "v.time",
    "value": "v.value",
    "category": "v.category",
    "reason": "v.reason",
    "completeness": "v.completeness",
    "details": "v.details",
    "version": "v.version",
    "revision": "v.revision",
    "computed_at": "v.computed_at",
}

_CURRENT: LiteralString = "v.superseded_at IS NULL"
_AS_OF: LiteralString = (
    "v.computed_at <= %(as_of)s AND (v.superseded_at IS NULL OR v.superseded_at > %(as_of)s)"
)

# Series by series in the order that is asked for, so that a page costs its own rows and no more.
# The bounds of all series together tell the planner which chunks it needs.
_VALUES: LiteralString = """
SELECT {fields}, v.indicator, v.time, v.computed_at, p.n
FROM unnest(%(indicators)s::text[], %(areas)s::text[], %(ids)s::int[], %(starts)s::timestamptz[],
            %(ends)s::timestamptz[]) WITH ORDINALITY p (indicator, area, area_id, start_at, end_at, n)
CROSS JOIN LATERAL (
    SELECT * FROM indicator_values v
    WHERE v.indicator = p.indicator AND v.area_id = p.area_id AND v.time >= p.start_at AND v.time < p.end_at
      AND v.time >= %(start)s AND v.time < %(end)s AND {revision}
    ORDER BY v.time
) v ORDER BY p.n, v.time LIMIT %(limit)s"""

_LATEST: LiteralString = """
SELECT {fields}, v.indicator, v.time, v.computed_at, v.area_id
FROM latest_values v JOIN (SELECT id, code AS area FROM areas) p ON p.id = v.area_id
WHERE (%(indicators)s::text[] IS NULL OR v.indicator = ANY(%(indicators)s)) AND v.area_id = ANY(%(ids)s)
  AND (%(among)s::text[] IS NULL
       OR (v.indicator, v.area_id) IN (SELECT * FROM unnest(%(among)s::text[], %(among_ids)s::int[])))
  AND (%(after)s::text IS NULL OR v.indicator COLLATE "C" > %(after)s
       OR (v.indicator = %(after)s AND v.area_id > %(after_id)s::int))
ORDER BY v.indicator COLLATE "C", v.area_id LIMIT %(limit)s"""

_EXTENTS = """
SELECT indicator, area_id, since, time FROM latest_values
WHERE indicator = ANY(%(indicators)s) AND area_id = ANY(%(ids)s)"""

_REVISIONS = """
SELECT area_id, time, revision, value, category, reason, completeness, details, version, computed_at,
       superseded_at
FROM indicator_values WHERE indicator = %(indicator)s AND area_id = ANY(%(ids)s) AND time = %(time)s
ORDER BY area_id, revision"""
_NEWEST = """
SELECT max(time) AS time FROM latest_values WHERE indicator = %(indicator)s AND area_id = ANY(%(ids)s)"""

# Whoever computes an indicator holds its lock from reading to commit (analytics/values.py).
# It dates its revisions after that: what was in force before the oldest of those who hold or await the lock
# began will not change any more.
_SETTLED = """
SELECT least(statement_timestamp(), min(a.xact_start) - interval '1 microsecond') AS at
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock'
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid = hashtext('halong.indicator')::oid
  AND l.objid IN (SELECT hashtext(code)::oid FROM unnest(%(indicators)s::text[]) code)"""
_WAIT_FOR_WRITER = "SELECT pg_advisory_xact_lock_shared(hashtext('halong.indicator'), hashtext(%s))"

_SUMMARIES: LiteralString = """
SELECT area_id, count(*) AS stored, count(value) AS n, avg(value) AS mean, sum(value) AS total,
       min(value) AS minimum, max(value) AS maximum,
       -- numbers that no level in dB has would overflow
       10 * ln(avg(exp(ln(10) * CASE WHEN abs(value) < 1000 THEN value END / 10))) / ln(10) AS energy_mean,
       sum(completeness) AS completeness, max(computed_at) AS computed_at,
       coalesce(jsonb_object_agg(category, of_category) FILTER (WHERE category IS NOT NULL), '{{}}')
           AS classes
FROM (SELECT v.*, count(*) OVER (PARTITION BY area_id, category) AS of_category FROM indicator_values v
      WHERE v.indicator = %(indicator)s AND v.area_id = ANY(%(ids)s)
        AND v.time >= %(start)s AND v.time < %(end)s AND {revision}) v
GROUP BY area_id"""


async def values(
    conn: AsyncConnection[Any],
    series: Sequence[Series],
    fields: Sequence[str],
    *,
    as_of: datetime | None,
    limit: int,
) -> list[Stored]:
    """Return values of some series, series by series and by time.

    With `as_of` each value is the revision that was in force at that instant. A row is these of FIELDS, and
    then the indicator, the start of its step, when it was computed, and the number of its series, from 1.
    """
    if not series or not limit:
        return []
    sql = _VALUES.format(fields=_columns(fields), revision=_AS_OF if as_of else _CURRENT)
    return await _tuples(conn, sql, _of_series(series) | {"as_of": as_of, "limit": limit})


async def latest(
    conn: AsyncConnection[Any],
    indicators: Sequence[str] | None,
    ids: Sequence[int],
    fields: Sequence[str],
    *,
    among: Choice | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[Stored]:
    """Return the newest value of each indicator and area, by indicator and area.

    A row is these of FIELDS, and then the indicator, the start of its step, when it was computed, and the
    area's id. `among` leaves only its series.
    """
    code, area_id = after or (None, None)
    params: dict[str, Any] = {
        "indicators": None if indicators is None else list(indicators),
        "ids": list(ids),
    }
    params |= {"after": code, "after_id": area_id, "limit": limit}
    params["among"] = None if among is None else [each.indicator for each in among.series]
    params["among_ids"] = [] if among is None else [each.unit.id for each in among.series]
    return await _tuples(conn, _LATEST.format(fields=_columns(fields)), params)


async def extents(conn: AsyncConnection[Any], indicators: Sequence[str], ids: Sequence[int]) -> list[Row]:
    """Return since when and up to when values are stored, of every series that has any."""
    return await fetch(conn, _EXTENTS, {"indicators": list(indicators), "ids": list(ids)})


async def revisions(
    conn: AsyncConnection[Any], indicator: str, ids: Sequence[int], time: datetime
) -> list[Row]:
    """Return all revisions of the values of one step, by area."""
    return await fetch(conn, _REVISIONS, {"indicator": indicator, "ids": list(ids), "time": time})


async def newest(conn: AsyncConnection[Any], indicator: str, ids: Sequence[int]) -> datetime | None:
    """Return the start of the newest step that has a value in any of the areas."""
    (found,) = await fetch(conn, _NEWEST, {"indicator": indicator, "ids": list(ids)})
    time: datetime | None = found["time"]
    return time


async def wait_for_writers(conn: AsyncConnection[Any], indicators: Sequence[str]) -> None:
    """Wait until whatever was computed of these indicators before the call is committed.

    One after the other, so that no two are kept from being computed at once.
    """
    for code in indicators:
        async with conn.transaction():
            await conn.execute(_WAIT_FOR_WRITER, [code])


async def settled(conn: AsyncConnection[Any], indicators: Sequence[str]) -> datetime:
    """Return the newest instant of which all revisions of these indicators are committed, without waiting.

    It is the present, or just before the oldest of those began who are computing one of them.
    """
    found = await fetch_one(conn, _SETTLED, {"indicators": list(indicators)})
    assert found is not None
    at: datetime = found["at"]
    return at


async def summaries(
    conn: AsyncConnection[Any], indicator: str, ids: Sequence[int], period: Period, as_of: datetime | None
) -> dict[int, Row]:
    """Return what the values of a period come to, by area id; areas without any are left out."""
    params = {"indicator": indicator, "ids": list(ids), "start": period.start, "end": period.end}
    sql = _SUMMARIES.format(revision=_AS_OF if as_of else _CURRENT)
    return {row["area_id"]: row for row in await fetch(conn, sql, params | {"as_of": as_of})}


def _columns(fields: Sequence[str]) -> LiteralString:
    return ", ".join([FIELDS[each] for each in fields])


def _of_series(series: Sequence[Series]) -> dict[str, Any]:
    return {
        "indicators": [each.indicator for each in series],
        "areas": [each.unit.code for each in series],
        "ids": [each.unit.id for each in series],
        "starts": [each.start for each in series],
        "ends": [each.end for each in series],
        "start": min(each.start for each in series),
        "end": max(each.end for each in series),
    }


async def _tuples(conn: AsyncConnection[Any], sql: LiteralString, params: dict[str, Any]) -> list[Stored]:
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(sql, params)
        return await cursor.fetchall()
