"""Readings that hold until the next one: counts of occupied spaces, lamps on or off. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.series import Series, Times, Values, Window

#: What has been silent for so many sampling intervals is unknown.
SILENT_INTERVALS = 3
_MICROSECOND = timedelta(microseconds=1)


def usual_hold(series: Series, reach: timedelta) -> timedelta:
    """Return how long a reading holds where nothing follows it: three sampling intervals, `reach` at most.

    `reach` is how far before the window the indicator's inputs go: what was read beyond must not matter.
    """
    return min(timedelta(seconds=SILENT_INTERVALS * series.interval_s), reach)


def value_at(series: Series, instants: Times, hold: timedelta) -> Values:
    """Return the good value in force at each instant, shape (n,); NaN where none is, or its hold is over."""
    times = series.good_times
    if not len(times):
        return np.full(len(instants), np.nan)
    index = times.searchsorted(instants, side="right") - 1
    known = (index >= 0) & (instants - times[index] < hold // _MICROSECOND)
    return np.where(known, series.good_values[index], np.nan)


def pieces(
    window: Window, held: Sequence[tuple[Series, timedelta]]
) -> tuple[NDArray[np.int64], list[Values]]:
    """Cut a window where any of the series changes or becomes unknown.

    Args:
        window: what is cut; the series should reach back their hold before it.
        held: series, each with how long a reading holds.

    Returns:
        The lengths of the n pieces in µs, and each series' values in them, NaN where unknown; shapes (n,).
    """
    changes = [np.array([window.start, window.end], np.int64)]
    for series, hold in held:
        changes += _changes(series, window, hold // _MICROSECOND)
    cuts = np.unique(np.clip(np.concatenate(changes), window.start, window.end))
    return np.diff(cuts), [value_at(series, cuts[:-1], hold) for series, hold in held]


def _changes(series: Series, window: Window, hold: int) -> list[Times]:
    """Return when readings come, and when one is over before the next comes."""
    first, last = series.good_times.searchsorted((window.start - hold, window.end))
    times = series.good_times[first:last]
    over = np.append(np.diff(times), hold + 1) > hold
    return [times, times[over[: len(times)]] + hold]
