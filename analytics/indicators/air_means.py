"""What the air rules compare: the hours of a day, its running 8 h means, and what is made of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

import numpy as np

from analytics.known import Known
from analytics.series import HOUR, MINIMUM_SHARE, hourly_means, is_enough

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inputs import Period, Site
    from analytics.series import Series

RUNNING_HOURS = 8
_DAY_US = 86_400_000_000
_BEFORE = (RUNNING_HOURS - 1) * HOUR
#: A day, which is of 25 h where the clock is set back, and the hours before it that its first 8 h mean has.
REACH = timedelta(hours=25) + _BEFORE


class Averaging(Enum):
    """An averaging time: its name, and how many hours a mean has."""

    ONE_HOUR = ("1h", 1)
    EIGHT_HOURS = ("8h", RUNNING_HOURS)
    DAY = ("24h", 24)

    def __init__(self, code: str, hours: int) -> None:
        self.code = code
        self.hours = hours


@dataclass(frozen=True)
class Means:
    """Means of one averaging time that end within a day, oldest first; None for one with too few hours."""

    values: tuple[float | None, ...]

    @property
    def valid(self) -> list[float]:
        """The means that are there."""
        return [value for value in self.values if value is not None]

    @property
    def share(self) -> float:
        """Share of them that is there."""
        return len(self.valid) / len(self.values)

    def largest(self) -> float | None:
        """Return the largest, or None where fewer than 18 of 24 are there."""
        return max(self.valid) if self.valid and is_enough(self.share, MINIMUM_SHARE) else None

    def mean(self) -> float | None:
        """Return the mean, or None where fewer than 18 of 24 are there."""
        return float(np.mean(self.valid)) if self.valid and is_enough(self.share, MINIMUM_SHARE) else None


def hours_of_day(series: Series, period: Period) -> Means:
    """Return the hourly means of the day; an hour needs 75 % of its values."""
    return Means(tuple(reversed(hourly_means(series, period.step))))


def running_8h(series: Series, period: Period) -> Means:
    """Return the 8 h means that end with each hour of the day; one needs 6 of its hours."""
    reach = timedelta(microseconds=period.step.length) + _BEFORE
    hours = list(reversed(hourly_means(series, period.last(reach))))
    return Means(running(hours))


def running(hours: Sequence[float | None]) -> tuple[float | None, ...]:
    """Return the mean of each 8 hours in a row, oldest first; None where fewer than 6 of them are there."""
    spans = (Means(tuple(hours[i - RUNNING_HOURS : i])) for i in range(RUNNING_HOURS, len(hours) + 1))
    return tuple(span.mean() for span in spans)


def means(series: Series, period: Period, averaging: Averaging) -> tuple[list[float], float]:
    """Return the means of an averaging time that end within the day, oldest first, and how much is known.

    Of 24 h there is one or none, and the share of the hours is known; of the others the share of the means.
    """
    if averaging is Averaging.EIGHT_HOURS:
        eight = running_8h(series, period)
        return eight.valid, eight.share
    hours = hours_of_day(series, period)
    if averaging is Averaging.ONE_HOUR:
        return hours.valid, hours.share
    mean = hours.mean()
    return [] if mean is None else [mean], hours.share


def days_in(period: Period) -> int:
    """Return the number of local days of a month or year."""
    return round(period.step.length / _DAY_US)


def known(site: Site, period: Period, share: float, *properties: str) -> Known:
    """Return what is known of the day at a site, with the suspect observations of some properties."""
    suspect = sum(site.series[name].suspects(period.step) for name in properties if name in site.series)
    return Known(site.code, share, suspect)
