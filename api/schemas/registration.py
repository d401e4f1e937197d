"""Entries of the registry, as they are managed one by one."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import if_given
from api.schemas.fields import (
    KNOWN_BY,
    MOST_ROWS,
    OFFSET_TIME,
    Areas,
    Code,
    DevEui,
    Instant,
    Latitude,
    Link,
    Links,
    Longitude,
    Name,
    Properties,
    Seconds,
    Tags,
    Versioned,
)
from api.schemas.registry import LINK, PROPERTY


class GatewayChange(BaseModel):
    """Fields of a gateway to change; the others stay."""

    model_config = KNOWN_BY

    name: Name = if_given()
    latitude: Latitude = if_given()
    longitude: Longitude = if_given()
    areas: Areas = if_given()
    heartbeat_s: Seconds = if_given("It is silent after two heartbeats; 300 if left out.")
    enabled: bool = if_given("False: it cannot log in, and what it sends is refused.")
    properties: Properties = if_given()
    tags: Tags = if_given()
    links: Links = if_given()


class NewGateway(GatewayChange):
    """A gateway to register."""

    code: Code
    name: Name
    latitude: Latitude
    longitude: Longitude
    areas: Areas


class RegisteredGateway(Versioned):
    """A gateway as it is registered."""

    code: str
    name: str
    latitude: float
    longitude: float
    areas: list[str]
    heartbeat_s: int
    enabled: bool
    properties: dict[str, Any]
    tags: list[str]
    links: list[Link]
    created_at: datetime


class ThingChange(BaseModel):
    """Fields of a thing to change; the others stay."""

    model_config = KNOWN_BY

    gateway: Code = if_given("The gateway that it hangs on.")
    name: Name = if_given()
    kind: Code = if_given("For example `air_station`.")
    latitude: Latitude = if_given()
    longitude: Longitude = if_given()
    areas: Areas = if_given()
    properties: Properties = if_given()
    tags: Tags = if_given()
    links: Links = if_given()
    model: Code | None = Field(default=None, description="Code of its LoRaWAN device model.")
    dev_eui: DevEui | None = Field(default=None, description="Its LoRaWAN DevEUI.")
    enabled: bool = if_given("False: what it sends is refused.")


class NewThing(ThingChange):
    """A thing to register. What it measures are its datastreams."""

    code: Code
    gateway: Code
    name: Name
    kind: Code
    latitude: Latitude
    longitude: Longitude
    areas: Areas


class RegisteredThing(Versioned):
    """A thing as it is registered."""

    code: str
    gateway: str
    name: str
    kind: str
    latitude: float
    longitude: float
    areas: list[str]
    properties: dict[str, Any]
    tags: list[str]
    links: list[Link]
    model: str | None
    dev_eui: str | None
    enabled: bool
    created_at: datetime


class DatastreamChange(BaseModel):
    """Fields of a datastream to change; the others stay."""

    model_config = KNOWN_BY

    sampling_interval_s: Seconds = if_given("The observed property's if left out.")
    enabled: bool = if_given("False: what is sent for it is refused.")
    tags: Tags = if_given()


class NewDatastream(DatastreamChange):
    """An observed property that a thing is to measure."""

    thing: Code
    observed_property: Code


class RegisteredDatastream(Versioned):
    """A datastream as it is registered."""

    id: int
    thing: str
    observed_property: str
    sampling_interval_s: int
    enabled: bool
    tags: list[str]


class ObservedPropertyChange(BaseModel):
    """Fields of an observed property to change; the others stay."""

    model_config = KNOWN_BY

    name_en: Name = if_given()
    name_vi: Name = if_given()
    unit: Annotated[str, Field(pattern="^[!-~]{1,40}$")] = if_given(
        "UCUM. It stays as soon as anything measures it."
    )
    minimum: float = if_given("Physical limit: a value below it is stored as suspect.")
    maximum: float = if_given("Physical limit: a value above it is stored as suspect.")
    aggregation: Code = if_given("How values over a time become one, for example `mean`.")
    sampling_interval_s: Seconds = if_given()
    device_kind: Code = if_given()
    cf_standard_name: Name | None = Field(default=None, description="Name in the CF conventions.")


class NewObservedProperty(ObservedPropertyChange):
    """An observed property to register."""

    code: Code
    name_en: Name
    name_vi: Name
    unit: Annotated[str, Field(pattern="^[!-~]{1,40}$", description="UCUM")]
    minimum: float
    maximum: float
    aggregation: Code
    sampling_interval_s: Seconds
    device_kind: Code


class RegisteredObservedProperty(Versioned):
    """An observed property as it is registered."""

    code: str
    name_en: str
    name_vi: str
    unit: str
    minimum: float
    maximum: float
    aggregation: str
    sampling_interval_s: int
    device_kind: str
    cf_standard_name: str | None


class CalibrationChange(BaseModel):
    """Fields of a calibration to change; the others stay."""

    model_config = ConfigDict(extra="forbid")

    valid_from: Instant = if_given(OFFSET_TIME)
    valid_to: Instant | None = Field(default=None, description="Not included; null: no end.")
    gain: float = if_given("Factor of the value as measured, not 0; 1 if left out.")
    offset: float = if_given("Added after that, in the observed property's unit; 0 if left out.")
    reference: Annotated[str, Field(pattern=r"\S", max_length=2000)] = if_given(
        "Certificate, colocation or reason."
    )


class NewCalibration(CalibrationChange):
    """A calibration to record: indicators use gain · value + offset; observations stay as measured."""

    datastream: Annotated[int, Field(ge=1, le=MOST_ROWS, description="Number of the datastream.")]
    valid_from: Annotated[Instant, Field(description=OFFSET_TIME)]
    reference: Annotated[
        str, Field(pattern=r"\S", max_length=2000, description="Certificate, colocation or reason.")
    ]


class Calibration(Versioned):
    """A calibration: indicators use gain · value + offset for valid_from <= time < valid_to."""

    id: int
    datastream: int
    thing: str
    observed_property: str
    valid_from: datetime
    valid_to: datetime | None = Field(description="Null: no end.")
    gain: float
    offset: float = Field(description="In the observed property's unit.")
    reference: str
    recorded_at: datetime


_VERSION: dict[str, Any] = {"version": 1, "changed_at": "2026-11-20T00:00:00Z"}
_CREATED: dict[str, Any] = {"created_at": "2026-11-20T00:00:00Z"}
GATEWAY: dict[str, Any] = {
    "code": "ha-long-1",
    "name": "Ha Long 1",
    "latitude": 20.961,
    "longitude": 107.046,
    "areas": ["193"],
    "heartbeat_s": 300,
    "enabled": True,
    "properties": {},
    "tags": ["solar"],
    "links": [LINK],
    **_CREATED,
    **_VERSION,
}
THING: dict[str, Any] = {
    "code": "ha-long-air-1",
    "gateway": "ha-long-1",
    "name": "Air station Bai Chay",
    "kind": "air_station",
    "latitude": 20.961,
    "longitude": 107.046,
    "areas": ["06652", "193"],
    "properties": {"height_m": 4},
    "tags": ["near-school", "reference"],
    "links": [],
    "model": None,
    "dev_eui": None,
    "enabled": True,
    **_CREATED,
    **_VERSION,
}
DATASTREAM: dict[str, Any] = {
    "id": 1,
    "thing": "ha-long-air-1",
    "observed_property": "pm2_5",
    "sampling_interval_s": 300,
    "enabled": True,
    "tags": [],
    **_VERSION,
}
OBSERVED_PROPERTY: dict[str, Any] = PROPERTY | _VERSION
CALIBRATION: dict[str, Any] = {
    "id": 1,
    "datastream": 1,
    "thing": "ha-long-air-1",
    "observed_property": "pm2_5",
    "valid_from": "2026-11-01T00:00:00Z",
    "valid_to": None,
    "gain": 0.92,
    "offset": 0.0,
    "reference": "certificate K-114",
    "recorded_at": "2026-11-02T03:00:00Z",
    **_VERSION,
}
