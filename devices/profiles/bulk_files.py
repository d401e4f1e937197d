"""Files of the registry in bulk: a profile's folder, all or some tables as JSON, or one table as CSV."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from devices.model import reserved_text
from devices.profiles.export import ABSENT, RECORDS
from devices.profiles.rows import ProfileError, Row, converted, read_rows
from devices.profiles.tables import (
    Tables,
    read_alert_rules,
    read_city,
    read_model,
    read_publication,
    read_quality_rules,
    read_tables,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Rows = Mapping[str, Sequence[Row[Any]]]

#: of a table of its own: the column by which it is known
_TOLD_BY = {
    "datastreams": "things",
    "aggregation": "observed_properties",
    "level": "areas",
    "heartbeat_s": "gateways",
}
_OTHERS = ("city", "device_models", "alert_rules", "quality_rules", "open_data")


@dataclass(frozen=True)
class Given:
    """What a file says: all tables, completed by what is registered, and the file's own rows by table."""

    tables: Tables
    rows: Rows

    @property
    def has_rules(self) -> bool:
        """Tell whether rules of alerts are among it."""
        return "alert_rules" in self.rows


def read(path: Path, registered: Tables) -> Given:
    """Read a folder, FILE.json or FILE.csv.

    Raises:
        ProfileError: it cannot be read, or is of no form that is known.
    """
    if path.is_dir():
        tables = read_tables(path)
        named = {table: getattr(tables, table) for table in RECORDS if (path / f"{table}.csv").exists()}
        return Given(tables, named | {"alert_rules": []})
    if not path.exists():
        raise ProfileError(f"there is no file or folder {path}")
    if path.suffix == ".json":
        return _json(path, registered)
    if path.suffix == ".csv":
        return _csv(path, registered)
    raise ProfileError(f"{path.name}: give a folder, FILE.json or FILE.csv")


def require_free(given: Given, users: frozenset[str]) -> None:
    """Check that no gateway of a file goes by a name of halong's own at the broker.

    Raises:
        ProfileError: about each that does.
    """
    wrong = [row for row in given.rows.get("gateways", ()) if row.record.code in users]
    if wrong:
        raise ProfileError(*(str(row.error("code", reserved_text(row.record.code))) for row in wrong))


def _csv(path: Path, registered: Tables) -> Given:
    table = _table_of(path)
    unread: dict[str, list[ProfileError]] = {}
    rows = read_rows(path, RECORDS[table], unread, absent=tuple(ABSENT))
    errors = [error for found in unread.values() for error in found]
    return _completed(registered, {table: rows}, {table: errors})


def _table_of(path: Path) -> str:
    """Return which table a file is: as its name says, else by its columns."""
    if path.stem in RECORDS:
        return path.stem
    with path.open(encoding="utf-8-sig", newline="") as file:
        columns = file.readline().strip().split(",")
    for column, table in _TOLD_BY.items():
        if column in columns:
            return table
    raise ProfileError(f"{path.name}, line 1: it is none of {', '.join(f'{table}.csv' for table in RECORDS)}")


def _json(path: Path, registered: Tables) -> Given:
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ProfileError(f"{path.name}: it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ProfileError(f'{path.name}: it is no object such as {{"gateways": [], "things": []}}')
    if unknown := sorted(found.keys() - {*RECORDS, *_OTHERS}):
        raise ProfileError(
            f"{path.name}: no such member: {unknown[0]!r}; known: {', '.join([*RECORDS, *_OTHERS])}"
        )
    errors: dict[str, list[ProfileError]] = {}
    rows: dict[str, list[Row[Any]]] = {
        table: _objects(f"{path.name}: {table}", found[table], RECORDS[table], errors.setdefault(table, []))
        for table in RECORDS
        if table in found
    }
    others = _others(path.name, {name: json.dumps(found[name]) for name in _OTHERS if name in found})
    given = _completed(replace(registered, **others), rows, errors)
    return Given(given.tables, rows | ({"alert_rules": []} if "alert_rules" in found else {}))


def _others(name: str, texts: Mapping[str, str]) -> dict[str, Any]:
    read = {
        "city": read_city,
        "device_models": _models,
        "alert_rules": read_alert_rules,
        "quality_rules": read_quality_rules,
        "open_data": _publication,
    }
    return {member: read[member](f"{name}: {member}", text) for member, text in texts.items()}


def _models(place: str, text: str) -> Any:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ProfileError(f"{place}: it is no object of device models by their codes")
    return [read_model(f"{place}.{code}", code, json.dumps(model)) for code, model in found.items()]


def _publication(place: str, text: str) -> dict[str, Any]:
    return {} if text == "{}" else read_publication(place, text)


def _objects(place: str, found: Any, record: type[Any], errors: list[ProfileError]) -> list[Row[Any]]:
    if not isinstance(found, list):
        raise ProfileError(f"{place}: it is no list of objects")
    known = [each.name for each in fields(record) if each.name not in ABSENT]
    rows = []
    for number, each in enumerate(found, 1):
        try:
            rows.append(_object(Row(place, number, None, "entry"), each, record, known))
        except ProfileError as error:
            errors.append(error)
    return rows


def _object(place: Row[None], found: Any, record: type[Any], known: Sequence[str]) -> Row[Any]:
    if not isinstance(found, dict):
        raise place.error("row", 'it is no object such as {"code": "ha-long-1"}')
    if unknown := sorted(found.keys() - set(known)):
        raise place.error(unknown[0], f"there is no such field; known: {', '.join(known)}")
    return converted(place, found, record, strict=True)


def _completed(registered: Tables, rows: Rows, errors: Mapping[str, list[ProfileError]]) -> Given:
    """Return the rows of a file beside those of the registry that it does not name."""
    merged: dict[str, Any] = {
        table: [*_others_than(given, getattr(registered, table), table), *given]
        for table, given in rows.items()
    }
    unread = {f"{table}.csv": found for table, found in errors.items() if found}
    return Given(replace(registered, **merged, unread=unread), rows)


def _others_than(given: Sequence[Row[Any]], registered: Sequence[Row[Any]], table: str) -> list[Row[Any]]:
    def key(row: Row[Any]) -> Any:
        return (row.record.code, row.record.valid_from) if table == "areas" else row.record.code

    named = {key(row) for row in given}
    return [row for row in registered if key(row) not in named]
