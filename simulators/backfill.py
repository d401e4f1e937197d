"""History before the first live reading: the rows that the live gateways would have sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from devices.model import Quality
from simulators import sampling
from simulators.signals import Signals
from storage.observations import OBSERVATION

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from devices.model import Profile, Thing


def rows(
    profile: Profile,
    datastream_ids: Mapping[tuple[str, str], int],
    start: datetime,
    end: datetime,
    *,
    seed: int = 1,
) -> Iterator[np.ndarray]:
    """Yield the observations of one thing after the other.

    Args:
        profile: a city with simulated devices, see `simulators.city.populate`.
        datastream_ids: (thing code, observed property code) -> id; what is not in it is left out.
        start: first instant, timezone-aware.
        end: end of the window, not included.
        seed: the one of the live simulators, or there will be a step.

    Yields:
        Arrays of `storage.observations.OBSERVATION`, sorted by datastream and time, none empty.
    """
    signals = Signals(profile, seed)
    window = microseconds(start), microseconds(end)
    for gateway in profile.gateways:
        for thing in filter(sampling.is_simulated, gateway.things):
            history = _history(signals, thing, datastream_ids, window)
            if history.size:
                yield history


def microseconds(moment: datetime) -> int:
    """Return microseconds since 1970 UTC of a timezone-aware instant."""
    return round(moment.timestamp() * 1_000_000)


def _history(
    signals: Signals, thing: Thing, datastream_ids: Mapping[tuple[str, str], int], window: tuple[int, int]
) -> np.ndarray:
    known = {
        code: datastream_ids[thing.code, code]
        for code in thing.datastreams
        if (thing.code, code) in datastream_ids
    }
    parts = [np.empty(0, OBSERVATION)]
    for interval in sorted({thing.datastreams[code] for code in known}):
        times = sampling.grid(thing, interval, *window)
        if times.size:
            values = signals.values(thing, times)
            codes = [code for code in known if thing.datastreams[code] == interval]
            parts += [_rows(known[code], times, values[code]) for code in codes]
    joined = np.concatenate(parts)
    return joined[np.lexsort((joined["time"], joined["datastream_id"]))]


def _rows(datastream_id: int, times: np.ndarray, values: np.ndarray) -> np.ndarray:
    there = np.isfinite(values)
    block = np.empty(int(there.sum()), OBSERVATION)
    block["datastream_id"] = datastream_id
    block["time"] = times[there]
    block["value"] = values[there]
    block["quality"] = Quality.GOOD
    return block
