"""Payloads that halong refuses, one kind for each reason of the wire contract, made on purpose. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    Readings = list[dict[str, Any]]
    Spoil = Callable[[dict[str, Any]], dict[str, Any]]


def _first_value(reading: dict[str, Any]) -> str:
    return next(name for name in reading if name not in ("device", "time"))


def _with_value(value: Any) -> Spoil:
    return lambda reading: reading | {_first_value(reading): value}


def _at(seconds: float) -> Spoil:
    return lambda reading: reading | {"time": round((time.time() + seconds) * 1000)}


#: reason -> what is done to a reading; these a reading of any format can have
READINGS: Final[dict[str, Spoil]] = {
    "unknown_device": lambda reading: reading | {"device": "no-such-device"},
    "unknown_property": lambda reading: reading | {"no_such_property": 1.0},
    "time_in_future": _at(86_400),
    "time_too_old": lambda reading: reading | {"time": 946_684_800_000},  # 2000, a clock that was never set
    "value_out_of_range": _with_value(1e15),
}
#: … and these only native JSON
NATIVE_READINGS: Final[dict[str, Spoil]] = {
    "time_missing": lambda reading: {name: value for name, value in reading.items() if name != "time"},
    "time_invalid": lambda reading: reading | {"time": "2026-11-22T08:15:00"},  # without an offset
    "value_not_finite": _with_value("31,2"),
}
#: reason -> what is done to the head of a native payload
HEADS: Final[dict[str, dict[str, Any]]] = {
    "schema": {"site": "roof"},
    "gateway_mismatch": {"gateway": "another-gateway"},
}
#: every kind
KINDS: Final = tuple(sorted({*READINGS, *NATIVE_READINGS, *HEADS, "not_decodable"}))


def spoilt(readings: Readings, kind: str) -> Readings:
    """Return readings of which the first one is refused, if it is a reading that the kind spoils."""
    spoil = (READINGS | NATIVE_READINGS).get(kind)
    return [spoil(readings[0]), *readings[1:]] if spoil else readings


def spoilt_payload(payload: bytes, kind: str) -> bytes:
    """Return a payload that is refused, if it is the payload that the kind spoils.

    Raises:
        ValueError: the kind is one of native JSON, and the payload is not.
    """
    if kind == "not_decodable":
        return payload[: len(payload) // 2]  # as a modem that loses power sends it
    if kind not in HEADS:
        return payload
    return msgspec.json.encode(msgspec.json.decode(payload, type=dict[str, Any]) | HEADS[kind])


def is_of(kind: str, format_name: str) -> bool:
    """Tell whether a kind can be made in a format."""
    return format_name == "native" or kind in READINGS or kind == "not_decodable"


def keeps_number(kind: str, format_name: str) -> bool:
    """Tell whether halong can read the number of what the kind spoils."""
    return kind != "not_decodable" or format_name == "native"
