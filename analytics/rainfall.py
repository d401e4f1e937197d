"""Sums and intensities of rain. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import is_enough

if TYPE_CHECKING:
    from analytics.inputs import Site
    from analytics.series import Times, Values, Window

#: Share of 24 hours' values that a sum needs.
DAY_SHARE = 140 / 144
_MINUTE_US = 60_000_000


def total(site: Site, window: Window, minimum: float) -> SiteValue:
    """Return the sum of rainfall in mm within a window; the minutes without a value in the details."""
    series = site.series["rainfall"]
    suspect, share = series.suspects(window), series.completeness(window)
    missing = {"missing_min": half_up((1 - share) * window.length / _MINUTE_US, 1)}
    if not is_enough(share, minimum):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect, details=missing)
    return SiteValue(site.code, float(series.good(window).sum()), share, suspect=suspect, details=missing)


def intensity(amounts: Values, interval_s: float) -> float:
    """Return the highest intensity, mm/h, among amounts of one interval in mm, shape (n > 0,)."""
    return float(np.max(amounts)) * 3600 / interval_s


def largest_sum(times: Times, amounts: Values, minutes: int) -> float:
    """Return the largest sum of the amounts whose time stamps lie within so many minutes; 0 without any.

    Args:
        times: ascending, µs, shape (n,).
        amounts: mm, shape (n,).
        minutes: length of the running sum.
    """
    before = times.searchsorted(times - minutes * _MINUTE_US, side="right")
    sums = np.concatenate(([0.0], np.cumsum(amounts)))
    return float(np.max(sums[1:] - sums[before], initial=0.0))
