"""The SQL of panels about gateways and things, and of what they send."""

from __future__ import annotations

from typing import Final

from devices.liveness import STATE

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
SELECT $__timeGroupAlias(time, $__interval), sum(observations) * 60000.0 / greatest($__interval_ms, 10000)
         AS "observations"
FROM ingest_metrics WHERE $__timeFilter(time) GROUP BY 1 ORDER BY 1"""
