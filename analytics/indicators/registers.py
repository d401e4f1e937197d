"""What a meter's register says was used: differences of its readings, over its end and back to zero. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics.held import usual_hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.series import Series, Values, Window

#: A register is read this close to both ends of a period, or three sampling intervals where that is longer.
TOLERANCE = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Used:
    """What a register counted between the readings that are nearest to the ends of a period."""

    #: share of the period between the readings; a gap within the tolerance at an end counts as none
    share: float
    first: float | None = None
    last: float | None = None
    #: in the register's unit; None: the register jumped back, or a reading is missing at an end
    amount: float | None = None
    roll_overs: int = 0


def used_between(
    readings: Values | Sequence[float], modulus: float | None = None
) -> tuple[float | None, int]:
    """Return what successive readings, shape (n > 0,), amount to, and how often the register rolled over.

    A step back by more than half of the modulus, the number of units after which the register begins again,
    is a roll-over; a smaller one, or any without a modulus, is an exchange or an error: then it is unknown.
    """
    steps = np.diff(np.asarray(readings, dtype=float))
    back = steps[steps < 0]
    if len(back) and (modulus is None or (back >= -modulus / 2).any()):
        return None, 0
    return float(steps.sum() + (modulus or 0.0) * len(back)), len(back)


def used(series: Series, window: Window, modulus: float | None = None, *, reach: timedelta) -> Used:
    """Return what a register counted within a window, from its good readings.

    Args:
        series: of the register.
        window: what is asked for.
        modulus: the number of units after which the register begins again.
        reach: how far before the window the series goes.
    """
    hold = max(TOLERANCE, usual_hold(series, reach)) // _MICROSECOND
    times = series.good_times
    # From the last reading before the start, else the first one after it, to the last before the end: periods
    # that follow each other lose nothing in between.
    first = max(int(times.searchsorted(window.start)) - 1, 0)
    if first < len(times) and times[first] < window.start - hold:
        first += 1
    end = int(times.searchsorted(window.end))
    if end - first < 2:
        return Used(0.0)
    missing = [max(0, int(times[first]) - window.start), max(0, window.end - int(times[end - 1]))]
    readings = series.good_values[first:end]
    share = max(0.0, 1 - sum(gap for gap in missing if gap > hold) / window.length)
    amount, over = used_between(readings, modulus)
    return Used(share, float(readings[0]), float(readings[-1]), amount if share == 1 else None, over)
