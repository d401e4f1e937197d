"""The readings of a datastream and hour with those before it, for many at once, and their medians. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics.series import Window

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

HOUR_US = 3_600_000_000
#: Readings that a local median is taken of.
_NEAR = 5


@dataclass(frozen=True, eq=False)
class Segments:
    """The usable readings of each (datastream, hour), context first; `of` and `target` have shape (n,)."""

    #: position in the usable rows
    at: Ints
    #: which segment
    of: Ints
    #: it belongs to the hour, not to the context
    target: Bools
    #: first and last + 1 position in `at` of each segment
    first: Ints
    last: Ints
    #: index of each segment's stream
    stream: Ints


def cut(times: Ints, stream: Ints, contexts: Sequence[int], window: Window) -> Segments:
    """Cut usable readings, ordered by (stream, time), into the segments of hours that have any."""
    hours = np.arange(window.start, window.end, HOUR_US)
    bounds = np.searchsorted(stream, np.arange(len(contexts) + 1))
    parts = [
        (i, times[first:last], first, context)
        for i, (first, last, context) in enumerate(zip(bounds, bounds[1:], contexts, strict=False))
        if first < last
    ]
    cuts = [
        np.stack((np.full(len(hours), i), *(first + np.searchsorted(mine, at) for at in
                  (hours - context, hours, hours + HOUR_US))))
        for i, mine, first, context in parts
    ]  # fmt: skip
    found = np.concatenate(cuts, axis=1) if cuts else np.empty((4, 0), np.int64)
    return _gather(found[:, found[2] < found[3]])


def _gather(cuts: Ints) -> Segments:
    """Make segments of rows (stream, begin of the context, begin of the hour, end)."""
    stream, begin, middle, end = cuts
    last = np.cumsum(end - begin)
    first = last - (end - begin)
    of = np.repeat(np.arange(len(stream)), end - begin)
    at = np.arange(int(last[-1]) if len(last) else 0) - (first - begin)[of]
    return Segments(at, of, at >= middle[of], first, last, stream)


def local_median(values: Floats, found: Segments) -> Floats:
    """Return the median of the five readings around each, the last five at the end; NaN in short segments."""
    here = np.arange(len(values))
    start = np.clip(here - _NEAR // 2, found.first[found.of], found.last[found.of] - _NEAR)
    long_enough = (found.last - found.first >= _NEAR)[found.of]
    start = np.where(long_enough, start, 0)
    if not long_enough.any():
        return np.full(len(values), np.nan)
    a, b, c, d, e = (values[start + k] for k in range(_NEAR))
    low = np.maximum(np.minimum(a, b), np.minimum(c, d))
    high = np.minimum(np.maximum(a, b), np.maximum(c, d))
    return np.where(long_enough, median_of_three(low, high, e), np.nan)


def median_of_three(a: Floats, b: Floats, c: Floats) -> Floats:
    return np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))


def segment_median(values: Floats, found: Segments) -> Floats:
    """Return the lower median of each segment's values, shape (segments,)."""
    sizes = found.last - found.first
    if not len(sizes):
        return np.empty(0)
    table = np.full((len(sizes), int(sizes.max())), np.inf)
    table[found.of, np.arange(len(values)) - found.first[found.of]] = values
    table.sort(axis=1)
    return np.asarray(table[np.arange(len(sizes)), (sizes - 1) // 2])


def step(values: Floats, found: Segments) -> Floats:
    """Return the distance of each value from the one before in its segment; 0 for the first."""
    steps = np.abs(np.diff(values, prepend=values[:1]))
    steps[found.first] = 0
    return steps


def after_first(found: Segments) -> Bools:
    """Tell which readings come after the first one of their hour."""
    before = np.concatenate(([False], found.target[:-1]))
    before[found.first] = False
    return found.target & before


def is_same(values: Floats, found: Segments) -> Bools:
    """Tell which readings equal the one before in their segment."""
    same = np.concatenate(([False], values[1:] == values[:-1]))[: len(values)]
    same[found.first] = False
    return same
