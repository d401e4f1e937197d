"""Sea level by harmonic prediction: astronomical arguments and nodal corrections after Schureman (1958)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simulators.draws import Floats


@dataclass(frozen=True, kw_only=True)
class Station:
    """A tide station: constituent -> (amplitude in m, Greenwich phase lag in degrees)."""

    longitude: float
    mean_level: float
    constants: dict[str, tuple[float, float]]


HON_DAU = Station(
    longitude=106.817,
    mean_level=1.970,
    constants={
        "O1": (0.813, 290.2),
        "K1": (0.710, 345.8),
        "P1": (0.236, 340.6),
        "Q1": (0.163, 260.2),
        "M2": (0.064, 198.2),
        "S2": (0.046, 253.8),
    },
)
CUA_ONG = Station(
    longitude=107.55,
    mean_level=2.207,
    constants={
        "O1": (0.879, 287.4),
        "K1": (0.798, 342.2),
        "P1": (0.252, 337.0),
        "Q1": (0.183, 258.5),
        "M2": (0.190, 303.2),
        "S2": (0.043, 332.4),
    },
)


def between(longitude: float) -> Station:
    """Interpolate the two stations of the northern Gulf of Tonkin along the coast; no extrapolation."""
    span = CUA_ONG.longitude - HON_DAU.longitude
    weight = min(max((longitude - HON_DAU.longitude) / span, 0.0), 1.0)

    def blend(name: str) -> tuple[float, float]:
        (a, g), (b, k) = HON_DAU.constants[name], CUA_ONG.constants[name]
        mixed = (1 - weight) * a * np.exp(1j * np.radians(g)) + weight * b * np.exp(1j * np.radians(k))
        return float(np.abs(mixed)), float(np.degrees(np.angle(mixed)) % 360)

    return Station(
        longitude=longitude,
        mean_level=(1 - weight) * HON_DAU.mean_level + weight * CUA_ONG.mean_level,
        constants={name: blend(name) for name in HON_DAU.constants},
    )


def _arguments(hours: Floats) -> tuple[dict[str, Floats], Floats]:
    """Return V of each constituent in degrees, and the longitude N of the moon's node in radians."""
    century = (hours / 24 + 2440587.5 - 2451545.0) / 36525.0
    moon = 218.3164477 + 481267.88123421 * century
    sun = 280.46646 + 36000.76983 * century
    perigee = 83.3532465 + 4069.0137287 * century
    node = np.radians(125.04452 - 1934.136261 * century)
    clock = 15 * (hours % 24)
    return {
        "O1": clock - 2 * moon + sun + 270,
        "K1": clock + sun + 90,
        "P1": clock - sun + 270,
        "Q1": clock - 3 * moon + sun + perigee + 270,
        "M2": 2 * (clock - moon + sun),
        "S2": 2 * clock,
    }, node


def _nodal(node: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Return the nodal factor f and angle u in degrees of each constituent."""
    one, zero = np.ones_like(node), np.zeros_like(node)
    o1 = (
        1.009 + 0.187 * np.cos(node) - 0.015 * np.cos(2 * node),
        10.8 * np.sin(node) - 1.3 * np.sin(2 * node) + 0.2 * np.sin(3 * node),
    )
    k1 = (
        1.006 + 0.115 * np.cos(node) - 0.009 * np.cos(2 * node),
        -8.9 * np.sin(node) + 0.7 * np.sin(2 * node),
    )
    m2 = (1 - 0.037 * np.cos(node), -2.1 * np.sin(node))
    return {"O1": o1, "K1": k1, "P1": (one, zero), "Q1": o1, "M2": m2, "S2": (one, zero)}


def predict(station: Station, times: NDArray[np.int64]) -> Floats:
    """Predict the astronomical tide.

    Args:
        station: its harmonic constants.
        times: int64 microseconds since 1970 UTC.

    Returns:
        Metres above lowest astronomical tide, the same shape as `times`.
    """
    arguments, node = _arguments(np.asarray(times) / 3.6e9)
    level = np.full(node.shape, station.mean_level)
    for name, (factor, angle) in _nodal(node).items():
        amplitude, lag = station.constants[name]
        level += factor * amplitude * np.cos(np.radians(arguments[name] + angle - lag))
    return level
