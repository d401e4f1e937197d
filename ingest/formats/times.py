"""Times on the wire: RFC 3339 with an offset, or integer milliseconds since 1970 UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# date-time of RFC 3339, 5.6, with any number of fraction digits
_RFC3339 = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}):(\d{2})(?:\.(\d+))?([Zz]|[+-]\d{2}:\d{2})?", re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: 9999-12-31, the end of RFC 3339's four-digit years, in milliseconds
MAX_MS = 253_402_300_799_999


class InvalidTimeError(ValueError):
    """A time that is not in one of the two forms."""


def parse_time(value: Any) -> int:
    """Return a wire time as microseconds since 1970 UTC; digits below a microsecond are cut off.

    A leap second (23:59:60) is the first instant of the next minute, as PostgreSQL has it.

    Raises:
        InvalidTimeError: neither form, or no offset: a time zone is never guessed.
    """
    if type(value) is int:
        if abs(value) <= MAX_MS:
            return value * 1000
        raise InvalidTimeError(f"time {value} is beyond year 9999: give milliseconds since 1970 UTC")
    if isinstance(value, str):
        return _parse_text(value)
    raise InvalidTimeError(
        "time must be RFC 3339 text with an offset, or integer milliseconds since 1970 UTC"
    )


def parse_times(column: Sequence[int] | Sequence[str]) -> list[int]:
    """Return wire times, one at least and all of one type, as `parse_time` does.

    Raises:
        InvalidTimeError: the first that is in neither form.
    """
    first, count = column[0], len(column)
    if column.count(first) == count:
        return [parse_time(first)] * count  # one round of measuring
    return [*map(parse_time, column)]


@lru_cache(maxsize=1024)  # the readings of a message mostly have a few times in common
def _parse_text(text: str) -> int:
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidTimeError(f"time {text[:40]!r} is not RFC 3339, for example 2026-11-22T08:15:00+07:00")
    date, minute, second, fraction, offset = match.groups()
    if offset is None:
        raise InvalidTimeError(f"time {text[:40]!r} has no offset: add Z or, for example, +07:00")
    if second > "60":
        raise InvalidTimeError(f"time {text[:40]!r} has second {second}")
    try:
        start = datetime.fromisoformat(f"{date}T{minute}:00{offset.upper().replace('Z', '+00:00')}")
    except ValueError as error:
        raise InvalidTimeError(f"time {text[:40]!r} does not exist: {error}") from None
    return (
        (start - _EPOCH) // _MICROSECOND + int(second) * 1_000_000 + int((fraction or "0")[:6].ljust(6, "0"))
    )
