"""The native JSON form of `up/observations`: one object with `readings` (wire contract v1, Payloads)."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

import msgspec

from ingest.formats.documents import MAX_FLOAT, finite_column, kind, parse_json, show
from ingest.formats.format import Format
from ingest.formats.head import number_of_broken, read_head
from ingest.formats.layouts import WORTH_BYTES, decode_alike
from ingest.formats.readings import FEW_READINGS, MAX_PAYLOAD_BYTES, Readings
from ingest.formats.short import DEVICE_PATH, decode_short
from ingest.formats.times import InvalidTimeError, parse_time, parse_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    _Columns = dict[str, tuple[Any, ...]]

CONTENT_TYPE = "application/json"

_DEVICE_TYPES = {str, type(None)}
_NUMBERS = {float, int, bool}
_KEYS = frozenset(("seq", "oldest", "gateway", "readings"))
_ENCODER = msgspec.json.Encoder()


def decode(payload: bytes) -> Readings:
    """Return the readings of a native payload; what is not in form becomes a Problem. Never raises.

    Source: wire contract v1, Payloads and Refusals.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        words = f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}"
        return _refuse_broken(payload, words)
    if len(payload) < WORTH_BYTES:
        return decode_short(payload) or decode_document(payload)
    alike = decode_alike(payload)
    if alike is None:
        return decode_document(payload)
    found = _nothing()
    read_head(alike.head, found, "$")
    _add_columns(alike.devices, alike.times, alike.values, found)
    return found


def decode_document(payload: bytes) -> Readings:
    """Do so with a payload of bearable size, whatever its readings have for keys."""
    try:
        message = parse_json(payload)
    except (ValueError, RecursionError) as error:
        return _refuse_broken(payload, f"not a JSON document: {error}")
    found = _nothing()
    if not isinstance(message, dict):
        return _refuse(found, "schema", "$", f"expected an object with readings, got {kind(message)}")
    if "readings" not in message:
        return _refuse_without_readings(message, found)
    _decode_head(message, found)
    readings = message["readings"]
    if not isinstance(readings, list):
        return _refuse(found, "schema", "$.readings", f"readings must be an array, got {kind(readings)}")
    _decode_readings(readings, found)
    return found


def encode(
    readings: Iterable[Mapping[str, Any]], *, seq: int | None = None, oldest: int | None = None
) -> bytes:
    """Return a native payload; each reading maps `device`, `time` and observed property codes to values."""
    head = {"seq": seq, "oldest": oldest}
    return _ENCODER.encode({k: v for k, v in head.items() if v is not None} | {"readings": list(readings)})


def _nothing() -> Readings:
    return Readings(device_path=DEVICE_PATH)


def _refuse_broken(payload: bytes, detail: str) -> Readings:
    found = _nothing()
    found.seq = number_of_broken(payload)
    if found.seq is None and b'"seq"' in payload:
        detail += "; its number cannot be told: seq comes first, once, and whole"
    return _refuse(found, "not_decodable", "$", detail)


def _refuse_without_readings(message: dict[str, Any], found: Readings) -> Readings:
    """Refuse a message in which the readings may be under another key, or may be the message itself."""
    unknown = next((name for name in message if name not in _KEYS), None)
    if "time" in message:
        words = "readings is missing: put the reading into an array under readings"
    elif unknown is not None:
        words = f"readings is missing, and {unknown[:64]!r} is an unknown key: put the array under readings"
    else:
        words = "readings is missing"
    _refuse(found, "schema", "$.readings", words)
    _decode_head({name: message[name] for name in _KEYS if name in message}, found)
    return found


def _decode_head(message: dict[str, Any], found: Readings) -> None:
    if not message.keys() <= _KEYS:
        for name in message.keys() - _KEYS:
            words = f"unknown key {name!r}: expected seq, oldest, gateway, readings"
            _refuse(found, "schema", f"$.{name}", words)
    read_head(message, found, "$")


def _decode_readings(readings: list[Any], found: Readings) -> None:
    if len(readings) < FEW_READINGS or not _decode_columns(readings, found):
        for place, reading in enumerate(readings):
            _decode_reading(place, reading, found)


def _decode_columns(readings: list[Any], found: Readings) -> bool:
    """Decode readings of the same keys column by column; return False if one of them needs a closer look."""
    if {*map(type, readings)} != {dict}:
        return False
    columns = _transpose(readings)
    if columns is None:
        return False
    devices, times = columns.pop("device", (None,) * len(readings)), _times(columns.pop("time", (None,)))
    values = {name: finite_column(column, _NUMBERS) or () for name, column in columns.items()}
    if times is None or not {*map(type, devices)} <= _DEVICE_TYPES or () in values.values():
        return False
    _add_columns(devices, times, values, found)
    return True


def _add_columns(
    devices: Sequence[str | None], times: list[int], values: Mapping[str, Sequence[float]], found: Readings
) -> None:
    for name, column in values.items():
        found.devices += devices
        found.properties += [name] * len(devices)
        found.times += times
        found.values += column
        found.places += range(len(devices))


def _transpose(readings: list[dict[str, Any]]) -> _Columns | None:
    """Return the values by key, each in the order of the readings; None if their keys differ."""
    names = tuple(readings[0])
    if len(names) < 2 or len({*map(len, readings)}) > 1:
        return None
    try:
        return dict(zip(names, zip(*map(itemgetter(*names), readings), strict=True), strict=True))
    except KeyError:
        return None


def _times(column: tuple[Any, ...]) -> list[int] | None:
    try:
        return parse_times(column) if len({*map(type, column)}) == 1 else [*map(parse_time, column)]
    except InvalidTimeError:
        return None


def _decode_reading(place: int, reading: Any, found: Readings) -> None:
    head = _reading_head(place, reading, found)
    if head is None:
        return
    device, time = head
    for name, value in reading.items():
        if name in ("device", "time"):
            continue
        if type(value) is not float or value - value != 0.0:  # inf - inf and nan - nan are nan
            value = _number(place, name, value, found)  # noqa: PLW2901
            if value is None:
                continue
        found.devices.append(device)
        found.properties.append(name)
        found.times.append(time)
        found.values.append(value)
        found.places.append(place)


def _reading_head(place: int, reading: Any, found: Readings) -> tuple[str | None, int] | None:
    """Return device and time of a reading, or None if one of them is not in form."""
    if not isinstance(reading, dict):
        _refuse(found, "schema", f"$.readings[{place}]", f"expected an object, got {kind(reading)}")
        return None
    device, time = reading.get("device"), reading.get("time")
    if device is not None and not isinstance(device, str):
        words = f"device must be a string, got {kind(device)}"
        _refuse(found, "schema", f"$.readings[{place}].device", words)
        return None
    if time is None and "time" not in reading:
        words = "time is missing: give the time of measuring"
        _refuse(found, "time_missing", f"$.readings[{place}].time", words)
        return None
    try:
        return device, parse_time(time)
    except InvalidTimeError as error:
        _refuse(found, "time_invalid", f"$.readings[{place}].time", str(error))
        return None


def _number(place: int, name: str, value: Any, found: Readings) -> float | None:
    """Return an integer or a boolean as a float (true counts as 1); None for what is no finite number."""
    if isinstance(value, int) and abs(value) <= MAX_FLOAT:
        return float(value)
    words = f"{name} = {show(value)} is not a finite number"
    _refuse(found, "value_not_finite", f"$.readings[{place}].{name}", words)
    return None


def _refuse(found: Readings, reason: str, at: str, detail: str) -> Readings:
    found.refuse(reason, at, detail)
    return found


FORMAT = Format(
    "native",
    frozenset((CONTENT_TYPE,)),
    decode,
    looks_like=lambda payload: payload.startswith(b"{"),
    encode=encode,
)
