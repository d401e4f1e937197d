"""What the map reads of things and gateways: who they are and where, and a letter for how each is."""

# ruff: noqa: S608  (the statements are put together from constants alone, as LiteralString says)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.queries import GATEWAY_IN_REACH, INSTALLATION_IN_REACH, Row, fetch, fetch_one
from devices.availability import AT_LEAST, INTERVALS
from devices.liveness import STATE

if TYPE_CHECKING:
    from psycopg import AsyncConnection

#: a datastream is late after so many sampling intervals
_LATE_INTERVALS: Final = 3

# Of a point the area that is reported of and lies within another: it is what the map shows.
_THING_PLACES = f"""
SELECT t.id, t.code, t.name, t.kind, i.latitude, i.longitude, (
    SELECT a.code FROM installation_areas ia JOIN areas a ON a.id = ia.area_id
    WHERE ia.thing_id = t.id AND ia.valid_from = i.valid_from AND a.reporting
    ORDER BY a.parent_id IS NULL, a.code LIMIT 1) AS area
FROM things t JOIN installations i ON i.thing_id = t.id AND i.valid_to = 'infinity'
WHERE {INSTALLATION_IN_REACH} ORDER BY t.id"""

_GATEWAY_PLACES = f"""
SELECT g.id, g.code, g.name, NULL AS kind, g.latitude, g.longitude, (
    SELECT a.code FROM gateway_areas ga JOIN areas a ON a.id = ga.area_id
    WHERE ga.gateway_id = g.id AND a.reporting ORDER BY a.parent_id IS NULL, a.code LIMIT 1) AS area
FROM gateways g WHERE {GATEWAY_IN_REACH} ORDER BY g.id"""

# One look into the keys' indexes for each datastream, and no further back than a week.
_THING_STATES = f"""
SELECT array_agg(id ORDER BY id) AS ids,
       string_agg(CASE WHEN flagged THEN upper(state) ELSE state END, '' ORDER BY id) AS states
FROM (
    SELECT t.id, coalesce(bool_or(f.flagged), false) AS flagged,
           CASE WHEN NOT (t.enabled AND g.enabled) OR count(d.id) = 0 THEN 'd'
                WHEN (max(o.time) >= now() - interval '1 second'
                      * greatest(%(intervals)s * min(d.sampling_interval_s), %(least_s)s)) IS NOT TRUE
                    THEN 's'
                WHEN bool_or((o.time >= now() - interval '1 second'
                      * greatest(%(late)s * d.sampling_interval_s, %(least_s)s)) IS NOT TRUE)
                    THEN 'l'
                ELSE 'f' END AS state
    FROM things t JOIN gateways g ON g.id = t.gateway_id
    JOIN installations i ON i.thing_id = t.id AND i.valid_to = 'infinity'
    LEFT JOIN datastreams d ON d.thing_id = t.id AND d.enabled
    LEFT JOIN LATERAL (
        SELECT time FROM observations WHERE datastream_id = d.id AND time > now() - interval '7 days'
            AND time <= now() AND time >= i.valid_from ORDER BY time DESC LIMIT 1
    ) o ON true
    LEFT JOIN LATERAL (
        SELECT true AS flagged FROM observation_flags
        WHERE datastream_id = d.id AND time > now() - interval '1 hour' AND time >= i.valid_from LIMIT 1
    ) f ON true
    WHERE {INSTALLATION_IN_REACH} GROUP BY t.id, g.id
) each"""

_GATEWAY_STATES = f"""
SELECT array_agg(id ORDER BY id) AS ids, string_agg(state, '' ORDER BY id) AS states FROM (
    SELECT g.id, CASE WHEN NOT g.enabled THEN 'd'
        ELSE CASE {STATE} WHEN 'online' THEN 'o' WHEN 'silent' THEN 's' WHEN 'offline' THEN 'x' ELSE 'n' END
        END AS state
    FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id WHERE {GATEWAY_IN_REACH}
) each"""


async def thing_places(conn: AsyncConnection[Any]) -> list[Row]:
    """Return things by id with code, name, kind, position, and the code of the area that is reported of."""
    return await fetch(conn, _THING_PLACES, {})


async def gateway_places(conn: AsyncConnection[Any]) -> list[Row]:
    """Return gateways by id, as `thing_places` does; they have no kind."""
    return await fetch(conn, _GATEWAY_PLACES, {})


async def thing_states(conn: AsyncConnection[Any]) -> tuple[list[int], str]:
    """Return the ids of things, ascending, and a letter for each, a capital where one is flagged.

    s: silent, as `/v1/liveness` has it; l: late, for a datastream was not heard for three sampling intervals;
    f: fresh; d: disabled, or nothing is expected of it. Flagged: by quality control, within the last hour.
    """
    times = {"intervals": INTERVALS, "least_s": AT_LEAST.total_seconds(), "late": _LATE_INTERVALS}
    return _lettered(await fetch_one(conn, _THING_STATES, times))


async def gateway_states(conn: AsyncConnection[Any]) -> tuple[list[int], str]:
    """Return the ids of gateways, ascending, and a letter for each.

    o: online; s: silent; x: offline; n: never heard; d: disabled.
    """
    return _lettered(await fetch_one(conn, _GATEWAY_STATES, {}))


def _lettered(row: Row | None) -> tuple[list[int], str]:
    return (row["ids"], row["states"]) if row and row["ids"] else ([], "")
