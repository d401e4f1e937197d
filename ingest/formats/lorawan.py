"""Uplinks of LoRaWAN devices, as their network servers publish them, read by the registry.

The fields of an uplink's decoded object become observed properties as the device's model says, or by their
names where it has none. Every other event (joins, acknowledgements, device status, logs, downlinks) carries
no data and is nothing to refuse.
"""

from __future__ import annotations

import re
import sys
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple
from unicodedata import normalize

import msgspec

from devices.model import FieldMapping
from ingest.formats.network_servers import parse
from ingest.formats.readings import Readings
from ingest.formats.times import InvalidTimeError, parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from devices.catalog import KnownGateway
    from devices.model import DeviceModel
    from ingest.formats.network_servers import Uplink

_MAX_FLOAT = sys.float_info.max
#: a number as JSON writes it
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
#: objects within objects; what is nested deeper is one field
_MAX_DEPTH = 8


class UplinkReadings(Readings):
    """Readings of one uplink; each value has a place of its own, by `places`."""

    value_paths: list[str] = msgspec.field(default_factory=list)

    def path(self, index: int) -> str:
        """Return the JSONPath of the value at `index` of the lists."""
        return self.value_paths[self.places[index]]


class _Leaf(NamedTuple):
    """A field of a decoded object, with its unit if it is `{"value": …, "unit": …}`."""

    path: str
    value: Any
    unit: str | None = None
    suffix: str = ""


def decode(payload: bytes, known: KnownGateway) -> Readings:
    """Return the readings of a network server's message, without any for an event that carries no data.

    Args:
        payload: JSON as the server publishes it.
        known: the devices that the registry has at the server.

    What is not in form becomes a Problem; never raises.
    """
    found = UplinkReadings()
    uplink = parse(payload, found)
    if uplink is None:
        return found
    device = _device(uplink, known, found)
    time = _time(uplink, found)
    if device is None or time is None or not _has_fields(uplink, found):
        return found
    found.time_path = uplink.time_at
    _read_fields(uplink, device, time, known.models.get(device), found)
    return found


def _device(uplink: Uplink, known: KnownGateway, found: Readings) -> str | None:
    """Return the code of the device: the one with this DevEUI, or the one whose code is one of its names."""
    by_dev_eui = (known.dev_euis[name] for name in uplink.names if name in known.dev_euis)
    by_code = (name for name in uplink.names if name in known.devices)
    code = next(by_dev_eui, None) or next(by_code, None)
    if code is None:
        told = " or ".join(repr(name[:64]) for name in uplink.names) or "no DevEUI"
        words = f"no device with DevEUI or code {told} is registered at this network server: import it"
        found.refuse("unknown_device", uplink.device_at, words)
    return code


def _time(uplink: Uplink, found: Readings) -> int | None:
    if uplink.time is None:
        found.refuse("time_missing", uplink.time_at, "the network server's time of reception is missing")
        return None
    try:
        return parse_time(uplink.time)
    except InvalidTimeError as error:
        found.refuse("time_invalid", uplink.time_at, str(error))
        return None


def _has_fields(uplink: Uplink, found: Readings) -> bool:
    """Tell whether there are fields; an uplink without a payload, of the link alone, is nothing to refuse."""
    if isinstance(uplink.decoded, dict) and uplink.decoded:
        return True
    if uplink.has_payload or uplink.decoded is not None:
        what = "the uplink has no decoded object" if uplink.decoded is None else "the decoded object is empty"
        if uplink.decoded is not None and not isinstance(uplink.decoded, dict):
            what = "what the codec returns is no object"
        found.refuse("schema", uplink.decoded_at, f"{what}: {uplink.advice}")
    return False


def _read_fields(
    uplink: Uplink, device: str, time: int, model: DeviceModel | None, found: UplinkReadings
) -> None:
    for leaf in _leaves(uplink.decoded):
        at = f"{uplink.decoded_at}.{leaf.path}{leaf.suffix}"
        mapping = _mapping(leaf, model, at, found)
        value = None if mapping is None else _number(leaf, mapping, at, found)
        if mapping is None or value is None:
            continue
        found.devices.append(device)
        found.properties.append(mapping.property)
        found.times.append(time)
        found.values.append(value)
        # A model's factor leads to the property's unit; without a model the unit that is named holds.
        found.units.append(leaf.unit if model is None else None)
        found.places.append(len(found.value_paths))
        found.value_paths.append(at)
    if not any(found.units):
        found.units.clear()


def _leaves(node: Any, path: str = "", depth: int = 0) -> Iterator[_Leaf]:
    """Yield the fields of a decoded object in its order, each by its path: `a`, `a.b`, `a[0]`."""
    if not isinstance(node, (dict, list)) or depth > _MAX_DEPTH:
        yield _Leaf(path, node)
    elif depth and isinstance(node, dict) and not isinstance(node.get("value", node), (dict, list)):
        unit = node.get("unit")
        yield _Leaf(path, node["value"], unit if isinstance(unit, str) else None, ".value")
    elif isinstance(node, dict):
        for name, below in node.items():
            yield from _leaves(below, f"{path}.{name}" if depth else name, depth + 1)
    else:
        for number, below in enumerate(node):
            yield from _leaves(below, f"{path}[{number}]", depth + 1)


def _mapping(leaf: _Leaf, model: DeviceModel | None, at: str, found: Readings) -> FieldMapping | None:
    """Return what a field means, or None if it is ignored or refused."""
    if model is None:
        return FieldMapping(property=leaf.path)
    mapping = model.fields.get(leaf.path)
    if mapping is None:
        if not _is_ignored(leaf.path, model.ignored):
            words = f"model {model.code!r} does not have the field {leaf.path[:64]!r}: map or ignore it"
            found.refuse("unknown_property", at, words)
        return None
    if leaf.unit is not None and _folded(leaf.unit) != _folded(mapping.unit or ""):
        named = f"{mapping.unit!r}" if mapping.unit else "no unit"
        words = f"{leaf.path} is in {leaf.unit[:32]!r}, model {model.code!r} has {named}: mend unit, factor"
        found.refuse("unit_mismatch", at, words)
        return None
    return mapping


def _is_ignored(path: str, ignored: Sequence[str]) -> bool:
    return any(each in ("*", path) or path.startswith((f"{each}.", f"{each}[")) for each in ignored)


def _folded(unit: str) -> str:
    return normalize("NFKC", unit)  # the micro sign and the Greek letter are one


def _number(leaf: _Leaf, mapping: FieldMapping, at: str, found: Readings) -> float | None:
    value = leaf.value
    if isinstance(value, str) and mapping.text and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, (int, float)) and abs(value) <= _MAX_FLOAT:
        value = float(value) * mapping.factor + mapping.offset
        if isfinite(value):
            return value
    words = f"{leaf.path} = {_show(leaf.value)} is not a finite number"
    if isinstance(leaf.value, str):
        words += ': let the codec return a number, or map the field with "text": true'
    found.refuse("value_not_finite", at, words)
    return None


def _show(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "an array"
    if isinstance(value, int) and abs(value) > _MAX_FLOAT:
        return "a number beyond binary64"
    text = repr(value) if isinstance(value, str) else "null" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
