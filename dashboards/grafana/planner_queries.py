"""The SQL of the planners' dashboard: the chosen indicator, the period before, and how complete it is."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.indicator_queries import chosen_over_time

OVER_TIME: Final = chosen_over_time()

_LENGTH: Final = "($__timeTo()::timestamptz - $__timeFrom()::timestamptz)"

_VALUES: Final = """
FROM {chosen} a JOIN indicator_values v ON v.area_id = a.id
WHERE v.indicator = ${indicator:sqlstring} AND v.superseded_at IS NULL AND {when}"""
_NOW: Final = _VALUES.replace("{when}", "$__timeFilter(v.time)")
_BEFORE: Final = _VALUES.replace(
    "{when}", f"v.time >= $__timeFrom()::timestamptz - {_LENGTH} AND v.time < $__timeFrom()"
)

# The period before, of the same length, is laid over this one.
BEFORE: Final = """
SELECT $__timeGroupAlias(b.time, $__interval), b.name || ' ({before})' AS "metric", avg(b.value) AS "value"
FROM ({shifted}) b GROUP BY 1, 2 ORDER BY 1, 2""".replace(
    "{shifted}", f"SELECT v.time + {_LENGTH} AS time, a.name, v.value{_BEFORE}"
)

COMPARISON: Final = """
SELECT n.name AS "area", n.mean AS "mean", b.mean AS "mean_before", n.mean - b.mean AS "difference",
       (n.mean - b.mean) / nullif(abs(b.mean), 0) AS "change", n.lowest AS "lowest", n.highest AS "highest",
       n.complete AS "completeness", n.missing AS "missing_steps"
FROM ({now}) n LEFT JOIN ({earlier}) b USING (id) ORDER BY n.name""".replace(
    "{now}",
    """
    SELECT a.id, a.name, avg(v.value) AS mean, min(v.value) AS lowest, max(v.value) AS highest,
           avg(v.completeness) AS complete, count(*) FILTER (WHERE v.value IS NULL) AS missing
    """
    + _NOW
    + " GROUP BY a.id, a.name",
).replace("{earlier}", "SELECT a.id, avg(v.value) AS mean" + _BEFORE + " GROUP BY a.id")

RANKING: Final = f"""
SELECT a.name AS "area", avg(v.value) AS "value" {_NOW} AND v.value IS NOT NULL
GROUP BY a.id, a.name ORDER BY 2 DESC, 1"""

COMPLETENESS: Final = f"""
SELECT $__timeGroupAlias(v.time, $__interval), a.name AS "metric", avg(v.completeness) AS "value"
{_NOW} GROUP BY 1, 2 ORDER BY 1, 2"""

MISSING: Final = f"""
SELECT a.name AS "area", coalesce(v.reason, '{{none_missing}}') AS "reason", count(*) AS "steps",
       max(v.time) AS "time"
{_NOW} GROUP BY a.id, a.name, v.reason ORDER BY v.reason NULLS LAST, 3 DESC, 1 LIMIT 200"""

MEANING: Final = """
SELECT i.{name} AS "indicator", i.declaration -> 'source' ->> 'document{said}' AS "source",
       i.declaration -> 'source' ->> 'clause{said}' AS "clause",
       i.declaration ->> 'area_rule{said}' AS "area_rule",
       (i.declaration ->> 'min_completeness')::float8 AS "least", i.version AS "version"
FROM indicators i WHERE i.code = ${indicator:sqlstring}"""
