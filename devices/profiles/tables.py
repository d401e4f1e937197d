"""The files of a profile, read into typed rows that remember where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from devices.alert_rules import AlertRule, RuleError
from devices.alert_rules import check as check_rule
from devices.labels import LabelError, Link, tags_in_order
from devices.model import Area, DeviceModel, FieldMapping, Gateway, ObservedProperty, Thing
from devices.open_data import OpenDataError, read_open_data
from devices.profiles.rows import ProfileError, Row, read_rows, text_of
from devices.quality import QualityRulesError, read_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

T = TypeVar("T")

#: of rows, what is no part of a profile: devices.bulk sees to it
_SET_APART = ("enabled", "tags", "links")
_DATASTREAM = re.compile(r"([^:#]+)(?::(0*[1-9][0-9]*))?(?::(on|off))?((?:#[^#]*)*)")


@dataclass(frozen=True, kw_only=True)
class City:
    """city.json."""

    code: str
    name_en: str
    name_vi: str
    time_zone: str
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True)
class GatewayRow:
    """A row of gateways.csv."""

    code: str
    name: str
    latitude: float
    longitude: float
    areas: tuple[str, ...]
    heartbeat_s: int = 300
    #: None: not said, so that an import leaves it as it is
    enabled: bool | None = None
    properties: dict[str, Any] | None = None
    tags: tuple[str, ...] | None = None
    links: tuple[Link, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class ThingRow:
    """A row of things.csv: `datastreams` are property codes, with `:seconds`, `:off`, `#tag` where wanted."""

    gateway: str
    code: str
    name: str
    kind: str
    latitude: float
    longitude: float
    areas: tuple[str, ...]
    datastreams: tuple[str, ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    dev_eui: str | None = None
    enabled: bool | None = None
    tags: tuple[str, ...] | None = None
    links: tuple[Link, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class DatastreamCell:
    """A word of the cell `datastreams`; None: not said, so that an import leaves it as it is."""

    code: str
    seconds: int | None
    enabled: bool | None
    tags: tuple[str, ...] | None

    @property
    def settings(self) -> dict[str, Any]:
        """What devices.bulk sees to, as the registry has it."""
        said = {"enabled": self.enabled, "tags": None if self.tags is None else list(self.tags)}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Tables:
    """Everything that a profile's folder says, row by row."""

    city: City
    areas: list[Row[Area]]
    observed_properties: list[Row[ObservedProperty]]
    gateways: list[Row[GatewayRow]]
    things: list[Row[ThingRow]]
    device_models: list[DeviceModel] = field(default_factory=list)
    alert_rules: list[AlertRule] = field(default_factory=list)
    #: observed property -> test -> parameters, in place of the usual ones
    quality_rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: as devices.open_data.read_open_data takes it
    open_data: dict[str, Any] = field(default_factory=dict)
    #: of rows that could not be read, by file
    unread: dict[str, list[ProfileError]] = field(default_factory=dict)

    @cached_property
    def codes(self) -> dict[str, frozenset[str] | None]:
        """The codes of each table's rows; None where some could not be read, and may be among them."""
        tables: dict[str, list[Row[Any]]] = {
            "areas.csv": self.areas,
            "observed_properties.csv": self.observed_properties,
            "gateways.csv": self.gateways,
        }
        return {
            file: None if file in self.unread else frozenset(row.record.code for row in rows)
            for file, rows in tables.items()
        }

    def assembled_gateways(self) -> tuple[Gateway, ...]:
        """Return the gateways with their things, in the order of the files."""
        things: dict[str, list[Thing]] = {}
        for row in self.things:
            things.setdefault(row.record.gateway, []).append(self._thing(row))
        return tuple(
            Gateway(
                **_values(row.record, "properties", *_SET_APART),
                things=tuple(things.get(row.record.code, ())),
            )
            for row in self.gateways
        )

    def _thing(self, row: Row[ThingRow]) -> Thing:
        values = _values(row.record, "gateway", *_SET_APART)
        usual = {each.record.code: each.record.sampling_interval_s for each in self.observed_properties}
        values["datastreams"] = {cell.code: cell.seconds or usual[cell.code] for cell in datastreams(row)}
        return Thing(**values)


def datastreams(row: Row[ThingRow]) -> Iterator[DatastreamCell]:
    """Yield what each word of the cell `datastreams` says.

    Raises:
        ProfileError: a word is of another form, or a tag in it is none.
    """
    for word in row.record.datastreams:
        found = _DATASTREAM.fullmatch(word)
        if found is None:
            form = "`property` or `property:seconds`, with `:off` or `#tag` after it"
            raise row.error("datastreams", f"{word!r} is not {form}")
        code, seconds, switch, tags = found.groups()
        yield DatastreamCell(
            code=code,
            seconds=int(seconds) if seconds else None,
            enabled=switch == "on" if switch else None,
            tags=_tags(row, tags.split("#")[1:]) if tags else None,
        )


def _tags(row: Row[Any], words: Sequence[str]) -> tuple[str, ...]:
    try:
        return tags_in_order([word for word in words if word])
    except LabelError as error:
        raise row.error("datastreams", str(error)) from error


def read_tables(folder: Path) -> Tables:
    """Read a profile's folder; city.json, areas.csv and observed_properties.csv must be there.

    Raises:
        ProfileError: a file is missing or not UTF-8, or a cell is not of its column's type.
    """
    unread: dict[str, list[ProfileError]] = {}
    return Tables(
        city=read_city("city.json", text_of(folder / "city.json")),
        areas=read_rows(folder / "areas.csv", Area, unread, absent=("boundary", "boundary_source")),
        observed_properties=read_rows(folder / "observed_properties.csv", ObservedProperty, unread),
        gateways=read_rows(folder / "gateways.csv", GatewayRow, unread, optional=True),
        things=read_rows(folder / "things.csv", ThingRow, unread, optional=True),
        device_models=[
            read_model(f"lorawan/{path.name}", path.stem, text_of(path))
            for path in sorted((folder / "lorawan").glob("*.json"))
        ],
        alert_rules=read_alert_rules("alert_rules.json", _text_or(folder / "alert_rules.json", "[]")),
        quality_rules=read_quality_rules("quality_rules.json", _text_or(folder / "quality_rules.json", "{}")),
        open_data=_publication(folder / "open_data.json"),
        unread=unread,
    )


class _ModelFile(msgspec.Struct, forbid_unknown_fields=True):
    """lorawan/CODE.json."""

    name: str
    fields: dict[str, FieldMapping]
    ignored: tuple[str, ...] = ()


def read_model(place: str, code: str, text: str) -> DeviceModel:
    """Return a device model from JSON; `place` is what errors call the file."""
    found = _decoded(place, text, _ModelFile)
    return DeviceModel(code=code, name=found.name, fields=found.fields, ignored=found.ignored)


def read_alert_rules(place: str, text: str) -> list[AlertRule]:
    """Return rules of alerts from JSON."""
    found = _decoded(place, text, list[AlertRule])
    for number, rule in enumerate(found):
        try:
            check_rule(rule)
        except RuleError as error:
            raise ProfileError(f"{place}, rule {number + 1}, {error}") from error
    return found


def read_quality_rules(place: str, text: str) -> dict[str, dict[str, Any]]:
    """Return a city's own rules of quality control from JSON."""
    found = _decoded(place, text, dict[str, dict[str, Any]])
    try:
        read_rules(found)
    except QualityRulesError as error:
        raise ProfileError(f"{place}: {error}") from error
    return found


def read_publication(place: str, text: str) -> dict[str, Any]:
    """Return what open_data.json says."""
    found = _decoded(place, text, dict[str, Any])
    try:
        read_open_data(found)
    except OpenDataError as error:
        raise ProfileError(f"{place}: {error}") from error
    return found


def _publication(path: Path) -> dict[str, Any]:
    return read_publication(path.name, text_of(path)) if path.exists() else {}


def read_city(place: str, text: str) -> City:
    """Return what city.json says."""
    return _decoded(place, text, City)


def _decoded(place: str, text: str, form: type[T]) -> T:
    try:
        return msgspec.json.decode(text, type=form)
    except msgspec.MsgspecError as error:
        raise ProfileError(f"{place}: {error}") from error


def _text_or(path: Path, empty: str) -> str:
    return text_of(path) if path.exists() else empty


def _values(record: Any, *without: str) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record) if each.name not in without}
