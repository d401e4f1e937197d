"""Road traffic: demand by the hour, a Greenshields-like speed, slower and thinner in rain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.scene import rounded

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.moment import Moment
    from simulators.scene import Scene

# share of the day's traffic in each hour, %
WEEKDAY_SHARE = (
    *(0.7, 0.4, 0.3, 0.3, 0.7, 2.0, 5.4, 8.2, 6.4, 5.0, 4.9, 5.9),
    *(4.6, 5.0, 4.8, 5.1, 6.4, 8.6, 7.0, 5.6, 4.8, 3.9, 2.6, 1.4),
)
WEEKEND_SHARE = (
    *(1.0, 0.6, 0.4, 0.4, 0.6, 1.6, 3.6, 5.4, 5.9, 5.9, 5.8, 6.0),
    *(5.0, 4.7, 5.1, 5.6, 6.3, 7.2, 7.2, 7.0, 6.2, 4.6, 2.6, 1.3),
)
#: passenger car units of a motorcycle, a car and a heavy vehicle
_PCU = np.array([0.25, 1.0, 2.5])
_DISPERSION = 1.7
_LANE_CAPACITY = 1800.0
#: length of a passenger car and the detector, km
_CAR_LENGTH = 0.006


def traffic_counter(scene: Scene) -> dict[str, Floats]:
    """Return vehicles in the interval, km/h, % occupancy and class shares; no speed where nothing passed.

    Facts of the place: `vehicles_per_day`, `free_flow_speed` (km/h), `lanes`, `motorcycle_share` and
    `heavy_share` (%), `tourist` (0..1).
    """
    hours = scene.interval("traffic_flow") / 3600
    motorcycles, cars, heavy = demand(scene)
    mean = (motorcycles + cars + heavy) * hours
    seen = draws.counts(scene.stream("count"), scene.moment.seconds, mean, _DISPERSION)
    units = np.stack([motorcycles, cars, heavy], axis=1) @ _PCU
    speed = mean_speed(scene, units)
    occupancy = 100 * units / scene.place.number("lanes", 2.0) / speed * _CAR_LENGTH
    blank = np.where(seen > 0, 1.0, np.nan)
    spread = np.sqrt(np.maximum(seen, 1))
    return {
        "traffic_flow": seen,
        "traffic_speed": rounded(np.maximum(speed + 6 * scene.noise("speed") / spread, 3.0), 1) * blank,
        "traffic_occupancy": rounded(np.clip(occupancy * np.exp(0.1 * scene.noise("occupancy")), 0, 100), 1),
        "motorcycle_share": _share(scene, "motorcycle", motorcycles * hours / mean, seen) * blank,
        "heavy_share": _share(scene, "heavy", heavy * hours / mean, seen) * blank,
    }


def demand(scene: Scene) -> tuple[Floats, Floats, Floats]:
    """Return motorcycles, cars and heavy vehicles per hour that want to pass."""
    place, moment = scene.place, scene.moment
    total = place.number("vehicles_per_day", 12_000) * hourly_share(moment) / 100 * _day_factor(scene)
    total = total * np.exp(0.05 * scene.wander("demand", step=0.5, memory=1.0))
    wet = -np.expm1(-scene.weather.rain.intensity(place, moment) / 4)
    motorcycle, heavy = place.number("motorcycle_share", 70) / 100, place.number("heavy_share", 6) / 100
    # lorries drive at night as well, and rest on holidays
    lorries = heavy * np.interp(moment.hour, (0, 6, 8, 17, 20, 24), (2.2, 1.2, 0.9, 0.8, 1.4, 2.2))
    lorries = np.minimum(lorries, 0.6) * np.where(moment.is_tet, 0.3, 1.0)
    riders = np.minimum(motorcycle, 0.95 - lorries)
    return total * riders * (1 - 0.38 * wet), total * (1 - riders - lorries), total * lorries


def hourly_share(moment: Moment) -> Floats:
    """Return the share of the day's traffic in %/h, by the kind of day."""
    return np.where(moment.is_weekend, moment.hourly(WEEKEND_SHARE), moment.hourly(WEEKDAY_SHARE))


def _day_factor(scene: Scene) -> Floats:
    moment, tourist = scene.moment, scene.place.number("tourist", 0.0)
    town = np.where(moment.is_tet, 0.4, np.where(moment.is_weekend, 0.88, 1.0))
    beach = moment.monthly((0.8, 0.8, 0.85, 0.95, 1.1, 1.3, 1.35, 1.25, 1.05, 0.9, 0.85, 0.8))
    visitors = beach * np.where(moment.is_weekend, 1.35, 0.85)
    return np.asarray((1 - tourist) * town + tourist * visitors)


def mean_speed(scene: Scene, units: Floats) -> Floats:
    """Return km/h from PCU/h: v = v_ff (1 - 0.6 (q/c)²), at least 0.35 v_ff, slower in rain."""
    place, moment = scene.place, scene.moment
    free = place.number("free_flow_speed", 45.0)
    load = units / (place.number("lanes", 2.0) * _LANE_CAPACITY * place.number("green_share", 0.45))
    intensity = scene.weather.rain.intensity(place, moment)
    rain = 1 - 0.1 * -np.expm1(-intensity / 1.0) - 0.15 * -np.expm1(-np.maximum(intensity - 5, 0) / 10)
    mood = 1 + 0.025 * scene.wander("speed", step=0.5, memory=1.0)
    return np.asarray(np.maximum(free * (1 - 0.6 * load**2), 0.35 * free) * rain * mood)


def _share(scene: Scene, name: str, share: Floats, seen: Floats) -> Floats:
    """Return what share of the vehicles seen are of a class, %: whole vehicles."""
    vehicles = np.maximum(seen, 1)
    sd = np.sqrt(share * (1 - share) / vehicles)
    of_class = np.clip(np.rint(vehicles * (share + sd * scene.noise(name))), 0, vehicles)
    return rounded(100 * of_class / vehicles, 1)
