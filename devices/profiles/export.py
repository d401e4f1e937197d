"""What is registered as tables of a profile, and these as files: a folder, JSON, or a table as CSV. Pure."""

from __future__ import annotations

import csv
from dataclasses import MISSING, fields
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING, Any, Final

import msgspec

from devices.labels import Link
from devices.model import Area, DeviceModel, FieldMapping, ObservedProperty
from devices.profiles.rows import ProfileError, Row
from devices.profiles.tables import City, GatewayRow, Tables, ThingRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from devices.alert_rules import AlertRule
    from devices.plan import Contents

#: the tables that are files of rows, and the records of their rows
RECORDS: Final[Mapping[str, type[Any]]] = {
    "areas": Area,
    "observed_properties": ObservedProperty,
    "gateways": GatewayRow,
    "things": ThingRow,
}
#: fields that are no columns: outlines are computed, or set by themselves
ABSENT: Final = frozenset({"boundary", "boundary_source"})
#: table -> key of a row -> what an import leaves alone unless it is said
Settings = dict[str, dict[str, dict[str, Any]]]


def tables_of(contents: Contents, settings: Settings, rules: Sequence[AlertRule]) -> Tables:
    """Return what is registered as the tables of a profile.

    Args:
        contents: as devices.registry.contents_of.
        settings: as devices.bulk.settings_of.
        rules: of alerts.

    Raises:
        ProfileError: nothing is registered.
    """
    parents = {key: row["parent"] for key, row in contents["areas"].items()}
    properties = _city(contents)["properties"]
    return Tables(
        city=_city_row(contents),
        areas=_rows("areas.csv", [_area(*item) for item in contents["areas"].items()]),
        observed_properties=_rows(
            "observed_properties.csv",
            [_record(ObservedProperty, *item) for item in contents["observed_properties"].items()],
        ),
        gateways=_rows(
            "gateways.csv",
            [_gateway(code, row, settings, parents) for code, row in contents["gateways"].items()],
        ),
        things=_rows("things.csv", list(_things(contents, settings, parents))),
        device_models=[_model(code, row) for code, row in contents["device_models"].items()],
        alert_rules=list(rules),
        quality_rules=properties.get("quality_rules", {}),
        open_data=properties.get("open_data", {}),
    )


def _city(contents: Contents) -> Mapping[str, Any]:
    if not contents["city"]:
        raise ProfileError("nothing is registered: import a profile first, with `halong devices import`")
    return next(iter(contents["city"].values()))


def _city_row(contents: Contents) -> City:
    row = _city(contents)
    place = {name: row["properties"].get(name) for name in ("latitude", "longitude")}
    if None in place.values():
        raise ProfileError("the city has no latitude and longitude: import its profile again")
    names = {name: row[name] for name in ("name_en", "name_vi", "time_zone")}
    return City(code=next(iter(contents["city"])), **names, **place)


def _rows(file: str, records: Sequence[Any]) -> list[Row[Any]]:
    return [Row(f"{file} of the registry", number, record, "row") for number, record in enumerate(records, 1)]


def _record(record: type[Any], code: str, row: Mapping[str, Any], **more: Any) -> Any:
    given = {"code": code, **row, **more}
    return record(**{each.name: given[each.name] for each in fields(record) if each.name in given})


def _area(key: str, row: Mapping[str, Any]) -> Area:
    code, _, begins = key.partition("@")
    parent = row["parent"] and _code(row["parent"])
    more: dict[str, Any] = {"predecessors": tuple(map(_code, row["predecessors"]))}
    more["shares"] = () if None in row["shares"] else row["shares"]
    area: Area = _record(Area, code, row, valid_from=date.fromisoformat(begins), parent=parent, **more)
    return area


def _code(key: str) -> str:
    return key.partition("@")[0]


def _standing_in(keys: Iterable[str], parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the codes of areas out of the keys of them and all that is above them."""
    above = {parents.get(key) for key in keys}
    return tuple(_code(key) for key in keys if key not in above)


def _gateway(
    code: str, row: Mapping[str, Any], settings: Settings, parents: Mapping[str, str | None]
) -> GatewayRow:
    areas = _standing_in(row["areas"], parents)
    gateway: GatewayRow = _record(GatewayRow, code, row, **_settings(settings["gateways"][code]), areas=areas)
    return gateway


def _settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as a row has them."""
    tags, links = stored.get("tags", ()), stored.get("links", ())
    return {**stored, "tags": tuple(tags), "links": msgspec.convert(links, tuple[Link, ...])}


def _things(contents: Contents, settings: Settings, parents: Mapping[str, str | None]) -> Iterable[ThingRow]:
    measured: dict[str, list[str]] = {}
    for key, row in contents["datastreams"].items():
        thing, _, code = key.partition("/")
        word = f"{code}:{row['sampling_interval_s']}{_suffix(settings['datastreams'][key])}"
        measured.setdefault(thing, []).append(word)
    for code, row in contents["things"].items():
        areas, streams = _standing_in(row["areas"], parents), tuple(sorted(measured.get(code, ())))
        named = _settings(settings["things"][code])
        yield _record(ThingRow, code, row, **named, areas=areas, datastreams=streams)


def _suffix(stored: Mapping[str, Any]) -> str:
    off = "" if stored["enabled"] else ":off"
    return off + "".join(f"#{tag}" for tag in stored.get("tags", ()))


def _model(code: str, row: Mapping[str, Any]) -> DeviceModel:
    mappings = msgspec.convert(row["fields"], dict[str, FieldMapping])
    return DeviceModel(code=code, name=row["name"], fields=mappings, ignored=tuple(row["ignored"]))


def folder_files(tables: Tables) -> dict[str, str]:
    """Return a profile's folder: the text of each file by its path in it."""
    files = {f"{table}.csv": as_csv(tables, table) for table in RECORDS}
    files |= {f"lorawan/{model.code}.json": _text(_model_file(model)) for model in tables.device_models}
    optional = {"quality_rules": tables.quality_rules, "open_data": tables.open_data}
    files |= {f"{name}.json": _text(value) for name, value in optional.items() if value}
    return files | {"city.json": _text(tables.city), "alert_rules.json": _text(tables.alert_rules)}


def as_json(tables: Tables) -> str:
    """Return everything in one text: an object with the folder's files as members, rows as objects."""
    rows = {table: [_columns(row.record) for row in getattr(tables, table)] for table in RECORDS}
    models = {model.code: _model_file(model) for model in tables.device_models}
    return _text(
        {
            "city": tables.city,
            **rows,
            "device_models": models,
            "alert_rules": tables.alert_rules,
            "quality_rules": tables.quality_rules,
            "open_data": tables.open_data,
        }
    )


def as_csv(tables: Tables, table: str) -> str:
    """Return one table as a profile has it."""
    names = [each.name for each in fields(RECORDS[table]) if each.name not in ABSENT]
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in getattr(tables, table):
        writer.writerow([_cell(getattr(row.record, name)) for name in names])
    return text.getvalue()


def _columns(record: Any) -> dict[str, Any]:
    """Return what is known of a row; what it must have stands there as null."""
    named = {each: getattr(record, each.name) for each in fields(record) if each.name not in ABSENT}
    return {each.name: value for each, value in named.items() if value is not None or each.default is MISSING}


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple) and not any(isinstance(each, Link) for each in value):
        return " ".join(map(str, value))
    return msgspec.json.encode(value).decode() if isinstance(value, dict | tuple) else value


def _model_file(model: DeviceModel) -> dict[str, Any]:
    return {"name": model.name, "fields": model.fields, "ignored": model.ignored}


def _text(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"
