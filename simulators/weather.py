"""One weather field for the whole city: everything else is driven by it.

Synoptic AR(1) anomalies of the daily mean, cold surges in winter, a diurnal cycle, rain, and a wind that
turns with monsoon, surge and sea breeze. Humidity follows from the dew point. Hours are local.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simulators import draws
from simulators.rain import Rain

if TYPE_CHECKING:
    from simulators.draws import Floats
    from simulators.moment import Moment
    from simulators.place import Place

# Hạ Long / Bãi Cháy, by month
MEAN_TEMPERATURE = (16.4, 17.0, 19.5, 23.3, 26.8, 28.6, 28.6, 28.1, 27.2, 24.9, 21.5, 18.1)
MEAN_HUMIDITY = (80, 84, 87, 86, 83, 84, 84, 85, 81, 77, 75, 75)
_RANGE_COAST = (6.0, 4.8, 4.8, 5.5, 6.3, 6.5, 6.5, 6.5, 7.0, 7.5, 7.5, 7.0)
_RANGE_INLAND = (8.0, 6.0, 6.0, 7.0, 8.0, 8.0, 8.0, 8.0, 8.5, 9.5, 9.5, 9.5)
#: sd of the synoptic anomaly; in winter the cold surges add to it
_ANOMALY_SD = (2.2, 2.4, 2.2, 1.8, 1.5, 1.3, 1.2, 1.2, 1.3, 1.5, 1.9, 2.1)
_SURGE_WEIGHT = (1.0, 1.0, 0.8, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.8, 1.0)
#: wind from, components in m/s: winter north-east, summer south-east
_WIND_EAST = (1.6, 1.6, 1.6, 1.4, 0.9, 0.5, 0.5, 0.5, 1.0, 1.5, 1.6, 1.6)
_WIND_NORTH = (2.2, 1.8, 1.0, -0.6, -1.8, -2.4, -2.6, -1.8, 0.4, 1.6, 2.2, 2.4)

_SURGE_EVERY_H = 120.0
_SURGE_DECAY_H = 48.0


def dew_point(temperature: Floats, humidity: Floats) -> Floats:
    """Return the dew point in °C from °C and % (Magnus, constants of Alduchov and Eskridge 1996)."""
    gamma = np.log(humidity / 100) + 17.625 * temperature / (243.04 + temperature)
    return np.asarray(243.04 * gamma / (17.625 - gamma))


def relative_humidity(temperature: Floats, dew: Floats) -> Floats:
    """Return relative humidity in % from temperature and dew point in °C (Magnus)."""
    exponent = 17.625 * dew / (243.04 + dew) - 17.625 * temperature / (243.04 + temperature)
    return np.asarray(100 * np.exp(exponent))


MEAN_DEW_POINT = tuple(
    float(dew_point(np.array(t), np.array(h))) for t, h in zip(MEAN_TEMPERATURE, MEAN_HUMIDITY, strict=True)
)


def diurnal(hour: Floats) -> Floats:
    """Return the shape of the daily cycle: -0.5 at 06 h, +0.5 at 14 h, mean 0."""
    since = (hour - 6) % 24
    return np.where(since < 8, -0.5 * np.cos(np.pi * since / 8), 0.5 * np.cos(np.pi * (since - 8) / 16))


@dataclass(frozen=True)
class Weather:
    """The weather of one city."""

    seed: int

    @property
    def rain(self) -> Rain:
        """The rain of the same field."""
        return Rain(self.seed)

    def anomaly(self, name: str, moment: Moment, *, memory_days: float = 2.8) -> Floats:
        """Return a standard normal synoptic series: AR(1) of daily values, phi 0.7 unless told."""
        stream = draws.key(self.seed, "synoptic", name)
        return draws.wander(stream, moment.hours / 24 - 0.5, step=1.0, memory=memory_days)

    def wetness(self, moment: Moment) -> Floats:
        """Return 0 on dry days to 1 on wet ones, going over smoothly at night."""
        position = moment.hours / 24 - 0.5
        left = np.floor(position).astype(np.int64)
        today, tomorrow = ((self.rain.storms(day).amount > 0).astype(float) for day in (left, left + 1))
        return np.asarray(today + (position - left) * (tomorrow - today))

    def cold_surge(self, moment: Moment) -> Floats:
        """Return the sum of the cooling of recent surges in °C: falls over 24 h, then e-folds in two days."""
        age, strength = self._surges(moment)
        shape = np.where(age < 24, 0.5 - 0.5 * np.cos(np.pi * np.clip(age, 0, 24) / 24), _decay(age - 24))
        return np.asarray((strength * shape).sum(axis=1))

    def surge_front(self, moment: Moment) -> Floats:
        """Return 0 to 1: how much the first day and a half of a cold surge is blowing."""
        age, strength = self._surges(moment)
        inside = (age >= 0) & (age < 36)
        return np.asarray((inside * strength / 6 * np.sin(np.pi * np.clip(age, 0, 36) / 36)).sum(axis=1))

    def _surges(self, moment: Moment) -> tuple[Floats, Floats]:
        """Return age in hours and strength in °C of the last surges: arrays (instants, 6)."""
        newest = np.floor(moment.hours / _SURGE_EVERY_H).astype(np.int64)
        index = newest[:, None] - np.arange(-1, 5)
        onset = draws.uniform(draws.key(self.seed, "surge", "onset"), index)
        start = (index + 0.4 * onset) * _SURGE_EVERY_H
        strength = 4 + 4 * draws.uniform(draws.key(self.seed, "surge", "strength"), index)
        return moment.hours[:, None] - start, strength * moment.monthly(_SURGE_WEIGHT)[:, None]

    def _surge_mean(self, moment: Moment) -> Floats:
        return moment.monthly(_SURGE_WEIGHT) * 6 * (12 + _SURGE_DECAY_H) / _SURGE_EVERY_H

    def _background(self, moment: Moment) -> Floats:
        """Return the departure of the air mass from the climate, °C, without the daily cycle."""
        synoptic = moment.monthly(_ANOMALY_SD) * self.anomaly("temperature", moment)
        return np.asarray(synoptic - self.cold_surge(moment) + self._surge_mean(moment))

    def temperature(self, place: Place, moment: Moment) -> Floats:
        """Return air temperature, °C."""
        inland = place.inland
        span = (1 - inland) * moment.monthly(_RANGE_COAST) + inland * moment.monthly(_RANGE_INLAND)
        wet = self.wetness(moment)
        cycle = span * (1.12 - 0.35 * wet) * diurnal(moment.hour)
        shower = 2.5 * -np.expm1(-self.rain.fallen(place, moment.hours - 1, moment.hours) / 4)
        lapse = 0.0065 * place.number("altitude", 5.0)
        local = 0.3 * draws.wander(draws.key(self.seed, place.code, "t"), moment.hours, step=1.0, memory=4.0)
        air_mass = moment.monthly(MEAN_TEMPERATURE) + self._background(moment)
        return np.asarray(air_mass + cycle + 0.4 - 0.8 * wet - shower - lapse + local)

    def dew_point(self, place: Place, moment: Moment) -> Floats:
        """Return dew point, °C, before it is held below the temperature: nearly constant over the day."""
        own = 0.9 * self.anomaly("dew", moment)
        shower = 0.8 * -np.expm1(-self.rain.fallen(place, moment.hours - 1, moment.hours) / 4)
        dry_front = 2.5 * self.surge_front(moment)
        lapse = 0.0065 * place.number("altitude", 5.0)
        air_mass = moment.monthly(MEAN_DEW_POINT) + 0.95 * self._background(moment)
        return np.asarray(air_mass + own + 0.8 * (self.wetness(moment) - 0.4) + shower - dry_front - lapse)

    def humidity(self, place: Place, moment: Moment) -> Floats:
        """Return relative humidity, %, at most 100."""
        humidity = relative_humidity(self.temperature(place, moment), self.dew_point(place, moment))
        return np.asarray(np.minimum(humidity, 100.0))

    def pressure(self, place: Place, moment: Moment) -> Floats:
        """Return station pressure, hPa: seasons, semidiurnal tide, cold surges up, storms down."""
        season = 1010.5 + 7.5 * np.cos(2 * np.pi * (moment.season - 0.5) / 12)
        tide = 1.5 * np.cos(2 * np.pi * (moment.hour - 10) / 12)
        highs = 0.9 * (self.cold_surge(moment) - self._surge_mean(moment))
        synoptic = 1.8 * self.anomaly("pressure", moment) - 1.5 * self.wetness(moment)
        return np.asarray(season + tide + highs + synoptic - 0.118 * place.number("altitude", 5.0))

    def wind(self, place: Place, moment: Moment) -> tuple[Floats, Floats]:
        """Return where the wind comes from: its components from east and from north, m/s."""
        stream = draws.key(self.seed, _district(place), "wind")
        gusty = draws.wander(stream, moment.hours, step=1.0, memory=5.0)
        turning = draws.wander(stream ^ 1, moment.hours, step=1.0, memory=5.0)
        front = self.surge_front(moment)
        breeze = (1 - place.inland) * _breeze(moment)
        storm = np.minimum(self.rain.intensity(place, moment) / 15, 4.0)
        east = moment.monthly(_WIND_EAST) + 3.2 * front + 1.0 * gusty + 0.4 * breeze + storm
        north = moment.monthly(_WIND_NORTH) + 3.6 * front + 1.0 * turning - 1.6 * breeze
        shelter = 1 - 0.4 * place.inland
        return east * shelter, north * shelter


def _decay(age: Floats) -> Floats:
    return np.where(age < 0, 0.0, np.exp(-np.clip(age, 0, 1000) / _SURGE_DECAY_H))


def _breeze(moment: Moment) -> Floats:
    """Return 0 to 1: the sea breeze of 10-18 h, strong from May to September."""
    strength = moment.monthly((0.2, 0.2, 0.3, 0.6, 1, 1, 1, 1, 0.9, 0.6, 0.3, 0.2))
    return np.asarray(strength * np.clip(np.sin(np.pi * (moment.hour - 10) / 8), 0, 1) * (moment.hour < 18))


def _district(place: Place) -> str:
    return f"{place.latitude:.1f},{place.longitude:.1f}"
