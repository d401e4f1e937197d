"""From an examined value to what an explanation tells of its stations, their inputs and their steps. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analytics.explanation import Input, Part, Station
from analytics.indicator import INDICATORS
from analytics.inputs import ACTIVITY
from analytics.rounding import half_up
from analytics.series import Window, to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from numpy.typing import NDArray

    from analytics.examine import Examination
    from analytics.indicator import Indicator
    from analytics.inputs import Activity, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series

    #: (station, observed property) -> rule of quality control -> observations flagged
    Flags = Mapping[tuple[str, str], Mapping[str, int]]

_HOUR_US = 3_600_000_000


def stations(examined: Examination, flags: Flags) -> tuple[Station, ...]:
    """Return each site with its value and the inputs within the window that the indicator reads."""
    return tuple(
        _station(value, _inputs(examined.indicator, site, examined.period, flags))
        for site, value in zip(examined.sites, examined.site_values, strict=True)
    )


def _station(value: SiteValue, inputs: Iterable[Input]) -> Station:
    return Station(
        code=value.site,
        value=value.value,
        completeness=half_up(value.completeness, 6),
        reason=None if value.reason is None else str(value.reason),
        weight=value.weight,
        suspect=value.suspect,
        details=value.details,
        inputs=tuple(inputs),
    )


def parts(
    examined: Examination, entered: Mapping[tuple[str, str, datetime], float | None]
) -> tuple[Part, ...]:
    """Return the steps that the examined value is made of, each with the stored value and the recomputed one.

    Args:
        examined: the recomputed value with its parts.
        entered: (indicator, station, start) -> the stored value.
    """
    used = {site.code for site in examined.sites}
    return tuple(
        _part(code, period, value, entered.get((code, station, period.start)))
        for code, by_station in examined.parts.items()
        for station, steps in by_station.items()
        if station in used
        for period, value in steps
    )


def _part(code: str, period: Period, value: SiteValue, entered: float | None) -> Part:
    return Part(
        station=value.site,
        indicator=code,
        start=period.start,
        label=INDICATORS[code].step.full_label(period.start, period.zone),
        value=entered,
        recomputed=value.value,
        reason=None if value.reason is None else str(value.reason),
        completeness=half_up(value.completeness, 6),
    )


def _inputs(indicator: Indicator, site: Site, period: Period, flags: Flags) -> Iterator[Input]:
    window = period.step if indicator.of else period.last(indicator.window)
    series = site.results if indicator.of else site.series
    names = indicator.of or [code for code in indicator.inputs if code in series]
    for code in names:
        if code in series:
            yield replace(_measured(code, series[code], window), flags=flags.get((site.code, code), {}))
    if ACTIVITY in indicator.inputs:
        yield from (_counted(code, each, window) for code, each in site.activity.items())


def _measured(code: str, series: Series, window: Window) -> Input:
    first, last = series.good_times.searchsorted((window.start, window.end))
    counts = series.good_count(window), series.suspects(window)
    return _input(code, window, series.interval_s, counts, series.good_times[first:last])


def _counted(code: str, activity: Activity, window: Window) -> Input:
    first, last = activity.times.searchsorted((window.start, window.end))
    times = activity.times[first:last][activity.good[first:last] > 0]
    return _input(code, window, activity.interval_s, activity.counts(window), times)


def _input(
    code: str, window: Window, interval_s: int, counts: tuple[int, int], times: NDArray[np.int64]
) -> Input:
    good, suspect = counts
    return Input(
        code=code,
        start=window.start_time,
        end=window.end_time,
        interval_s=interval_s,
        expected=half_up(window.length / (interval_s * 1e6), 3),
        good=int(good),
        suspect=suspect,
        hours=len(np.unique((times - window.start) // _HOUR_US)),
        first=to_datetime(times[0]) if len(times) else None,
        last=to_datetime(times[-1]) if len(times) else None,
    )
