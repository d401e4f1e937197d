"""What an indicator is given: the things of an area with their series, and the area itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from analytics.series import Series, Window, to_datetime

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy as np
    from numpy.typing import NDArray

#: Instead of an observed property: counts of observations over all datastreams.
ACTIVITY = "*"
#: Counts are kept for intervals of this length.
ACTIVITY_STEP = timedelta(minutes=15)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Period:
    """One step of an indicator, in the city's time zone."""

    step: Window
    zone: ZoneInfo

    def last(self, reach: timedelta) -> Window:
        """Return the window of length `reach` that ends with the step."""
        return self.step.last(reach)

    @property
    def start(self) -> datetime:
        """Start of the step: the time of its value."""
        return to_datetime(self.step.start)

    @property
    def day(self) -> date:
        """The local date that holds the step's last instant: a day ends with its 24th hour."""
        return to_datetime(self.step.end - 1).astimezone(self.zone).date()


@dataclass(frozen=True, eq=False)
class Activity:
    """How many observations of one datastream fell into each interval of ACTIVITY_STEP; shape (n,)."""

    times: NDArray[np.int64]
    good: NDArray[np.int64]
    suspect: NDArray[np.int64]
    interval_s: int

    def within(self, window: Window) -> Activity:
        """Return the intervals that lie within a window from start to end."""
        ends = window.end - ACTIVITY_STEP // _MICROSECOND + 1
        first, last = self.times.searchsorted((window.start, ends))
        part = slice(int(first), int(last))
        return Activity(self.times[part], self.good[part], self.suspect[part], self.interval_s)

    def counts(self, window: Window) -> tuple[int, int]:
        """Return the numbers of good and of suspect observations within a window of whole intervals."""
        first, last = self.times.searchsorted((window.start, window.end))
        return int(self.good[first:last].sum()), int(self.suspect[first:last].sum())

    def expected(self, window: Window) -> float:
        """Return how many observations the sampling interval promises for `window`."""
        return window.length / (self.interval_s * 1e6)


@dataclass(frozen=True, eq=False)
class Arrived:
    """How many readings of a gateway were committed in a half-hour after how long; shape (n,), by time."""

    times: NDArray[np.int64]
    #: see storage.arrivals
    bins: NDArray[np.int16]
    counts: NDArray[np.int64]

    def within(self, window: Window) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
        """Return bins and counts of the half-hours that begin within a window."""
        first, last = self.times.searchsorted((window.start, window.end))
        return self.bins[first:last], self.counts[first:last]


@dataclass(frozen=True)
class SiteStay:
    """A time that a thing stood in one place, and the codes of its areas and their reporting units there."""

    time: Window
    areas: frozenset[str]


@dataclass(frozen=True, eq=False)
class Site:
    """A thing with what it measured; series and activity by observed property."""

    code: str
    gateway: str = ""
    heartbeat_s: int = 300
    properties: Mapping[str, Any] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    activity: Mapping[str, Activity] = field(default_factory=dict)
    #: this thing's own values of other indicators, by code: a value a step, at the start of the step
    results: Mapping[str, Series] = field(default_factory=dict)
    #: the weights of those values, at the same times; NaN where a value has none
    weights: Mapping[str, Series] = field(default_factory=dict)
    #: codes of the areas, and of their reporting units, that the thing counts for
    areas: frozenset[str] = frozenset()
    #: the same of its gateway
    gateway_areas: frozenset[str] = frozenset()
    #: how long its gateway's readings took to arrive, where the indicator wants it
    arrived: Arrived | None = None
    #: of a thing that was moved each place where it stood
    stays: tuple[SiteStay, ...] = ()

    def during(self, period: Period) -> Site:
        """Return the site as it counts for a step: where it stood in the middle, with what it measured there.

        Before it stood anywhere it counts nowhere, by its gateway neither. Of other indicators those values
        count whose own steps' middle lies in that time.
        """
        if not self.stays:
            return self
        middle = period.step.middle
        nowhere = SiteStay(Window(middle, middle), frozenset())
        stay = next((each for each in self.stays if middle in each.time), nowhere)
        return replace(
            self,
            series={code: each.within(stay.time) for code, each in self.series.items()},
            activity={code: each.within(stay.time) for code, each in self.activity.items()},
            results={code: _steps_within(each, stay.time) for code, each in self.results.items()},
            weights={code: _steps_within(each, stay.time) for code, each in self.weights.items()},
            areas=stay.areas,
            gateway_areas=frozenset() if stay is nowhere else self.gateway_areas,
            stays=(),
        )

    def number(self, name: str) -> float | None:
        """Return a positive number from the thing's properties, or None."""
        value = self.properties.get(name)
        usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
        return float(value) if usable else None  # type: ignore[arg-type]


def _steps_within(values: Series, time: Window) -> Series:
    half = values.interval_s * 1_000_000 // 2
    return values.within(Window(time.start - half, time.end - half))


@dataclass(frozen=True)
class AreaUnit:
    """An area with its gateways and, for one that is made of reporting units, those units."""

    code: str
    population: int | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    gateways: frozenset[str] = frozenset()
    parts: tuple[AreaUnit, ...] = ()
    #: document and year of the population
    population_source: str | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the unit exists in law on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )


@dataclass(frozen=True)
class AreaInputs:
    """An area and the things that count for it."""

    area: AreaUnit
    sites: tuple[Site, ...] = ()
