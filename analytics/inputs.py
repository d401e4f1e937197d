"""What an indicator is given: the things of an area with their series, and the area itself."""

from __future__ import annotations

from dataclasses import dataclass, field
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

    def number(self, name: str) -> float | None:
        """Return a positive number from the thing's properties, or None."""
        value = self.properties.get(name)
        usable = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")
        return float(value) if usable else None  # type: ignore[arg-type]


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
