"""The options of the ECharts line of one indicator in one area."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import analytics.steps
from dashboards.console import formats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from api.queries import Row
    from dashboards.console.snapshot import Series
    from dashboards.console.words import Words

_INSTANT: Final = timedelta(microseconds=1)
_FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
#: headroom above the highest value
_HEADROOM: Final = 1.08
#: a limit further above the values than this is not shown: it would flatten them
_LIMIT_REACH: Final = 2.0


@dataclass(frozen=True)
class Theme:
    """Colours of a chart."""

    text: str
    grid: str
    line: str
    area: str
    gap: str
    panel: str
    limit: str
    band: float


LIGHT: Final = Theme(
    text="#4a5563", grid="#e3e7ec", line="#1d5f92", area="rgba(29,95,146,.10)", gap="rgba(90,100,112,.10)",
    panel="#ffffff", limit="#b3261e", band=0.16,
)  # fmt: skip
DARK: Final = Theme(
    text="#a3afbd", grid="#26303c", line="#7cc0ee", area="rgba(124,192,238,.12)", gap="rgba(150,162,176,.12)",
    panel="#161c24", limit="#ff8a80", band=0.11,
)  # fmt: skip


@dataclass(frozen=True)
class Step:
    """A step of the chart; `row` is None where nothing was computed."""

    time: datetime
    row: Row | None

    @property
    def value(self) -> float | None:
        """The value, None in a gap."""
        return self.row["value"] if self.row is not None else None


def steps(series: Series, indicator: Row, zone: ZoneInfo) -> list[Step]:
    """Return every step up to the newest row: what is missing is a gap, not a line."""
    if not series.rows:
        return []
    rows = {row["time"]: row for row in series.rows}
    length, times = analytics.steps.Step.lasting(indicator["step_s"]), [series.rows[-1]["time"]]
    while (before := length.floor(times[-1] - _INSTANT, zone)) >= series.start:
        times.append(before)
    return [Step(time, rows.get(time)) for time in reversed(times)]


def options(
    indicator: Row, series: Series, zone: ZoneInfo, theme: Theme, words: Words
) -> dict[str, Any]:  # fmt: skip
    """Return the chart's options; times are shown in the city's zone."""
    found = steps(series, indicator, zone)
    values = [step.value for step in found if step.value is not None]
    limit = _limit(indicator, series.end.astimezone(zone).date(), values)
    decimals = formats.decimals(max(map(abs, values), default=0), indicator["declaration"].get("decimals", 2))
    low, high = bounds(values, limit)
    bands = list(_bands(indicator, high, theme))
    areas = [*bands, *_gaps(found, zone, theme)]
    points = list(_points(found, indicator, decimals, zone, words))
    axis = {
        "axisLine": {"lineStyle": {"color": theme.grid}},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.grid}},
    }
    label = {"color": theme.text, "fontFamily": _FONT, "fontSize": 11}
    return {
        "animation": False,
        "useUTC": True,
        "grid": {"left": 8, "right": 14, "top": 14, "bottom": 4, "containLabel": True},
        "tooltip": _tooltip(theme),
        "xAxis": axis
        | {
            "type": "time",
            "min": shifted(series.start, zone),
            "max": shifted(series.end, zone),
            "splitLine": {"show": False},
            "axisLabel": label
            | {
                "hideOverlap": True,
                ":formatter": _tick(words, indicator["step_s"]),
            },
        },
        "yAxis": axis
        | {
            "type": "value",
            "min": low,
            "max": high,
            "splitNumber": 4,
            "minInterval": 0 if indicator["declaration"].get("decimals", 2) else 1,
            "axisLabel": label
            | {"showMinLabel": low == 0, "showMaxLabel": False, ":formatter": _figure(words)},
        },
        "series": [_line(points, areas, _mark(limit, indicator, theme, words), theme, filled=not bands)],
    }


def marked(drawn: dict[str, Any], at: datetime | None, zone: ZoneInfo, theme: Theme) -> dict[str, Any]:
    """Return a chart's options with a line at the step that starts at an instant, where one is chosen."""
    if at is None:
        return drawn
    line = {"type": "solid", "width": 2, "color": theme.text}
    chosen = {"xAxis": shifted(at, zone), "label": {"show": False}, "lineStyle": line}
    series = drawn["series"][0]
    mark = {"silent": True, "symbol": "none"} | series["markLine"]
    return drawn | {"series": [series | {"markLine": mark | {"data": [*mark["data"], chosen]}}]}


def _line(
    points: list[dict[str, Any]],
    areas: list[list[dict[str, Any]]],
    mark: dict[str, Any],
    theme: Theme,
    *,
    filled: bool,
) -> dict[str, Any]:
    return {
        "type": "line",
        "data": points,
        "connectNulls": False,
        "showSymbol": True,
        "lineStyle": {"width": 2, "color": theme.line},
        "itemStyle": {"color": theme.line},
        "areaStyle": {"color": theme.area, "origin": "start", "opacity": 1 if filled else 0},
        "emphasis": {"disabled": True},
        "markArea": {"silent": True, "data": areas},
        "markLine": mark,
    }


def shifted(moment: datetime, zone: ZoneInfo) -> int:
    """Return the milliseconds at which UTC shows the zone's local time: the chart knows no other zone."""
    local = moment.astimezone(zone).replace(tzinfo=UTC)
    return round(local.timestamp() * 1000)


def bounds(values: Sequence[float], limit: float | None) -> tuple[float, float]:
    """Return the ends of the value axis: from zero, unless the values lie far from it and close together."""
    low, high = min(values, default=0.0), max([*values, *([] if limit is None else [limit])], default=1.0)
    if low < 0 or low > 0.7 * high:
        margin = max((high - low) * 0.15, abs(high) * 0.005)
        return round(low - margin, 2), round(high + margin, 2)
    return 0.0, round(high * _HEADROOM, 2) or 1.0


def _limit(indicator: Row, day: date, values: Sequence[float]) -> float | None:
    """Return the limit in force, if it is near enough to the values to be drawn with them."""
    limits = indicator["declaration"].get("limits") or []
    in_force = [each["limit"] for each in limits if each["valid_from"] <= day.isoformat()]
    if not in_force or not values or in_force[-1] > _LIMIT_REACH * max(values):
        return None
    return float(in_force[-1])


def _points(
    found: Sequence[Step], indicator: Row, decimals: int, zone: ZoneInfo, words: Words
) -> Iterator[dict[str, Any]]:
    names = {each["code"]: words.of(each) for each in indicator["declaration"].get("categories") or ()}
    length = analytics.steps.Step.lasting(indicator["step_s"])

    def figure(step: Step) -> str:
        return formats.quantity(step.value or 0, decimals, indicator["unit"], words.language)

    for place, step in enumerate(found):
        alone = all(
            not 0 <= beside < len(found) or found[beside].value is None for beside in (place - 1, place + 1)
        )
        end = formats.instant(length.after(step.time, zone), zone, words.language)
        yield {
            "value": [shifted(step.time, zone), step.value],
            "symbolSize": 5 if alone and step.value is not None else 0,
            "tip": _tip(step.row, end, figure(step), names, words),
        }


def _tip(row: Row | None, end: str, figure: str, names: dict[str, str], words: Words) -> str:
    """Return the HTML of a step's tooltip."""
    lines = [words("until", time=end)]
    if row is None or row["value"] is None:
        why = words.code("why", row["reason"]) if row is not None else words("no_value")
        lines.append(f"<b>{html.escape(why)}</b>")
    else:
        lines.append(f"<b>{html.escape(figure)}</b>")
        lines += [html.escape(names[row["category"]])] if row["category"] in names else []
    if row is not None:
        lines.append(words("completeness_of", share=formats.share(row["completeness"], words.language)))
    return "<br>".join(lines)


def _bands(indicator: Row, high: float, theme: Theme) -> Iterator[list[dict[str, Any]]]:
    """Yield the classes as horizontal bands, as far as the axis reaches."""
    classes = [c for c in indicator["declaration"].get("categories") or () if c["lower"] is not None]
    for each, above in zip_longest(classes, classes[1:]):
        top = min(above["lower"], high) if above else high
        if each["lower"] < high:
            style = {"color": each["colour"], "opacity": theme.band}
            yield [{"yAxis": each["lower"], "itemStyle": style}, {"yAxis": top}]


def _gaps(found: Sequence[Step], zone: ZoneInfo, theme: Theme) -> Iterator[list[dict[str, Any]]]:
    """Yield runs of steps without a value, from the last value before to the first one after."""
    began: Step | None = None
    for before, step in zip([None, *found], [*found, None], strict=True):
        empty = step is not None and step.value is None
        if empty and began is None:
            began = before or step
        elif not empty and began is not None:
            end = step or before
            assert end is not None
            start = {"xAxis": shifted(began.time, zone), "itemStyle": {"color": theme.gap}}
            yield [start, {"xAxis": shifted(end.time, zone)}]
            began = None


def _mark(limit: float | None, indicator: Row, theme: Theme, words: Words) -> dict[str, Any]:
    if limit is None:
        return {"data": []}
    text = words("limit", value=formats.quantity(limit, 0, indicator["unit"], words.language))
    label = {
        "formatter": text,
        "position": "insideStartTop",
        "color": theme.limit,
        "fontSize": 11,
        "fontFamily": _FONT,
    }
    line = {"color": theme.limit, "type": "dashed", "width": 1}
    return {"silent": True, "symbol": "none", "data": [{"yAxis": limit}], "label": label, "lineStyle": line}


def _tooltip(theme: Theme) -> dict[str, Any]:
    return {
        "trigger": "axis",
        "confine": True,
        "backgroundColor": theme.panel,
        "borderColor": theme.grid,
        "textStyle": {"color": theme.text, "fontFamily": _FONT, "fontSize": 12},
        "axisPointer": {"lineStyle": {"color": theme.text}},
        ":formatter": "points => points[0].data.tip",
    }


def _figure(words: Words) -> str:
    """Return a JavaScript function that prints a number of the axis."""
    tag = "vi-VN" if words.language == "vi" else "en-GB"
    return f"value => value.toLocaleString('{tag}')"


def _tick(words: Words, step_s: int) -> str:
    """Return a JavaScript function that prints the hour, and the day where it begins; of months the month."""
    if analytics.steps.Step.lasting(step_s) in {analytics.steps.Step.MONTH, analytics.steps.Step.YEAR}:
        month = "(t.getUTCMonth() + 1) + '/' + t.getUTCFullYear()"
        return f"value => {{ const t = new Date(value); return {month}; }}"
    day = "two(t.getUTCDate()) + '/' + two(t.getUTCMonth() + 1)"
    if words.language == "en":
        day = "t.getUTCDate() + ' ' + t.toLocaleString('en-GB', {month: 'short', timeZone: 'UTC'})"
    time = "two(t.getUTCHours()) + ':' + two(t.getUTCMinutes())"
    return (
        "value => { const t = new Date(value), two = n => String(n).padStart(2, '0');"
        f" return t.getUTCHours() || t.getUTCMinutes() ? {time} : {day}; }}"
    )
