"""Days, months and years that are made of an indicator's hours at the same site."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.indicator import INDICATORS, Source, Trust, indicator
from analytics.known import Known
from analytics.longer import Rule, combine_days, longer
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Window
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Values

_HOUR_US = 3_600_000_000
#: Share of its hours that a sum over a day needs, 23 of 24: a gap makes it too low.
SUM_SHARE = 23 / 24


@dataclass(frozen=True)
class Span:
    """A period that is made of hours."""

    step: Step
    #: longest
    window: timedelta
    #: of the code
    suffix: str
    name_en: str
    name_vi: str
    #: share of the hours that must be there
    minimum: float


#: For what does not follow from the days, such as percentiles: days, months and years straight from hours.
SPANS = (
    Span(Step.DAY, timedelta(days=1), "d", "day", "ngày", MINIMUM_SHARE),
    Span(Step.MONTH, timedelta(days=31), "month", "month", "tháng", MINIMUM_SHARE),
    Span(Step.YEAR, timedelta(days=366), "year", "year", "năm", 0.9),
)


@dataclass(frozen=True)
class Hours:
    """The hours of a step that have a value, oldest first; shapes (n,)."""

    known: Known
    series: Series
    window: Window
    values: Values
    #: None where an hour has none
    weights: Values | None

    @property
    def weight(self) -> float | None:
        """Sum of the weights."""
        return None if self.weights is None or not len(self.weights) else float(self.weights.sum())

    @property
    def total(self) -> int:
        """Number of hours in the step."""
        return round(self.window.length / _HOUR_US)

    def told(self) -> dict[str, Any]:
        """Return, for the details, how many hours there are and how many there could be."""
        return {"hours": len(self.values), "hours_in_period": self.total}


def hours_of(site: Site, period: Period, code: str, minimum: float = MINIMUM_SHARE) -> Hours:
    """Return the hourly values of an indicator within the step."""
    series, window = site.results[code], period.step
    values, weights = series.good(window), site.weights.get(code)
    each = None if weights is None else weights.good(window)
    if each is None or len(each) != len(values) or not (each >= 0).all() or not each.sum() > 0:
        each = None
    known = Known(site.code, min(1.0, len(values) * _HOUR_US / window.length), minimum=minimum)
    return Hours(known, series, window, values, each)


def peak(hours: Hours, period: Period) -> dict[str, Any]:
    """Return the local hour with the largest value, by its start, and its share of the sum in %."""
    if not len(hours.values):
        return {}
    at = int(np.argmax(hours.values))
    first = hours.series.good_times.searchsorted(period.step.start)
    start = Window(int(hours.series.good_times[first + at]), period.step.end).start_time
    largest, total = float(hours.values[at]), float(hours.values.sum())
    share = {"peak_share_pct": half_up(100 * largest / total, 2)} if total else {}
    return {"peak_hour": f"{start.astimezone(period.zone):%H:%M}", "peak": half_up(largest, 3), **share}


def day_of(
    code: str,
    rule: Rule,
    *,
    name_en: str,
    name_vi: str,
    unit: str = "",
    minimum: float = MINIMUM_SHARE,
    words: Text,
    of_days: Rule = Rule.MEAN,
    more: Callable[[Hours, Period], dict[str, Any]] | None = None,
) -> None:
    """Declare `<code>_d` of the hourly indicator `code`, and its month and year.

    Args:
        code: of the hourly indicator; it must be declared above.
        rule: how hours make a day.
        name_en: of the day.
        name_vi: of the day.
        unit: UCUM; the hour's by default.
        minimum: share of the hours that must be there.
        words: what the value is, for planners.
        of_days: how days make a month and a year.
        more: further details.

    Raises:
        KeyError: there is no such hourly indicator.
    """
    hour = INDICATORS[code]
    declare = indicator(
        code=f"{code}_d",
        name_en=name_en,
        name_vi=name_vi,
        description=words + _needs(round(24 * minimum)),
        unit=unit or hour.unit,
        of=(code,),
        step=Step.DAY,
        window=timedelta(days=1),
        min_completeness=minimum,
        area_rule=hour.area_rule,
        area=hour.area,
        decimals=hour.decimals,
        version=hour.version,
        crosswalk=hour.crosswalk,
        source=_own(hour.source),
    )
    declare(_of_hours(code, rule, minimum, more))
    longer(f"{code}_d", of_days)


def _needs(hours: int) -> Text:
    return Text(
        f"No value where fewer than {hours} of 24 hours have one.",
        f"Không có giá trị nếu dưới {hours} trong 24 giờ có giá trị.",
    )


def _own(hour: Source) -> Source:
    note = Text(
        f"Each hour by {hour.document.en}, {hour.clause.en}. Shares of hours required are halong's rule.",
        f"Mỗi giờ theo {hour.document.vi}, {hour.clause.vi}. Tỷ lệ số giờ phải có là quy ước của halong.",
    )
    return Source(HALONG, Text("a day of its hours", "ngày tính từ giờ"), None, Trust.OWN, note)


def _of_hours(
    code: str,
    rule: Rule,
    minimum: float,
    more: Callable[[Hours, Period], dict[str, Any]] | None,
) -> SiteFunction:
    def of_day(site: Site, period: Period) -> SiteValue:
        hours = hours_of(site, period, code, minimum)
        value, _ = combine_days(hours.values, hours.weights, hours.total, minimum, rule)
        details = hours.told() | ({} if more is None else more(hours, period))
        if value is None:
            return hours.known.missing(weight=hours.weight, **details)
        return hours.known.value(value, hours.weight, **details)

    return of_day
