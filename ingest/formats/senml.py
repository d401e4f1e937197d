"""SenML packs in JSON and CBOR (RFC 8428, with the units of RFC 8798): `application/senml+json`, `+cbor`.

A record's name is `{device}/{property}` or `{device}:{property}`. A pack has no place for the message's
number: the first record may carry `seq`, `oldest` and `gateway`, which RFC 8428, 4.4 lets other receivers
ignore.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cbor2
import msgspec

from ingest.formats.documents import SELF_DESCRIBED, kind, parse_cbor, parse_json
from ingest.formats.format import Format
from ingest.formats.readings import MAX_PAYLOAD_BYTES, Readings
from ingest.formats.senml_columns import decode_columns
from ingest.formats.senml_records import CBOR, JSON, Pack
from ingest.formats.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ingest.formats.senml_records import Labels

_ARRAYS = frozenset(bytes([initial]) for initial in range(0x80, 0xA0))
_ENCODER = msgspec.json.Encoder()


def decode_json(payload: bytes) -> Readings:
    """Return the readings of a pack in JSON; what is not in form becomes a Problem. Never raises.

    Source: RFC 8428, 4 and 5; wire contract v1, Payloads.
    """
    return _decode(payload, "JSON", parse_json, JSON)


def decode_cbor(payload: bytes) -> Readings:
    """Return the readings of a pack in CBOR; what is not in form becomes a Problem. Never raises.

    Arrays of indefinite length are taken as well. Places are told by the names that JSON has for the labels.
    Source: RFC 8428, 4 and 6; wire contract v1, Payloads.
    """
    return _decode(payload, "CBOR", parse_cbor, CBOR)


def encode_json(
    readings: Iterable[Mapping[str, Any]],
    *,
    seq: int | None = None,
    oldest: int | None = None,
    units: Mapping[str, str] | None = None,
) -> bytes:
    """Return a pack in JSON.

    Args:
        readings: each maps `device`, `time` and observed property codes to values, as in the native form.
        seq: the message's number.
        oldest: the lowest number that the gateway still keeps.
        units: SenML units by observed property; without one a value is in the property's own unit.

    Raises:
        KeyError: a reading without device or time.
        InvalidTimeError: a time in neither of the native forms.
    """
    return _ENCODER.encode(_records(readings, seq, oldest, units or {}))


def encode_cbor(
    readings: Iterable[Mapping[str, Any]],
    *,
    seq: int | None = None,
    oldest: int | None = None,
    units: Mapping[str, str] | None = None,
) -> bytes:
    """Return a pack in CBOR; arguments and errors as of `encode_json`."""
    records = _records(readings, seq, oldest, units or {})
    return cbor2.dumps([{CBOR.get(name, name): value for name, value in each.items()} for each in records])


def _decode(payload: bytes, name: str, parse: Callable[[bytes], Any], labels: Labels) -> Readings:
    found = Readings(value_path="$[{place}].v", time_path="$[{place}].t", device_path="$[{place}].n")
    if len(payload) > MAX_PAYLOAD_BYTES:
        found.refuse("not_decodable", "$", f"{len(payload)} bytes are more than {MAX_PAYLOAD_BYTES}")
        return found
    try:
        records = parse(payload)
    except (ValueError, RecursionError) as error:
        found.refuse("not_decodable", "$", f"not a {name} document: {error}")
        return found
    if not isinstance(records, list):
        found.refuse("schema", "$", f"a SenML pack is an array of records, got {kind(records)}")
    elif not decode_columns(records, labels, found):
        Pack(found).add(records, labels)
    return found


def _records(
    readings: Iterable[Mapping[str, Any]], seq: int | None, oldest: int | None, units: Mapping[str, str]
) -> list[dict[str, Any]]:
    head = {name: value for name, value in (("seq", seq), ("oldest", oldest)) if value is not None}
    records = [*_measured(readings, units)]
    if head:
        records[:1] = [head | each for each in records[:1]] or [head]
    return records


def _measured(readings: Iterable[Mapping[str, Any]], units: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield a record for each value, with a base name and a base time where they change."""
    last_device, last_time = None, None
    for reading in readings:
        device, time = reading["device"], parse_time(reading["time"])
        for name, value in reading.items():
            if name in ("device", "time"):
                continue
            record: dict[str, Any] = {} if device == last_device else {"bn": f"{device}/"}
            if time != last_time:
                record["bt"] = _seconds(time)
            record["n"] = name
            if name in units:
                record["u"] = units[name]
            yield record | {"vb" if isinstance(value, bool) else "v": value}
            last_device, last_time = device, time


def _seconds(time: int) -> float:
    return time // 1_000_000 if time % 1_000_000 == 0 else time / 1_000_000


FORMATS = (
    Format(
        "senml-json",
        frozenset(("application/senml+json",)),
        decode_json,
        looks_like=lambda payload: payload.startswith(b"["),
        encode=encode_json,
    ),
    Format(
        "senml-cbor",
        frozenset(("application/senml+cbor",)),
        decode_cbor,
        # an array, major type 4 (RFC 8949, 3.1), be it tagged as data that describes itself
        looks_like=lambda payload: payload.removeprefix(SELF_DESCRIBED)[:1] in _ARRAYS,
        encode=encode_cbor,
    ),
)
