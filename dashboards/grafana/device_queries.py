"""The SQL of panels about gateways and things, and of what they send."""

from __future__ import annotations

from typing import Final

from devices.liveness import CHANGES_TODAY, FLAPPING_FROM, STATE

_GATEWAYS: Final = """FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
CROSS JOIN LATERAL (SELECT {state} AS state) st
WHERE g.enabled AND g.id IN ({gateways_here})""".replace("{state}", STATE)

GATEWAYS_ONLINE: Final = f"""
SELECT count(*) FILTER (WHERE st.state = 'online') AS "online" {_GATEWAYS}"""

GATEWAYS_SILENT: Final = f"""
SELECT count(*) FILTER (WHERE st.state <> 'online') AS "silent" {_GATEWAYS}"""

GATEWAY_MAP: Final = f"""
SELECT g.code AS "gateway", g.name AS "name", g.latitude AS "latitude", g.longitude AS "longitude",
       st.state AS "state",
       array_position(ARRAY['online', 'silent', 'offline', 'never_heard'], st.state) - 1 AS "level",
       s.last_seen AS "last_seen"
{_GATEWAYS} ORDER BY "level" DESC, g.code LIMIT 2000"""

# As ingest tells it every ten seconds: no look into observations.
NEWEST_AGE: Final = """
SELECT extract(epoch FROM now() - max(time))::float8 AS "age"
FROM ingest_metrics WHERE observations > 0 AND time > now() - interval '1 day'"""

OBSERVATIONS_PER_MINUTE: Final = """
SELECT coalesce(sum(observations), 0)::float8 / 10 AS "rate"
FROM ingest_metrics WHERE time > now() - interval '10 minutes'"""

REFUSALS_LAST_HOUR: Final = """
SELECT coalesce(sum(count), 0)::bigint AS "refused" FROM refusals
WHERE time > now() - interval '1 hour' AND replayed_at IS NULL"""

LAST_REFUSALS: Final = """
SELECT time AS "time", gateway AS "gateway", reason AS "reason", at AS "at", detail AS "detail",
       count AS "count", stored AS "stored", topic AS "topic"
FROM refusals WHERE $__timeFilter(time) AND replayed_at IS NULL ORDER BY time DESC LIMIT 100"""

REFUSALS_OVER_TIME: Final = """
SELECT $__timeGroupAlias(time, $__interval, 0), reason AS "metric", sum(count)::bigint AS "value"
FROM refusals WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1"""

INGEST_RATE: Final = """
SELECT time AS "time", sum(n) AS "observations"
FROM (SELECT {bucket}, 60 * sum(observations) / sum(seconds) AS n FROM {counted} GROUP BY 1, client_id) p
GROUP BY 1 ORDER BY 1"""

NEVER_HEARD: Final = f"""
SELECT count(*) FILTER (WHERE st.state = 'never_heard') AS "never_heard" {_GATEWAYS}"""

FLAPPING: Final = """
SELECT count(*) AS "flapping" FROM ({changes_today}) h
WHERE h.offline >= {often} AND h.gateway_id IN ({gateways_here})""".replace(
    "{changes_today}", CHANGES_TODAY
).replace("{often}", str(FLAPPING_FROM))

GATEWAYS: Final = f"""
SELECT g.code AS "gateway", g.name AS "name", st.state AS "state", s.last_seen AS "last_seen",
       coalesce(h.offline, 0) AS "offline_today", s.firmware AS "firmware", s.started AS "started",
       s.messages AS "messages"
{_GATEWAYS.replace("CROSS JOIN", f"LEFT JOIN ({CHANGES_TODAY}) h ON h.gateway_id = g.id CROSS JOIN")}
ORDER BY array_position(ARRAY['offline', 'silent', 'never_heard', 'online'], st.state),
         h.offline DESC NULLS LAST, g.code LIMIT 500"""

FIRMWARE: Final = """
SELECT coalesce(s.firmware, '?') AS "firmware", count(*) AS "gateways"
FROM gateway_status s WHERE s.gateway_id IN ({gateways_here}) GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 50"""

CHANGES_OF_STATE: Final = """
SELECT $__timeGroupAlias(h.time, $__interval), count(*) FILTER (WHERE h.online) AS "online",
       count(*) FILTER (WHERE NOT h.online) AS "offline"
FROM gateway_status_history h
WHERE $__timeFilter(h.time) AND h.gateway_id IN ({gateways_here}) GROUP BY 1 ORDER BY 1"""

# One look into the key's index for each datastream.
SILENT_THINGS: Final = """
SELECT t.code AS "thing", t.kind AS "kind", g.code AS "gateway", max(o.time) AS "newest_reading",
       count(*) FILTER (WHERE o.time > now() - 3 * d.sampling_interval_s * interval '1 second' IS NOT TRUE)
         AS "late_streams", count(*) AS "streams"
FROM things t JOIN gateways g ON g.id = t.gateway_id JOIN datastreams d ON d.thing_id = t.id
LEFT JOIN LATERAL (
    SELECT time FROM observations
    WHERE datastream_id = d.id AND time > now() - interval '3 days' ORDER BY time DESC LIMIT 1
) o ON true
WHERE t.enabled AND d.enabled AND t.id IN ({things_here})
GROUP BY t.id, g.id ORDER BY "late_streams" DESC, "newest_reading" NULLS FIRST, t.code LIMIT 100"""

#: From this interval between points on, in ms, hours of arrivals are read instead of five minutes.
HOURS_FROM_MS: Final = 300_000

ARRIVALS: Final = """
SELECT $__timeGroupAlias(a.time, $__interval), sum(a.live)::bigint AS "live",
       sum(a.replayed)::bigint AS "replayed", sum(a.ahead)::bigint AS "ahead"
FROM (
    SELECT time, gateway_id, live, replayed, ahead FROM arrivals_split
    WHERE $__interval_ms < {hours_from} AND $__timeFilter(time)
    UNION ALL
    SELECT time, gateway_id, live, replayed, ahead FROM arrivals_hourly
    WHERE $__interval_ms >= {hours_from} AND $__timeFilter(time)
) a
WHERE a.gateway_id IN ({gateways_here})
GROUP BY 1 ORDER BY 1""".replace("{hours_from}", str(HOURS_FROM_MS))
