"""The tests of quality control: which observations of an hour are flagged, and why. Pure.

The flags of an hour follow from the observations of that hour and of a context before it: the hour's end
cuts what a test sees. So they can be computed as soon as the hour has ended, and at any time again with one
result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics import quality_neighbours
from analytics.quality import FLAG, Flag, mask
from analytics.quality_segments import (
    Segments,
    after_first,
    cut,
    is_same,
    local_median,
    median_of_three,
    segment_median,
    step,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.series import Window
    from devices.quality import PropertyRules

    Rows = NDArray[np.void]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_SECOND_US = 1_000_000
#: Sampling intervals before the hour that the rate and spike tests look back, and no longer than a day.
CONTEXT_READINGS = 24
_LONGEST_CONTEXT_S = 86_400
_NEVER = np.inf
_NORMAL = 1.4826


@dataclass(frozen=True)
class Stream:
    """A datastream as quality control sees it."""

    id: int
    observed_property: str
    interval_s: int
    latitude: float
    longitude: float

    @property
    def context_us(self) -> int:
        """How far before an hour its rate and spike tests look."""
        return min(CONTEXT_READINGS * self.interval_s, _LONGEST_CONTEXT_S) * _SECOND_US


def judge(
    rows: Rows,
    streams: Sequence[Stream],
    rules: Mapping[str, PropertyRules],
    window: Window,
) -> Rows:
    """Return the FLAG rows of the whole hours of a window, ordered by (datastream, time).

    Args:
        rows: calibrated OBSERVATION rows ordered by (datastream, time), of the window and of `reach` before
            it; others are ignored.
        streams: the datastreams to judge, ordered by id; neighbours are looked for among them.
        rules: by observed property; streams of other properties are not judged.
        window: start and end on the hour.
    """
    judged = [s for s in streams if s.observed_property in rules]
    if not judged or not len(rows):
        return np.empty(0, FLAG)
    stream, known = _streams_of(rows, judged)
    rows, stream = rows[known], stream[known]
    outside = _outside(rows, stream, judged, rules)
    usable = np.flatnonzero((rows["quality"] == 0) & ~outside)
    flags = np.zeros(len(rows), np.int16)
    flags[outside] = Flag.RANGE
    good, whose = rows[usable], stream[usable]
    short = cut(good["time"], whose, [s.context_us for s in judged], window)
    flags[usable] |= _jumps(good, short, judged, rules)
    long = cut(good["time"], whose, [_flat_reach(s, rules) for s in judged], window)
    flags[usable] |= _flat(good, long, judged, rules)
    flags[usable] |= quality_neighbours.far(good, whose, judged, rules, window)
    excluding = np.array([mask(rules[s.observed_property].excludes) for s in judged], np.int16)
    return _flagged(rows, flags, excluding[stream], window)


def reach(stream: Stream, rules: Mapping[str, PropertyRules]) -> int:
    """Return how far before an hour its flags may depend on observations of the stream, µs."""
    if stream.observed_property not in rules:
        return 0
    return max(stream.context_us, _flat_reach(stream, rules))


def staying(
    rows: Rows, streams: Sequence[Stream], rules: Mapping[str, PropertyRules], window: Window
) -> list[Stream]:
    """Return the streams whose flat-line test needs more than the short context in `rows`.

    Their value was the same from the beginning of the short context into the hour, or the context is empty.
    """
    judged = (s for s in streams if s.observed_property in rules)
    longer = [s for s in judged if _flat_reach(s, rules) > s.context_us]
    if not longer or not len(rows):
        return []
    stream, known = _streams_of(rows, longer)
    good, whose = rows[known], stream[known]
    usable = (good["quality"] == 0) & ~_outside(good, whose, longer, rules)
    good, whose = good[usable], whose[usable]
    found = cut(good["time"], whose, [s.context_us for s in longer], window)
    if not len(found.at):
        return []
    values = good["value"][found.at]
    # Everything before the hour's first reading, and that reading, has one value.
    changes = np.add.reduceat(~is_same(values, found) & ~after_first(found), found.first)
    natural = _natural(values[found.first], found.stream, longer, rules)
    for_ever = np.array([_flat_limits(rules[s.observed_property])[1] == _NEVER for s in longer])
    is_open = (changes <= 1) & ~(natural & for_ever[found.stream])
    return [longer[i] for i in np.unique(found.stream[is_open]).tolist()]


def _streams_of(rows: Rows, streams: Sequence[Stream]) -> tuple[Ints, Bools]:
    """Return the index of each row's stream, and whether it is one of them."""
    ids = np.array([s.id for s in streams])
    found = np.minimum(np.searchsorted(ids, rows["datastream_id"]), len(ids) - 1)
    return found, ids[found] == rows["datastream_id"]


def _outside(
    rows: Rows, stream: Ints, streams: Sequence[Stream], rules: Mapping[str, PropertyRules]
) -> Bools:
    """Tell which values are outside the plausible range of their month."""
    low = np.full((len(streams), 12), -_NEVER)
    high = np.full((len(streams), 12), _NEVER)
    for i, s in enumerate(streams):
        if (limits := rules[s.observed_property].range) is not None:
            low[i], high[i] = limits.low, limits.high
    months = rows["time"].astype("datetime64[us]").astype("datetime64[M]").astype(np.int64) % 12
    return np.asarray((rows["value"] < low[stream, months]) | (rows["value"] > high[stream, months]))


def _jumps(
    good: Rows, found: Segments, streams: Sequence[Stream], rules: Mapping[str, PropertyRules]
) -> NDArray[np.int16]:
    """Return the RATE and SPIKE flags of the usable readings."""
    values, times = good["value"][found.at], good["time"][found.at]
    limits = np.array([_jump_limits(rules[s.observed_property]) for s in streams]).T
    per_minute, least, spike, share, spreads = (each[found.stream][found.of] for each in limits)
    middle = local_median(values, found)
    distance = np.abs(values - middle)
    usual = _NORMAL * segment_median(distance, found)[found.of]
    # At the segment's ends the median lags behind a trend, by two steps.
    trend = 2 * segment_median(step(values, found), found)[found.of]
    is_spike = distance > np.maximum(np.maximum(spike, share * np.abs(middle)), spreads * usual) + trend
    change, minutes = _change(values, times, found)
    is_rate = change > np.maximum(least, per_minute * minutes)
    flags = np.zeros(len(good), np.int16)
    for flag, hits in ((Flag.SPIKE, is_spike), (Flag.RATE, is_rate)):
        flags[found.at[hits & found.target]] |= np.int16(flag)
    return flags


def _jump_limits(rules: PropertyRules) -> tuple[float, float, float, float, float]:
    rate, spike = rules.rate, rules.spike
    return (
        *((rate.per_minute, rate.least) if rate else (0.0, _NEVER)),
        *((spike.least, spike.share, spike.spreads) if spike else (_NEVER, 0.0, 1.0)),
    )


def _change(values: Floats, times: Ints, found: Segments) -> tuple[Floats, Floats]:
    """Return each value's distance from the median of the three before it, and the minutes since those.

    NaN where a segment has not three before.
    """
    here = np.arange(len(values))
    has_three = here - 3 >= found.first[found.of]
    third, second, before = (np.maximum(here - back, 0) for back in (3, 2, 1))
    reference = median_of_three(values[third], values[second], values[before])
    minutes = (times - times[second]) / (60 * _SECOND_US)
    return np.where(has_three, np.abs(values - reference), np.nan), minutes


def _flat(
    good: Rows, found: Segments, streams: Sequence[Stream], rules: Mapping[str, PropertyRules]
) -> NDArray[np.int16]:
    """Return the FLAT flags of the usable readings."""
    flags = np.zeros(len(good), np.int16)
    if not len(found.at):
        return flags
    times = good["time"][found.at]
    starts = np.flatnonzero(~is_same(good["value"][found.at], found))
    sizes = np.diff(np.append(starts, len(found.at)))
    lasted = times[starts + sizes - 1] - times[starts]
    seconds, natural, readings = np.array([_flat_limits(rules[s.observed_property]) for s in streams]).T
    whose = found.stream[found.of[starts]]
    long = (lasted >= seconds[whose] * _SECOND_US) & (sizes >= readings[whose])
    is_natural = _natural(good["value"][found.at[starts[long]]], whose[long], streams, rules)
    long[long] = ~is_natural | (lasted[long] >= natural[whose[long]] * _SECOND_US)
    flags[found.at[np.repeat(long, sizes) & found.target]] = Flag.FLAT
    return flags


def _flat_limits(rules: PropertyRules) -> tuple[float, float, float]:
    flat = rules.flat
    return (flat.seconds, flat.natural_seconds or _NEVER, flat.readings) if flat else (_NEVER, _NEVER, _NEVER)


def _flat_reach(stream: Stream, rules: Mapping[str, PropertyRules]) -> int:
    flat = rules[stream.observed_property].flat
    return flat.longest_s * _SECOND_US if flat else 0


def _natural(
    values: Floats, stream: Ints, streams: Sequence[Stream], rules: Mapping[str, PropertyRules]
) -> Bools:
    """Tell which values may stay the same."""
    found = np.zeros(len(values), bool)
    codes = np.array([s.observed_property for s in streams])
    for code in np.unique(codes).tolist():
        flat = rules[code].flat
        for low, high in flat.natural if flat else ():
            found |= (codes[stream] == code) & (values >= low) & (values <= high)
    return found


def _flagged(rows: Rows, flags: NDArray[np.int16], excluding: NDArray[np.int16], window: Window) -> Rows:
    """Return the FLAG rows of a window; `excluding` is each row's bitmask of the tests that exclude."""
    chosen = np.flatnonzero((flags != 0) & (rows["time"] >= window.start) & (rows["time"] < window.end))
    found = np.empty(len(chosen), FLAG)
    found["datastream_id"], found["time"] = rows["datastream_id"][chosen], rows["time"][chosen]
    found["flags"] = flags[chosen]
    found["excluded"] = (found["flags"] & excluding[chosen]) != 0
    return found
