"""Sea and river level: tide, weather surge, and the unit hydrograph of the basin's rain."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from simulators import tide
from simulators.scene import rounded

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.scene import Scene

#: triangular unit hydrograph, hours
_RISE, _FALL = 3.0, 9.0
_LAGS = np.arange(0.5, _RISE + _FALL, 1.0)
_ORDINATES = np.where(_LAGS < _RISE, _LAGS / _RISE, (_RISE + _FALL - _LAGS) / _FALL)
UNIT_HYDROGRAPH = _ORDINATES / _ORDINATES.sum()

_station = lru_cache(maxsize=256)(tide.between)


def surge(scene: Scene) -> Floats:
    """Return the sea's departure from the tide, m: e-folding 30 h, and up when the pressure is low."""
    slow = scene.weather.anomaly("sea", scene.moment, memory_days=1.25)
    return np.asarray(0.08 * slow - 0.02 * scene.weather.anomaly("pressure", scene.moment))


def tide_gauge(scene: Scene) -> dict[str, Floats]:
    """Return metres above lowest astronomical tide."""
    level = tide.predict(_station(scene.place.longitude), scene.times) + surge(scene)
    seiche = (
        0.025 * np.sin(2 * np.pi * scene.moment.hours * 3) * np.abs(scene.wander("seiche", step=6, memory=12))
    )
    return {"sea_level": rounded(level + seiche + 0.01 * scene.noise("level"), 2)}


def runoff(scene: Scene) -> Floats:
    """Return the basin's rain as the unit hydrograph delivers it, mm/h."""
    rain, hours = scene.weather.rain, scene.moment.hours
    return np.asarray(
        sum(
            weight * rain.fallen(scene.place, hours - lag - 0.5, hours - lag + 0.5)
            for weight, lag in zip(UNIT_HYDROGRAPH, _LAGS, strict=True)
        )
    )


def level_gauge(scene: Scene) -> dict[str, Floats]:
    """Return metres above station zero; facts of the place: `base`, `tide_factor`, `rise_per_mm_h` (m)."""
    place = scene.place
    station = _station(place.longitude)
    wave = tide.predict(station, scene.times) - station.mean_level + surge(scene)
    season = 0.25 * scene.moment.monthly((-0.6, -0.7, -0.7, -0.5, 0, 0.5, 0.9, 1.0, 0.8, 0.3, -0.3, -0.5))
    level = place.number("base", 1.0) + season + place.number("tide_factor", 0.2) * wave
    level = level + place.number("rise_per_mm_h", 0.16) * runoff(scene)
    return {"river_level": rounded(level + 0.01 * scene.noise("level"), 2)}
