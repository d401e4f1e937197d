"""Time windows, the series of one datastream, and the means that indicators are made of. Pure.

Inside, time is int64 microseconds since 1970-01-01T00:00:00Z; outside, an aware datetime.
A window is half-open: an observation belongs to the hour that holds its time stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Times = NDArray[np.int64]
    Values = NDArray[np.float64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
_QUARTER_US = HOUR // _MICROSECOND // 4
#: Share of an hour's values (45 of 60 minutes), of 24 hours (18) and of a time span known that a mean needs.
MINIMUM_SHARE = 0.75
# Shares such as 17/18 are compared after binary rounding.
_TOLERANCE = 1e-9


def to_micros(instant: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC."""
    return (instant - _EPOCH) // _MICROSECOND


def to_datetime(micros: int) -> datetime:
    """Return microseconds since 1970 UTC as a datetime in UTC."""
    return _EPOCH + timedelta(microseconds=int(micros))


@dataclass(frozen=True, order=True)
class Window:
    """The time span start <= t < end, both in microseconds since 1970 UTC."""

    start: int
    end: int

    @classmethod
    def of(cls, start: datetime, end: datetime) -> Window:
        """Return the window between two aware datetimes."""
        return cls(to_micros(start), to_micros(end))

    def __contains__(self, instant: int) -> bool:
        """Tell whether an instant lies within."""
        return self.start <= instant < self.end

    @property
    def middle(self) -> int:
        """The instant half-way between start and end."""
        return (self.start + self.end) // 2

    @property
    def length(self) -> int:
        """Length in microseconds."""
        return self.end - self.start

    @property
    def start_time(self) -> datetime:
        """Start in UTC."""
        return to_datetime(self.start)

    @property
    def end_time(self) -> datetime:
        """End in UTC."""
        return to_datetime(self.end)

    def last(self, reach: timedelta) -> Window:
        """Return the window of length `reach` that ends where this one ends."""
        return Window(self.end - reach // _MICROSECOND, self.end)

    def split(self, width: timedelta) -> list[Window]:
        """Return the windows of length `width` that fill this one, newest first."""
        step = width // _MICROSECOND
        return [Window(end - step, end) for end in range(self.end, self.start, -step)]


@dataclass(frozen=True, eq=False)
class Quarters:
    """Sums of one datastream over quarters of an hour, ordered by time; columns of shape (n,)."""

    #: start of each quarter
    times: Times
    #: observations that are not suspect, and the sum of their values
    good: NDArray[np.int64]
    total: Values
    suspect: NDArray[np.int64]

    def until(self, instant: int) -> Quarters:
        """Return the quarters that begin before an instant."""
        return self._part(slice(int(self.times.searchsorted(instant))))

    def within(self, window: Window) -> Quarters:
        """Return the quarters that lie within a window from start to end."""
        return self._part(_slice(self.times, Window(window.start, window.end - _QUARTER_US + 1)))

    def _part(self, part: slice) -> Quarters:
        return Quarters(self.times[part], self.good[part], self.total[part], self.suspect[part])


@dataclass(frozen=True, eq=False)
class Series:
    """The observations of one datastream, ordered by time; three columns of shape (n,).

    Where an indicator declares how far back it wants single observations, `quarters` stand for the older
    ones: counts and means know both, `good` refuses to answer for the older ones.
    """

    times: Times
    values: Values
    quality: NDArray[np.int16]
    #: expected distance of two observations, s
    interval_s: int
    #: what is older than the first single observation wanted
    quarters: Quarters | None = None
    #: from here on there are single observations
    single_from: int = 0

    def within(self, window: Window) -> Series:
        """Return the observations within a window."""
        part = _slice(self.times, window)
        return replace(
            self,
            times=self.times[part],
            values=self.values[part],
            quality=self.quality[part],
            quarters=self.quarters and self.quarters.within(window),
        )

    def good(self, window: Window) -> Values:
        """Return the values within `window` that are not suspect, shape (m,).

        Raises:
            ValueError: only quarters are known of a part of the window.
        """
        if self.quarters is not None and window.start < self.single_from:
            raise ValueError(
                f"single observations are there from {to_datetime(self.single_from)} on, not from "
                f"{window.start_time}: declare a longer raw_window for the indicator that asks"
            )
        return self.good_values[_slice(self.good_times, window)]

    def good_count(self, window: Window) -> int:
        """Return how many observations within `window` are not suspect."""
        return self.count_and_sum(window)[0]

    def count_and_sum(self, window: Window) -> tuple[int, float]:
        """Return the number and the sum of the values within `window` that are not suspect."""
        if self.quarters is None or window.start >= self.single_from:
            values = self.good(window)
            return len(values), float(values.sum())
        older = _slice(self.quarters.times, window)
        values = self.good_values[_slice(self.good_times, window)]
        n = int(self.quarters.good[older].sum()) + len(values)
        return n, float(self.quarters.total[older].sum() + values.sum())

    def suspects(self, window: Window) -> int:
        """Return how many observations within `window` are suspect."""
        found = _slice(self.suspect_times, window)
        older = 0
        if self.quarters is not None and window.start < self.single_from:
            older = int(self.quarters.suspect[_slice(self.quarters.times, window)].sum())
        return int(found.stop - found.start) + older

    def expected(self, window: Window) -> float:
        """Return how many values the sampling interval promises for `window`."""
        return window.length / (self.interval_s * 1e6)

    def completeness(self, window: Window) -> float:
        """Return the share of the expected values that is there and not suspect, at most 1."""
        return min(1.0, self.good_count(window) / self.expected(window))

    @cached_property
    def good_times(self) -> Times:
        """Times of the observations that are not suspect, shape (m,)."""
        good: Times = self.times[self.quality == 0]
        return good

    @cached_property
    def good_values(self) -> Values:
        """Values of the observations that are not suspect, shape (m,)."""
        good: Values = self.values[self.quality == 0]
        return good

    @cached_property
    def suspect_times(self) -> Times:
        """Times of the suspect observations."""
        suspect: Times = self.times[self.quality != 0]
        return suspect


def mean(series: Series, window: Window, minimum: float = MINIMUM_SHARE) -> float | None:
    """Return the arithmetic mean of a window, or None where too few values are there."""
    n, total = series.count_and_sum(window)
    return total / n if n and is_enough(n / series.expected(window), minimum) else None


def hourly_means(series: Series, window: Window, minimum: float = MINIMUM_SHARE) -> list[float | None]:
    """Return the mean of each hour of a window, newest first; None for an hour with too few values."""
    return [mean(series, hour, minimum) for hour in window.split(HOUR)]


def energy_mean(levels: Values, durations: Values | None = None) -> float:
    """Return the equivalent level of sound levels in dB, both of shape (n > 0,).

    LAeq = 10 lg(Σ t_i 10^(L_i/10) / Σ t_i), ISO 1996-1.
    """
    return float(10 * np.log10(np.average(10 ** (np.asarray(levels) / 10), weights=durations)))


def space_mean(speeds: Values, flows: Values | None = None) -> float:
    """Return the harmonic mean of positive speeds, weighted by flow: as travel time needs; shape (n > 0,)."""
    return float(1 / np.average(1 / np.asarray(speeds, dtype=float), weights=flows))


def time_weighted(series: Series, window: Window, hold: timedelta) -> tuple[float, float]:
    """Return the integral of value over time within a window (value · µs) and the time known (µs).

    A value holds until the next one, but no longer than `hold`: after that nobody knows.
    The series should reach back `hold` before the window.
    """
    starts, values = series.good_times, series.good_values
    ends = np.minimum(np.append(starts[1:], window.end), starts + hold // _MICROSECOND)
    known = np.clip(np.minimum(ends, window.end) - np.maximum(starts, window.start), 0, None)
    return float(np.dot(values, known)), float(known.sum())


def is_enough(share: float, minimum: float) -> bool:
    """Tell whether a completeness reaches the required one."""
    return share >= minimum - _TOLERANCE


def _slice(times: Times, window: Window) -> slice:
    first, last = times.searchsorted((window.start, window.end))
    return slice(int(first), int(last))
