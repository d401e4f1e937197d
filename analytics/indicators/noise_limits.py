"""Limits of noise by class of area, part of the day and date; a city may have its own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from collections.abc import Mapping

Hour = Annotated[int, Meta(ge=0, le=24)]


@dataclass(frozen=True, kw_only=True)
class NoiseLimit:
    """A limit of LAeq over the hours from `period_start` to `period_end` (local) in a class of area.

    A period that ends before it starts is made of the first and last hours of one date. In force from
    `valid_from` up to but not including `valid_to`.
    """

    area_class: str
    period_start: Hour
    period_end: Hour
    #: dB
    limit: Annotated[float, Meta(ge=0, le=140)]
    valid_from: date
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the limit is valid on a local date."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


#: QCVN 26:2010/BTNMT; of its first day only the year is known.
_FIRST = date(2011, 1, 1)
#: QCVN 26:2025/BNNMT takes its place about then; what its classes, periods and limits are is not known here.
_LAST = date(2025, 11, 14)
_ROWS = (
    ("special", 6, 21, 55.0),
    ("special", 21, 6, 45.0),
    ("ordinary", 6, 21, 70.0),
    ("ordinary", 21, 6, 55.0),
)
LIMITS = tuple(
    NoiseLimit(
        area_class=area_class,
        period_start=start,
        period_end=end,
        limit=limit,
        valid_from=_FIRST,
        valid_to=_LAST,
    )
    for area_class, start, end, limit in _ROWS
)


def limits_of(properties: Mapping[str, Any], area_class: str, day: date) -> tuple[NoiseLimit, ...]:
    """Return the limits of a class that are in force on a local date.

    They are those of the property `noise_limits`, a list of rows with the fields of NoiseLimit, and of
    LIMITS where it has none.

    Raises:
        ValueError: `noise_limits` is not such a list; the message names the place.
    """
    given = properties.get("noise_limits")
    rows = LIMITS if given is None else read_limits(given)
    return tuple(row for row in rows if row.area_class == area_class and row.in_force(day))


def read_limits(given: Any) -> tuple[NoiseLimit, ...]:
    """Return JSON values as limits.

    Raises:
        ValueError: a field is missing or is not what it should be; the message names the place.
    """
    try:
        return msgspec.convert(given, tuple[NoiseLimit, ...])
    except msgspec.ValidationError as error:
        raise ValueError(f"noise_limits: {error}") from error
