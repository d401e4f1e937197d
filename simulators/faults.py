"""Faults to inject, each with its label, so that quality control and ingest can be scored against the truth.

Pure functions: a series or a list of payloads in, a spoilt copy and labels out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulators.draws import Floats


@dataclass(frozen=True, kw_only=True)
class Label:
    """What was done to a series or a list: the fault, and where, as a half-open range of indices."""

    fault: str
    start: int
    stop: int


@dataclass(frozen=True)
class Spoilt:
    """A series with faults, and where they are."""

    values: Floats
    labels: tuple[Label, ...] = ()


def stuck(values: Floats, start: int, stop: int) -> Spoilt:
    """Repeat the value at `start`."""
    return _replaced(values, "stuck", start, stop, np.full(stop - start, values[start]))


def zero(values: Floats, start: int, stop: int) -> Spoilt:
    """Read zero, as a dead sensor or a blocked rain gauge does."""
    return _replaced(values, "zero", start, stop, np.zeros(stop - start))


def spike(values: Floats, start: int, height: float) -> Spoilt:
    """Add a height to one value."""
    return _replaced(values, "spike", start, start + 1, values[start : start + 1] + height)


def drift(values: Floats, start: int, stop: int, per_step: float) -> Spoilt:
    """Add a ramp; the series steps back at `stop`, as at a calibration."""
    ramp = per_step * np.arange(1, stop - start + 1)
    return _replaced(values, "drift", start, stop, values[start:stop] + ramp)


def unit_mistake(values: Floats, start: int, stop: int, factor: float = 1000.0) -> Spoilt:
    """Report in another unit, such as mg/m³ sent as µg/m³."""
    return _replaced(values, "unit_mistake", start, stop, values[start:stop] * factor)


def _replaced(values: Floats, fault: str, start: int, stop: int, fresh: Floats) -> Spoilt:
    if not 0 <= start < stop <= values.size:
        raise ValueError(
            f"{fault} from {start} to {stop} is not within 0..{values.size}: give a range inside it"
        )
    spoilt = values.copy()
    spoilt[start:stop] = fresh
    return Spoilt(spoilt, (Label(fault=fault, start=start, stop=stop),))


#: faults a month of a sensor of each kind (share of sensor-months)
MONTHLY_RATES = {"stuck": 0.01, "spike": 0.05, "drift": 0.03, "zero": 0.01, "unit_mistake": 0.001}


def at_random(values: Floats, *, seed: int, name: str, rates: dict[str, float] | None = None) -> Spoilt:
    """Spoil a series of one sensor-month at most once a fault, each with its probability.

    Args:
        values: one month of a sensor.
        seed: of the draws.
        name: the datastream's; another name has other faults.
        rates: fault -> probability; MONTHLY_RATES unless given.
    """
    whole = Spoilt(values)
    if not values.size:
        return whole
    scale = float(np.nanstd(values)) or 1.0
    for number, (fault, rate) in enumerate((MONTHLY_RATES if rates is None else rates).items()):
        chance, where, length = draws.uniform(draws.key(seed, name, "fault"), 3 * number + np.arange(3))
        if chance < rate:
            start = int(where * values.size)
            stop = min(values.size, start + 1 + int(length * values.size / 10))
            next_one = _SERIES_FAULTS[fault](whole.values, start, stop, scale)
            whole = Spoilt(next_one.values, whole.labels + next_one.labels)
    return whole


_SERIES_FAULTS: dict[str, Callable[[Floats, int, int, float], Spoilt]] = {
    "stuck": lambda values, start, stop, _scale: stuck(values, start, stop),
    "zero": lambda values, start, stop, _scale: zero(values, start, stop),
    "spike": lambda values, start, _stop, scale: spike(values, start, 10 * scale),
    "drift": lambda values, start, stop, scale: drift(values, start, stop, 3 * scale / (stop - start)),
    "unit_mistake": lambda values, start, stop, _scale: unit_mistake(values, start, stop),
}


@dataclass(frozen=True)
class Traffic:
    """Payloads in the order in which they arrive, and what was done to them, by index in `payloads`."""

    payloads: tuple[bytes, ...]
    labels: tuple[Label, ...] = ()


def malformed(payloads: Sequence[bytes], at: int) -> Traffic:
    """Cut a payload in the middle, as a modem that loses power does."""
    spoilt = [*payloads]
    spoilt[at] = spoilt[at][: max(len(spoilt[at]) // 2, 1)]
    return Traffic(tuple(spoilt), (Label(fault="malformed", start=at, stop=at + 1),))


def duplicates(payloads: Sequence[bytes], at: int, times: int = 1) -> Traffic:
    """Deliver a payload more than once."""
    spoilt = (*payloads[: at + 1], *[payloads[at]] * times, *payloads[at + 1 :])
    return Traffic(spoilt, (Label(fault="duplicate", start=at + 1, stop=at + 1 + times),))


def out_of_order(payloads: Sequence[bytes], at: int, later: int) -> Traffic:
    """Deliver a payload after some of its followers."""
    rest = [*payloads[:at], *payloads[at + 1 :]]
    place = min(at + later, len(rest))
    spoilt = (*rest[:place], payloads[at], *rest[place:])
    return Traffic(spoilt, (Label(fault="out_of_order", start=place, stop=place + 1),))


def outage(payloads: Sequence[bytes], start: int, stop: int, until: int) -> Traffic:
    """Hold back payloads start..stop and replay them, in their order, after the one at `until` - 1."""
    if not 0 <= start < stop <= until <= len(payloads):
        raise ValueError(
            f"outage {start}..{stop} until {until} is not within 0..{len(payloads)}: give rising indices"
        )
    held = payloads[start:stop]
    spoilt = (*payloads[:start], *payloads[stop:until], *held, *payloads[until:])
    at = start + until - stop
    return Traffic(spoilt, (Label(fault="replay", start=at, stop=at + len(held)),))
