"""The files of a profile, read into typed rows that remember where they stand."""

from __future__ import annotations

import csv
import json
import unicodedata
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from devices.alert_rules import AlertRule, RuleError
from devices.alert_rules import check as check_rule
from devices.model import Area, DeviceModel, FieldMapping, Gateway, ObservedProperty, Thing
from devices.open_data import OpenDataError, read_open_data
from devices.quality import QualityRulesError, read_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")


class ProfileError(ValueError):
    """A profile can't be read or contradicts itself; the message names file, line and column."""


@dataclass(frozen=True)
class Row(Generic[T]):
    """One record and where it stands."""

    file: str
    line: int
    record: T

    def error(self, column: str, what: str) -> ProfileError:
        """Return the error to raise for a wrong cell of this row."""
        return ProfileError(f"{self.file}, line {self.line}, {column}: {what}")


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


@dataclass(frozen=True, kw_only=True)
class ThingRow:
    """A row of things.csv: `datastreams` are property codes, each with or without `:seconds` behind it."""

    gateway: str
    code: str
    name: str
    kind: str
    latitude: float
    longitude: float
    areas: tuple[str, ...]
    datastreams: tuple[str, ...]
    properties: dict[str, Any] = field(default_factory=dict)
    model: str | None = None
    dev_eui: str | None = None


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

    def assembled_gateways(self) -> tuple[Gateway, ...]:
        """Return the gateways with their things, in the order of the files."""
        things: dict[str, list[Thing]] = {}
        for row in self.things:
            things.setdefault(row.record.gateway, []).append(self._thing(row))
        return tuple(
            Gateway(**_values(row.record), things=tuple(things.get(row.record.code, ())))
            for row in self.gateways
        )

    def _thing(self, row: Row[ThingRow]) -> Thing:
        values = _values(row.record)
        del values["gateway"]
        usual = {each.record.code: each.record.sampling_interval_s for each in self.observed_properties}
        values["datastreams"] = {
            code: seconds or usual[code] for code, seconds in datastreams(row, row.record.datastreams)
        }
        return Thing(**values)


def datastreams(row: Row[Any], cells: tuple[str, ...]) -> Iterator[tuple[str, int | None]]:
    """Yield property code and sampling interval, None where the cell leaves it to the property.

    Raises:
        ProfileError: an interval is not a whole number of seconds above 0.
    """
    for cell in cells:
        code, colon, seconds = cell.partition(":")
        if colon and not (seconds.isdecimal() and int(seconds) > 0):
            raise row.error("datastreams", f"{cell!r} is not `property` or `property:seconds`")
        yield code, int(seconds) if colon else None


def read_tables(folder: Path) -> Tables:
    """Read a profile's folder; city.json, areas.csv and observed_properties.csv must be there.

    Raises:
        ProfileError: a file is missing or not UTF-8, or a cell is not of its column's type.
    """
    return Tables(
        city=_read_city(folder / "city.json"),
        areas=_read(folder / "areas.csv", Area, absent=("boundary", "boundary_source")),
        observed_properties=_read(folder / "observed_properties.csv", ObservedProperty),
        gateways=_read(folder / "gateways.csv", GatewayRow, optional=True),
        things=_read(folder / "things.csv", ThingRow, optional=True),
        device_models=[_read_model(path) for path in sorted((folder / "lorawan").glob("*.json"))],
        alert_rules=_read_rules(folder / "alert_rules.json"),
        quality_rules=_read_quality_rules(folder / "quality_rules.json"),
        open_data=_read_open_data(folder / "open_data.json"),
    )


def _read_city(path: Path) -> City:
    try:
        return msgspec.json.decode(_text(path), type=City)
    except msgspec.MsgspecError as error:
        raise ProfileError(f"{path.name}: {error}") from error


class _ModelFile(msgspec.Struct, forbid_unknown_fields=True):
    """lorawan/CODE.json."""

    name: str
    fields: dict[str, FieldMapping]
    ignored: tuple[str, ...] = ()


def _read_model(path: Path) -> DeviceModel:
    try:
        found = msgspec.json.decode(_text(path), type=_ModelFile)
    except msgspec.MsgspecError as error:
        raise ProfileError(f"lorawan/{path.name}: {error}") from error
    return DeviceModel(code=path.stem, name=found.name, fields=found.fields, ignored=found.ignored)


def _read_rules(path: Path) -> list[AlertRule]:
    if not path.exists():
        return []
    try:
        found = msgspec.json.decode(_text(path), type=list[AlertRule])
    except msgspec.MsgspecError as error:
        raise ProfileError(f"{path.name}: {error}") from error
    for number, rule in enumerate(found):
        try:
            check_rule(rule)
        except RuleError as error:
            raise ProfileError(f"{path.name}, rule {number + 1}, {error}") from error
    return found


def _read_quality_rules(path: Path) -> dict[str, dict[str, Any]]:
    if not path.exists():
        return {}
    try:
        found = msgspec.json.decode(_text(path), type=dict[str, dict[str, Any]])
        read_rules(found)
    except (msgspec.MsgspecError, QualityRulesError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    return found


def _read_open_data(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = msgspec.json.decode(_text(path), type=dict[str, Any])
        read_open_data(found)
    except (msgspec.MsgspecError, OpenDataError) as error:
        raise ProfileError(f"{path.name}: {error}") from error
    return found


def _read(
    path: Path, record: type[T], *, absent: tuple[str, ...] = (), optional: bool = False
) -> list[Row[T]]:
    if optional and not path.exists():
        return []
    rows = list(each_row(path, record, absent=absent))
    if wrong := next((row for row in rows if isinstance(row, ProfileError)), None):
        raise wrong
    return [row for row in rows if isinstance(row, Row)]


def each_row(path: Path, record: type[T], *, absent: tuple[str, ...] = ()) -> Iterator[Row[T] | ProfileError]:
    """Yield each row of a table as a record, or what is wrong with it.

    Args:
        path: a CSV file, UTF-8.
        record: a dataclass, whose fields are the columns.
        absent: fields that are no columns.

    Raises:
        ProfileError: the file cannot be read, or has a column that is no field.
    """
    known = [each.name for each in fields(record) if each.name not in absent]  # type: ignore[arg-type]
    reader = csv.DictReader(_text(path).splitlines(), strict=True)
    if unknown := set(reader.fieldnames or ()) - set(known):
        raise ProfileError(f"{path.name}, line 1: no such column: {_list(unknown)}; known: {_list(known)}")
    for cells in reader:
        try:
            yield _row(path.name, reader.line_num, cells, record)
        except ProfileError as error:
            yield error


def _row(file: str, line: int, cells: dict[str, str], record: type[T]) -> Row[T]:
    place = Row(file, line, None)
    if None in cells or None in cells.values():
        raise place.error("row", "it has not as many cells as line 1; a comma within a name needs quotes")
    values = {column: _cell(place, column, cell.strip()) for column, cell in cells.items()}
    try:
        return Row(file, line, msgspec.convert(_without_unset(values, record), type=record, strict=False))
    except msgspec.ValidationError as error:
        what, _, column = str(error).partition(" - at `$.")
        raise place.error(column.rstrip("`") or "row", what) from error


def _without_unset(values: dict[str, Any], record: type[Any]) -> dict[str, Any]:
    # an empty cell means the field's default, and is an error (or an allowed None) where there is none
    required = {each.name for each in fields(record) if each.default is each.default_factory is MISSING}
    return {name: value for name, value in values.items() if value is not None or name in required}


def _cell(place: Row[None], column: str, cell: str) -> Any:
    if not cell:
        return None
    read = _READ_BY.get(column)
    try:
        return unicodedata.normalize("NFC", cell) if read is None else read(cell)
    except ValueError as error:
        raise place.error(column, str(error)) from error


#: columns whose cells are not taken as they are
_READ_BY: dict[str, Callable[[str], Any]] = {
    "areas": str.split,
    "datastreams": str.split,
    "dev_eui": str.lower,
    "predecessors": str.split,
    "properties": json.loads,
    "shares": str.split,
}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ProfileError(f"{path.name}: there is no such file in {path.parent}") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path.name}: it is not UTF-8 text ({error})") from error


def _values(record: Any) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record)}


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
