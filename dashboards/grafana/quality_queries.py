"""The SQL of panels about the quality of data: what is missing, flagged, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# One look into the key's index for each datastream of the chosen areas.
_FLAGS: Final = """
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
CROSS JOIN LATERAL (
    SELECT time, flags, excluded FROM observation_flags WHERE datastream_id = d.id AND {when}
) f
WHERE t.id IN ({things_here})"""
_TODAY: Final = _FLAGS.replace("{when}", "time > now() - interval '24 hours'")
_RANGE: Final = _FLAGS.replace("{when}", "$__timeFilter(time)")

FLAGGED_TODAY: Final = f"""
SELECT count(*) AS "flagged" {_TODAY}"""

_OVER_TIME: Final = f"""
SELECT $__timeGroupAlias(f.time, $__interval), k.name AS "metric", count(*) AS "value"
{_RANGE} AND f.flags & k.bit <> 0 GROUP BY 1, 2 ORDER BY 1, 2""".replace(
    ") f\n", ") f CROSS JOIN (VALUES {kinds}) AS k (bit, name)\n"
)

FLAGGED_STREAMS: Final = f"""
SELECT t.code AS "thing", p.{{name}} AS "property", count(*) AS "flagged",
       count(*) FILTER (WHERE f.excluded) AS "excluded", max(f.time) AS "newest_reading"
{_RANGE}
GROUP BY t.id, p.id ORDER BY 3 DESC, 1 LIMIT 100"""

SUSPECT_SHARE: Final = """
SELECT sum(r.n_suspect)::float8 / nullif(sum(r.n), 0) AS "suspect"
FROM datastreams d CROSS JOIN LATERAL (
    SELECT n, n_suspect FROM observations_hourly
    WHERE datastream_id = d.id AND bucket > now() - interval '6 hours'
) r WHERE d.thing_id IN ({things_here})"""

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
