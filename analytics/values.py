"""The SQL of analytics: the registry and observations in, indicators and their values out."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.types.json import Jsonb

from analytics.network import AreaRow, Datastream, LateHour, Network, Stay, ThingRow
from analytics.series import Window
from devices import maintenance

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.results import Value

    #: of an indicator, an area's id, the start of a step
    Row = tuple[Indicator, int, datetime, Value]

_AREAS = """
SELECT id, code, parent_id, population, valid_from, valid_to, population_source FROM areas
WHERE CASE WHEN %(codes)s::text[] IS NULL THEN reporting ELSE code = ANY(%(codes)s) AND (
    -- a code may have been another unit's before
    reporting OR NOT EXISTS (SELECT FROM areas r WHERE r.code = areas.code AND r.reporting)) END
ORDER BY id"""
_PARTS = """
SELECT id, code, parent_id, population, valid_from, valid_to, population_source FROM areas
WHERE reporting AND parent_id = ANY(%s) ORDER BY id"""
_GATEWAYS = """
SELECT ga.area_id, g.code FROM gateways g JOIN gateway_areas ga ON ga.gateway_id = g.id
WHERE g.enabled AND ga.area_id = ANY(%s)"""
# Planned maintenance is what the property of this name tells and what the windows do.
_THINGS = f"""
SELECT t.id, t.code, g.code, g.heartbeat_s,
       CASE WHEN m.windows IS NULL THEN t.properties ELSE t.properties || jsonb_build_object('maintenance',
           CASE jsonb_typeof(t.properties -> 'maintenance') WHEN 'array' THEN t.properties -> 'maintenance'
               ELSE '[]' END || m.windows) END,
       coalesce(own.ids, '{{}}'), coalesce(ga.ids, '{{}}'), coalesce(once.ids, '{{}}')
FROM things t JOIN gateways g ON g.id = t.gateway_id
LEFT JOIN (SELECT thing_id, array_agg(DISTINCT area_id) AS ids FROM installation_areas GROUP BY 1) own
    ON own.thing_id = t.id
LEFT JOIN (SELECT gateway_id, array_agg(area_id) AS ids FROM gateway_areas GROUP BY 1) ga
    ON ga.gateway_id = g.id
LEFT JOIN (SELECT thing_id, array_agg(area_id) AS ids FROM retracted_areas GROUP BY 1) once
    ON once.thing_id = t.id
LEFT JOIN (SELECT thing_id, jsonb_agg(jsonb_build_object('from', starts_at, 'to', ends_at,
                                                         'recorded_at', created_at)
                                      ORDER BY starts_at, ends_at, created_at) AS windows
           FROM ({maintenance.OF_THINGS}) w WHERE ends_at > starts_at GROUP BY 1) m ON m.thing_id = t.id
WHERE t.enabled AND g.enabled AND (own.ids && %(areas)s::int[] OR ga.ids && %(areas)s::int[])
ORDER BY t.id"""  # noqa: S608  (composed of constants)
# Of things that were moved. Infinity is no microsecond: what is open ends far from any step.
_STAYS = """
SELECT i.thing_id,
       (extract(epoch FROM greatest(i.valid_from, '0001-01-01Z')) * 1000000)::int8,
       (extract(epoch FROM least(i.valid_to, '9999-01-01Z')) * 1000000)::int8,
       ARRAY(SELECT area_id FROM installation_areas l
             WHERE (l.thing_id, l.valid_from) = (i.thing_id, i.valid_from))
FROM installations i WHERE i.thing_id = ANY(%s) AND (i.valid_from > '-infinity' OR i.valid_to < 'infinity')
ORDER BY i.thing_id, i.valid_from"""
_DATASTREAMS = """
SELECT d.id, d.thing_id, p.code, d.sampling_interval_s
FROM datastreams d JOIN observed_properties p ON p.id = d.observed_property_id
WHERE d.enabled AND d.thing_id = ANY(%s) ORDER BY d.id"""
_FIRST = """
SELECT min(o.time) FROM datastreams d CROSS JOIN LATERAL (
    SELECT time FROM observations WHERE datastream_id = d.id AND time >= %s ORDER BY time LIMIT 1
) o WHERE d.enabled"""
_ZONE = "SELECT time_zone FROM city"

_CATALOGUE = """
INSERT INTO indicators AS i (code, name_en, name_vi, unit, step_s, window_s, version, declaration)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (code) DO UPDATE SET (name_en, name_vi, unit, step_s, window_s, version, declaration)
    = (excluded.name_en, excluded.name_vi, excluded.unit, excluded.step_s, excluded.window_s,
       excluded.version, excluded.declaration)
WHERE (i.name_en, i.name_vi, i.unit, i.step_s, i.window_s, i.version, i.declaration)
    IS DISTINCT FROM (excluded.name_en, excluded.name_vi, excluded.unit, excluded.step_s, excluded.window_s,
                      excluded.version, excluded.declaration)"""
_COMPUTED = """
SELECT i.code, v.time FROM indicators i CROSS JOIN LATERAL (
    SELECT max(time) AS time FROM indicator_values WHERE indicator = i.code
) v WHERE v.time IS NOT NULL"""

# Whoever computes an indicator holds its lock from reading to commit, so that older inputs never win.
_LOCK = """
SELECT pg_advisory_xact_lock(hashtext('halong.indicator'), hashtext(code)) FROM unnest(%s::text[]) code"""
_STAGED = "SELECT count(*), min(time), max(time) FROM staged_values"
_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS staged_values (
    indicator text, version int, area_id int, time timestamptz, value float8, category text, reason text,
    completeness float8, details jsonb
) ON COMMIT DELETE ROWS"""
_COPY = "COPY staged_values FROM STDIN"
_DROP_UNCHANGED = """
DELETE FROM staged_values s USING indicator_values v
WHERE v.indicator = s.indicator AND v.area_id = s.area_id AND v.time = s.time
  AND v.time BETWEEN %(first)s AND %(last)s AND v.superseded_at IS NULL
  AND (v.value, v.category, v.reason, v.completeness, v.details, v.version)
      IS NOT DISTINCT FROM (s.value, s.category, s.reason, s.completeness, s.details, s.version)"""
# One revision ends at the instant at which the next one begins: at any instant exactly one is in force.
_NOW = "SELECT clock_timestamp()"
_SUPERSEDE = """
UPDATE indicator_values v SET superseded_at = %(at)s FROM staged_values s
WHERE v.indicator = s.indicator AND v.area_id = s.area_id AND v.time = s.time
  AND v.time BETWEEN %(first)s AND %(last)s AND v.superseded_at IS NULL"""
# What streams tell is written beside it: recent values one by one, of older ones the time that they span.
_INSERT = """
WITH written AS (
    INSERT INTO indicator_values (time, indicator, area_id, value, category, reason, completeness, details,
                                  version, revision, computed_at)
    SELECT s.time, s.indicator, s.area_id, s.value, s.category, s.reason, s.completeness, s.details,
           s.version,
           1 + coalesce((SELECT max(revision) FROM indicator_values v WHERE v.indicator = s.indicator
                         AND v.area_id = s.area_id AND v.time = s.time
                         AND v.time BETWEEN %(first)s AND %(last)s), 0), %(at)s
    FROM staged_values s
    RETURNING indicator, area_id, time, revision
), dated AS (
    SELECT w.*, w.time + i.step_s * interval '1 second' > now() - interval '2 days' AS is_recent
    FROM written w JOIN indicators i ON i.code = w.indicator
), told AS (
    INSERT INTO live_outbox (kind, indicator, area_id, time, until, revision)
    SELECT * FROM (
        SELECT 'value', indicator, area_id, time, NULL::timestamptz, revision FROM dated WHERE is_recent
        ORDER BY time, indicator, area_id) v
    UNION ALL
    SELECT 'recomputed', indicator, NULL, min(time), max(time), NULL FROM dated WHERE NOT is_recent
    GROUP BY indicator
)
SELECT count(*) FROM written"""
_NOTIFY = """
SELECT pg_notify('halong_indicators', indicator) FROM (SELECT DISTINCT indicator FROM staged_values) s"""

_FLAGGING_LOCK = "SELECT pg_advisory_lock(hashtext('halong.flagging'))"
_FLAGGING_UNLOCK = "SELECT pg_advisory_unlock(hashtext('halong.flagging'))"
_LATE_LOCK = "SELECT pg_try_advisory_lock(hashtext('halong.late_hours'))"
_LATE_UNLOCK = "SELECT pg_advisory_unlock(hashtext('halong.late_hours'))"
_MOVE_LATE = """
WITH moved AS (
    DELETE FROM late_hours WHERE (datastream_id, hour) IN (
        SELECT datastream_id, hour FROM late_hours ORDER BY hour LIMIT %s FOR UPDATE SKIP LOCKED)
    RETURNING datastream_id, hour
)
INSERT INTO late_hours_taken SELECT datastream_id, hour FROM moved"""
_TAKEN = """
SELECT DISTINCT l.hour, p.code, d.thing_id, d.id
FROM late_hours_taken l JOIN datastreams d ON d.id = l.datastream_id
JOIN observed_properties p ON p.id = d.observed_property_id"""
# Whoever has queued a late hour, or found it queued, holds this lock on the table until its transaction ends.
_LATE_WRITERS = """
SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'late_hours'::regclass
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()"""


class UnknownAreaError(LookupError):
    """An area's code is not in the registry."""


async def read_network(conn: AsyncConnection[Any], codes: Sequence[str] | None = None) -> Network:
    """Return the reporting areas, or those with the given codes, and what is enabled for them.

    Raises:
        UnknownAreaError: no area has one of the codes.
    """
    wanted = None if codes is None else list(codes)
    areas = [AreaRow(*row) for row in await _all(conn, _AREAS, {"codes": wanted})]
    if unknown := set(wanted or ()) - {area.code for area in areas}:
        raise UnknownAreaError(f"there is no area {', '.join(sorted(unknown))}: give codes such as 193")
    ids = [area.id for area in areas]
    parts = [AreaRow(*row) for row in await _all(conn, _PARTS, [ids])]
    gateways: dict[int, set[str]] = {}
    for area, code in await _all(conn, _GATEWAYS, [ids + [p.id for p in parts]]):
        gateways.setdefault(area, set()).add(code)
    # A part's gateway may hold things elsewhere.
    things = await _things(conn, ids + [part.id for part in parts])
    return Network(tuple(areas), tuple(parts), {a: frozenset(g) for a, g in gateways.items()}, things)


async def _things(conn: AsyncConnection[Any], areas: list[int]) -> tuple[ThingRow, ...]:
    rows = await _all(conn, _THINGS, {"areas": areas})
    ids = [row[0] for row in rows]
    streams: dict[int, list[Datastream]] = {}
    for row in await _all(conn, _DATASTREAMS, [ids]):
        streams.setdefault(row[1], []).append(Datastream(*row))
    stays: dict[int, list[Stay]] = {}
    for thing, start, end, own in await _all(conn, _STAYS, [ids]):
        stays.setdefault(thing, []).append(Stay(Window(start, end), frozenset(own)))
    return tuple(
        ThingRow(
            id=id_,
            code=code,
            gateway=gateway,
            heartbeat_s=heartbeat_s,
            properties=properties,
            areas=frozenset(own),
            gateway_areas=frozenset(gateways),
            datastreams=tuple(streams.get(id_, ())),
            stays=tuple(stays.get(id_, ())),
            once=frozenset(once),
        )
        for id_, code, gateway, heartbeat_s, properties, own, gateways, once in rows
    )


async def first_observation(conn: AsyncConnection[Any], since: datetime) -> datetime | None:
    """Return the time of the first observation from `since` on."""
    return (await _all(conn, _FIRST, [since]))[0][0]  # type: ignore[no-any-return]


async def city_zone(conn: AsyncConnection[Any]) -> str | None:
    """Return the city's time zone as an IANA name, or None before a profile is imported."""
    rows = await _all(conn, _ZONE)
    return rows[0][0] if rows else None


async def write_catalogue(conn: AsyncConnection[Any], indicators: Iterable[Indicator]) -> None:
    """Write the declarations to the table `indicators`; an equal row is left alone."""
    for i in indicators:
        seconds = [int(i.step.length.total_seconds()), int(i.window.total_seconds())]
        row = [i.code, i.name_en, i.name_vi, i.unit, *seconds, i.version, Jsonb(i.declaration())]
        await conn.execute(_CATALOGUE, row)


async def computed_until(conn: AsyncConnection[Any]) -> dict[str, datetime]:
    """Return the start of the last step that is stored, for each indicator that has any."""
    return dict(await _all(conn, _COMPUTED))


async def lock(conn: AsyncConnection[Any], indicators: Iterable[Indicator]) -> None:
    """Wait until no other transaction computes these indicators, and keep others out until this one ends."""
    await conn.execute(_LOCK, [sorted(i.code for i in indicators)])


async def store(conn: AsyncConnection[Any], batches: AsyncIterable[Iterable[Row]]) -> tuple[int, int, int]:
    """Store values as revisions; return how many there were, how many were written, and changed.

    A value that equals the current revision is not written. Needs an open transaction, and the locks. Batches
    are taken one after the other: what they are made of need not be in memory at once.
    """
    await _stage(conn, batches)
    [[count, first, last]] = await _all(conn, _STAGED)
    if not count:
        return 0, 0, 0
    span = {"first": first, "last": last}
    await conn.execute(_DROP_UNCHANGED, span)
    revised = span | {"at": (await _all(conn, _NOW))[0][0]}
    superseded = (await conn.execute(_SUPERSEDE, revised)).rowcount
    written = int((await _all(conn, _INSERT, revised))[0][0])
    if written:
        await conn.execute(_NOTIFY)
    return count, written, superseded


async def _stage(conn: AsyncConnection[Any], batches: AsyncIterable[Iterable[Row]]) -> None:
    await conn.execute(_STAGE)
    await conn.execute("TRUNCATE staged_values")
    async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        async for rows in batches:
            for i, area, time, v in rows:
                details = json.dumps(v.details, ensure_ascii=False)
                found = (v.value, v.category, v.reason, v.completeness, details)
                await copy.write_row((i.code, i.version, area, time, *found))


@asynccontextmanager
async def flagging_lock(conn: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Be the one session that flags hours; wait for another one."""
    await conn.execute(_FLAGGING_LOCK)
    try:
        yield
    finally:
        await conn.execute(_FLAGGING_UNLOCK)


async def claim_late(conn: AsyncConnection[Any]) -> bool:
    """Become the one session that computes late hours; False if there is one."""
    return bool((await _all(conn, _LATE_LOCK))[0][0])


async def release_late(conn: AsyncConnection[Any]) -> None:
    """Let another session compute late hours."""
    await conn.execute(_LATE_UNLOCK)


async def move_late(conn: AsyncConnection[Any], limit: int) -> None:
    """Take up to `limit` late hours out of ingest's way, the oldest first; those being written are left."""
    await conn.execute(_MOVE_LATE, [limit])


async def late_writers(conn: AsyncConnection[Any]) -> frozenset[str]:
    """Return the ids of the running transactions that have queued late hours or found them queued."""
    return frozenset(row[0] for row in await _all(conn, _LATE_WRITERS))


async def taken_late(conn: AsyncConnection[Any]) -> list[LateHour]:
    """Return the late hours that were moved and not finished."""
    return [LateHour(*row) for row in await _all(conn, _TAKEN)]


async def finish_late(conn: AsyncConnection[Any]) -> None:
    """Forget the late hours that were moved."""
    await conn.execute("DELETE FROM late_hours_taken")


async def _all(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any = None) -> list[Any]:
    return await (await conn.execute(statement, arguments)).fetchall()
