"""The SQL of panels that show indicators of areas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from analytics.indicator import INDICATORS

if TYPE_CHECKING:
    from collections.abc import Iterable

#: From this interval between points on, in ms, days are read instead of hours: four months on a screen.
DAYS_FROM_MS: Final = 10_800_000

_SERIES: Final = """
SELECT {time} AS "time", a.name AS "metric", {rule}(v.value) AS "value"
FROM {chosen} a JOIN indicator_values v ON v.area_id = a.id
WHERE v.indicator = {indicator} AND v.superseded_at IS NULL AND $__timeFilter(v.time)
  AND v.reason IS DISTINCT FROM 'no_station'
GROUP BY 1, 2 ORDER BY 1, 2"""

# Shorter steps share an interval; days begin at the city's midnight and stay where they are.
_SHARED: Final = "$__timeGroup(v.time, $__interval)"
_SHARED_OR_DAYS: Final = f"CASE WHEN $__interval_ms < {{days_from}} THEN {_SHARED} ELSE v.time END"
_BY_ZOOM: Final = "CASE WHEN $__interval_ms < {days_from} THEN '{code}' ELSE '{day}' END"

# The chosen indicator's own days, if there are any: traffic_speed_d of traffic_speed, vn_aqi_d of vn_aqi_h.
_CHOSEN: Final = """(SELECT coalesce(
    (SELECT d.code FROM indicators d JOIN indicators i USING (unit)
     WHERE $__interval_ms >= {days_from} AND i.code = ${indicator:sqlstring}
       AND d.code = regexp_replace(i.code, '_h$', '') || '_d'), ${indicator:sqlstring}))"""
_CHOSEN_TIME: Final = """CASE WHEN (SELECT step_s FROM indicators WHERE code = {indicator}) < 86400
            THEN {shared} ELSE v.time END"""

# The newest value of each area that is not older than three steps, three days at least.
LATEST: Final = """
FROM areas a CROSS JOIN LATERAL (
    SELECT time, value, category, completeness FROM indicator_values
    WHERE indicator = {indicator} AND area_id = a.id AND superseded_at IS NULL AND value IS NOT NULL
      AND time BETWEEN $__timeTo()::timestamptz - {age} AND $__timeTo()
    ORDER BY time DESC LIMIT 1
) v"""
_AGE: Final = "interval '3 days'"
_CHOSEN_AGE: Final = """greatest(interval '3 days', 3 * (SELECT step_s FROM indicators
          WHERE code = ${indicator:sqlstring}) * interval '1 second')"""

_BARS: Final = """
SELECT a.{name} AS "area", v.value AS "value"
{latest}
WHERE a.reporting AND a.level <> 'province' ORDER BY v.value {order}, a.{name}"""

_TABLE: Final = """
SELECT a.{name} AS "area", v.value AS "value", c.{name} AS "category",
       v.completeness AS "completeness", v.time AS "time",
       a.code || '@' || a.valid_from AS "key", a.code AS "code"
{latest}
JOIN indicators i ON i.code = ${indicator:sqlstring}
LEFT JOIN LATERAL jsonb_to_recordset(i.declaration -> 'categories')
    AS c (code text, name_en text, name_vi text) ON c.code = v.category
WHERE a.reporting AND a.level <> 'province' ORDER BY a.{name}"""

#: One row: how Grafana is to write the chosen indicator's values.
CHOSEN_UNIT: Final = """
SELECT coalesce(u.grafana, 'suffix:' || {printed}) AS "unit",
       least((i.declaration ->> 'decimals')::int, 2) AS "decimals"
FROM indicators i LEFT JOIN (VALUES {units}) AS u (ucum, grafana) ON u.ucum = i.unit
WHERE i.code = ${indicator:sqlstring}"""

# What is older than three steps, three days at least, says nothing of the present.
_PRESENT: Final = """
FROM {chosen} a JOIN latest_values l ON l.area_id = a.id JOIN indicators i ON i.code = l.indicator
WHERE l.indicator IN ({codes}) AND l.value IS NOT NULL
  AND l.time > now() - greatest(interval '3 days', 3 * i.step_s * interval '1 second')"""

# One row an area, one column an indicator: the newest value of each.
_MATRIX: Final = """
SELECT a.name AS "area", {columns}, max(l.time) AS "time" {present}
GROUP BY a.id, a.name ORDER BY a.name"""

# The worst of the chosen areas.
_WORST: Final = """
SELECT {worst}(l.value) AS "value" {present}"""


def over_time(code: str, day: str | None = None, rule: str = "avg") -> str:
    """Return the query of one indicator over time for the chosen areas.

    Args:
        code: of an indicator; it must be one, since it stands in the text as it is.
        day: of the indicator of the same unit that is read from an interval of DAYS_FROM_MS on.
        rule: what joins several values of an interval: avg, max or min.
    """
    if day is not None:
        by_zoom = _BY_ZOOM.replace("{code}", code).replace("{day}", day)
        return _filled(_SERIES, time=_SHARED_OR_DAYS, indicator=by_zoom, rule=rule)
    days = INDICATORS[code].step.length >= timedelta(days=1)
    return _filled(_SERIES, time="v.time" if days else _SHARED, indicator=f"'{code}'", rule=rule)


def chosen_over_time() -> str:
    """Return the query of the chosen indicator over time for the chosen areas."""
    return _filled(_SERIES, time=_CHOSEN_TIME, shared=_SHARED, indicator=_CHOSEN, rule="avg")


def newest(code: str | None, *, lowest_first: bool = False) -> str:
    """Return the query of an indicator's newest value of each area, the chosen one's for None."""
    order = "ASC" if lowest_first else "DESC"
    return _filled(_BARS, latest=LATEST, order=order, **_of(code))


def newest_with_categories() -> str:
    """Return the query of the chosen indicator's newest values with what stands beside them."""
    return _filled(_TABLE, latest=LATEST, **_of(None))


def matrix(codes: Iterable[str]) -> str:
    """Return the query of the newest values of several indicators, a column each."""
    known = tuple(codes)
    columns = ", ".join(f"max(l.value) FILTER (WHERE l.indicator = '{code}') AS \"{code}\"" for code in known)
    return _filled(_MATRIX, present=_PRESENT, columns=columns, codes=", ".join(f"'{code}'" for code in known))


def worst(code: str, *, lowest: bool = False) -> str:
    """Return the query of the highest newest value of the chosen areas, or the lowest."""
    return _filled(_WORST, present=_PRESENT, codes=f"'{code}'", worst="min" if lowest else "max")


def _of(code: str | None) -> dict[str, str]:
    if code is None:
        return {"indicator": "${indicator:sqlstring}", "age": _CHOSEN_AGE}
    return {"indicator": f"'{code}'", "age": _AGE}


def _filled(sql: str, **words: str) -> str:
    for word, meaning in (*words.items(), ("days_from", str(DAYS_FROM_MS))):
        sql = sql.replace("{" + word + "}", meaning)
    return sql
