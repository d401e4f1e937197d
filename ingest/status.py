"""`up/status`: whether a gateway is online, as it or its Last Will says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from ingest.formats.readings import Problem
from ingest.formats.times import InvalidTimeError, parse_time
from storage.observations import to_datetime

if TYPE_CHECKING:
    from datetime import datetime


class _Status(msgspec.Struct):
    online: bool
    firmware: str | None = None
    started: str | int | None = None


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What a gateway said of itself."""

    online: bool
    firmware: str | None
    started: datetime | None


_DECODER = msgspec.json.Decoder(_Status)


def decode(payload: bytes) -> GatewayStatus | Problem:
    """Return a status payload decoded, or what is wrong with it (wire contract v1, Topics)."""
    try:
        status = _DECODER.decode(payload)
        started = None if status.started is None else _instant(status.started)
    except msgspec.ValidationError as error:
        return Problem("schema", "$", str(error))
    except InvalidTimeError as error:
        return Problem("time_invalid", "$.started", str(error))
    except (ValueError, RecursionError) as error:
        return Problem("not_decodable", "$", f"not a JSON document: {error}")
    return GatewayStatus(status.online, status.firmware, started)


def _instant(value: str | int) -> datetime:
    try:
        return to_datetime(parse_time(value))
    except OverflowError as error:
        raise InvalidTimeError(f"started {value} is out of range") from error
