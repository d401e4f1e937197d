"""Instants as a city lives them: local hour, weekday, month and holidays, vectorised."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simulators.draws import Floats, Ints

MICROSECONDS_PER_HOUR = 3_600_000_000
_EPOCH = date(1970, 1, 1)

#: first day of the lunar year in Viet Nam
TET = tuple(
    date.fromisoformat(day)
    for day in [
        "2021-02-12",
        "2022-02-01",
        "2023-01-22",
        "2024-02-10",
        "2025-01-29",
        "2026-02-17",
        "2027-02-06",
        "2028-01-26",
        "2029-02-13",
    ]
)
#: 10th day of the 3rd lunar month
HUNG_KINGS = tuple(
    date.fromisoformat(day) for day in ["2024-04-18", "2025-04-07", "2026-04-26", "2027-04-16"]
)
_FIXED = ((1, 1), (4, 30), (5, 1), (9, 2))


def _day_number(day: date) -> int:
    return (day - _EPOCH).days


#: from New Year's Eve to the fourth day of the lunar year
TET_DAYS = np.array([_day_number(day) + offset for day in TET for offset in range(-1, 5)])
HOLIDAYS = np.array(
    [_day_number(date(year, month, day)) for year in range(2015, 2046) for month, day in _FIXED]
    + [_day_number(day) for day in HUNG_KINGS]
)


def standard_offset_hours(time_zone: str) -> float:
    """Return a zone's hours ahead of UTC without daylight saving, as of 2024."""
    moment = datetime(2024, 1, 1, tzinfo=ZoneInfo(time_zone))
    offset = (moment.utcoffset() or timedelta()) - (moment.dst() or timedelta())
    return offset.total_seconds() / 3600


@dataclass(frozen=True)
class Moment:
    """Instants as local hours since 1970-01-01 00:00 local standard time."""

    hours: Floats
    offset: float

    @classmethod
    def of(cls, times: NDArray[np.int64], offset: float) -> Moment:
        """Read int64 microseconds since 1970 UTC, for a clock `offset` hours ahead of UTC."""
        return cls(np.asarray(times) / MICROSECONDS_PER_HOUR + offset, offset)

    def later(self, hours: float) -> Moment:
        """Return the instants moved by some hours."""
        return Moment(self.hours + hours, self.offset)

    @cached_property
    def seconds(self) -> Ints:
        """Whole local seconds: the index of everything that is drawn anew at each instant."""
        return np.rint(self.hours * 3600).astype(np.int64)

    @cached_property
    def day(self) -> Ints:
        """Local day number, 0 = 1970-01-01."""
        return np.floor(self.hours / 24).astype(np.int64)

    @cached_property
    def hour(self) -> Floats:
        """Local hour of the day, 0 up to but not including 24."""
        return self.hours - 24 * self.day

    @cached_property
    def weekday(self) -> Ints:
        """Day of the week, 0 = Monday."""
        return (self.day + 3) % 7

    @cached_property
    def is_weekend(self) -> NDArray[np.bool_]:
        """Saturday, Sunday, or a public holiday."""
        return (self.weekday >= 5) | self.is_holiday | self.is_tet

    @cached_property
    def is_holiday(self) -> NDArray[np.bool_]:
        """A public holiday other than Tết."""
        return np.isin(self.day, HOLIDAYS)

    @cached_property
    def is_tet(self) -> NDArray[np.bool_]:
        """The days around the lunar New Year."""
        return np.isin(self.day, TET_DAYS)

    @cached_property
    def season(self) -> Floats:
        """Position in the year in months: 0.5 = mid-January, 11.5 = mid-December."""
        return np.asarray((self.hours / 24 % 365.2425) / 365.2425 * 12)

    def monthly(self, values: Sequence[float]) -> Floats:
        """Interpolate twelve monthly values, each standing at its month's middle."""
        return np.interp(self.season, np.arange(12) + 0.5, values, period=12)

    def hourly(self, values: Sequence[float]) -> Floats:
        """Interpolate 24 hourly values, each standing at its hour's middle."""
        return np.interp(self.hour, np.arange(24) + 0.5, values, period=24)


def month_of(days: Ints) -> Ints:
    """Return the calendar month, 0 = January, of local day numbers."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
