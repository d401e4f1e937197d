"""What the console reads and the API has no query for."""

# ruff: noqa: S608  (the statements are put together from constants alone, as LiteralString says)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics.quality import Flag
from api.queries import AREA_IN_REACH, GATEWAY_IN_REACH, INSTALLATION_IN_REACH, Row, fetch, fetch_one
from api.queries.gateways import REFUSAL_IN_REACH
from devices import liveness, maintenance

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

#: flagged observations of the last day that are counted, the newest
MOST_FLAGS: Final = 200_000

_CITY = "SELECT code, name_en, name_vi, time_zone FROM city"

# Each process tells what it did itself, and all of them the same of the broker: of the platform, of no area.
_INGEST = """
WITH process AS (
    SELECT sum(messages) / sum(seconds) AS messages, sum(observations) / sum(seconds) AS observations,
           max(message_p99_ms) AS p99_ms, max(broker_queue_bytes) AS queue_bytes,
           max(broker_queue_limit) AS queue_limit
    FROM ingest_metrics WHERE time > now() - interval '1 minute' GROUP BY client_id
)
SELECT count(*) AS processes, sum(messages) AS messages, sum(observations) AS observations,
       max(p99_ms) AS p99_ms, max(queue_bytes) AS queue_bytes, max(queue_limit) AS queue_limit,
       (SELECT coalesce(max(d.dropped), 0)::bigint FROM (
            SELECT sum(broker_dropped) AS dropped FROM ingest_metrics
            WHERE time > now() - interval '1 hour' GROUP BY client_id) d) AS dropped
FROM process"""

_REFUSED = f"""
SELECT reason, sum(count)::bigint AS readings FROM refusals
WHERE time > now() - interval '1 hour' AND replayed_at IS NULL AND {REFUSAL_IN_REACH}
GROUP BY reason ORDER BY readings DESC, reason"""

_GAPS = f"""
SELECT g.code, p.missing, p.gaps, p.newest, count(*) OVER () AS gateways
FROM gateway_gaps p JOIN gateways g ON g.id = p.gateway_id WHERE {GATEWAY_IN_REACH}
ORDER BY p.missing DESC, g.code LIMIT %(limit)s"""

# Of a unit without indicators of its own: the one that it got most of its land from.
_STAND_INS = f"""
SELECT a.code, a.name_en, a.name_vi, d.code AS area, d.id AS area_id
FROM areas a JOIN area_successions s ON s.successor_id = a.id AND s.is_main
JOIN areas d ON d.id = s.predecessor_id
WHERE NOT a.reporting AND d.reporting AND {AREA_IN_REACH} ORDER BY a.code"""

# Of the step of each alert's last value what each thing has that stood in the area then. The limit makes it
# one look into the key's index for each thing, whatever the planner thinks.
_STATIONS = f"""
SELECT l.id AS alert_id, t.code AS thing, s.value, s.reason, s.suspect
FROM alerts l JOIN alert_rules r ON r.id = l.rule_id JOIN areas a ON a.id = l.area_id
CROSS JOIN LATERAL (
    SELECT time FROM indicator_values
    WHERE indicator = r.indicator AND area_id = l.area_id AND superseded_at IS NULL AND time < l.value_end
    ORDER BY time DESC LIMIT 1
) v
JOIN installation_areas ia ON ia.area_id = l.area_id
JOIN installations i ON (i.thing_id, i.valid_from) = (ia.thing_id, ia.valid_from)
    AND i.valid_from <= v.time AND v.time < i.valid_to
JOIN things t ON t.id = i.thing_id
CROSS JOIN LATERAL (
    SELECT value, reason, suspect FROM site_values
    WHERE indicator = r.indicator AND thing_id = t.id AND time = v.time LIMIT 1
) s
WHERE l.id = ANY(%(alerts)s) AND {AREA_IN_REACH}
ORDER BY l.id, t.code LIMIT 5000"""

_READINGS = f"""
SELECT d.id, p.code, p.name_en, p.name_vi, p.unit, d.sampling_interval_s, d.enabled, o.time, o.value,
       o.quality, f.flags
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
JOIN installations i ON i.thing_id = t.id AND i.valid_to = 'infinity'
LEFT JOIN latest_observations o ON o.datastream_id = d.id
    AND (%(reach)s::int[] IS NULL OR o.time >= i.valid_from)
LEFT JOIN observation_flags f ON f.datastream_id = d.id AND f.time = o.time
WHERE t.code = %(thing)s AND {INSTALLATION_IN_REACH} ORDER BY p.code LIMIT 100"""

# Of each station of a river or the sea its newest level, its alert levels, and which of them it has reached.
_WATER = f"""
SELECT t.code, t.name, t.properties, i.latitude, i.longitude, p.code AS property, p.unit, o.time, o.value,
       s.value AS state, s.details
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
JOIN installations i ON i.thing_id = t.id AND i.valid_to = 'infinity'
LEFT JOIN latest_observations o ON o.datastream_id = d.id AND o.quality = 0
    AND (%(reach)s::int[] IS NULL OR o.time >= i.valid_from)
LEFT JOIN LATERAL (
    SELECT value, details FROM site_values
    WHERE indicator = 'level_alert' AND thing_id = t.id AND time > now() - interval '1 hour'
    ORDER BY time DESC LIMIT 1
) s ON p.code = 'river_level'
WHERE p.code IN ('river_level', 'sea_level') AND d.enabled AND {INSTALLATION_IN_REACH}
ORDER BY s.value DESC NULLS LAST, t.code LIMIT %(limit)s"""

_LATEST = f"""
SELECT v.indicator, v.area_id, v.time, v.value, v.category, v.reason, v.completeness, v.revision,
       v.computed_at
FROM latest_values v JOIN areas a ON a.id = v.area_id WHERE a.reporting AND {AREA_IN_REACH}
ORDER BY v.indicator, v.area_id"""

_PAST = """
SELECT area_id, time, value, category, reason, completeness FROM indicator_values
WHERE indicator = %(indicator)s AND area_id = ANY(%(areas)s) AND superseded_at IS NULL AND time >= %(start)s
ORDER BY time, area_id"""

_HISTORY = """
SELECT area_id, time, value, category, reason, completeness FROM indicator_values
WHERE indicator = %(indicator)s AND area_id = %(area_id)s AND superseded_at IS NULL
  AND time >= %(start)s AND time < %(end)s
ORDER BY time"""

# Of arguments and answers what a list shows: each may have 32 KiB. What is open was sent within 31 days.
_COMMANDS = f"""
SELECT c.id, g.code AS gateway, t.code AS thing, c.command, left(c.arguments::text, 200) AS arguments,
       c.created_at, c.created_by, c.expires_at, c.state, c.sent_at, left(c.detail, 300) AS detail,
       left(c.result::text, 300) AS result
FROM commands c JOIN gateways g ON g.id = c.gateway_id LEFT JOIN things t ON t.id = c.thing_id
WHERE c.created_at > now() - interval '31 days' AND {GATEWAY_IN_REACH}
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s) AND (NOT %(open)s::boolean OR c.ended_at IS NULL)
ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s"""

# In maintenance last: nobody has to go there.
_TROUBLED = f"""
SELECT *, count(*) OVER () AS total FROM (
    SELECT g.code, g.name, {liveness.STATE} AS state, {liveness.STATE_SINCE} AS since, s.last_seen,
        s.firmware, g.heartbeat_s,
        coalesce(f.offline, 0) AS offline, f.last_change, coalesce(f.offline, 0) >= %(often)s AS flaps,
        EXISTS (SELECT FROM ({maintenance.OF_GATEWAYS}) w WHERE w.gateway_id = g.id
                AND w.starts_at <= now() AND now() < w.ends_at) AS maintained,
        ARRAY(SELECT a.code FROM gateway_areas l JOIN areas a ON a.id = l.area_id
              WHERE l.gateway_id = g.id ORDER BY a.code) AS areas
    FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
    LEFT JOIN ({liveness.CHANGES_TODAY}) f ON f.gateway_id = g.id
    WHERE g.enabled AND {GATEWAY_IN_REACH}
) each
WHERE state <> 'online' OR flaps
ORDER BY maintained, array_position(ARRAY['offline', 'silent', 'online', 'never_heard'], state), since, code
LIMIT %(limit)s"""

# The newest alone where there are very many: it says so by `counted`. A row for each test that flagged.
_FLAGGED = f"""
WITH newest AS MATERIALIZED (
    SELECT datastream_id, time, flags FROM observation_flags
    WHERE time > now() - interval '24 hours' AND time <= now() + interval '1 hour'
    ORDER BY time DESC LIMIT %(most)s
), grouped AS (
    SELECT n.datastream_id, i.thing_id, i.valid_from, n.flags, count(*) AS flagged, min(n.time) AS first,
           max(n.time) AS last
    FROM newest n JOIN datastreams d ON d.id = n.datastream_id
    JOIN installations i ON i.thing_id = d.thing_id AND i.valid_from <= n.time AND n.time < i.valid_to
    WHERE {INSTALLATION_IN_REACH}
    GROUP BY 1, 2, 3, 4
)
SELECT t.code AS thing, t.name, x.valid_from::text AS stay, p.code AS property, p.name_en, p.name_vi, b.bit,
       sum(x.flagged)::bigint AS flagged, min(x.first) AS first, max(x.last) AS last,
       ARRAY(SELECT a.code FROM installation_areas l JOIN areas a ON a.id = l.area_id
             WHERE (l.thing_id, l.valid_from) = (t.id, x.valid_from) ORDER BY a.code) AS areas,
       count(*) OVER () AS total, (SELECT count(*) FROM newest) AS counted
FROM grouped x JOIN unnest(%(bits)s::int[]) AS b (bit) ON x.flags & b.bit <> 0
JOIN datastreams d ON d.id = x.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
GROUP BY t.id, p.id, b.bit, x.valid_from ORDER BY flagged DESC, t.code, p.code, b.bit LIMIT %(limit)s"""


async def commands(
    conn: AsyncConnection[Any], *, gateway: str | None = None, open_alone: bool = False, limit: int
) -> list[Row]:
    """Return commands of the last 31 days, the newest first, with what of their JSON a list shows."""
    return await fetch(conn, _COMMANDS, {"gateway": gateway, "open": open_alone, "limit": limit})


async def troubled(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return gateways that are not heard or flap, the worst first, and in each row how many there are."""
    return await fetch(conn, _TROUBLED, {"often": liveness.FLAPPING_FROM, "limit": limit})


async def flagged(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return by datastream and test what was flagged in the last 24 h, most first.

    In each row `total`: how many there are; `counted`: how many flagged observations were looked at, at most
    MOST_FLAGS, the newest.
    """
    params = {"bits": [int(flag) for flag in Flag], "most": MOST_FLAGS, "limit": limit}
    return await fetch(conn, _FLAGGED, params)


async def water(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return stations of rivers and the sea with their newest level, the highest alert level first."""
    return await fetch(conn, _WATER, {"limit": limit})


async def stand_ins(conn: AsyncConnection[Any]) -> list[Row]:
    """Return the units that have no indicators of their own, each with the area whose values stand for it."""
    return await fetch(conn, _STAND_INS, {})


async def stations(conn: AsyncConnection[Any], alerts: list[int]) -> list[Row]:
    """Return of alerts, by id, the value of each station in the step of their last value."""
    return await fetch(conn, _STATIONS, {"alerts": alerts})


async def readings(conn: AsyncConnection[Any], thing: str) -> list[Row]:
    """Return a thing's datastreams by property, with the newest value of each and its flags, if any."""
    return await fetch(conn, _READINGS, {"thing": thing})


async def latest(conn: AsyncConnection[Any]) -> list[Row]:
    """Return the newest value of every indicator in every area for which indicators are computed."""
    return await fetch(conn, _LATEST, {})


async def past(conn: AsyncConnection[Any], indicator: str, areas: list[int], start: datetime) -> list[Row]:
    """Return an indicator's values of areas, by id, of the steps that start at an instant or later."""
    return await fetch(conn, _PAST, {"indicator": indicator, "areas": areas, "start": start})


async def history(
    conn: AsyncConnection[Any], indicator: str, area_id: int, start: datetime, end: datetime
) -> list[Row]:
    """Return an indicator's values of an area of the steps that start in a half-open period."""
    params = {"indicator": indicator, "area_id": area_id, "start": start, "end": end}
    return await fetch(conn, _HISTORY, params)


async def city(conn: AsyncConnection[Any]) -> Row | None:
    """Return the city's names and time zone; None before a profile is imported."""
    return await fetch_one(conn, _CITY, {})


async def ingest(conn: AsyncConnection[Any]) -> Row:
    """Return what the ingest processes told in the last minute, and what the broker dropped in an hour.

    Without any process `processes` is 0 and all else but `dropped` None; so is what is not known.
    """
    return await fetch_one(conn, _INGEST, {}) or {}


async def refused(conn: AsyncConnection[Any]) -> list[Row]:
    """Return the readings refused in the last hour by reason, most first."""
    return await fetch(conn, _REFUSED, {})


async def gaps(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return the gateways that lack most numbered messages, and in each row how many lack any."""
    return await fetch(conn, _GAPS, {"limit": limit})
