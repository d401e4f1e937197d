"""Parking, waste bins, and street lighting with its energy meter."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.moment import HOLIDAYS, TET_DAYS
from simulators.scene import rounded
from simulators.sun import sunrise_sunset

if TYPE_CHECKING:
    from simulators.draws import Floats, Ints
    from simulators.moment import Moment
    from simulators.scene import Scene

_TOWN = (12, 10, 9, 9, 9, 11, 18, 34, 58, 78, 82, 70, 48, 44, 55, 70, 80, 82, 80, 76, 62, 44, 28, 17)
_TOURIST = (7, 6, 6, 5, 5, 5, 8, 16, 32, 48, 56, 58, 56, 55, 55, 50, 42, 34, 28, 24, 20, 16, 12, 9)
_RESORT_SEASON = (0.7, 0.8, 0.85, 1.0, 1.15, 1.3, 1.35, 1.25, 1.05, 0.95, 0.85, 0.7)
#: people in the street by the hour, % of the day: what fills a bin
FOOTFALL = (
    *(0.2, 0.1, 0.1, 0.1, 0.3, 1.0, 2.2, 4.0, 6.0, 7.2, 7.0, 5.4),
    *(3.8, 3.8, 5.2, 6.6, 7.6, 7.6, 7.4, 8.6, 8.2, 5.0, 2.0, 0.6),
)
_FOOTFALL_UNTIL = np.concatenate([[0.0], np.cumsum(FOOTFALL)]) / sum(FOOTFALL)
_COLLECTIONS = np.arange(4)

#: lamps run this long after sunset and before sunrise only, h
_TWILIGHT = 10 / 60
_DIMMED_FROM, _DIMMED_UNTIL, _DIMMED = 23.0, 29.0, 0.55
#: 2015-01-01, when every meter read zero, and the end of its table
_METER_START, _METER_END = 16436, 27759


def parking_sensor(scene: Scene) -> dict[str, Floats]:
    """Return occupied spaces and spaces in service; facts: `capacity`, `lot` (town or tourist)."""
    capacity = scene.place.number("capacity", 100)
    share = _tourist_lot(scene) if scene.place.text("lot", "town") == "tourist" else _town_lot(scene)
    share = share * (1 + 0.06 * scene.wander("lot", step=0.5, memory=1.5)) + 0.03 * scene.wander(
        "slow", step=6, memory=24
    )
    occupied = np.clip(np.rint(capacity * share), 0, capacity)
    return {"parking_occupied": occupied, "parking_capacity": np.full(occupied.shape, capacity)}


def _town_lot(scene: Scene) -> Floats:
    moment = scene.moment
    quiet = np.where(moment.is_tet, 0.45, np.where(moment.is_weekend, 0.85, 1.0))
    return np.asarray(moment.hourly(_TOWN) / 100 * quiet * (1 - 0.15 * _wet(scene)))


def _tourist_lot(scene: Scene) -> Floats:
    moment = scene.moment
    crowd = np.where(moment.is_weekend, 1.65, 0.9) * moment.monthly(_RESORT_SEASON)
    return np.asarray(moment.hourly(_TOURIST) / 100 * crowd * (1 - 0.4 * _wet(scene)))


def _wet(scene: Scene) -> Floats:
    return np.asarray(-np.expm1(-scene.rained(1) / 4))


def bin_sensor(scene: Scene) -> dict[str, Floats]:
    """Return fill in % of the bin's height: filled by people in the street, emptied in the evening.

    Facts of the place: `fill_per_day` (%). One round in twelve leaves the bin out.
    """
    hours = scene.moment.hours
    rounds = scene.moment.day[:, None] - _COLLECTIONS
    emptied = 24 * rounds + 18 + 4 * draws.uniform(scene.stream("round"), rounds)
    done = (emptied <= hours[:, None]) & (draws.uniform(scene.stream("skipped"), rounds) > 1 / 12)
    # the oldest one counts always, so that a bin is never without a collection
    done[:, -1] = True
    latest = np.argmax(done, axis=1)[:, None]
    since = np.take_along_axis(emptied, latest, axis=1)[:, 0]
    rate = scene.place.number("fill_per_day", 40) * _litter(
        scene, np.take_along_axis(rounds, latest, axis=1)[:, 0]
    )
    level = 4 + rate * (people_until(hours) - people_until(since))
    return {"bin_fill": rounded(np.clip(level + 1.5 * scene.noise("echo"), 0, 105), 0)}


def people_until(hours: Floats) -> Floats:
    """Return days' worth of people since 1970."""
    return np.asarray(np.floor(hours / 24) + np.interp(hours % 24, np.arange(25), _FOOTFALL_UNTIL))


def _litter(scene: Scene, days: Ints) -> Floats:
    """Return the day's factor of litter: more on holidays, never the same twice."""
    feast = np.isin(days + 1, HOLIDAYS) | np.isin(days + 1, TET_DAYS)
    spread = np.exp(0.15 * draws.normal(scene.stream("litter"), days))
    return np.asarray(np.where(feast, 1 + scene.place.number("tourist", 0.3), 1.0) * spread)


def lit_hours(days: Ints, latitude: float, longitude: float, offset: float) -> tuple[Floats, Floats]:
    """Return when lamps go on in the evening of `days`, and off next morning, as hours of the first day."""
    sunset = sunrise_sunset(days, latitude, longitude, offset)[1]
    sunrise = sunrise_sunset(days + 1, latitude, longitude, offset)[0]
    return sunset + _TWILIGHT, 24 + sunrise - _TWILIGHT


def lamp_controller(scene: Scene) -> dict[str, Floats]:
    """Return a cabinet's lamp state, mean W of a lamp, and its meter in kWh; facts: `lamps`, `lamp_watts`."""
    place, moment = scene.place, scene.moment
    night, hour = _night(moment)
    on, off = lit_hours(night, place.latitude, place.longitude, moment.offset)
    lit = (hour >= on) & (hour < off)
    level = np.where((hour >= _DIMMED_FROM) & (hour < _DIMMED_UNTIL), _DIMMED, 1.0)
    volts = 1 + 0.02 * np.cos(2 * np.pi * (moment.hour - 3) / 24) + 0.005 * scene.noise("volts")
    watts = place.number("lamp_watts", 120) * level * volts
    return {
        "lamp_state": lit.astype(float),
        "lamp_power": rounded(np.where(lit, watts, 0.0), 1),
        "electric_energy": _register(scene, night, np.clip(hour, on, off), on),
    }


def _night(moment: Moment) -> tuple[Ints, Floats]:
    """Return the night that an instant belongs to, from noon to noon, and its hour there (12 to 36)."""
    night = np.floor((moment.hours - 12) / 24).astype(np.int64)
    return night, moment.hours - 24 * night


def _full_hours(since: Floats, until: Floats) -> Floats:
    """Return the hours at full power that a lamp lit from `since` to `until` amounts to."""
    dimmed = np.clip(until, _DIMMED_FROM, _DIMMED_UNTIL) - np.clip(since, _DIMMED_FROM, _DIMMED_UNTIL)
    return np.asarray(until - since - (1 - _DIMMED) * dimmed)


def _register(scene: Scene, night: Ints, until: Floats, on: Floats) -> Floats:
    place = scene.place
    table = _meter_table(place.latitude, place.longitude, scene.moment.offset)
    before = table[np.clip(night - _METER_START, 0, table.size - 1)]
    kilowatts = place.number("lamps", 40) * place.number("lamp_watts", 120) / 1000
    standby = 0.02 * (scene.moment.hours - 24 * _METER_START)
    return rounded(np.maximum(kilowatts * (before + _full_hours(on, until)) + standby, 0.0), 2)


@lru_cache(maxsize=256)
def _meter_table(latitude: float, longitude: float, offset: float) -> Floats:
    """Return full-power hours of all nights before each night from 2015 to 2045."""
    nights = np.arange(_METER_START, _METER_END)
    on, off = lit_hours(nights, latitude, longitude, offset)
    return np.concatenate([[0.0], np.cumsum(_full_hours(on, off))])
