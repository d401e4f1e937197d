"""What streams tell: moved from the outbox, numbered under a lock, looked up for what it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import INSTALLATION_IN_REACH, INSTALLED_AT, Row, fetch, fetch_one
from devices.liveness import STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

#: tells of rows to be moved (`outbox`), of `gateways`, of `datastreams` to be watched, of numbered `events`
CHANNEL = "halong_live"
#: what is kept for streams that come back: so many seconds, and so many events
KEPT_S, KEPT = 3600, 20_000
#: rows that one statement moves or reads at most
MOST = 1000

# Held to the commit by whoever numbers: positions become visible in their order.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('halong.live'))"
_START = """
INSERT INTO live_events (kind, written_at)
SELECT 'start', now() WHERE NOT EXISTS (SELECT FROM live_events)"""
_MOVE = """
WITH moved AS (
    DELETE FROM live_outbox WHERE id IN (
        SELECT id FROM live_outbox WHERE kind <> 'recomputed' ORDER BY id LIMIT %(most)s
        FOR UPDATE SKIP LOCKED)
    RETURNING *
)
INSERT INTO live_events (written_at, kind, indicator, area_id, time, until, revision, history_id)
SELECT written_at, kind, indicator, area_id, time, until, revision, history_id FROM moved ORDER BY id"""
# A year that is computed again comes in thousands of pieces: they are told as one, once a minute.
_MOVE_RECOMPUTED = """
WITH moved AS (
    DELETE FROM live_outbox WHERE id IN (
        SELECT id FROM live_outbox WHERE kind = 'recomputed' FOR UPDATE SKIP LOCKED)
    RETURNING indicator, time, until, written_at
)
INSERT INTO live_events (written_at, kind, indicator, time, until)
SELECT max(written_at), 'recomputed', indicator, min(time), max(until) FROM moved
GROUP BY indicator ORDER BY indicator"""
_GATEWAYS = f"""
WITH changed AS (
    INSERT INTO live_gateways AS l (gateway_id, state)
    SELECT p.id, p.state
    FROM (SELECT g.id, {STATE} AS state
          FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id WHERE g.enabled) p
    LEFT JOIN live_gateways k ON k.gateway_id = p.id WHERE p.state IS DISTINCT FROM k.state
    ON CONFLICT (gateway_id) DO UPDATE SET state = excluded.state
    RETURNING gateway_id, state
)
INSERT INTO live_events (written_at, kind, gateway_id, state)
SELECT clock_timestamp(), 'gateway', gateway_id, state FROM changed ORDER BY gateway_id"""
# Readings commit out of order: two minutes before the newest one are looked at again. A clock that was ahead
# must not hide what comes after it was set.
_OBSERVATIONS = """
WITH found AS (
    INSERT INTO live_events (written_at, kind, datastream_id, time)
    SELECT clock_timestamp(), 'observation', w.datastream_id, o.time
    FROM live_datastreams w CROSS JOIN LATERAL (
        SELECT time FROM observations
        WHERE datastream_id = w.datastream_id
          AND time > greatest(w.since, least(w.told, now()) - interval '2 minutes')
        ORDER BY time
    ) o
    WHERE w.watched_until > now() AND NOT EXISTS (
        SELECT FROM live_events e
        WHERE e.kind = 'observation' AND e.datastream_id = w.datastream_id AND e.time = o.time)
    ORDER BY o.time, w.datastream_id LIMIT %(most)s
    RETURNING datastream_id, time
)
UPDATE live_datastreams w SET told = greatest(w.told, f.time)
FROM (SELECT datastream_id, max(time) AS time FROM found GROUP BY 1) f
WHERE f.datastream_id = w.datastream_id"""
_TELL = f"SELECT pg_notify('{CHANNEL}', 'events')"
_TELL_WATCHED = f"SELECT pg_notify('{CHANNEL}', 'datastreams')"
# The newest stays, for who has seen it, and the last minutes, where _OBSERVATIONS looks for what was told.
_FORGET = """
DELETE FROM live_events
WHERE (at < now() - %(seconds)s * interval '1 second'
       OR (position <= (SELECT max(position) FROM live_events) - %(count)s
           AND at < now() - interval '5 minutes'))
  AND position < (SELECT max(position) FROM live_events)"""
_FORGET_DATASTREAMS = "DELETE FROM live_datastreams WHERE watched_until < now()"
_WATCH = """
INSERT INTO live_datastreams AS w (datastream_id, since, told, watched_until)
SELECT d.id, n.newest, n.newest, now() + %(seconds)s * interval '1 second'
FROM datastreams d CROSS JOIN LATERAL (
    SELECT coalesce((SELECT max(time) FROM observations WHERE datastream_id = d.id), now()) AS newest
) n WHERE d.id = ANY(%(ids)s) ORDER BY d.id
ON CONFLICT (datastream_id) DO UPDATE SET watched_until = excluded.watched_until
WHERE w.watched_until < excluded.watched_until - interval '1 minute'"""

_OLDEST = """
SELECT min(position) AS position FROM (
    SELECT position FROM live_events ORDER BY position DESC LIMIT %(kept)s) kept"""
_IS_KEPT = "SELECT FROM live_events WHERE position = %(position)s"
_EVENTS = """
SELECT position, kind, indicator, time, until, history_id, gateway_id, state, datastream_id,
       extract(epoch FROM clock_timestamp() - written_at)::float8 AS lag
FROM live_events WHERE position > %(after)s ORDER BY position LIMIT %(most)s"""
_VALUES = """
SELECT e.position, a.id AS area_id, a.code AS area, a.name_en AS area_name_en, a.name_vi AS area_name_vi,
       a.valid_from AS area_valid_from, a.latitude, a.longitude, v.indicator, v.time, v.value,
       v.category, v.reason, v.completeness, v.details, v.version, v.revision, v.computed_at
FROM live_events e
JOIN indicator_values v ON v.indicator = e.indicator AND v.area_id = e.area_id AND v.time = e.time
 AND v.revision = e.revision AND v.time BETWEEN %(first)s AND %(last)s
JOIN areas a ON a.id = v.area_id
WHERE e.position = ANY(%(positions)s)"""
_CATALOGUE = "SELECT code, unit, step_s, window_s, declaration FROM indicators"
_READINGS = f"""
SELECT e.position, d.id AS datastream_id, t.code AS thing, p.code AS observed_property, p.unit,
       o.time, o.value, o.quality,
       ARRAY(SELECT a.code FROM installation_areas ta JOIN areas a ON a.id = ta.area_id
             WHERE ta.thing_id = t.id AND ta.valid_from = i.valid_from) AS areas
FROM live_events e
JOIN observations o ON o.datastream_id = e.datastream_id AND o.time = e.time
 AND o.time BETWEEN %(first)s AND %(last)s
JOIN datastreams d ON d.id = e.datastream_id JOIN things t ON t.id = d.thing_id
JOIN installations i ON {INSTALLED_AT.format(at="o.time")}
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE e.position = ANY(%(positions)s)"""
_WITHIN = """
WITH RECURSIVE parts AS (
    SELECT id, code FROM areas WHERE code = ANY(%(codes)s)
    UNION SELECT a.id, a.code FROM areas a JOIN parts p ON a.parent_id = p.id
)
SELECT DISTINCT code FROM parts ORDER BY code"""
_UNKNOWN_DATASTREAMS = f"""
SELECT a.id FROM unnest(%(ids)s::bigint[]) AS a (id)
WHERE a.id NOT IN (
    SELECT d.id FROM datastreams d JOIN installations i USING (thing_id)
    WHERE i.valid_to = 'infinity' AND {INSTALLATION_IN_REACH})
ORDER BY 1"""
_KEYS = """
SELECT prefix, version FROM api_keys
WHERE prefix = ANY(%(prefixes)s) AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""


async def number(
    conn: AsyncConnection[Any],
    *,
    gateways: bool = False,
    observations: bool = False,
    recomputed: bool = False,
) -> int:
    """Number what was written, in the order in which it became visible; return how many events that made.

    Args:
        conn: outside a transaction.
        gateways: look for gateways whose state has changed; silence is no message that could tell of itself.
        observations: look for observations of the datastreams that are watched.
        recomputed: tell of what was computed again, and forget what is too old to be told again.
    """
    async with conn.transaction():
        await conn.execute(_LOCK)
        made = (await conn.execute(_MOVE, {"most": MOST})).rowcount
        if gateways:
            made += (await conn.execute(_GATEWAYS)).rowcount
        if observations:
            made += (await conn.execute(_OBSERVATIONS, {"most": MOST})).rowcount
        if recomputed:
            made += (await conn.execute(_MOVE_RECOMPUTED)).rowcount
            await conn.execute(_FORGET, {"seconds": KEPT_S, "count": KEPT})
            await conn.execute(_FORGET_DATASTREAMS)
        if made:
            await conn.execute(_TELL)
    return made


async def oldest(conn: AsyncConnection[Any]) -> int:
    """Return the position of the oldest of the last KEPT events; there is always one."""
    async with conn.transaction():
        await conn.execute(_LOCK)
        await conn.execute(_START)
    found = await fetch_one(conn, _OLDEST, {"kept": KEPT})
    assert found is not None
    return int(found["position"])


async def is_kept(conn: AsyncConnection[Any], position: int) -> bool:
    """Tell whether an event is kept: if not, others after it may be gone as well."""
    return await fetch_one(conn, _IS_KEPT, {"position": position}) is not None


async def events(conn: AsyncConnection[Any], after: int) -> list[Row]:
    """Return up to MOST events after a position, with `lag`, the seconds since each was written."""
    return await fetch(conn, _EVENTS, {"after": after, "most": MOST})


async def values(conn: AsyncConnection[Any], told: Sequence[Row]) -> dict[int, Row]:
    """Return the values that events tell of, by position."""
    return await _by_position(conn, _VALUES, told)


async def catalogue(conn: AsyncConnection[Any]) -> dict[str, Row]:
    """Return what is declared of every indicator, by code."""
    return {row["code"]: row for row in await fetch(conn, _CATALOGUE, {})}


async def readings(conn: AsyncConnection[Any], told: Sequence[Row]) -> dict[int, Row]:
    """Return the observations that events tell of, each with its datastream and `areas`, by position."""
    return await _by_position(conn, _READINGS, told)


async def _by_position(
    conn: AsyncConnection[Any], statement: LiteralString, told: Sequence[Row]
) -> dict[int, Row]:
    times = [row["time"] for row in told]
    params = {
        "positions": [row["position"] for row in told],
        "first": min(times),  # bounds let the planner leave chunks out
        "last": max(times),
    }
    return {row["position"]: row for row in await fetch(conn, statement, params)}


async def watch(conn: AsyncConnection[Any], datastreams: Sequence[int]) -> None:
    """Have observations of datastreams told from here on, for as long as events are kept."""
    async with conn.transaction():
        await conn.execute(_WATCH, {"ids": list(datastreams), "seconds": KEPT_S})
        await conn.execute(_TELL_WATCHED)


async def is_watched(conn: AsyncConnection[Any]) -> bool:
    """Tell whether observations of any datastream are to be told."""
    found = await fetch_one(conn, "SELECT FROM live_datastreams WHERE watched_until > now() LIMIT 1", {})
    return found is not None


async def within(conn: AsyncConnection[Any], codes: Sequence[str]) -> list[str]:
    """Return the codes of areas and of all their parts."""
    return [row["code"] for row in await fetch(conn, _WITHIN, {"codes": list(codes)})]


async def unknown_datastreams(conn: AsyncConnection[Any], ids: Sequence[int]) -> list[int]:
    """Return those ids that no datastream has."""
    return [row["id"] for row in await fetch(conn, _UNKNOWN_DATASTREAMS, {"ids": list(ids)})]


async def valid_keys(conn: AsyncConnection[Any], prefixes: Sequence[str]) -> dict[str, int]:
    """Return the versions of those keys that are valid, by prefix."""
    found = await fetch(conn, _KEYS, {"prefixes": list(prefixes)})
    return {row["prefix"]: row["version"] for row in found}
