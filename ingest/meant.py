"""What a time or a number that is not in form was most likely meant to be. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ingest.formats.documents import MAX_FLOAT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from ingest.resolve import TimeLimits

#: from what was sent to milliseconds
_FACTORS = (
    (1, "whole milliseconds"),
    (1000, "seconds to milliseconds"),
    (1e-3, "microseconds to milliseconds"),
    (1e-6, "nanoseconds to milliseconds"),
)
#: a time is about the present within it
_NEAR = timedelta(hours=1)


def meant_number(value: Any) -> float | int | None:
    """Return the number that a value is or says, be it with a decimal comma; None for anything else."""
    if isinstance(value, str):
        try:
            value = json.loads(value.strip().replace(",", "."))
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    is_finite = abs(value) <= MAX_FLOAT  # isfinite() has no answer for longer integers
    return value if is_finite else None


def meant_times(
    value: Any, limits: TimeLimits, zone: tzinfo, now: datetime
) -> Iterator[tuple[int | str, str]]:
    """Yield times in form that a value may have meant, each with what was changed; the likeliest first.

    Args:
        value: what was sent; None: nothing.
        limits: the span of acceptable times.
        zone: the city's, for text without an offset.
        now: the present, which is also an example where nothing was sent.
    """
    number = meant_number(value)
    if number is not None:
        yield from _scaled(number, limits)
    elif isinstance(value, str):
        yield from _written_out(value.strip().replace("/", "-"), zone, now)
    elif value is None:
        yield _written(now.replace(microsecond=0)), "time added (an example)"


def _scaled(number: float, limits: TimeLimits) -> Iterator[tuple[int, str]]:
    for factor, words in _FACTORS:
        if limits.oldest <= number * factor * 1000 <= limits.newest:
            yield round(number * factor), words


def _written_out(text: str, zone: tzinfo, now: datetime) -> Iterator[tuple[str, str]]:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    if moment.tzinfo is None:
        is_utc = abs((utc := moment.replace(tzinfo=UTC)) - now) < _NEAR
        yield _written(utc if is_utc else moment.replace(tzinfo=zone)), "time with its offset"
        return
    yield _written(moment), "time as RFC 3339"
    if abs((local := moment.replace(tzinfo=zone)) - now) < _NEAR:
        yield _written(local), "local time with its own offset"


def _written(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
