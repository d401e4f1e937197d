"""Indicators' values, of which every revision is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from api.queries import Row, fetch, fetch_one
from storage import columns, packed_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from api.periods import Period
    from api.stand_ins import Series

Stored = columns.Columns

#: what may be read of a value
FIELDS: Final = tuple(packed_values.FIELDS)
_ALWAYS: Final = ("time", "computed_at")
#: a newest value; `since` is the first step of its series that is stored
NEWEST: Final[columns.Kinds] = {"indicator": "O", "area_id": "i4", "since": "M8[us]", **packed_values.FIELDS}

_CURRENT: LiteralString = "v.superseded_at IS NULL"
_AS_OF: LiteralString = (
    "v.computed_at <= %(as_of)s AND (v.superseded_at IS NULL OR v.superseded_at > %(as_of)s)"
)

# Series by series in the order that is asked for, each in the order of its key: a page costs its own rows and
# no more. Sorted by (n, time), whole rows would be sorted, which takes as long as it takes to find them.
# The bounds of all series together tell the planner which chunks it needs.
_VALUES: LiteralString = """
SELECT (p.n - 1)::int AS series, {fields}
FROM unnest(%(indicators)s::text[], %(ids)s::int[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
     WITH ORDINALITY p (indicator, area_id, start_at, end_at, n)
CROSS JOIN LATERAL (
    SELECT * FROM indicator_values v
    WHERE v.indicator = p.indicator AND v.area_id = p.area_id AND v.time >= p.start_at AND v.time < p.end_at
      AND v.time >= %(start)s AND v.time < %(end)s AND {revision}
    ORDER BY v.time LIMIT %(limit)s
) v ORDER BY p.n LIMIT %(limit)s"""

_NEWEST_VALUES: LiteralString = """
SELECT v.indicator, v.area_id, v.since, {fields} FROM latest_values v
WHERE v.indicator = ANY(%(indicators)s) ORDER BY v.indicator COLLATE "C", v.area_id"""

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
    fields: Iterable[str],
    *,
    as_of: datetime | None,
    limit: int,
) -> Stored:
    """Return values of some series, series by series and by time, shape (n <= limit,).

    With `as_of` each value is the revision that was in force at that instant. A row has these of FIELDS,
    `time`, `computed_at`, and `series`: the place of its series among those that were asked for. A value
    that could not be computed is NaN; `details` is JSON.
    """
    names = names_of(fields)
    kinds = {"series": "i4", **packed_values.kinds(names)}
    if not series or not limit:
        return Stored.joined((), kinds)
    selected = packed_values.selected(names)
    query = _VALUES.format(fields=selected, revision=_AS_OF if as_of else _CURRENT)
    bounds = {"start": min(each.start for each in series), "end": max(each.end for each in series)}
    params = of_series(series) | bounds | {"as_of": as_of, "limit": limit}
    return await columns.read_columns(conn, query, params, kinds)


async def newest_values(conn: AsyncConnection[Any], indicators: Sequence[str]) -> Stored:
    """Return the newest value of each area of some indicators, by indicator and area: NEWEST, shape (n,)."""
    query = _NEWEST_VALUES.format(fields=packed_values.selected(FIELDS))
    return await columns.read_columns(conn, query, {"indicators": list(indicators)}, NEWEST)


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


def names_of(fields: Iterable[str]) -> tuple[str, ...]:
    """Return what has to be read for some fields: `time` and `computed_at` always."""
    return tuple(dict.fromkeys((*_ALWAYS, *fields)))


def of_series(series: Sequence[Series]) -> dict[str, list[Any]]:
    """Return series as columns for a query."""
    return {
        "indicators": [each.indicator for each in series],
        "ids": [each.unit.id for each in series],
        "starts": [each.start for each in series],
        "ends": [each.end for each in series],
    }
