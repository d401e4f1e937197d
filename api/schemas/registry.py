"""Areas, things, datastreams, observed properties, gateways."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from api.schemas.common import Model, ObservationValue, QualityName
from api.schemas.fields import Link
from api.schemas.installations import FormerPlace

State = Literal["online", "silent", "offline", "never_heard"]

STATE_TEXT = (
    "`online`; `silent`: no message for two heartbeats; `offline`: it or its Last Will said so and no "
    "message followed; `never_heard`: registered, but nothing has come yet."
)


class Area(Model):
    """An administrative unit. A code may pass to another unit, so the dates belong to its identity."""

    code: str
    parent: str | None
    level: str
    kind: str
    name_en: str
    name_vi: str
    population: int | None
    population_source: str | None
    area_km2: float | None = Field(description="km²")
    latitude: float = Field(description="Degrees, WGS 84.")
    longitude: float = Field(description="Degrees, WGS 84.")
    reporting: bool = Field(description="Indicators are computed for it.")
    valid_from: date = Field(description="First day in force.")
    valid_to: date | None = Field(description="First day on which it is no longer in force.")
    boundary_source: str | None = Field(description="`schematic`: computed from the centres, not surveyed.")
    boundary: dict[str, Any] | None = Field(default=None, description="GeoJSON geometry, WGS 84.")


class RelatedArea(Model):
    """A unit that an area came from or went into."""

    code: str
    name_en: str
    name_vi: str
    valid_from: date
    valid_to: date | None
    is_main: bool = Field(description="The successor took most of its land from this predecessor.")
    share: float | None = Field(
        description="Share of the predecessor's land that went into the successor, 0 to 1; null: not known."
    )


class AreaDetail(Area):
    """An area with its neighbours in time."""

    predecessors: list[RelatedArea]
    successors: list[RelatedArea]


class AreaFeature(Model):
    """An area as a GeoJSON feature (RFC 7946)."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]


class AreaFeatures(Model):
    """Areas as a GeoJSON feature collection (RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[AreaFeature]


class Thing(Model):
    """A device."""

    code: str
    name: str
    kind: str
    gateway: str
    latitude: float
    longitude: float
    enabled: bool
    areas: list[str] = Field(description="Codes of every area it counts for, ancestors included.")
    properties: dict[str, Any]
    tags: list[str]


class Datastream(Model):
    """What one thing measures: one observed property."""

    id: int
    thing: str
    observed_property: str
    unit: str = Field(description="UCUM")
    sampling_interval_s: int
    enabled: bool
    tags: list[str]


class ThingDatastream(Datastream):
    """A datastream with its newest observation."""

    latest: ObservationValue | None


class ThingDetail(Thing):
    """A device with its datastreams."""

    links: list[Link]
    datastreams: list[ThingDatastream]


class Latest(Model):
    """The newest observation of a datastream."""

    datastream_id: int
    thing: str
    observed_property: str
    unit: str = Field(description="UCUM")
    time: datetime
    value: float
    quality: QualityName


class ObservedProperty(Model):
    """What is measured."""

    code: str
    name_en: str
    name_vi: str
    unit: str = Field(description="UCUM")
    minimum: float = Field(description="Physical limit: a value below it is stored as suspect.")
    maximum: float = Field(description="Physical limit: a value above it is stored as suspect.")
    aggregation: str = Field(description="How values over a time become one.")
    sampling_interval_s: int
    device_kind: str
    cf_standard_name: str | None = Field(description="Name in the CF conventions, where there is one.")


class Gateway(Model):
    """A gateway and how it is doing."""

    code: str
    name: str
    state: State = Field(description=STATE_TEXT)
    latitude: float
    longitude: float
    areas: list[str]
    things: int = Field(description="Devices that hang on it.")
    heartbeat_s: int
    enabled: bool
    tags: list[str]
    last_seen: datetime | None = Field(description="When its last message of any kind came.")
    status_at: datetime | None = Field(
        description="When it, or its Last Will, last told whether it is online."
    )
    started: datetime | None
    firmware: str | None
    messages: int = Field(description="Messages taken from it.")
    committed_seq: int | None = Field(description="Everything up to this `seq` is stored.")
    seq_gaps: int = Field(description="Ranges of `seq` that have not come.")


class StatusChange(Model):
    """A change between online and offline."""

    time: datetime
    online: bool
    firmware: str | None


class GatewayDetail(Gateway):
    """A gateway with its last changes."""

    places: list[FormerPlace] = Field(description="Where it stood before, the first place first.")
    links: list[Link]
    history: list[StatusChange] = Field(description="The last 50 changes, the newest first.")


AREA: dict[str, Any] = {
    "code": "193",
    "parent": "22",
    "level": "district",
    "kind": "city",
    "name_en": "Ha Long City",
    "name_vi": "Thành phố Hạ Long",
    "population": 322710,
    "population_source": "Population and Housing Census 2019",
    "area_km2": 1119.12,
    "latitude": 21.0904,
    "longitude": 107.0289,
    "reporting": True,
    "valid_from": "2020-01-01",
    "valid_to": "2025-07-01",
    "boundary_source": "schematic",
    "boundary": None,
}
_RING = [[106.9, 21.0], [107.2, 21.0], [107.2, 21.2], [106.9, 21.2], [106.9, 21.0]]
POLYGON: dict[str, Any] = {"type": "Polygon", "coordinates": [_RING]}
AREA_DETAIL: dict[str, Any] = AREA | {
    "boundary": POLYGON,
    "predecessors": [],
    "successors": [
        {
            "code": "06652",
            "name_en": "Ha Tu Ward",
            "name_vi": "Phường Hà Tu",
            "valid_from": "2025-07-01",
            "valid_to": None,
            "is_main": True,
            "share": None,
        }
    ],
}
FEATURES: dict[str, Any] = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "193",
            "geometry": POLYGON,
            "properties": {name: value for name, value in AREA.items() if name != "boundary"},
        }
    ],
}
THING: dict[str, Any] = {
    "code": "ha-long-air-1",
    "name": "Air station Bai Chay",
    "kind": "air_station",
    "gateway": "ha-long-1",
    "latitude": 20.961,
    "longitude": 107.046,
    "enabled": True,
    "areas": ["193", "22"],
    "properties": {"height_m": 4},
    "tags": ["near-school", "reference"],
}
LINK: dict[str, Any] = {
    "kind": "photo",
    "title": "Mast, from the south",
    "url": "https://photos.example.vn/ha-long-1.jpg",
}
DATASTREAM: dict[str, Any] = {
    "id": 1,
    "thing": "ha-long-air-1",
    "observed_property": "pm2_5",
    "unit": "ug/m3",
    "sampling_interval_s": 300,
    "enabled": True,
    "tags": [],
}
OBSERVATION: dict[str, Any] = {"time": "2026-11-22T01:00:00Z", "value": 31.2, "quality": "good"}
THING_DETAIL: dict[str, Any] = THING | {"links": [], "datastreams": [DATASTREAM | {"latest": OBSERVATION}]}
LATEST: dict[str, Any] = {
    "datastream_id": 1,
    "thing": "ha-long-air-1",
    "observed_property": "pm2_5",
    "unit": "ug/m3",
} | OBSERVATION
PROPERTY: dict[str, Any] = {
    "code": "pm2_5",
    "name_en": "PM2.5 mass concentration",
    "name_vi": "Bụi mịn PM2.5",
    "unit": "ug/m3",
    "minimum": 0,
    "maximum": 1000,
    "aggregation": "mean",
    "sampling_interval_s": 300,
    "device_kind": "air_station",
    "cf_standard_name": "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air",
}
GATEWAY: dict[str, Any] = {
    "code": "ha-long-1",
    "name": "Ha Long 1",
    "state": "online",
    "latitude": 20.961,
    "longitude": 107.046,
    "areas": ["193", "22"],
    "things": 12,
    "heartbeat_s": 300,
    "enabled": True,
    "tags": ["solar"],
    "last_seen": "2026-11-22T01:00:03Z",
    "status_at": "2026-11-20T22:10:00Z",
    "started": "2026-11-20T22:09:48Z",
    "firmware": "1.4.2",
    "messages": 4711,
    "committed_seq": 4710,
    "seq_gaps": 0,
}
GATEWAY_DETAIL: dict[str, Any] = GATEWAY | {
    "links": [LINK],
    "places": [],
    "history": [{"time": "2026-11-20T22:10:00Z", "online": True, "firmware": "1.4.2"}],
}
