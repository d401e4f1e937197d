"""The tide of sun and moon from harmonic constants, with nodal corrections: Schureman (1958). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics.series import Times, Values

_HOUR_US = 3.6e9
#: Each constituent's argument V: multiples of the sun's hour angle, and of the mean longitudes of moon, sun
#: and the moon's perigee; then an angle in degrees; then whose nodal corrections it takes.
_DOODSON: dict[str, tuple[int, int, int, int, int, str]] = {
    "O1": (1, -2, 1, 0, 270, "O1"),
    "K1": (1, 0, 1, 0, 90, "K1"),
    "P1": (1, 0, -1, 0, 270, ""),
    "Q1": (1, -3, 1, 1, 270, "O1"),
    "M2": (2, -2, 2, 0, 0, "M2"),
    "S2": (2, 0, 0, 0, 0, ""),
    "N2": (2, -3, 2, 1, 0, "M2"),
    "K2": (2, 0, 2, 0, 0, "K2"),
    "SA": (0, 0, 1, 0, 0, ""),
    "SSA": (0, 0, 2, 0, 0, ""),
}
#: Constituents that constants may be given of.
CONSTITUENTS = tuple(_DOODSON)
#: Factor: coefficients of 1, cos N, cos 2N. Angle in degrees: of sin N, sin 2N, sin 3N. N: the moon's node.
_NODAL: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "O1": ((1.009, 0.187, -0.015), (10.8, -1.3, 0.2)),
    "K1": ((1.006, 0.115, -0.009), (-8.9, 0.7, 0.0)),
    "M2": ((1.0, -0.037, 0.0), (-2.1, 0.0, 0.0)),
    "K2": ((1.024, 0.286, 0.008), (-17.7, 0.7, 0.0)),
    "": ((1.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
}


@dataclass(frozen=True, kw_only=True)
class Tide:
    """Mean level above the datum in m, and constituent -> (amplitude in m, Greenwich lag in degrees)."""

    mean_level: float
    constants: Mapping[str, tuple[float, float]]


def predict(tide: Tide, times: Times) -> Values:
    """Return the predicted level in m above the station's datum, of the same shape as `times`.

    Args:
        tide: its constants, of CONSTITUENTS only.
        times: microseconds since 1970 UTC.
    """
    hours = np.asarray(times) / _HOUR_US
    longitudes, node = _longitudes(hours)
    level = np.full(hours.shape, float(tide.mean_level))
    for name, (amplitude, lag) in tide.constants.items():
        *multiples, angle, kind = _DOODSON[name]
        factor, turn = _nodal(kind, node)
        argument = sum(m * x for m, x in zip(multiples, longitudes, strict=True)) + angle
        level += factor * amplitude * np.cos(np.radians(argument + turn - lag))
    return level


def _longitudes(hours: Values) -> tuple[tuple[Values, Values, Values, Values], Values]:
    """Return the clock and the mean longitudes of moon, sun and perigee in degrees; the node in radians."""
    century = (hours / 24 + 2440587.5 - 2451545.0) / 36525.0
    clock = 15 * (hours % 24)
    moon = 218.3164477 + 481267.88123421 * century
    sun = 280.46646 + 36000.76983 * century
    perigee = 83.3532465 + 4069.0137287 * century
    return (clock, moon, sun, perigee), np.radians(125.04452 - 1934.136261 * century)


def _nodal(kind: str, node: Values) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the nodal factor f and the nodal angle u in degrees."""
    f, u = _NODAL[kind]
    factor = f[0] + f[1] * np.cos(node) + f[2] * np.cos(2 * node)
    angle = u[0] * np.sin(node) + u[1] * np.sin(2 * node) + u[2] * np.sin(3 * node)
    return factor, angle
