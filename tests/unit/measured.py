"""Series, periods and values of indicators for tests of single indicators."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.indicator import INDICATORS
from analytics.inputs import AreaInputs, AreaUnit, Period
from analytics.series import Series, Window, to_micros

if TYPE_CHECKING:
    from analytics.inputs import Site
    from analytics.results import SiteValue, Value

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: Midnight at the end of 21 November 2025 in Hạ Long.
END = datetime(2025, 11, 21, 17, tzinfo=UTC)


def series(values: Any, *, interval_s: int, end: datetime = END, suspect: Any = ()) -> Series:
    """One value an interval, the last one an interval before `end`; None leaves a gap."""
    first = to_micros(end) - len(values) * interval_s * 1_000_000
    kept = [i for i, v in enumerate(values) if v is not None]
    times = np.array([first + i * interval_s * 1_000_000 for i in kept], np.int64)
    quality = np.array([int(i in suspect) for i in kept], np.int16)
    return Series(times, np.array([values[i] for i in kept], float), quality, interval_s)


def sampled(value: float, *, at: datetime = END - timedelta(minutes=20), interval_s: int = 86_400) -> Series:
    """A laboratory's single value."""
    return Series(np.array([to_micros(at)]), np.array([value]), np.zeros(1, np.int16), interval_s)


def period(code: str, end: datetime = END) -> Period:
    """The step of an indicator that ends at an instant."""
    step = INDICATORS[code].step
    return Period(Window.of(step.floor(end - timedelta(microseconds=1), ZONE), end), ZONE)


def at_site(code: str, site: Site, end: datetime = END) -> SiteValue:
    return INDICATORS[code].site(site, period(code, end))


def evaluate(code: str, *sites: Site, end: datetime = END) -> Value:
    return INDICATORS[code].evaluate(AreaInputs(AreaUnit("193"), sites), period(code, end))
