"""A city's devices: gateways in every district, and over them the devices that the simulators speak for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from devices.model import Gateway, Thing
from simulators import draws, tide
from simulators.fleet import Dice, Equipment, equipment
from simulators.sites import Site, read_sites

if TYPE_CHECKING:
    from devices.model import Area, Profile

_DEVICES_PER_GATEWAY = 12
_LEAST_GATEWAYS = 2
_LEVEL = "district"
#: words of an English area name that tell its kind
_KINDS = re.compile(r"[ -]+(city|town|district|ward|commune|special zone)$", re.IGNORECASE)
#: sd of a device's distance from its anchor, degrees
_SCATTER = 0.006


@dataclass(frozen=True)
class _Anchor:
    """A point near which devices stand, and the areas that they then stand in."""

    latitude: float
    longitude: float
    areas: tuple[str, ...]


def populate(profile: Profile, *, seed: int = 1) -> Profile:
    """Add gateways and devices to every district of a profile.

    A district gets at least two gateways with twenty devices in all, near its centre and near the centres of
    the communes that came from it. The largest district also gets the gateway `tour` with the device
    `tour-air`, which nobody simulates: it is for readings published by hand. The same seed gives the same
    city.

    Raises:
        ValueError: the profile has no area of level "district".
    """
    districts = {area.code: area for area in profile.areas if area.level == _LEVEL}
    if not districts:
        raise ValueError(
            f"profile {profile.code} has no area of level {_LEVEL!r}: simulated devices stand in districts"
        )
    sites = read_sites(profile.code)
    gateways = [
        gateway
        for district in districts.values()
        for gateway in _district(profile, district, sites.get(district.code, Site()), seed)
    ]
    largest = max(districts.values(), key=lambda area: area.population or 0)
    return replace(profile, gateways=(*profile.gateways, *gateways, _tour(profile, largest)))


def slug(name: str) -> str:
    """Return an area's English name as a word for codes: without marks, spaces and its kind."""
    # đ is a letter of its own, not a d with a mark
    plain = unicodedata.normalize("NFKD", _short(name).lower().replace("đ", "d")).encode("ascii", "ignore")
    return re.sub(r"[^a-z0-9]+", "-", plain.decode()).strip("-")


def _short(name: str) -> str:
    return _KINDS.sub("", name)


def _district(profile: Profile, district: Area, site: Site, seed: int) -> list[Gateway]:
    anchors = _anchors(profile, district)
    order = [(kind, number) for kind in equipment(site) for number in range(1, kind.number(site) + 1)]
    things = [
        _thing(
            profile, district, anchors[place % len(anchors)], site=site, kind=kind, number=number, seed=seed
        )
        for place, (kind, number) in enumerate(order)
    ]
    things = [thing for thing in things if thing.datastreams]
    number = max(_LEAST_GATEWAYS, -(-len(things) // _DEVICES_PER_GATEWAY))
    return [
        _gateway(district, n + 1, anchors[n % len(anchors)], tuple(things[n::number])) for n in range(number)
    ]


def _anchors(profile: Profile, district: Area) -> list[_Anchor]:
    """Return the district's centre, and the centres of the communes that took most of their land from it."""
    communes = [
        area for area in profile.areas if area.level == "commune" and district.code in area.predecessors[:1]
    ]
    points = [_Anchor(area.latitude, area.longitude, (district.code, area.code)) for area in communes]
    nearest = min(
        points,
        key=lambda point: np.hypot(point.latitude - district.latitude, point.longitude - district.longitude),
        default=_Anchor(district.latitude, district.longitude, (district.code,)),
    )
    return [_Anchor(district.latitude, district.longitude, nearest.areas), *points]


def _thing(
    profile: Profile, district: Area, anchor: _Anchor, *, site: Site, kind: Equipment, number: int, seed: int
) -> Thing:
    code = f"{slug(district.name_en)}-{kind.word}-{number}"
    latitude, longitude = _scatter(anchor, code, seed)
    return Thing(
        code=code,
        name=f"{_short(district.name_en)} {kind.name} {number}",
        kind=kind.kind,
        latitude=latitude,
        longitude=longitude,
        datastreams=_intervals(profile, kind.properties),
        areas=anchor.areas,
        properties=_climate(site)
        | kind.facts(site, number, Dice(f"{seed}/{code}"))
        | (tide.facts(longitude) if "sea_level" in kind.properties else {}),
    )


def _climate(site: Site) -> dict[str, Any]:
    return {"inland": site.inland, "altitude": site.altitude, "rain_factor": site.rain_factor}


def _scatter(anchor: _Anchor, code: str, seed: int) -> tuple[float, float]:
    north, east = draws.normal(draws.key(seed, code, "place"), np.arange(2)) * _SCATTER
    return round(anchor.latitude + float(north), 5), round(anchor.longitude + float(east), 5)


def _intervals(profile: Profile, codes: tuple[str, ...]) -> dict[str, int]:
    """Return the profile's own sampling intervals of those observed properties that it declares."""
    declared = {each.code: each.sampling_interval_s for each in profile.observed_properties}
    return {code: declared[code] for code in codes if code in declared}


def _gateway(district: Area, number: int, anchor: _Anchor, things: tuple[Thing, ...]) -> Gateway:
    return Gateway(
        code=f"{slug(district.name_en)}-{number}",
        name=f"{_short(district.name_en)} gateway {number}",
        latitude=anchor.latitude,
        longitude=anchor.longitude,
        areas=anchor.areas,
        things=things,
    )


def _tour(profile: Profile, district: Area) -> Gateway:
    anchor = _anchors(profile, district)[0]
    air = Thing(
        code="tour-air",
        name="Air station of the five-minute tour",
        kind="air_station",
        latitude=anchor.latitude,
        longitude=anchor.longitude,
        datastreams=_intervals(profile, ("pm2_5", "pm10", "air_temperature")),
        areas=(),
        properties={"simulated": False},
    )
    # It counts for no area: what is published by hand is no part of a district's numbers.
    gateway = _gateway(district, 0, anchor, (air,))
    return replace(gateway, code="tour", name="For the five-minute tour", areas=())
