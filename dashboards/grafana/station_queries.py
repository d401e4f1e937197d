"""The SQL of panels that show what single things measured."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.queries import HOURS_FROM_MS

#: A chart has lines for so many things at most, as `most_lines` of the words says: more cannot be told apart.
MOST_LINES: Final = 60

# One look into the key's index for each datastream. Suspect observations are left out; an hour has them.
_SERIES: Final = """
SELECT $__timeGroupAlias(o.time, $__interval), t.name AS "metric", avg(o.value{minus}) AS "value"
FROM (
    SELECT t.name, t.properties, d.id FROM things t JOIN datastreams d ON d.thing_id = t.id
    JOIN observed_properties p ON p.id = d.observed_property_id
    WHERE p.code = '{property}' AND d.enabled AND t.enabled AND t.id IN ({things_here})
    ORDER BY t.name, t.id LIMIT {most}
) t CROSS JOIN LATERAL (
    SELECT time, value FROM observations
    WHERE $__interval_ms < {hours_from} AND datastream_id = t.id AND quality = 0 AND $__timeFilter(time)
    UNION ALL
    SELECT bucket, mean FROM observations_hourly
    WHERE $__interval_ms >= {hours_from} AND datastream_id = t.id AND $__timeFilter(bucket)
) o{levels}
GROUP BY 1, 2 ORDER BY 1, 2"""

# The property is an object, or a list of objects of which the one that came into force last counts: see
# analytics/indicators/level.py.
_LEVELS: Final = """
{join} JOIN LATERAL (
    SELECT (e -> 'levels' ->> 0)::float8 AS i, (e -> 'levels' ->> 1)::float8 AS ii,
           (e -> 'levels' ->> 2)::float8 AS iii, e ->> 'datum' AS datum
    FROM jsonb_array_elements(CASE jsonb_typeof(t.properties -> 'alert_levels')
        WHEN 'array' THEN t.properties -> 'alert_levels'
        WHEN 'object' THEN jsonb_build_array(t.properties -> 'alert_levels') ELSE '[]' END) e
    WHERE coalesce(e ->> 'valid_from', '') <= current_date::text
    ORDER BY coalesce(e ->> 'valid_from', '') DESC LIMIT 1
) l ON true"""

_NEWEST: Final = """
FROM things t JOIN datastreams d ON d.thing_id = t.id
JOIN observed_properties p ON p.id = d.observed_property_id
CROSS JOIN LATERAL (
    SELECT time, value FROM observations
    WHERE datastream_id = d.id AND time > now() - interval '1 day' ORDER BY time DESC LIMIT 1
) o"""

_HERE: Final = "d.enabled AND t.enabled AND t.id IN ({things_here})"

LEVELS: Final = f"""
SELECT t.name AS "station", o.value AS "height", l.i AS "level_1", l.ii AS "level_2", l.iii AS "level_3",
       CASE WHEN l.i IS NULL THEN -1
            ELSE (o.value >= l.i)::int + coalesce(o.value >= l.ii, false)::int
                 + coalesce(o.value >= l.iii, false)::int END AS "reached",
       coalesce(l.datum, t.properties ->> 'datum') AS "datum", o.time AS "time"
{_NEWEST}{_LEVELS.replace("{join}", "LEFT")}
WHERE p.code IN ('river_level', 'sea_level') AND {_HERE}
ORDER BY o.value - l.i DESC NULLS LAST, t.name LIMIT 200"""

BINS: Final = f"""
SELECT t.name AS "bin", o.value AS "fill", o.time AS "time"
{_NEWEST}
WHERE p.code = 'bin_fill' AND {_HERE} ORDER BY o.value DESC, t.name LIMIT 100"""

# A capacity holds until the next one is told, once a day.
_CAPACITY: Final = """
LEFT JOIN LATERAL (
    SELECT k.value FROM datastreams c JOIN observed_properties q ON q.id = c.observed_property_id
    CROSS JOIN LATERAL (
        SELECT value FROM observations
        WHERE datastream_id = c.id AND time > now() - interval '3 days' ORDER BY time DESC LIMIT 1
    ) k
    WHERE c.thing_id = t.id AND q.code = 'parking_capacity'
) c ON true"""

CAR_PARKS: Final = f"""
SELECT t.name AS "car_park", o.value AS "occupied", c.value AS "capacity",
       o.value / nullif(c.value, 0) AS "share", o.time AS "time"
{_NEWEST}{_CAPACITY}
WHERE p.code = 'parking_occupied' AND {_HERE} ORDER BY "share" DESC NULLS LAST, t.name LIMIT 100"""

CABINETS: Final = f"""
SELECT t.name AS "cabinet", o.value AS "power", (t.properties ->> 'lamps')::float8 AS "lamps",
       (t.properties ->> 'lamps')::float8 * (t.properties ->> 'lamp_watts')::float8 AS "rated",
       o.time AS "time"
{_NEWEST}
WHERE p.code = 'lamp_power' AND {_HERE} ORDER BY o.value DESC, t.name LIMIT 100"""


def over_time(observed_property: str) -> str:
    """Return the query of what the things of the chosen areas measured of a property.

    Args:
        observed_property: a code; it stands in the text as it is.
    """
    return _filled(observed_property, minus="", levels="")


def above_first_level(observed_property: str) -> str:
    """Return the query of heights above each gauge's alert level I, m; one without levels has none."""
    return _filled(observed_property, minus=" - l.i", levels=_LEVELS.replace("{join}", ""))


def _filled(observed_property: str, *, minus: str, levels: str) -> str:
    words = {
        "property": observed_property,
        "minus": minus,
        "levels": levels,
        "hours_from": str(HOURS_FROM_MS),
        "most": str(MOST_LINES),
    }
    sql = _SERIES
    for word, meaning in words.items():
        sql = sql.replace("{" + word + "}", meaning)
    return sql
