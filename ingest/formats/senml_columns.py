"""SenML records column by column: the hot path, for packs in which nothing is out of the ordinary."""

from __future__ import annotations

from math import isfinite
from operator import add, itemgetter
from typing import TYPE_CHECKING, Any, cast

from ingest.formats.documents import finite_column
from ingest.formats.head import read_head
from ingest.formats.senml_names import NameParts, split_name
from ingest.formats.senml_records import (
    FIRST_ABSOLUTE_US,
    HEAD,
    LAST_US,
    VERSIONS,
    microseconds,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from ingest.formats.readings import Readings
    from ingest.formats.senml_records import Labels

    _Record = dict[Hashable, Any]

#: below so many records, columns cost more than they save
_FEW = 4
_NUMBERS = {float, int}
#: seconds of which microseconds() takes any
_MIN_S, _MAX_S = -1e11, 1e11
#: in characters; a longer name is not kept in memory
_LONG_NAME = 200
_MOST_NAMES = 20_000


def decode_columns(records: list[Any], labels: Labels, found: Readings) -> bool:
    """Resolve records that are all well; return False, with nothing done, if one needs a closer look.

    Taken are v, n, u and t of records, bn, bt and bu of any of them, and the head in the first.
    """
    if len(records) < _FEW or {*map(type, records)} != {dict}:
        return False
    keys, measured = _keys_of_rest(records, labels), records
    if keys is None:
        return False
    if labels["v"] not in records[0]:
        if records[0].keys() & {labels[name] for name in ("n", "u", "t")}:
            return False
        measured = records[1:]
    values = _values(measured, labels)
    names = _names(records, measured, labels, keys)
    times = _times(records, measured, labels, keys)
    units = _units(records, measured, labels, keys)
    if values is None or names is None or times is None or units is None:
        return False
    read_head(records[0], found, "$[0]")
    found.devices, found.properties = names
    found.times, found.values, found.units = times, [*values], units
    found.places = [*range(len(records) - len(measured), len(records))]
    return True


def _keys_of_rest(records: list[_Record], labels: Labels) -> set[Hashable] | None:
    """Return all labels of all records but the first, or None if a label needs a closer look."""
    keys: set[Hashable] = set().union(*records[1:])
    usual = {labels[name] for name in ("v", "n", "u", "t", "bn", "bt", "bu")}
    first = records[0].keys() - usual - {*HEAD, labels["bver"]}
    if first or not keys <= usual:
        return None
    version = records[0].get(labels["bver"], 10)
    return keys if type(version) is int and version in VERSIONS else None


def _values(measured: list[_Record], labels: Labels) -> Sequence[float] | None:
    try:
        return finite_column([*map(itemgetter(labels["v"]), measured)], _NUMBERS)
    except KeyError:
        return None


def _names(
    records: list[_Record], measured: list[_Record], labels: Labels, keys: set[Hashable]
) -> tuple[list[str | None], list[str]] | None:
    label = labels["n"]
    names = [record.get(label, "") for record in measured]
    try:
        if labels["bn"] in keys:
            names = [*map(add, _bases(records, labels["bn"], "")[-len(measured) :], names)]
        elif (prefix := records[0].get(labels["bn"], "")) != "":  # null is no name
            names = [prefix + name for name in names]
        if {*map(type, names)} != {str}:
            return None  # what CBOR has beside text may not even be hashable
        devices, props = zip(*map(_PARTS.__getitem__, names), strict=True)
    except (KeyError, TypeError):
        return None
    return [*devices], [*props]


class _Parts(dict[str, NameParts]):
    """Names taken apart; a gateway's are the same in each of its messages."""

    def __missing__(self, name: str) -> NameParts:
        parts = split_name(name)
        if isinstance(parts, str):
            raise KeyError(parts)
        if len(self) >= _MOST_NAMES:
            self.clear()
        if len(name) <= _LONG_NAME:
            self[name] = parts
        return parts


_PARTS = _Parts()


def _times(
    records: list[_Record], measured: list[_Record], labels: Labels, keys: set[Hashable]
) -> list[int] | None:
    given = keys | records[0].keys()
    if labels["bt"] in keys:
        bases = _microseconds(_bases(records, labels["bt"], 0)[-len(measured) :])
    else:
        base = microseconds(records[0].get(labels["bt"], 0))
        bases = None if base is None else [base] * len(measured)
    times = bases
    if bases and labels["t"] in given:
        offsets = _microseconds([record.get(labels["t"], 0) for record in measured])
        times = offsets and [*map(add, bases, offsets)]
    return times if times and min(times) >= FIRST_ABSOLUTE_US and max(times) <= LAST_US else None


def _microseconds(column: list[Any]) -> list[int] | None:
    types = {*map(type, column)}
    if not types <= _NUMBERS:
        return None
    is_usual = len(types) == 1 and min(column) > _MIN_S and max(column) < _MAX_S
    if len({*column}) == 1:
        times = [microseconds(column[0])] * len(column)
    elif is_usual and types == {int}:
        return [seconds * 1_000_000 for seconds in column]
    elif is_usual and isfinite(sum(column)):  # a NaN compares with nothing
        return [round(seconds * 1e6) for seconds in column]
    else:
        times = [*map(microseconds, column)]
    return None if None in times else cast("list[int]", times)


def _units(
    records: list[_Record], measured: list[_Record], labels: Labels, keys: set[Hashable]
) -> list[str | None] | None:
    given = keys | records[0].keys()
    units: list[Any] = [record.get(labels["u"], "") for record in measured] if labels["u"] in given else []
    bases = _bases(records, labels["bu"], "")[-len(measured) :] if labels["bu"] in given else []
    if not {*map(type, units)} | {*map(type, bases)} <= {str}:
        return None
    if units and bases:
        units = [unit or base for unit, base in zip(units, bases, strict=True)]
    units = units or bases
    if "" in units:
        units = [unit or None for unit in units]
    return units if any(units) else []


def _bases(records: list[_Record], label: Hashable, default: Any) -> list[Any]:
    """Return a base value as it holds for each record."""
    column, last = [], default
    for record in records:
        last = record.get(label, last)
        column.append(last)
    return column
