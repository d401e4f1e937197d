"""What every signal is a function of: the weather, a place, and instants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulators.draws import Floats
    from simulators.moment import Moment
    from simulators.place import Place
    from simulators.weather import Weather


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One device at some instants."""

    weather: Weather
    place: Place
    moment: Moment
    #: the same instants, int64 microseconds since 1970 UTC
    times: NDArray[np.int64]
    #: a shorter sampling interval than the device's own, s
    every: float | None = None

    def interval(self, observed_property: str) -> float:
        """Return the seconds that one value stands for."""
        own = float(self.place.intervals.get(observed_property, 300))
        return own if self.every is None else min(own, self.every)

    def stream(self, name: str) -> int:
        """Return the key of one of the device's own random streams."""
        return draws.key(self.weather.seed, self.place.code, name)

    def noise(self, name: str) -> Floats:
        """Draw a standard normal for each instant."""
        return draws.normal(self.stream(name), self.moment.seconds)

    def chance(self, name: str) -> Floats:
        """Draw from (0, 1) for each instant."""
        return draws.uniform(self.stream(name), self.moment.seconds)

    def wander(self, name: str, *, step: float, memory: float) -> Floats:
        """Return a slowly varying standard normal; step and memory in hours."""
        return draws.wander(self.stream(name), self.moment.hours, step=step, memory=memory)

    def rained(self, hours: float) -> Floats:
        """Return mm of rain in the hours before each instant."""
        until = self.moment.hours
        return self.weather.rain.fallen(self.place, until - hours, until)


def rounded(values: Floats, decimals: int = 1) -> Floats:
    """Round as a sensor reports."""
    return np.asarray(np.round(values, decimals), np.float64)
