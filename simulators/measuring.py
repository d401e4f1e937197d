"""A gateway's devices in real time: each measures at its own instants and hands its reading to the sender."""

from __future__ import annotations

import asyncio
import heapq
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws, sampling

if TYPE_CHECKING:
    from devices.model import Gateway, Thing
    from simulators.sender import Sender
    from simulators.signals import Signals


async def measure(gateway: Gateway, signals: Signals, sender: Sender, every: float | None) -> None:
    """Measure at each device's instants; at the start, what its instants before would have been."""
    upcoming: list[tuple[int, int, Thing]] = []
    for number, thing in enumerate(filter(sampling.is_simulated, gateway.things)):
        for instant, codes in _latest(thing, every).items():
            _read(thing, instant, codes, signals=signals, sender=sender, every=every)
        heapq.heappush(upcoming, (_following(thing, every), number, thing))
    while upcoming:
        instant, number, thing = heapq.heappop(upcoming)
        await asyncio.sleep(max(instant / 1e6 + _delay(thing, instant, every) - time.time(), 0))
        due = sampling.due(thing, instant, every)
        _read(thing, instant, due, signals=signals, sender=sender, every=every)
        heapq.heappush(upcoming, (_following(thing, every, instant), number, thing))
    await asyncio.Event().wait()


def _latest(thing: Thing, every: float | None) -> dict[int, set[str]]:
    """Return the last instant before now of each of a thing's observed properties."""
    now = time.time_ns() // 1000
    instants: dict[int, set[str]] = {}
    for code, interval in thing.datastreams.items():
        reach = round(interval * 1_000_000)
        last = int(sampling.grid(thing, interval, now - reach, now, every=every)[-1])
        instants.setdefault(last, set()).add(code)
    return dict(sorted(instants.items()))


def _following(thing: Thing, every: float | None, after: int | None = None) -> int:
    """Return the next instant of a thing's shortest grid; instants that were slept through are left out."""
    interval = sampling.shortest(thing, every)
    now = time.time_ns() // 1000
    begin = now if after is None else max(now - 1_000_000, after + 1)
    return int(sampling.grid(thing, interval, begin, begin + 2 * round(interval * 1e6), every=every)[0])


def _delay(thing: Thing, instant: int, every: float | None) -> float:
    """Return how late a reading leaves its device, s: 1 % of the interval, and the radio's 0.3 s or so."""
    noise = draws.normal(draws.key("delay", thing.code), np.array([instant // 1_000_000]))[0]
    return float(min(0.01 * sampling.shortest(thing, every) * abs(noise) + 0.3 * np.exp(0.5 * noise), 5.0))


def _read(
    thing: Thing, instant: int, codes: set[str], *, signals: Signals, sender: Sender, every: float | None
) -> None:
    """Measure once and hand the message over; nothing is sent where a device has nothing to say."""
    measured = signals.values(thing, np.array([instant]), every=every)
    values = {code: float(measured[code][0]) for code in measured if code in codes}
    finite = {code: value for code, value in values.items() if np.isfinite(value)}
    if finite:
        sender.put([{"device": thing.code, "time": rfc3339(instant), **finite}])


def rfc3339(instant: int) -> str:
    """Write microseconds since 1970 UTC as RFC 3339 with milliseconds."""
    moment = datetime.fromtimestamp(instant / 1e6, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
