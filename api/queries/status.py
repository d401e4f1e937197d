"""How the whole city is doing, in queries that touch no more than indexes and small tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import AREA_IN_REACH, GATEWAY_IN_REACH, INSTALLATION_IN_REACH, Row, fetch, fetch_one
from api.queries.gateways import REFUSAL_IN_REACH

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_COUNTS = f"""
SELECT (SELECT count(*) FROM areas a WHERE {AREA_IN_REACH}) AS areas,
       (SELECT count(*) FROM gateways g WHERE {GATEWAY_IN_REACH}) AS gateways,
       (SELECT count(*) FROM installations i
        WHERE i.valid_to = 'infinity' AND {INSTALLATION_IN_REACH}) AS things,
       (SELECT count(*) FROM datastreams d JOIN installations i USING (thing_id)
        WHERE i.valid_to = 'infinity' AND {INSTALLATION_IN_REACH}) AS datastreams,
       (SELECT count(*) FROM indicators) AS indicators,
       (SELECT coalesce(sum(s.messages), 0)::bigint
        FROM gateway_status s JOIN gateways g ON g.id = s.gateway_id WHERE {GATEWAY_IN_REACH}) AS messages"""

# One short look into the key's index of the newest chunk for each datastream: a few microseconds each.
_FLOW = f"""
SELECT max(f.newest) AS newest_observation,
       coalesce(sum(f.n), 0)::bigint AS observations,
       count(*) FILTER (WHERE f.n > 0) AS datastreams_active
FROM datastreams d JOIN installations i USING (thing_id) CROSS JOIN LATERAL (
    SELECT max(time) AS newest, count(*) AS n FROM observations
    WHERE datastream_id = d.id AND time > now() - %(minutes)s * interval '1 minute' AND time <= now()
) f WHERE i.valid_to = 'infinity' AND {INSTALLATION_IN_REACH}"""

# The same in all chunks.
_NEWEST_OBSERVATION = f"""
SELECT max(f.newest) AS newest_observation
FROM datastreams d JOIN installations i USING (thing_id) CROSS JOIN LATERAL (
    SELECT max(time) AS newest FROM observations WHERE datastream_id = d.id AND time <= now()
) f WHERE i.valid_to = 'infinity' AND {INSTALLATION_IN_REACH}"""

_REFUSED = f"""
SELECT coalesce(sum(count), 0)::bigint AS readings, count(*) AS messages FROM refusals
WHERE time > now() - %(minutes)s * interval '1 minute' AND replayed_at IS NULL
  AND {REFUSAL_IN_REACH}"""

_NEWEST_VALUE = f"""
SELECT max(v.time) AS newest_value FROM indicators i CROSS JOIN LATERAL (
    SELECT max(v.time) AS time FROM areas a CROSS JOIN LATERAL (
        SELECT time FROM indicator_values
        WHERE indicator = i.code AND area_id = a.id AND superseded_at IS NULL ORDER BY time DESC LIMIT 1
    ) v WHERE a.reporting AND {AREA_IN_REACH}
) v"""


async def counts(conn: AsyncConnection[Any]) -> Row:
    """Return how many of each thing the registry holds, and messages since the start."""
    return await fetch_one(conn, _COUNTS, {}) or {}


async def flow(conn: AsyncConnection[Any], minutes: int) -> Row:
    """Return the newest observation's time, and how many were measured in the last `minutes`."""
    found = await fetch_one(conn, _FLOW, {"minutes": minutes}) or {}
    if found.get("newest_observation") is None:
        found |= await fetch_one(conn, _NEWEST_OBSERVATION, {}) or {}
    return found


async def refused(conn: AsyncConnection[Any], minutes: int) -> Row:
    """Return how many messages and readings were refused in the last `minutes`."""
    return await fetch_one(conn, _REFUSED, {"minutes": minutes}) or {}


async def newest_value(conn: AsyncConnection[Any]) -> Row:
    """Return the start of the newest step that any indicator has a value for in a reporting area."""
    return await fetch_one(conn, _NEWEST_VALUE, {}) or {}


async def answers(conn: AsyncConnection[Any]) -> None:
    """Raise if the database does not answer."""
    await fetch(conn, "SELECT 1 AS one", {})
