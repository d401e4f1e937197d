"""Levels of noise: of an hour, of a part of the day, day-evening-night. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, energy_mean, is_enough, to_datetime

if TYPE_CHECKING:
    from analytics.inputs import Period
    from analytics.series import Series, Values, Window

#: Local hours of a day and their LAeq in dB, None where too few short levels are there.
HourLevels = Sequence[tuple[int, float | None]]
#: A part of the day: the local hours at which it starts and ends.
Part = tuple[int, int]

#: Directive 2002/49/EC, Annex I. The night is that of one calendar date: its first 7 hours and its last one.
DAY, EVENING, NIGHT = (7, 19), (19, 23), (23, 7)
WHOLE = (0, 24)


@dataclass(frozen=True)
class PartLevel:
    """LAeq of a part of the day, None where fewer than 75 % of its hours are there."""

    level: float | None
    hours: int
    share: float


def laeq(series: Series, window: Window) -> float | None:
    """Return the energy mean of a window's short levels in dB; None where fewer than 75 % are there."""
    enough = is_enough(series.completeness(window), MINIMUM_SHARE)
    return energy_mean(series.good(window)) if enough else None


def exceeded(levels: Values, percent: float) -> float:
    """Return the level exceeded for so many percent of the time, of short levels of shape (n > 0,).

    LA90 is the 10th percentile, linear between ranks (ISO 1996-1).
    """
    return float(np.percentile(levels, 100 - percent))


def hour_levels(series: Series, period: Period) -> HourLevels:
    """Return the local hours of a day with their levels, oldest first."""
    hours = reversed(period.step.split(HOUR))
    return [(to_datetime(h.start).astimezone(period.zone).hour, laeq(series, h)) for h in hours]


def part_level(hours: HourLevels, part: Part) -> PartLevel:
    """Return LAeq of a part of one date; one that ends before it starts has its first and last hours."""
    found = [level for hour, level in hours if _within(hour, *part)]
    known = np.array([level for level in found if level is not None])
    share = len(known) / len(found) if found else 0.0
    valid = len(known) > 0 and is_enough(share, MINIMUM_SHARE)
    return PartLevel(energy_mean(known) if valid else None, len(known), share)


def _within(hour: int, start: int, end: int) -> bool:
    return start <= hour < end if start < end else hour >= start or hour < end


def lden(lday: float, levening: float, lnight: float) -> float:
    """Return the day-evening-night level in dB: 12, 4 and 8 h, evening + 5 dB, night + 10 dB.

    Directive 2002/49/EC, Annex I.
    """
    return energy_mean(np.array([lday, levening + 5, lnight + 10]), np.array([12.0, 4.0, 8.0]))


def excess(level: float, limit: float) -> float:
    """Return by how many dB a level is above its limit, to 0.001 dB: at 0 or less it complies."""
    return half_up(level - limit, 3)


def percent_above(highest_excess: float) -> float:
    """Return 100 for a site above a limit, else 0: the mean over sites is the share above it in %."""
    return 100.0 if highest_excess > 0 else 0.0
