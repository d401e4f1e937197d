"""What a message says of itself beside its readings: `seq`, `oldest` and `gateway`, in every format alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ingest.formats.documents import kind, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ingest.formats.readings import Readings

MAX_SEQ = (1 << 63) - 2
_SEQ_FIRST = re.compile(rb'[ \t\r\n]*\{[ \t\r\n]*"seq"[ \t\r\n]*:[ \t\r\n]*(0|[1-9][0-9]{0,18})[ \t\r\n]*,')


def read_head(fields: Mapping[Any, Any], found: Readings, at: str) -> None:
    """Read the fields that stand at the JSONPath `at`; what is not in form becomes a Problem.

    Source: wire contract v1, Payloads.
    """
    if fields.get("seq") is not None:
        found.seq = _sequence(fields, "seq", found, at)
    if fields.get("oldest") is not None:
        found.oldest = _sequence(fields, "oldest", found, at)
    gateway = fields.get("gateway")
    if gateway is None:
        return
    if isinstance(gateway, str):
        found.gateway = gateway
    else:
        found.refuse("schema", f"{at}.gateway", f"gateway must be a string, got {kind(gateway)}")


def number_of_broken(payload: bytes) -> int | None:
    """Return the `seq` of a native payload that is no JSON document; None where it cannot be said safely.

    It must be whole, the first member, and the only one of its name: two messages that ran into each other
    have two. What is broken lies behind it then, and it is as good as the number of a whole message.
    Source: docs/decisions/131.
    """
    found = _SEQ_FIRST.match(payload)
    if found is None or payload.count(b'"seq"') > 1 or int(found[1]) > MAX_SEQ:
        return None
    return int(found[1])


def _sequence(fields: Mapping[Any, Any], name: str, found: Readings, at: str) -> int | None:
    number = fields[name]
    if type(number) is int and 0 <= number <= MAX_SEQ:
        return number
    words = f"{name} must be an integer from 0 to 2^63 - 2, got {show(number)}"
    found.refuse("schema", f"{at}.{name}", words)
    return None
