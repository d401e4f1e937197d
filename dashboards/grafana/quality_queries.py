"""The SQL of panels about the quality of data: what is missing, flagged, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_HERE: Final = "datastream_id IN (SELECT id FROM datastreams WHERE thing_id IN ({things_here}))"

FLAGGED_TODAY: Final = """
SELECT count(*) AS "flagged" FROM observation_flags
WHERE time > now() - interval '24 hours' AND {here}""".replace("{here}", _HERE)

# Added up by bits before the kinds are told apart: of months there are hundreds of thousands.
_OVER_TIME: Final = """
SELECT f.time AS "time", k.name AS "metric", sum(f.n)::bigint AS "value"
FROM (SELECT $__timeGroup(time, $__interval) AS time, flags, count(*) AS n
      FROM observation_flags WHERE $__timeFilter(time) AND {here} GROUP BY 1, 2) f
JOIN (VALUES {kinds}) AS k (bit, name) ON f.flags & k.bit <> 0
GROUP BY 1, 2 ORDER BY 1, 2""".replace("{here}", _HERE)

# Added up by datastream before they are told by name, of which there are thousands.
FLAGGED_STREAMS: Final = """
SELECT t.code AS "thing", p.{name} AS "property", f.flagged AS "flagged", f.excluded AS "excluded",
       f.newest AS "newest_reading"
FROM (SELECT datastream_id, count(*) AS flagged, count(*) FILTER (WHERE excluded) AS excluded,
             max(time) AS newest
      FROM observation_flags WHERE $__timeFilter(time) GROUP BY 1) f
JOIN datastreams d ON d.id = f.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE t.id IN ({things_here}) ORDER BY 3 DESC, 1 LIMIT 100"""

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
