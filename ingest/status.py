"""`up/status`: whether a gateway is online, as it or its Last Will says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from ingest.formats.readings import Problem
from ingest.formats.times import InvalidTimeError, parse_time
from storage.observations import to_datetime

if TYPE_CHECKING:
    from datetime import datetime


class Reported(msgspec.Struct, frozen=True):
    """The configuration that a gateway has; `error`: why it could not apply that version."""

    version: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    hash: Annotated[str, msgspec.Meta(max_length=128)]
    error: Annotated[str, msgspec.Meta(max_length=2000)] | None = None


class _Status(msgspec.Struct):
    online: bool
    firmware: str | None = None
    started: str | int | None = None
    config: Any = None


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """What a gateway said of itself."""

    online: bool
    firmware: str | None
    started: datetime | None
    config: Reported | None = None
    #: why its configuration is not known: the rest counts all the same
    problem: Problem | None = None


_DECODER = msgspec.json.Decoder(_Status)


def decode(payload: bytes) -> GatewayStatus | Problem:
    """Return a status payload decoded, or what is wrong with it (wire contract v1, Topics)."""
    try:
        status = _DECODER.decode(payload)
        started = None if status.started is None else _instant(status.started)
        config, problem = _reported(status.config)
    except msgspec.ValidationError as error:
        return Problem("schema", "$", str(error))
    except InvalidTimeError as error:
        return Problem("time_invalid", "$.started", str(error))
    except (ValueError, RecursionError) as error:
        return Problem("not_decodable", "$", f"not a JSON document: {error}")
    return GatewayStatus(status.online, status.firmware, started, config, problem)


def _reported(told: object) -> tuple[Reported | None, Problem | None]:
    try:
        return msgspec.convert(told, Reported | None), None
    except msgspec.ValidationError as error:
        return None, Problem("schema", "$.config", str(error))


def _instant(value: str | int) -> datetime:
    try:
        return to_datetime(parse_time(value))
    except OverflowError as error:
        raise InvalidTimeError(f"started {value} is out of range") from error
