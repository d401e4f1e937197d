"""What a district is equipped with: device kinds, how many, and each device's static facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulators import draws

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.sites import Site


@dataclass(frozen=True)
class Dice:
    """Random numbers of one device, by name."""

    stream: str

    def between(self, name: str, low: float, high: float) -> float:
        """Draw from a range."""
        chance = draws.uniform(draws.key(self.stream, name), np.zeros(1, np.int64))[0]
        return float(low + (high - low) * chance)

    def around(self, name: str, value: float, share: float) -> float:
        """Draw within ± a share of a value."""
        return value * self.between(name, 1 - share, 1 + share)


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """A kind of device: its word in codes, its name, how many a district of scale 1 has, what it measures."""

    kind: str
    word: str
    name: str
    count: int
    properties: tuple[str, ...]
    #: (site, number of the device within its kind from 1, dice) -> static facts
    facts: Callable[[Site, int, Dice], dict[str, Any]]
    #: whether the number grows with the district
    scales: bool = True

    def number(self, site: Site) -> int:
        """Return how many devices of this kind the district has."""
        return round(self.count * site.scale) if self.scales else self.count


def _air(site: Site, number: int, dice: Dice) -> dict[str, Any]:
    return {
        "instrument": "optical" if number % 3 == 2 else "reference",
        "fine_dust": round(dice.around("dust", site.fine_dust, 0.08), 2),
        "coal": site.coal,
        "urban": round(dice.around("urban", site.urban, 0.15), 2),
    }


def _traffic(site: Site, number: int, dice: Dice) -> dict[str, Any]:
    # the first counter stands on the main street, every third one on a national road
    national = number % 3 == 0
    share = 0.55 if national else 1.0 if number == 1 else 0.45
    free_flow = dice.between("free_flow", 60, 75) if national else dice.between("free_flow", 40, 50)
    vehicles = dice.around("vehicles", site.vehicles_per_day * share, 0.15)
    return {
        "road": "national" if national else "main_street" if number == 1 else "street",
        "free_flow_speed": round(free_flow),
        "lanes": max(1, round(vehicles / 9000)),
        "length_km": round(dice.between("length", 0.4, 2.5), 2),
        "green_share": 0.9 if national else 0.45,
        "vehicles_per_day": round(vehicles),
        "motorcycle_share": round(
            dice.between("motorcycles", 48, 58) if national else dice.between("m", 70, 80)
        ),
        "heavy_share": round((18 + 8 * site.coal) if national else 3 + 3 * site.coal),
        "tourist": site.tourist,
    }


def _sound(_site: Site, number: int, dice: Dice) -> dict[str, Any]:
    kinds = {"main_road": 72.0, "residential": 61.0, "market": 68.0, "park": 49.0}
    site = list(kinds)[(number - 1) % len(kinds)]
    return {"site": site, "day_level": round(dice.around("level", kinds[site], 0.04), 1)}


def _river(site: Site, _number: int, dice: Dice) -> dict[str, Any]:
    base = round(dice.between("base", 0.8, 1.6), 2)
    return {
        "datum": "station zero",
        "alert_levels": {
            "levels": [round(base + above, 2) for above in (1.5, 2.5, 3.5)],
            "datum": "station zero",
            "source": "made up for the simulated river",
        },
        "base": base,
        "tide_factor": site.tide_factor,
        "rise_per_mm_h": round(dice.between("rise", 0.11, 0.2), 3),
    }


def _parking(site: Site, number: int, dice: Dice) -> dict[str, Any]:
    tourist = site.tourist >= 0.3 and number % 2 == 0
    spaces = dice.between("spaces", 120, 400) if tourist else dice.between("spaces", 30, 120) * site.scale
    return {"lot": "tourist" if tourist else "town", "capacity": round(spaces / 5) * 5}


def _bin(site: Site, _number: int, dice: Dice) -> dict[str, Any]:
    return {
        "litres": 240 if dice.between("size", 0, 1) < 0.5 else 660,
        "fill_per_day": round(dice.between("fill", 25, 60)),
        "tourist": site.tourist,
    }


def _lamps(site: Site, _number: int, dice: Dice) -> dict[str, Any]:
    lamps = round(dice.between("lamps", 25, 60))
    return {
        "lamps": lamps,
        # a lamp every 35 m
        "lit_km": round(0.035 * lamps, 2),
        "lamp_watts": 100 if site.urban < 0.5 else 150,
        "lamp": "LED",
    }


def _probe(site: Site, _number: int, dice: Dice) -> dict[str, Any]:
    # Streams from coal mines are acid.
    return {
        "ph": round(dice.around("ph", 7.3 - 1.2 * site.coal, 0.03), 2),
        "cod": round(dice.between("cod", 8, 12 + 14 * site.urban), 1),
        "ammonium_n": round(dice.between("ammonium", 0.08, 0.2 + 0.6 * site.urban), 2),
        "nitrate_n": round(dice.between("nitrate", 0.6, 3.0), 2),
        "phosphate_p": round(dice.between("phosphate", 0.03, 0.05 + 0.15 * site.urban), 3),
        "water_body": "river",
        # An automatic station: acidity and organic matter, no microbes.
        "wqi_min_groups": 2,
    }


def _people(site: Site, _number: int, dice: Dice) -> dict[str, Any]:
    visits = dice.between("visits", 300, 900) * site.scale * (1 + 2 * site.tourist)
    return {
        "visits_per_day": round(visits / 10) * 10,
        "stay_h": round(dice.between("stay", 0.5, 2.0), 1),
        "tourist": site.tourist,
        "area_m2": round(dice.between("size", 800, 6000) / 100) * 100,
        "closing_hour": 3,
    }


def _none(_site: Site, _number: int, _dice: Dice) -> dict[str, Any]:
    return {}


_TRAFFIC = ("traffic_flow", "traffic_speed", "traffic_occupancy", "motorcycle_share", "heavy_share")
_WEATHER = (
    "air_temperature",
    "relative_humidity",
    "air_pressure",
    "wind_speed",
    "wind_gust",
    "wind_direction",
)
_WATER = (
    "water_temperature",
    "water_ph",
    "dissolved_oxygen",
    "turbidity",
    "cod",
    "ammonium_n",
    "nitrate_n",
    "phosphate_p",
)

# fmt: off
DISTRICT = (
    Equipment(kind="air_station", word="air", name="air station", count=1, facts=_air,
              properties=("pm2_5", "pm10", "no2", "o3", "so2", "co")),
    Equipment(kind="weather_station", word="weather", name="weather station", count=1, facts=_none,
              properties=_WEATHER),
    Equipment(kind="rain_gauge", word="rain", name="rain gauge", count=3, facts=_none,
              properties=("rainfall",)),
    Equipment(kind="traffic_counter", word="traffic", name="traffic counter", count=3, facts=_traffic,
              properties=_TRAFFIC),
    Equipment(kind="sound_meter", word="noise", name="noise meter", count=2, facts=_sound,
              properties=("sound_laeq", "sound_lamax")),
    Equipment(kind="level_gauge", word="river", name="river gauge", count=1, facts=_river, scales=False,
              properties=("river_level",)),
    Equipment(kind="parking_sensor", word="parking", name="car park", count=2, facts=_parking,
              properties=("parking_occupied", "parking_capacity")),
    Equipment(kind="bin_sensor", word="bin", name="waste bin", count=4, facts=_bin, properties=("bin_fill",)),
    Equipment(kind="lamp_controller", word="light", name="street-light cabinet", count=3, facts=_lamps,
              properties=("lamp_state", "lamp_power", "electric_energy")),
    Equipment(kind="water_probe", word="water", name="water quality station", count=1, facts=_probe,
              scales=False, properties=_WATER),
    Equipment(kind="people_counter", word="people", name="people counter", count=1, facts=_people,
              properties=("people_in", "people_out")),
)
COAST = Equipment(kind="tide_gauge", word="tide", name="tide gauge", count=1, scales=False,
                  facts=_none,
                  properties=("sea_level",))
# fmt: on


def equipment(site: Site) -> tuple[Equipment, ...]:
    """Return what a district has."""
    return (*DISTRICT, COAST) if site.coast else DISTRICT
