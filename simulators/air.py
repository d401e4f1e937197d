"""Air quality: PM from season, hour, stagnation, washout and cold surges; gases from traffic and sun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators.moment import TET
from simulators.scene import rounded
from simulators.traffic import WEEKDAY_SHARE

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.moment import Moment
    from simulators.scene import Scene

# PM2.5 in Hạ Long, µg/m³, by month
MONTHLY_PM2_5 = (34, 27, 25, 20, 15, 11, 11, 12, 15, 20, 24, 31)
HOURLY_PM2_5 = (
    *(1.08, 1.11, 1.15, 1.18, 1.20, 1.22, 1.23, 1.21, 1.13, 1.03, 0.95, 0.89),
    *(0.83, 0.78, 0.73, 0.73, 0.77, 0.84, 0.92, 0.96, 0.98, 1.00, 1.03, 1.05),
)
_FINE_SHARE = (0.65, 0.65, 0.62, 0.58, 0.54, 0.50, 0.50, 0.50, 0.53, 0.58, 0.62, 0.65)
_OZONE_SEASON = (0.75, 0.8, 0.95, 1.15, 1.15, 0.95, 0.9, 0.95, 1.2, 1.25, 1.1, 0.8)
_NEW_YEAR = np.array([24.0 * (day.toordinal() - 719163) for day in TET])


def air_station(scene: Scene) -> dict[str, Floats]:
    """Return µg/m³ of particles and gases; `fine_dust`, `coal` and `urban` are the station's own facts."""
    stagnation = _stagnation(scene)
    fine, coarse = _particles(scene, stagnation)
    busy = _busy(scene.moment) * scene.place.number("urban", 1.0)
    no2 = (9 + 3.1 * busy) * stagnation**0.4 * _gas_noise(scene, "no2")
    return {
        "pm2_5": rounded(fine, 1),
        "pm10": rounded(coarse, 1),
        "no2": rounded(no2, 1),
        "o3": rounded(_ozone(scene, no2), 1),
        "so2": rounded(
            (3 + 9 * scene.place.number("coal", 0.3)) * stagnation**0.7 * _gas_noise(scene, "so2"), 1
        ),
        "co": rounded((330 + 24 * no2) * stagnation**0.2 * _gas_noise(scene, "co"), 0),
    }


def _stagnation(scene: Scene) -> Floats:
    """Return the log-normal day-to-day factor X with mean 1, mostly shared by the city."""
    shared = scene.weather.anomaly("stagnation", scene.moment, memory_days=3.5)
    own = scene.wander("stagnation", step=24.0, memory=84.0)
    sd = 0.45
    return np.asarray(np.exp(sd * (0.92 * shared + 0.39 * own) - sd**2 / 2))


def washout(scene: Scene) -> Floats:
    """Return the share of particles that rain has left in the air: 30-50 % gone within 2-3 h of real rain."""
    lately, today = scene.rained(3), scene.rained(12)
    return np.asarray((1 - 0.45 * -np.expm1(-lately / 6)) * (1 - 0.2 * -np.expm1(-today / 15)))


def _particles(scene: Scene, stagnation: Floats) -> tuple[Floats, Floats]:
    """Return PM2.5 and PM10 as the instrument reads them."""
    moment, place = scene.moment, scene.place
    flat = moment.monthly((0.4, 0.4, 0.4, 0.8, 1, 1, 1, 1, 1, 1, 1, 0.8))
    season = moment.monthly(MONTHLY_PM2_5) * place.number("fine_dust", 1.0)
    surge = 1 + 0.3 * scene.weather.surge_front(moment) - 0.03 * scene.weather.cold_surge(moment)
    hourly = np.exp(0.12 * scene.wander("pm", step=1.0, memory=1.5))
    air = season * moment.hourly(HOURLY_PM2_5) ** flat * stagnation * surge * hourly
    air = air * washout(scene) * _fireworks(moment)
    fine = air * _swelling(scene) + 0.8 * scene.noise("pm2_5")
    dry = -np.expm1(-scene.rained(24) / 3)
    share = moment.monthly(_FINE_SHARE) - 0.15 * place.number("coal", 0.0) * (1 - dry)
    coarse = np.maximum(fine, 1.0) / share * np.exp(0.06 * scene.noise("pm10"))
    return np.maximum(fine, 0.5), coarse


def _swelling(scene: Scene) -> Floats:
    """Return how much too high a low-cost optical instrument reads in humid air; 1 for a reference one."""
    if scene.place.text("instrument", "reference") != "optical":
        return np.ones_like(scene.moment.hours)
    humid = np.clip((scene.weather.humidity(scene.place, scene.moment) - 85) / 15, 0, 1)
    return np.asarray(1 + 0.6 * humid)


def _fireworks(moment: Moment) -> Floats:
    """Return the factor of the smoke of New Year's fireworks, 23-01 h and a few hours after."""
    age = moment.hours[:, None] - (_NEW_YEAR - 1)
    burning = np.where(
        (age >= 0) & (age < 12), np.minimum(age * 2, 1) * np.exp(-np.clip(age - 2, 0, 12) / 2), 0
    )
    return np.asarray(1 + 3.0 * burning.sum(axis=1))


def _busy(moment: Moment) -> Floats:
    """Return traffic as the air remembers it: hourly share in %, half of it from 1.5 h before."""
    return 0.5 * (moment.hourly(WEEKDAY_SHARE) + moment.later(-1.5).hourly(WEEKDAY_SHARE))


def _ozone(scene: Scene, no2: Floats) -> Floats:
    moment = scene.moment
    sun = np.clip(np.sin(np.pi * (moment.hour - 7.5) / 13.5), 0, 1) ** 1.5 * (moment.hour > 7.5)
    cloud = 1 - 0.45 * scene.weather.wetness(moment)
    made = 62 * sun * cloud * moment.monthly(_OZONE_SEASON)
    return np.asarray(
        np.maximum(42 + made - 0.7 * no2 + 3 * scene.noise("o3"), 1.0) * _gas_noise(scene, "o3")
    )


def _gas_noise(scene: Scene, name: str) -> Floats:
    slow = scene.wander(name, step=0.5, memory=2.0)
    return np.asarray(np.exp(0.12 * slow + 0.03 * scene.noise(name + "/fast")))
