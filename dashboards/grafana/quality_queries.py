"""The SQL of panels about the quality of data: what is missing, flagged, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FLAGS: Final = """
FROM observation_flags f JOIN datastreams d ON d.id = f.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE {when} AND t.id IN ({things_here})"""
_TODAY: Final = _FLAGS.replace("{when}", "f.time > now() - interval '24 hours'")
_RANGE: Final = _FLAGS.replace("{when}", "$__timeFilter(f.time)")

FLAGGED_TODAY: Final = f"""
SELECT count(*) AS "flagged" {_TODAY}"""

# Added up by bits before the kinds are told apart: of months there are hundreds of thousands.
_OVER_TIME: Final = """
SELECT g.time AS "time", k.name AS "metric", sum(g.n)::bigint AS "value"
FROM (SELECT $__timeGroup(f.time, $__interval) AS time, f.flags, count(*) AS n
      FROM observation_flags f
      WHERE $__timeFilter(f.time)
        AND f.datastream_id IN (SELECT id FROM datastreams WHERE thing_id IN ({things_here}))
      GROUP BY 1, 2) g
JOIN (VALUES {kinds}) AS k (bit, name) ON g.flags & k.bit <> 0
GROUP BY 1, 2 ORDER BY 1, 2"""

FLAGGED_STREAMS: Final = f"""
SELECT t.code AS "thing", p.{{name}} AS "property", count(*) AS "flagged",
       count(*) FILTER (WHERE f.excluded) AS "excluded", max(f.time) AS "newest_reading"
{_RANGE}
GROUP BY t.id, p.id ORDER BY 3 DESC, 1 LIMIT 100"""

# As ingest tells it: what it keeps as suspect it also puts down beside the refusals.
SUSPECT_SHARE: Final = """
SELECT coalesce(r.n, 0)::float8 / nullif(a.n, 0) AS "suspect"
FROM (SELECT sum(count) AS n FROM refusals
      WHERE stored AND time > now() - interval '6 hours'
        AND gateway IN (SELECT code FROM gateways WHERE id IN ({gateways_here}))) r
CROSS JOIN (SELECT sum(live + replayed + ahead) AS n FROM arrivals_hourly
            WHERE time > now() - interval '6 hours' AND gateway_id IN ({gateways_here})) a"""

LATE_HOURS_NOW: Final = """
SELECT max(late_hours) AS "late_hours" FROM ingest_metrics WHERE time > now() - interval '5 minutes'"""

REFUSALS_BY_GATEWAY: Final = """
SELECT gateway AS "gateway", reason AS "reason", sum(count)::bigint AS "count", max(time) AS "newest_refusal"
FROM refusals WHERE $__timeFilter(time) AND replayed_at IS NULL
GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT 100"""

# Of what was ever computed: the newest step of each indicator and area.
WITHOUT_VALUE: Final = """
SELECT i.{name} AS "indicator", l.reason AS "reason", count(*) AS "areas", max(l.time) AS "time"
FROM latest_values l JOIN indicators i ON i.code = l.indicator
WHERE l.value IS NULL AND l.area_id IN ({chosen_ids})
GROUP BY i.code, l.reason ORDER BY 3 DESC, 1 LIMIT 250"""


def flags_over_time(names: Mapping[int, str]) -> str:
    """Return the query of flags by kind, with a name for each bit of analytics.quality.Flag."""
    kinds = ", ".join(f"({int(flag)}, '{name}')" for flag, name in names.items())
    return _OVER_TIME.replace("{kinds}", kinds)
