"""The quality of a river's water as an automatic station measures it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.scene import rounded

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.scene import Scene

#: Surface water of the rivers by month, °C.
_TEMPERATURE = (17, 17.5, 20, 24, 27.5, 29.5, 30, 29.5, 28.5, 26, 22.5, 18.5)
#: What the first rain washes in: all of it at this much rain in six hours, mm.
_FLUSH_MM = 25.0
#: A probe fouls for a week, then it is cleaned, h; at the end it reads so much of oxygen less.
_CLEANED_EVERY, _FOULING = 168.0, 0.04


def water_probe(scene: Scene) -> dict[str, Floats]:
    """Return temperature, pH, oxygen, turbidity and what the water carries, mg/L; all worse after rain.

    Facts of the place: `ph`, and in dry weather `cod`, `ammonium_n`, `nitrate_n` and `phosphate_p`.
    """
    flush, fouled = 1 - np.exp(-scene.rained(6) / _FLUSH_MM), _fouled(scene)
    temperature = _temperature(scene)
    return {
        "water_temperature": rounded(temperature, 1),
        "water_ph": rounded(_ph(scene, flush), 2),
        "dissolved_oxygen": rounded(_oxygen(scene, temperature, flush) * (1 - _FOULING * fouled), 2),
        "turbidity": rounded((8 + 180 * flush**2) * _spread(scene, "turbidity", 0.2) + 3 * fouled, 1),
        **{name: _carried(scene, name, usual, flush) for name, usual in _CARRIED.items()},
    }


#: In dry weather, mg/L.
_CARRIED = {"cod": 14.0, "ammonium_n": 0.3, "nitrate_n": 1.5, "phosphate_p": 0.08}


def _temperature(scene: Scene) -> Floats:
    # Warmest three hours after the air.
    sun = np.cos(2 * np.pi * (scene.moment.hour - 17) / 24)
    slow = scene.weather.anomaly("temperature", scene.moment.later(-24))
    return np.asarray(scene.moment.monthly(_TEMPERATURE) + 0.6 * sun + 0.9 * slow)


def _ph(scene: Scene, flush: Floats) -> Floats:
    sun = np.cos(2 * np.pi * (scene.moment.hour - 15) / 24)
    return np.asarray(
        scene.place.number("ph", 7.2) + 0.1 * sun - 0.3 * flush + 0.08 * scene.wander("ph", step=6, memory=24)
    )


def _oxygen(scene: Scene, temperature: Floats, flush: Floats) -> Floats:
    """Return mg/L: algae give in the afternoon, what rain washes in takes."""
    saturation = 14.652 - 0.41022 * temperature + 0.0079910 * temperature**2 - 0.000077774 * temperature**3
    sun = np.cos(2 * np.pi * (scene.moment.hour - 15) / 24)
    share = 0.86 + 0.08 * sun - 0.25 * flush + 0.04 * scene.wander("oxygen", step=6, memory=24)
    return np.asarray(saturation * share + 0.03 * scene.noise("oxygen"))


def _carried(scene: Scene, name: str, usual: float, flush: Floats) -> Floats:
    level = scene.place.number(name, usual) * (1 + 1.5 * flush)
    return rounded(level * _spread(scene, name, 0.15), 1 if name == "cod" else 3)


def _spread(scene: Scene, name: str, share: float) -> Floats:
    """Return a factor that wanders by a share over two days, with a little noise."""
    slow = share * scene.wander(name, step=6, memory=48) + 0.02 * scene.noise(name)
    return np.asarray(np.exp(slow))


def _fouled(scene: Scene) -> Floats:
    """Return how fouled the probe is, 0 cleaned to 1 before the next cleaning."""
    shift = draws.uniform(scene.stream("cleaned"), np.zeros(1, np.int64))[0]
    return np.asarray((scene.moment.hours / _CLEANED_EVERY + shift) % 1)
