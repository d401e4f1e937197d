"""Levels of a waste bin: how full it is, when it was emptied, when it will be full. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analytics.series import Series, Times, Values, Window

#: A bin was emptied if its level fell by more than this within an hour, points.
EMPTIED_BY = 40.0
#: A forecast needs readings so far apart.
RATE_NEEDS = timedelta(hours=3)
_MICROSECOND = timedelta(microseconds=1)
_HOUR_US = 3_600_000_000


def fill(level: float) -> float:
    """Return how full a bin is in %: waste above the rim does not count."""
    return min(level, 100.0)


def has_reached(level: float, bound: float) -> float:
    """Return 100 if a level has reached a bound, else 0: a share of one bin in %."""
    return 100.0 if level >= bound else 0.0


def emptied_at(times: Times, levels: Values) -> list[int]:
    """Return the places of the readings by which a bin had been emptied; both shapes (n,), times in µs.

    The fall is counted from the highest reading of the hour before, or from the reading before where that is
    older; a fall over several readings is one emptying.
    """
    found: list[int] = []
    place = _next_emptying(times, levels, 0)
    while place is not None:
        found.append(place)
        place = _next_emptying(times, levels, place)
    return found


def _next_emptying(times: Times, levels: Values, since: int) -> int | None:
    """Return the place of the first emptying by the readings from `since` on."""
    # Only readings that far below an earlier one, however long ago, can be it.
    low = np.maximum.accumulate(levels[since:]) - levels[since:] > EMPTIED_BY
    for i in since + np.flatnonzero(low):
        first = max(min(int(times.searchsorted(times[i] - _HOUR_US)), i - 1), since)
        if levels[first:i].max() - levels[i] > EMPTIED_BY:
            return int(i)
    return None


def hours_to_full(level_0: float, level_1: float, hours: float) -> tuple[float, float | None]:
    """Return by how many points an hour a bin fills, and in how many hours it is full; None: never."""
    rate = (level_1 - level_0) / hours
    if level_1 >= 100:
        return rate, 0.0
    return rate, (100 - level_1) / rate if rate > 0 else None


def forecast(series: Series, window: Window) -> tuple[float, float | None] | None:
    """Return rate and hours to full by the readings since the last emptying; None: they are too few."""
    first, last = series.good_times.searchsorted((window.start, window.end))
    times, levels = series.good_times[first:last], series.good_values[first:last]
    since = (emptied_at(times, levels) or [0])[-1]
    if last - first < 2 or times[-1] - times[since] < RATE_NEEDS // _MICROSECOND:
        return None
    return hours_to_full(fill(levels[since]), fill(levels[-1]), float(times[-1] - times[since]) / _HOUR_US)
