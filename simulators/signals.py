"""What every device of a city measures: a pure function of (seed, device, instant)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from simulators import air, people, river, sampling, sound, street, traffic, water
from simulators.moment import Moment, standard_offset_hours
from simulators.place import Place
from simulators.scene import Scene, rounded
from simulators.weather import Weather, relative_humidity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from devices.model import Profile, Thing
    from simulators.draws import Floats

    Signal: TypeAlias = Callable[[Scene], dict[str, Floats]]

_CALM = 0.3
_TIP_MM = 0.2


def weather_station(scene: Scene) -> dict[str, Floats]:
    """Return temperature, humidity, pressure and wind; no direction in a calm."""
    weather, place, moment = scene.weather, scene.place, scene.moment
    east, north = weather.wind(place, moment)
    speed = np.hypot(east, north)
    gust = speed * (1.45 + 0.1 * np.abs(scene.noise("gust"))) + 0.1 * weather.rain.intensity(place, moment)
    direction = rounded(np.degrees(np.arctan2(east, north)) + 4 * scene.noise("direction"), 0) % 360
    temperature, dew = weather.temperature(place, moment), weather.dew_point(place, moment)
    humidity = np.minimum(relative_humidity(temperature, dew) + 0.5 * scene.noise("humidity"), 100.0)
    return {
        "air_temperature": rounded(temperature + 0.05 * scene.noise("temperature"), 1),
        "dew_point": rounded(np.minimum(dew, temperature), 1),
        "relative_humidity": rounded(humidity, 0),
        "air_pressure": rounded(weather.pressure(place, moment) + 0.05 * scene.noise("pressure"), 1),
        "wind_speed": rounded(speed, 1),
        "wind_gust": rounded(gust, 1),
        "wind_direction": np.where(speed < _CALM, np.nan, direction),
    }


def rain_gauge(scene: Scene) -> dict[str, Floats]:
    """Return the rain of the interval before each instant as a tipping bucket of 0.2 mm counts it."""
    until = scene.moment.hours
    since = until - scene.interval("rainfall") / 3600
    tips = np.zeros(until.shape)
    for back in range(3):
        before, after = scene.weather.rain.of_day(scene.place, scene.moment.day - back, since, until)
        tips += np.floor(after / _TIP_MM) - np.floor(before / _TIP_MM)
    rate = scene.weather.rain.intensity(scene.place, scene.moment)
    return {"rainfall": rounded(tips * _TIP_MM, 1), "rain_intensity": rounded(rate, 1)}


#: device kind -> what it measures
SIGNALS: dict[str, Signal] = {
    "air_station": air.air_station,
    "weather_station": weather_station,
    "rain_gauge": rain_gauge,
    "traffic_counter": traffic.traffic_counter,
    "sound_meter": sound.sound_meter,
    "tide_gauge": water.tide_gauge,
    "level_gauge": water.level_gauge,
    "parking_sensor": street.parking_sensor,
    "bin_sensor": street.bin_sensor,
    "lamp_controller": street.lamp_controller,
    "water_probe": river.water_probe,
    "people_counter": people.people_counter,
}


class Signals:
    """The signals of a city's devices.

    The same instant has the same value whatever window is asked for, so that history and live traffic join
    without a step. Values stay inside the observed properties' physical limits and are rounded as sensors do.
    """

    def __init__(self, profile: Profile, seed: int = 1) -> None:
        self.weather = Weather(seed)
        self.offset = standard_offset_hours(profile.time_zone)
        self.limits = {each.code: (each.minimum, each.maximum) for each in profile.observed_properties}

    def values(
        self, thing: Thing, times: NDArray[np.int64], *, every: float | None = None
    ) -> dict[str, Floats]:
        """Measure.

        Args:
            thing: a device of a kind in `SIGNALS`.
            times: int64 microseconds since 1970 UTC, any order, at least one.
            every: a sampling interval in s in place of longer ones; counts and rain are those of an interval.

        Returns:
            For each of the thing's observed properties an array like `times`, in the property's unit; NaN
            where a device has nothing to say (no speed without a vehicle, no direction in a calm).

        Raises:
            ValueError: there is no signal for the thing's kind or one of its observed properties.
        """
        signal = SIGNALS.get(thing.kind)
        if signal is None:
            raise ValueError(
                f"no signal for device kind {thing.kind!r} of {thing.code}: use one of {list(SIGNALS)}"
            )
        scene = Scene(
            weather=self.weather,
            place=Place.of(thing),
            moment=Moment.of(times, self.offset),
            times=times,
            every=every,
        )
        measured = signal(scene)
        if missing := thing.datastreams.keys() - measured.keys():
            raise ValueError(
                f"{thing.code}, a {thing.kind}, measures no {', '.join(sorted(missing))}: remove it"
            )
        return sampling.clip({code: measured[code] for code in thing.datastreams}, self.limits)
