"""Tide stations of the northern Gulf of Tonkin, and the sea level that their constants predict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.tide import Tide
from analytics.tide import predict as predicted

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


def predict(station: Station, times: NDArray[np.int64]) -> Floats:
    """Predict the astronomical tide.

    Args:
        station: its harmonic constants.
        times: int64 microseconds since 1970 UTC.

    Returns:
        Metres above lowest astronomical tide, the same shape as `times`.
    """
    return predicted(Tide(mean_level=station.mean_level, constants=station.constants), times)


def facts(longitude: float) -> dict[str, Any]:
    """Return what a tide gauge at a longitude is told to be: its datum, and the constants for its surge."""
    station, datum = between(longitude), "lowest astronomical tide"
    constants = {name: [round(a, 4), round(g, 2)] for name, (a, g) in station.constants.items()}
    source = "interpolated between Hòn Dấu (UHSLC 6502, 1995) and Cửa Ông (EOT20)"
    tide = {"datum": datum, "mean_level_m": round(station.mean_level, 3), "constituents": constants}
    return {"datum": datum, "tide": tide | {"source": source}}
