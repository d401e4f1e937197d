"""The SQL of every panel and variable, for Grafana's PostgreSQL data source (macros: see dashboards.macros).

Every query is bounded: it reads the dashboard's time range, takes one look into the key's index for each
datastream or area, or reads a table of a few hundred rows. `{word}`s are filled in by `text`: `{name}` is the
column of names in the dashboard's language.
"""

from __future__ import annotations

from typing import Final

from devices.liveness import STATE

#: How an area is named in the dashboard's address: a code alone may have been given to another unit since.
_AREA_KEY: Final = "a.code || '@' || a.valid_from"

AREAS: Final = """
SELECT a.{name} AS __text, {area_key} AS __value
FROM areas a WHERE a.reporting
ORDER BY array_position(ARRAY['province', 'district', 'commune'], a.level), a.{name}"""

INDICATORS: Final = """
SELECT {name} AS __text, code AS __value FROM indicators ORDER BY {name}"""

GATEWAYS_ONLINE: Final = """
SELECT count(*) AS "online"
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE g.enabled AND {state} = 'online'"""

GATEWAYS_SILENT: Final = """
SELECT count(*) AS "silent"
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE g.enabled AND {state} <> 'online'"""

NEWEST_AGE: Final = """
SELECT extract(epoch FROM now() - max(time))::float8 AS "age" FROM latest_observations WHERE time <= now()"""

# One look into the key's index for each datastream; ten minutes hold at least one value of most of them.
OBSERVATIONS_PER_MINUTE: Final = """
SELECT coalesce(sum(o.n), 0)::float8 / 10 AS "rate"
FROM datastreams d CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM observations
    WHERE datastream_id = d.id AND time > now() - interval '10 minutes' AND time <= now()
) o WHERE d.enabled"""

REFUSALS_LAST_HOUR: Final = """
SELECT coalesce(sum(count), 0)::bigint AS "refused" FROM refusals
WHERE time > now() - interval '1 hour' AND replayed_at IS NULL"""

# The newest value of each area that is not older than three days; the hour in progress has none.
_LATEST: Final = """
FROM areas a CROSS JOIN LATERAL (
    SELECT time, value, category, completeness FROM indicator_values
    WHERE indicator = ${indicator:sqlstring} AND area_id = a.id
      AND superseded_at IS NULL AND value IS NOT NULL
      AND time BETWEEN $__timeTo()::timestamptz - interval '3 days' AND $__timeTo()
    ORDER BY time DESC LIMIT 1
) v"""

DISTRICT_BARS: Final = """
SELECT a.{name} AS "area", v.value AS "value"
{latest}
WHERE a.reporting AND a.level <> 'province' ORDER BY v.value DESC"""

DISTRICT_TABLE: Final = """
SELECT a.{name} AS "area", v.value AS "value", c.{name} AS "category",
       v.completeness AS "completeness", v.time AS "time", {area_key} AS "key"
{latest}
JOIN indicators i ON i.code = ${indicator:sqlstring}
LEFT JOIN LATERAL jsonb_to_recordset(i.declaration -> 'categories')
    AS c (code text, name_en text, name_vi text) ON c.code = v.category
WHERE a.reporting AND a.level <> 'province' ORDER BY a.{name}"""

#: One row: how Grafana is to write the chosen indicator's values.
CHOSEN_UNIT: Final = """
SELECT coalesce(u.grafana, 'suffix:' || {printed}) AS "unit",
       coalesce((i.declaration ->> 'decimals')::int, 1) AS "decimals"
FROM indicators i LEFT JOIN (VALUES {units}) AS u (ucum, grafana) ON u.ucum = i.unit
WHERE i.code = ${indicator:sqlstring}"""

_SERIES: Final = """
SELECT v.time AS "time", a.{name} AS "metric", v.value AS "value"
FROM areas a JOIN indicator_values v ON v.area_id = a.id
WHERE a.reporting AND {area_key} IN (${area:sqlstring})
  AND v.indicator = {indicator} AND v.superseded_at IS NULL AND $__timeFilter(v.time)
ORDER BY v.time, a.{name}"""

CHOSEN_SERIES: Final = _SERIES.replace("{indicator}", "${indicator:sqlstring}")

GATEWAY_MAP: Final = """
SELECT g.code AS "gateway", g.name AS "name", g.latitude AS "latitude", g.longitude AS "longitude",
       st.state AS "state",
       array_position(ARRAY['online', 'silent', 'offline', 'never_heard'], st.state) - 1 AS "level",
       s.last_seen AS "last_seen"
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
CROSS JOIN LATERAL (SELECT {state} AS state) st
WHERE g.enabled ORDER BY g.code LIMIT 2000"""

LAST_REFUSALS: Final = """
SELECT time AS "time", gateway AS "gateway", reason AS "reason", at AS "at", detail AS "detail",
       count AS "count", stored AS "stored", topic AS "topic"
FROM refusals WHERE $__timeFilter(time) AND replayed_at IS NULL ORDER BY time DESC LIMIT 100"""

REFUSALS_OVER_TIME: Final = """
SELECT $__timeGroupAlias(time, $__interval, 0), reason AS "metric", sum(count)::bigint AS "value"
FROM refusals WHERE $__timeFilter(time) GROUP BY 1, 2 ORDER BY 1"""

# By the time of measuring. A week at most: without the Community edition the rollup is computed when asked.
INGEST_RATE: Final = """
SELECT bucket AS "time", sum(n)::float8 / 60 AS "good and suspect", sum(n_suspect)::float8 / 60 AS "suspect"
FROM observations_hourly
WHERE $__timeFilter(bucket) AND bucket >= $__timeTo()::timestamptz - interval '7 days'
GROUP BY 1 ORDER BY 1"""


_FRAGMENTS: Final = {
    "latest": _LATEST,
    "state": STATE,
    "area_key": _AREA_KEY,
    "now": "time > now() - interval '1 minute'",
    "bucket": "$__timeGroupAlias(time, $__interval)",
}


def series(indicator: str) -> str:
    """Return the query of one indicator over time for the chosen areas.

    Args:
        indicator: a code; it must be one, since it stands in the text as it is.
    """
    return _SERIES.replace("{indicator}", f"'{indicator}'")


def text(sql: str, language: str, **words: str) -> str:
    """Return a query with names in a language ("vi" or "en") and further `{word}`s filled in."""
    for word, meaning in {**_FRAGMENTS, "name": f"name_{language}", **words}.items():
        sql = sql.replace("{" + word + "}", meaning)
    return sql.strip()
