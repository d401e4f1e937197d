"""The registry's records, in OGC SensorThings terms: frozen values without I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date  # noqa: TC003  (dataclass fields are resolved at run time by msgspec)
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from devices.alert_rules import AlertRule

#: Of areas, from the whole to the parts: an area's parent is of an earlier level.
LEVELS = ("province", "district", "commune")
CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
#: told of a gateway that is not registered
HOW_TO_REGISTER = "`halong gateways create` registers it, `halong devices list` shows which are"
#: The broker's user that halong's own services log in as; it may publish and read everything.
PLATFORM_USER = "halong"
#: The broker's user that consoles and sirens log in as; it may read alerts and nothing else.
ALERT_READER = "alerts"
#: The broker's user that the broker for browsers logs in as; it may read what gateways publish.
BROWSERS = "browsers"
#: client ids of ingest (HALONG_INGEST_CLIENT_ID) and of what it has beside its queue
_INGEST_ID = re.compile(r"ingest-[0-9]+(-(stats|feedback))?")


def is_code(text: str) -> bool:
    """Tell whether `text` may name a gateway, a device or an observed property (wire contract, Topics)."""
    return CODE.fullmatch(text) is not None


def is_reserved(code: str) -> bool:
    """Tell whether halong itself goes by this name at the broker.

    As user name it would give a gateway the rights of another user; as client id, the queue of ingest.
    """
    return code in {PLATFORM_USER, ALERT_READER, BROWSERS} or _INGEST_ID.fullmatch(code) is not None


def reserved_text(code: str) -> str:
    """Say that a gateway may not have a reserved code."""
    return f"{code!r} is a name of halong's own at the broker, which a gateway may not have: rename it"


def user_names(code: str) -> tuple[str, str]:
    """Return the two user names at the broker under which a gateway may have a password at a time."""
    return code, f"{code}~2"


class Quality(IntEnum):
    """Quality flag of an observation, kept beside its value and never in its place."""

    GOOD = 0
    #: outside the observed property's physical limits
    SUSPECT = 1


@dataclass(frozen=True, kw_only=True)
class Area:
    """An administrative unit, in force from `valid_from` up to but not including `valid_to`."""

    code: str
    parent: str | None
    level: str
    kind: str
    name_en: str
    name_vi: str
    latitude: float
    longitude: float
    valid_from: date
    valid_to: date | None = None
    population: int | None = None
    population_source: str | None = None
    area_km2: float | None = None
    boundary: dict[str, Any] | None = None
    boundary_source: str | None = None
    reporting: bool = False
    #: codes of the units that it came from; the first one gave most of its land
    predecessors: tuple[str, ...] = ()
    #: of each predecessor's land the share that went into it, in their order; none where that is not known
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ObservedProperty:
    """What is measured: UCUM unit, physical limits, and how values are aggregated over time."""

    code: str
    name_en: str
    name_vi: str
    unit: str
    minimum: float
    maximum: float
    aggregation: str
    sampling_interval_s: int
    device_kind: str
    cf_standard_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A device. It has one datastream for each observed property."""

    code: str
    name: str
    kind: str
    latitude: float
    longitude: float
    #: observed property code -> sampling interval in seconds
    datastreams: dict[str, int]
    #: codes of the areas it stands in; their ancestors follow by themselves
    areas: tuple[str, ...]
    properties: dict[str, Any] = field(default_factory=dict)
    #: code of the device model that says what the fields of its LoRaWAN payload are
    model: str | None = None
    #: its LoRaWAN identifier, 16 lower-case hexadecimal digits
    dev_eui: str | None = None


class FieldMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A field of a decoded LoRaWAN payload: value x factor + offset is in the observed property's unit."""

    property: str
    #: what a payload that names the unit of this value must say, letter by letter
    unit: str | None = None
    factor: float = 1.0
    offset: float = 0.0
    #: a number in quotation marks is taken for a number
    text: bool = False


@dataclass(frozen=True, kw_only=True)
class DeviceModel:
    """What a LoRaWAN device's payload codec gives, by path in the decoded object (`a.b`, `a[0]`)."""

    code: str
    name: str
    fields: dict[str, FieldMapping]
    #: paths that are not stored, with all below them; `*`: every one that has no mapping
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Who holds an MQTT connection: its code is its user name, its client id and its topic level."""

    code: str
    name: str
    latitude: float
    longitude: float
    areas: tuple[str, ...]
    things: tuple[Thing, ...]
    heartbeat_s: int = 300


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A city as data: everything that `halong devices import` writes to the registry."""

    code: str
    name_en: str
    name_vi: str
    time_zone: str
    areas: tuple[Area, ...]
    observed_properties: tuple[ObservedProperty, ...]
    gateways: tuple[Gateway, ...] = ()
    device_models: tuple[DeviceModel, ...] = ()
    alert_rules: tuple[AlertRule, ...] = ()
    #: anything else that is told of the city: latitude and longitude of its centre …
    properties: dict[str, Any] = field(default_factory=dict)
