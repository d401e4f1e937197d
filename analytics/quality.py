"""Flags of observations, kept beside them, and what indicators make of them. Pure.

Times are int64 microseconds since 1970-01-01T00:00:00Z. Rows are OBSERVATION rows (storage.observations)
ordered by (datastream, time); nothing here changes the rows that it is given.
"""

from __future__ import annotations

from enum import IntFlag
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Rows = NDArray[np.void]
    Floats = NDArray[np.float64]


class Flag(IntFlag):
    """What a test found; several may hold for one observation."""

    RANGE = 1
    RATE = 2
    FLAT = 4
    SPIKE = 8
    NEIGHBOURS = 16


#: A flagged observation; `excluded`: indicators leave it out.
FLAG = np.dtype([("datastream_id", "i4"), ("time", "i8"), ("flags", "i2"), ("excluded", "?")])
#: value used = gain · value + offset_, for valid_from <= time < valid_to
CALIBRATION = np.dtype(
    [("datastream_id", "i4"), ("valid_from", "i8"), ("valid_to", "i8"), ("gain", "f8"), ("offset_", "f8")]
)
_SUSPECT = 1
#: Relative humidity in % above which an optical instrument reads too high.
HUMID = 85.0
# The growth factor has a pole at 100 %, and instruments measure humidity to ± 2 %.
_WETTEST = 95.0
# µg/m³ of dry particles per mm³/m³, as the formula's source takes it.
_PARTICLE_DENSITY = 1.65
#: A humidity reading counts for this long.
_HUMIDITY_HOLDS_US = 30 * 60 * 1_000_000


def names(flags: int) -> list[str]:
    """Return the names of the tests in a bitmask, in the order of their bits."""
    return [flag.name.lower() for flag in Flag if flags & flag and flag.name]


@cache
def mask(tests: tuple[str, ...]) -> int:
    """Return the bitmask of tests by name."""
    return sum(Flag[name.upper()] for name in set(tests))


def counts(flags: Rows) -> dict[str, int]:
    """Return how often each test flagged, by name; those that never did are left out."""
    found = {str(flag.name).lower(): int(((flags["flags"] & flag) != 0).sum()) for flag in Flag}
    return {name: number for name, number in found.items() if number}


def apply_flags(rows: Rows, flags: Rows) -> Rows:
    """Return the rows with quality 1 where an excluding flag stands.

    Args:
        rows: OBSERVATION rows, shape (n,).
        flags: FLAG rows ordered by (datastream, time), shape (m,); those of no row are ignored.
    """
    excluding = flags[flags["excluded"]]
    if not len(excluding) or not len(rows):
        return rows
    found = rows.copy()
    for mine, theirs in _by_datastream(found, excluding):
        found["quality"][mine][np.isin(found["time"][mine], theirs["time"])] = _SUSPECT
    return found


def _by_datastream(rows: Rows, others: Rows) -> Iterator[tuple[slice, Rows]]:
    """Yield for each datastream of `others` where its rows are, and its others."""
    ids, starts = np.unique(others["datastream_id"], return_index=True)
    firsts = np.searchsorted(rows["datastream_id"], ids)
    lasts = np.searchsorted(rows["datastream_id"], ids, side="right")
    for first, last, part in zip(firsts, lasts, np.split(others, starts[1:]), strict=True):
        if first < last:
            yield slice(int(first), int(last)), part


def calibrate(rows: Rows, calibrations: Rows) -> Rows:
    """Return the rows with gain · value + offset_ where a calibration is in force.

    Args:
        rows: OBSERVATION rows, shape (n,).
        calibrations: CALIBRATION rows ordered by datastream, shape (m,); those of one do not overlap.
    """
    if not len(calibrations) or not len(rows):
        return rows
    found = rows.copy()
    for mine, theirs in _by_datastream(found, calibrations):
        for each in theirs:
            first, last = np.searchsorted(found["time"][mine], (each["valid_from"], each["valid_to"]))
            span = slice(mine.start + int(first), mine.start + int(last))
            found["value"][span] = each["gain"] * found["value"][span] + each["offset_"]
    return found


def dry(values: Floats, humidity: Floats, kappa: float) -> Floats:
    """Return PM mass concentrations of an optical instrument without the water of humid air, shape (n,).

    PM / (C(RH) / C(85 %)) above 85 %, with C = 1 + (κ/1.65) / (1/a_w - 1), κ-Köhler theory as in Crilley et
    al. 2018, Atmos. Meas. Tech. 11, 709-720. Dividing by C(85 %) is halong's: without it values would jump at
    85 %. RH above 95 % counts as 95 %. An unknown humidity (NaN) leaves the value as it is.

    Args:
        values: PM as measured, µg/m³.
        humidity: relative humidity at the same instants, %.
        kappa: hygroscopicity of the particles, about 0.4 in cities.
    """
    growth = _growth(np.clip(humidity, HUMID, _WETTEST), kappa) / _growth(np.array(HUMID), kappa)
    return np.where(humidity > HUMID, values / growth, values)


def _growth(humidity: Floats, kappa: float) -> Floats:
    return np.asarray(1 + kappa / _PARTICLE_DENSITY / (100 / humidity - 1))


def correct_humidity(rows: Rows, datastream: int, humidity: Rows, kappa: float) -> Rows:
    """Return the rows with one PM datastream's values dried, by the last humidity of the half hour before.

    Args:
        rows: OBSERVATION rows, shape (n,).
        datastream: the PM datastream.
        humidity: OBSERVATION rows of one relative humidity datastream, ordered by time; only good ones count.
        kappa: see `dry`.
    """
    good = humidity[humidity["quality"] == 0]
    first, last = np.searchsorted(rows["datastream_id"], (datastream, datastream + 1))
    if not len(good) or first == last:
        return rows
    found = rows.copy()
    times = found["time"][first:last]
    at = np.searchsorted(good["time"], times, side="right") - 1
    is_known = (at >= 0) & (times - good["time"][at] < _HUMIDITY_HOLDS_US)
    relative = np.where(is_known, good["value"][at], np.nan)
    found["value"][first:last] = dry(found["value"][first:last], relative, kappa)
    return found
