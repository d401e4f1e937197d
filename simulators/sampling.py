"""When a device measures: a grid of its interval, shifted per device so that a city's traffic is smooth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    from collections.abc import Mapping

    from devices.model import Thing
    from simulators.draws import Floats, Ints

_MICROSECONDS = 1_000_000


def is_simulated(thing: Thing) -> bool:
    """Tell whether the simulators speak for a thing (`properties.simulated` is not false)."""
    return thing.properties.get("simulated", True) is not False


def shortest(thing: Thing, every: float | None = None) -> float:
    """Return the least sampling interval of a thing in s, or `every` where that is shorter."""
    own = min(thing.datastreams.values())
    return own if every is None else min(own, every)


def phase(thing: Thing, every: float | None = None) -> int:
    """Return the shift of a thing's grid, µs: whole seconds, below its shortest interval."""
    seconds = max(int(shortest(thing, every)), 1)
    return draws.key("phase", thing.code) % seconds * _MICROSECONDS


def grid(thing: Thing, interval: float, start: int, end: int, *, every: float | None = None) -> Ints:
    """Return the instants, start <= t < end, at which a thing measures.

    Args:
        thing: the device.
        interval: sampling interval, s.
        start: microseconds since 1970 UTC.
        end: likewise; not included.
        every: an upper bound on the interval, s.
    """
    step = round((interval if every is None else min(interval, every)) * _MICROSECONDS)
    shift = phase(thing, every)
    first = -((shift - start) // step)
    last = -((shift - end) // step)
    return np.arange(first, last, dtype=np.int64) * step + shift


def due(thing: Thing, instant: int, every: float | None = None) -> set[str]:
    """Return the observed properties whose grid an instant of the shortest grid is on."""
    offset = instant - phase(thing, every)

    def step(interval: float) -> int:
        return round((interval if every is None else min(interval, every)) * _MICROSECONDS)

    return {code for code, interval in thing.datastreams.items() if offset % step(interval) == 0}


def clip(values: Mapping[str, Floats], limits: Mapping[str, tuple[float, float]]) -> dict[str, Floats]:
    """Hold values inside the observed properties' physical limits, as a sensor's range does."""
    return {code: np.clip(series, *limits[code]) for code, series in values.items() if code in limits}
