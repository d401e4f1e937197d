"""Noise: a level by site and hour, horns, rain and wind on the microphone, loudspeakers in the evening."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.scene import rounded

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.scene import Scene

#: LAeq minus the day level, dB
HOURLY_OFFSET = (-9, -11, -12, -12, -10, -6, -2, 1, 1, 0, 0, 0, -1, -1, 0, 0, 1, 2, 1, 0, -1, -2, -4, -7)
#: day level by site type, dB
DAY_LEVEL = {"main_road": 72.0, "residential": 61.0, "market": 68.0, "park": 49.0}


def sound_meter(scene: Scene) -> dict[str, Floats]:
    """Return one-minute LAeq and LAmax, dB; facts of the place: `site` (main_road …) and `day_level`."""
    traffic = _street(scene) + _evening_loudspeakers(scene)
    nature = _frogs(scene)
    level = 10 * np.log10(10 ** (traffic / 10) + 10 ** (nature / 10) + 10 ** (_rain_and_wind(scene) / 10))
    # skewed upwards, sd about 2.5 dB: horns and passing lorries
    events = -np.log(scene.chance("events"))
    laeq = level + 1.6 * scene.noise("laeq") + 1.8 * (events - 1)
    lamax = laeq + 6 + 3.5 * -np.log(scene.chance("lamax")) + 2 * events
    return {
        "sound_laeq": rounded(np.clip(laeq, 20, 130), 1),
        "sound_lamax": rounded(np.clip(lamax, 20, 140), 1),
    }


def _street(scene: Scene) -> Floats:
    place, moment = scene.place, scene.moment
    site = place.text("site", "residential")
    quiet = np.where(moment.is_tet, -4.0, np.where(moment.is_weekend & (site == "main_road"), -1.0, 0.0))
    day_level = place.number("day_level", DAY_LEVEL[site])
    return np.asarray(
        day_level + moment.hourly(HOURLY_OFFSET) + quiet + 0.8 * scene.wander("slow", step=1, memory=3)
    )


def _evening_loudspeakers(scene: Scene) -> Floats:
    """Return 10 dB more on some evenings, 19-22 h, at residential sites."""
    moment = scene.moment
    sings = draws.uniform(scene.stream("loudspeakers"), moment.day) < np.where(moment.is_weekend, 0.3, 0.1)
    evening = (moment.hour >= 19) & (moment.hour < 22)
    return np.where(sings & evening & (scene.place.text("site", "") == "residential"), 10.0, 0.0)


def _frogs(scene: Scene) -> Floats:
    """Return the level of insects and frogs: loud in summer nights away from the streets."""
    summer = scene.moment.monthly((0, 0, 4, 8, 14, 18, 18, 16, 12, 6, 2, 0))
    night = 0.5 + 0.5 * np.cos(2 * np.pi * (scene.moment.hour - 23) / 24)
    return np.asarray(34 + summer * night)


def _rain_and_wind(scene: Scene) -> Floats:
    rain = 38 + 16 * np.log10(1 + scene.weather.rain.intensity(scene.place, scene.moment))
    speed = np.hypot(*scene.weather.wind(scene.place, scene.moment))
    return np.asarray(np.maximum(rain, 30 + 4 * np.maximum(speed - 5, 0)))
