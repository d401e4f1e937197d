"""Stations beside stations: an hour's median against that of the same property around. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.quality import Flag
from analytics.quality_segments import HOUR_US

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.quality_tests import Stream
    from analytics.series import Window
    from devices.quality import Neighbours, PropertyRules

    Rows = NDArray[np.void]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_KM_PER_DEGREE = 111.2
_NORMAL = 1.4826
#: The nearest stations that count.
NEAREST = 12


def near(streams: Sequence[Stream], rules: Mapping[str, PropertyRules]) -> dict[int, list[int]]:
    """Return the ids of the neighbours of each stream whose property has such a test, the nearest first."""
    found: dict[int, list[int]] = {}
    for rule, group in _groups(streams, rules):
        ids = [streams[i].id for i in group]
        for mine, around in zip(ids, _nearest([streams[i] for i in group], rule.radius_km), strict=True):
            found[mine] = [ids[j] for j in around[around >= 0].tolist()]
    return found


def far(
    good: Rows, stream: Ints, streams: Sequence[Stream], rules: Mapping[str, PropertyRules], window: Window
) -> NDArray[np.int16]:
    """Return the NEIGHBOURS flags of usable readings: all of an hour whose median lies far from the others'.

    Args:
        good: usable OBSERVATION rows ordered by (datastream, time), shape (n,).
        stream: the index of each row's stream.
        streams: the stations.
        rules: by observed property.
        window: whole hours.
    """
    flags = np.zeros(len(good), np.int16)
    hours = (window.end - window.start) // HOUR_US
    hour = (good["time"] - window.start) // HOUR_US
    tested = np.array([rules[s.observed_property].neighbours is not None for s in streams])
    inside = np.flatnonzero((hour >= 0) & (hour < hours) & tested[stream])
    if not len(inside):
        return flags
    cell = stream[inside] * hours + hour[inside]
    medians = _medians(good["value"][inside], cell, len(streams) * hours).reshape(len(streams), hours)
    is_far = np.zeros(medians.shape, bool)
    for rule, group in _groups(streams, rules):
        is_far[group] = _far(medians[group], _nearest([streams[i] for i in group], rule.radius_km), rule)
    flags[inside[is_far.ravel()[cell]]] = Flag.NEIGHBOURS
    return flags


def _groups(
    streams: Sequence[Stream], rules: Mapping[str, PropertyRules]
) -> list[tuple[Neighbours, list[int]]]:
    """Return the stations of each property that has the test."""
    found: dict[str, list[int]] = {}
    for i, s in enumerate(streams):
        found.setdefault(s.observed_property, []).append(i)
    tested = ((rules[code].neighbours, group) for code, group in found.items() if code in rules)
    return [(rule, group) for rule, group in tested if rule is not None]


def _nearest(stations: Sequence[Stream], radius_km: float) -> Ints:
    """Return the positions of others within a radius, nearest first, -1 for none; shape (n, NEAREST)."""
    latitude = np.array([s.latitude for s in stations])
    longitude = np.array([s.longitude for s in stations]) * np.cos(np.radians(latitude.mean()))
    north = latitude[:, None] - latitude
    east = longitude[:, None] - longitude
    distance = _KM_PER_DEGREE * np.hypot(north, east)
    np.fill_diagonal(distance, np.inf)
    order = np.argsort(distance, axis=1, kind="stable")[:, :NEAREST]
    within = np.take_along_axis(distance, order, axis=1) <= radius_km
    found = np.full((len(stations), NEAREST), -1)
    found[:, : order.shape[1]] = np.where(within, order, -1)
    return found


def _far(medians: Floats, around: Ints, rule: Neighbours) -> Bools:
    """Tell which (station, hour) lies too far from its neighbours, shape (stations, hours)."""
    others = np.where((around >= 0)[:, :, None], medians[around], np.nan)
    number = np.isfinite(others).sum(axis=1)
    middle = _middle(others, number)
    scatter = _NORMAL * _middle(np.abs(others - middle[:, None, :]), number)
    distance = np.abs(medians - middle)
    found = (number >= rule.stations) & (distance > np.maximum(rule.difference, rule.spreads * scatter))
    if rule.factor is not None:
        larger, smaller = np.maximum(medians, middle), np.minimum(medians, middle)
        found &= larger > rule.factor * smaller
    return np.asarray(found)


def _middle(values: Floats, number: Ints) -> Floats:
    """Return the median along axis 1 of the finite values, of which there are `number`; NaN of none."""
    ordered = np.sort(values, axis=1)
    low = np.maximum((number - 1) // 2, 0)[:, None, :]
    high = np.maximum(number // 2, 0)[:, None, :]
    high = np.minimum(high, values.shape[1] - 1)
    both = np.take_along_axis(ordered, low, axis=1) + np.take_along_axis(ordered, high, axis=1)
    return np.asarray(both[:, 0, :] / 2)


def _medians(values: Floats, cell: Ints, cells: int) -> Floats:
    """Return the median of each cell; NaN where it is empty. Shape (cells,)."""
    order = np.lexsort((values, cell))
    number = np.bincount(cell, minlength=cells)
    first = np.cumsum(number) - number
    found = np.full(cells, np.nan)
    has = number > 0
    low, high = first[has] + (number[has] - 1) // 2, first[has] + number[has] // 2
    ordered = values[order]
    found[has] = (ordered[low] + ordered[high]) / 2
    return found
