"""SenML records one by one, as RFC 8428, 4 resolves them: the path that finds out what is wrong with each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from devices.units import SUM
from ingest.formats.documents import MAX_FLOAT, kind, show
from ingest.formats.head import read_head
from ingest.formats.senml_names import NameParts, split_name

if TYPE_CHECKING:
    from ingest.formats.readings import Readings

#: a field's name, to the label that stands for it in a document
Labels = Mapping[str, Hashable]

_NAMES = ("bver", "bn", "bt", "bu", "bv", "bs", "n", "u", "v", "vs", "vb", "s", "t", "ut", "vd")
JSON: Labels = {name: name for name in _NAMES}
#: RFC 8428, 6, Table 4
CBOR: Labels = dict(zip(_NAMES, (-1, -2, -3, -4, -5, -6, 0, 1, 2, 3, 4, 5, 6, 7, 8), strict=True))
#: this project's, in the first record of a pack
HEAD = ("seq", "oldest", "gateway")
#: RFC 8428, 4.4; RFC 9100 adds 2^4 for the units of RFC 8798
VERSIONS = frozenset((10, 26))
#: times below are relative to the moment of arrival (RFC 8428, 4.5.3)
FIRST_ABSOLUTE_US = (1 << 28) * 1_000_000
#: 9999-12-31, the end of RFC 3339's four-digit years
LAST_US = 253_402_300_799_999_999

#: versions of the drafts, of which the RFC's own examples have one
_DRAFTS = range(1, 10)
_BASES = frozenset(("bver", "bn", "bt", "bu", "bv", "bs"))
_VALUES = ("v", "vb", "vs", "vd")
_KNOWN = frozenset((*_NAMES, *HEAD))


class _RecordError(Exception):
    """What is wrong with a record: reason, field, words."""


def _by_name(record: Any) -> Any:
    """Return a record of CBOR with the labels of JSON."""
    if not isinstance(record, dict):
        return record
    return {_CBOR_NAMES.get(label, label): value for label, value in record.items()}


_CBOR_NAMES = {label: name for name, label in CBOR.items()}


def microseconds(seconds: Any) -> int | None:
    """Return a number of seconds in microseconds, rounded; None if it is no number or beyond all times."""
    if type(seconds) not in {int, float} or not abs(seconds) <= LAST_US / 1e6 + 1:
        return None
    return seconds * 1_000_000 if type(seconds) is int else round(seconds * 1e6)


class Pack:
    """The base values of a pack, as they hold from record to record (RFC 8428, 4.1).

    A base value that is not in form refuses the records that it applies to, until it is given again.
    """

    def __init__(self, found: Readings) -> None:
        self._found = found
        self._name = ""
        self._time = 0
        self._unit = ""
        self._value = 0.0
        self._sum = 0.0
        #: bases that have been given, and what is wrong with those that are not in form
        self._given: set[str] = set()
        self._broken: dict[str, tuple[str, str]] = {}

    def add(self, records: list[Any], labels: Labels) -> None:
        """Resolve the records of a pack."""
        pack = records if labels is JSON else [_by_name(each) for each in records]
        if pack and isinstance(pack[0], dict):
            read_head(pack[0], self._found, "$[0]")
        if self._other_version(pack):
            return
        for place, record in enumerate(pack):
            try:
                self._add(place, record)
            except _RecordError as error:
                reason, field, words = error.args
                self._found.refuse(reason, f"$[{place}]{field}", words)

    def _other_version(self, pack: list[Any]) -> bool:
        """Refuse a pack of a version that is not spoken: nothing of it may be used (RFC 8428, 4.4)."""
        for place, record in enumerate(pack):
            version = record.get("bver", 10) if isinstance(record, dict) else 10
            if not _is_spoken(version):
                words = f"SenML version {show(version)} is not spoken: send version 10"
                self._found.refuse("schema", f"$[{place}].bver", words)
                return True
        return False

    def _add(self, place: int, record: Any) -> None:
        if not isinstance(record, dict):
            raise _RecordError("schema", "", f"a record is an object, got {kind(record)}")
        self._read_bases(record)
        self._check_fields(record)
        if record.keys() & {"n", "u", "t", "ut", "s", *_VALUES} or not record.keys() & (_BASES | {*HEAD}):
            self._add_measurement(place, record)

    def _add_measurement(self, place: int, record: dict[str, Any]) -> None:
        device, prop = self._resolved_name(record)
        value, is_sum = self._resolved_value(record)
        unit = self._resolved_unit(record)
        time = self._resolved_time(record)
        found = self._found
        if unit and not found.units:
            found.units = [None] * len(found.values)
        if unit or found.units:
            found.units.append((unit + SUM if is_sum else unit) or None)
        found.devices.append(device)
        found.properties.append(prop)
        found.times.append(time)
        found.values.append(value)
        found.places.append(place)

    def _read_bases(self, record: dict[str, Any]) -> None:
        for name in record.keys() & _BASES:
            self._given.add(name)
            self._broken.pop(name, None)
        if "bn" in record:
            self._name = self._base_text(record, "bn")
        if "bu" in record:
            self._unit = self._base_text(record, "bu")
        if "bt" in record:
            self._time = microseconds(record["bt"]) or 0
            if microseconds(record["bt"]) is None:
                self._broken["bt"] = ("time_invalid", f"bt = {show(record['bt'])} {_NO_TIME}")
        if "bv" in record:
            self._value = self._base_number(record, "bv")
        if "bs" in record:
            self._sum = self._base_number(record, "bs")

    def _base_text(self, record: dict[str, Any], name: str) -> str:
        text = record[name]
        if isinstance(text, str):
            return text
        self._broken[name] = ("schema", f"{name} must be a string, got {kind(text)}")
        return ""

    def _base_number(self, record: dict[str, Any], name: str) -> float:
        number = _number(record[name])
        if number is None:
            self._broken[name] = ("value_not_finite", f"{name} = {show(record[name])} is not a finite number")
        return number or 0.0

    def _check_fields(self, record: dict[str, Any]) -> None:
        for name in record.keys() - _KNOWN:
            if isinstance(name, str) and name.endswith("_"):
                words = f"field {show(name)} must be understood (RFC 8428, 4.4), and is not"
                if name.startswith("b"):
                    self._broken[name] = ("schema", words)
                raise _RecordError("schema", f".{name}", words)
        for name in self._broken.keys() - {"bn", "bt", "bu", "bv", "bs"}:
            self._need(name)

    def _need(self, base: str) -> None:
        """Refuse the record if a base value that it needs is not in form."""
        if base in self._broken:
            reason, words = self._broken[base]
            raise _RecordError(reason, f".{base}", words)

    def _resolved_name(self, record: dict[str, Any]) -> NameParts:
        self._need("bn")
        name = record.get("n", "")
        if not isinstance(name, str):
            raise _RecordError("schema", ".n", f"n must be a string, got {kind(name)}")
        parts = split_name(self._name + name)
        if isinstance(parts, str):
            raise _RecordError("schema", ".n", parts)
        return parts

    def _resolved_unit(self, record: dict[str, Any]) -> str:
        unit = record.get("u", "")
        if not isinstance(unit, str):
            raise _RecordError("schema", ".u", f"u must be a string, got {kind(unit)}")
        if not unit:
            self._need("bu")
        return unit or self._unit

    def _resolved_time(self, record: dict[str, Any]) -> int:
        self._need("bt")
        if "t" not in record and "bt" not in self._given:
            words = "time is missing: give bt or t, the time of measuring in seconds since 1970 UTC"
            raise _RecordError("time_missing", ".t", words)
        offset = microseconds(record.get("t", 0))
        if offset is None:
            raise _RecordError("time_invalid", ".t", f"t = {show(record['t'])} {_NO_TIME}")
        time = self._time + offset
        if time < FIRST_ABSOLUTE_US:
            words = f"time {time / 1e6:g} s is relative to the moment of arrival, and a message may wait"
            raise _RecordError("time_invalid", ".t", f"{words}: give an absolute bt, seconds since 1970 UTC")
        if time > LAST_US:
            raise _RecordError("time_invalid", ".t", f"time {time / 1e6:g} s {_NO_TIME}")
        return time

    def _resolved_value(self, record: dict[str, Any]) -> tuple[float, bool]:
        """Return the value, and whether it is a sum."""
        given = [name for name in _VALUES if name in record]
        if len(given) > 1:
            raise _RecordError(
                "schema", f".{given[1]}", f"{' and '.join(given)} in one record: give one of them"
            )
        match given:
            case ["v"]:
                return self._sum_of(record, "v", "bv"), False
            case ["vb"]:
                return self._boolean(record["vb"]), False
            case [name]:
                words = f"{name} = {show(record[name])} is not a number: only v, vb and s are stored"
                raise _RecordError("value_not_finite", f".{name}", words)
        if "s" not in record and "bv" in self._given:
            return self._sum_of(record, "v", "bv"), False
        if "s" not in record and "bs" not in self._given:
            raise _RecordError("schema", ".v", "the record has no value: give v, vb or s")
        return self._sum_of(record, "s", "bs"), True

    def _boolean(self, value: Any) -> float:
        if not isinstance(value, bool):
            raise _RecordError("value_not_finite", ".vb", f"vb = {show(value)} is neither true nor false")
        return float(value)

    def _sum_of(self, record: dict[str, Any], name: str, base: str) -> float:
        self._need(base)
        number = _number(record.get(name, 0))
        value = None if number is None else number + (self._value if base == "bv" else self._sum)
        if value is None or not isfinite(value):
            words = f"{name} = {show(record.get(name, 0))} is not a finite number"
            raise _RecordError("value_not_finite", f".{name}", words)
        return value


_NO_TIME = "is no time: SenML has seconds since 1970 UTC, up to the year 9999"


def _is_spoken(version: Any) -> bool:
    return type(version) in {int, float} and (version in VERSIONS or version in _DRAFTS)


def _number(value: Any) -> float | None:
    """Return a finite number as a float, or None."""
    if type(value) is float and isfinite(value):
        return value
    if type(value) is int and abs(value) <= MAX_FLOAT:
        return float(value)
    return None
