"""Documents of the formats' own words in places where they do not belong, as JSON or CBOR, from a seed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import cbor2

from ingest.formats.senml_records import CBOR, JSON

if TYPE_CHECKING:
    from random import Random

_KEYS = (
    *JSON, "seq", "oldest", "gateway", "readings", "device", "time", "pm2_5", "x_", "b_", "end_device_ids",
    "uplink_message", "decoded_payload", "received_at", "deviceInfo", "devEui", "object", "value", "unit", "",
)  # fmt: skip
_LEAVES = (
    None, True, False, 0, 1, -1, 26, 1.5, -0.0, math.nan, math.inf, -math.inf, 1e308, 5e-324, 2**63, -(2**64),
    10**400, 1_795_335_360, 1_795_335_360_000, 268_435_455, "", "aq/pm10", "aq:pm10", "urn:dev:ow:1:", "Cel",
    "%RH", "1.5", "2026-11-22T08:15:00Z", "2026-11-22", "\ud800", "\0", "đ", "a" * 300,
)  # fmt: skip
_TAGGED = (1, [1, 2], [-3, 10], b"\xff" * 200, "x", [[1], 2])


def document_of(rng: Random, *, binary: bool) -> bytes:
    """Return a document, in CBOR if it is `binary`."""
    document = [_record(rng, binary=binary) for _ in range(rng.randint(0, 7))]
    if binary:
        return cbor2.dumps(document)
    text = document if rng.random() < 0.5 else _object(rng, document)
    return json.dumps(text).encode()


def _object(rng: Random, document: list[Any]) -> dict[str, Any]:
    return {rng.choice(_KEYS): _node(rng, 2) for _ in range(3)} | {"readings": document}


def _record(rng: Random, *, binary: bool) -> Any:
    if rng.random() < 0.05:
        return _leaf(rng, binary=binary)
    names = rng.choices(_KEYS[:16] if rng.random() < 0.8 else _KEYS, k=rng.randint(0, 5))
    record: dict[Any, Any] = {"n": "aq/pm10", "bt": 1_795_335_360, "v": 1.0} if rng.random() < 0.7 else {}
    record |= {name: _node(rng, 1, binary=binary) for name in names}
    return {CBOR.get(name, name): value for name, value in record.items()} if binary else record


def _node(rng: Random, depth: int, *, binary: bool = False) -> Any:
    if depth and rng.random() < 0.2:
        return {rng.choice(_KEYS): _node(rng, depth - 1, binary=binary) for _ in range(2)}
    return _leaf(rng, binary=binary)


def _leaf(rng: Random, *, binary: bool) -> Any:
    if binary and rng.random() < 0.15:
        tags = (0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 37, 258, 55799)
        return cbor2.CBORTag(rng.choice(tags), rng.choice(_TAGGED))
    leaf = rng.choice(_LEAVES)
    return "lone" if binary and leaf == "\ud800" else leaf
