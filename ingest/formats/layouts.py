"""Decoders made for the keys of a message's readings: what comes goes straight into typed fields.

A device sends the same keys in each reading of each message, and to make a dictionary of each takes three
times as long. What does not fit goes the general way, which finds what is wrong. Pure: which decoders are
remembered changes nothing in what is returned to those who have the general way for None.
"""

from __future__ import annotations

import re
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from ingest.formats.readings import FEW_READINGS
from ingest.formats.times import parse_times

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: In shorter payloads the first look costs more than it saves.
WORTH_BYTES = 600
#: A decoder takes 100 µs to make, and saves that in about so many messages: who changes the keys each time
#: gets none.
PAYS_AFTER = 8
_MOST_VALUES = 50
#: where the first reading must have ended
_LOOK_BYTES = 4000
_FIRST_READING = re.compile(rb'"readings"\s*:\s*\[\s*(\{[^{}\[\]]*\})')
_DECODER = msgspec.json.Decoder()


class Alike(NamedTuple):
    """A message whose readings have the same keys: what it says of itself, and columns, one entry a reading.

    `times` are in microseconds since 1970 UTC; `values` are by key, in the order of the first reading.
    """

    head: dict[str, Any]
    devices: Sequence[str | None]
    times: list[int]
    values: dict[str, Sequence[float]]


def decode_alike(payload: bytes) -> Alike | None:
    """Return a native payload column by column, or None if it is not to be had that way. Never raises."""
    first = _FIRST_READING.search(payload, 0, _LOOK_BYTES) if len(payload) >= WORTH_BYTES else None
    if first is None:
        return None
    try:
        reading = _DECODER.decode(first[1])
        return _layout(tuple(reading), isinstance(reading.get("time"), str)).decode(payload)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


class _Layout:
    """The keys of readings, in order, and whether their times are text or numbers."""

    def __init__(self, keys: tuple[str, ...], has_text: bool) -> None:
        self._keys = keys
        self._time = str if has_text else int
        self._messages = 0
        self._decode: Callable[[bytes], Alike | None] | None = None

    def decode(self, payload: bytes) -> Alike | None:
        """Return a payload decoded if enough of them have come for a decoder.

        Raises:
            msgspec.MsgspecError, ValueError, RecursionError: it needs a closer look.
        """
        self._messages += 1
        if self._messages == PAYS_AFTER:
            self._decode = _made_for(self._keys, self._time)
        return self._decode(payload) if self._decode else None


@lru_cache(maxsize=256)
def _layout(keys: tuple[str, ...], has_text: bool) -> _Layout:
    return _Layout(keys, has_text)


def _made_for(keys: tuple[str, ...], time: type[Any]) -> Callable[[bytes], Alike | None] | None:
    """Return a decoder of messages whose readings have these keys; None if readings must not.

    Raises:
        ValueError: a key can be no field's name.
    """
    names = [key for key in keys if key not in {"device", "time"}]
    if "time" not in keys or not 0 < len(names) <= _MOST_VALUES:
        return None
    has_device = "device" in keys
    renamed = {f"value_{place}": name for place, name in enumerate(names)}
    parse = msgspec.json.Decoder(_message(has_device, time, renamed)).decode
    several = attrgetter(*renamed) if len(names) > 1 else None

    def decode(payload: bytes) -> Alike | None:
        message = parse(payload)
        readings = message.readings
        if len(readings) < FEW_READINGS:
            return None
        # The usual message has one value a reading; to name its field takes a third of an attrgetter's time.
        columns = zip(*map(several, readings), strict=True) if several else [[r.value_0 for r in readings]]
        devices = [r.device for r in readings] if has_device else [None] * len(readings)
        times = parse_times([r.time for r in readings])
        return Alike(message.head(), devices, times, dict(zip(names, columns, strict=True)))

    return decode


class _Head(msgspec.Struct):
    seq: Any = None
    oldest: Any = None
    gateway: Any = None

    def head(self) -> dict[str, Any]:
        return {"seq": self.seq, "oldest": self.oldest, "gateway": self.gateway}


def _message(has_device: bool, time: type[Any], values: dict[str, str]) -> type[Any]:
    """Return the type of a message; `values` are the keys of the readings' values by field."""
    device = [("device", str)] if has_device else []
    fields = [*device, ("time", time), *((field, float) for field in values)]
    # Strings and floats make no cycles: the collector need not look at them.
    reading = msgspec.defstruct("Reading", fields, rename=values, forbid_unknown_fields=True, gc=False)
    readings = ("readings", list[reading])  # type: ignore[valid-type]
    return msgspec.defstruct("Message", [readings], bases=(_Head,), kw_only=True, forbid_unknown_fields=True)
