"""People: visits through counted gates."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics.area_rules import total
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.results import AreaValue
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Window
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Values

IN, OUT = "people_in", "people_out"
QUARTER = Step.QUARTER_HOUR.length
#: Fewer people than this are not shown to the public.
SMALLEST_CELL = 10


def is_fine(series: Series) -> bool:
    """Tell whether counts are for a quarter of an hour or less."""
    return timedelta(seconds=series.interval_s) <= QUARTER


def quarters(series: Series, window: Window) -> Values:
    """Return the sums of the quarters of an hour of a window, oldest first; 0 for one without values."""
    width = QUARTER // timedelta(microseconds=1)
    inside = (series.good_times >= window.start) & (series.good_times < window.end)
    places = (series.good_times[inside] - window.start) // width
    return np.bincount(places, series.good_values[inside], window.length // width).astype(np.float64)


def balance(entered: Values, left: Values, start: float = 0) -> Values:
    """Return entered less left after each interval, from counts of shape (n,); counters drift below 0."""
    return np.asarray(start + np.cumsum(np.asarray(entered, float) - np.asarray(left, float)), np.float64)


def peak_rate(entered: Values) -> float:
    """Return the largest count of a quarter of an hour as people an hour, from counts of shape (n > 0,)."""
    return float(np.max(entered) * (timedelta(hours=1) / QUARTER))


def present(gates: Sequence[Values]) -> Values:
    """Return the people present in a perimeter from its gates' balances, each of shape (n,), 0 at least."""
    return np.asarray(np.clip(np.sum(gates, axis=0), 0, None), np.float64)


def of_quarters(inn: Sequence[float], out: Sequence[float], area_m2: float, start: float) -> dict[str, float]:
    """Return the figures of one gate from its counts by quarter of an hour."""
    track = present([balance(np.array(inn), np.array(out), start)])
    return {
        "inn": float(np.sum(inn)),
        "peak_15min_rate_h": peak_rate(np.array(inn)),
        "present_end": float(track[-1]),
        "peak_present": float(track.max()),
        "peak_density": float(track.max()) / area_m2,
    }


def visits(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the sum over the gates that have a value, marked where it is too small to be published."""
    found = total(area, sites, period)
    return found and AreaValue(found.value, {**found.details, "suppress": suppress(found.value)})


def suppress(people: float) -> bool:
    """Tell whether a count is too small to be published."""
    return people < SMALLEST_CELL


_SOURCE = Source(
    HALONG,
    Text("counts of people by direction", "đếm người theo chiều"),
    None,
    Trust.OWN,
    Text(
        "Counts only: no images and no identifiers of devices. A value counts at its time stamp; "
        "nothing is added for a gap, so that a value with less than full completeness is too low. 75 % "
        "of the counts are needed. Visits are not visitors: who passes two gates is counted twice. "
        "Where `suppress` is true in the details, fewer than 10 people, the value is not for the public.",
        "Chỉ có số đếm: không có hình ảnh, không có mã nhận dạng thiết bị. Một giá trị tính vào nhãn "
        "thời gian của nó; không cộng thêm gì cho chỗ thiếu, nên giá trị chưa đủ dữ liệu sẽ thấp hơn "
        "thực tế. Phải có 75 % số lần đếm. Lượt khách không phải số khách: người qua hai cổng được đếm "
        "hai lần. Khi `suppress` trong phần chi tiết là true, tức dưới 10 người, giá trị không dành cho "
        "công bố.",
    ),
)


def _declare_visits(
    code: str, name_en: str, name_vi: str, step: Step, *examples: Example
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        unit="{visit}",
        inputs=(IN,),
        step=step,
        window=step.length,
        min_completeness=MINIMUM_SHARE,
        area_rule=Text(
            "sum over the gates that have a value, their share in the details; visits, not visitors",
            "tổng các cổng có giá trị, tỷ lệ của chúng nằm trong phần chi tiết; là lượt khách, không "
            "phải số khách",
        ),
        area=visits,
        decimals=0,
        version=1,
        source=_SOURCE,
        crosswalk=crosswalk("people"),
        examples=examples,
    )


@_declare_visits("footfall_15min", "Footfall in 15 min", "Lượt khách trong 15 phút", Step.QUARTER_HOUR)
def footfall_15min(site: Site, period: Period) -> SiteValue:
    """People who entered in the quarter of an hour, in visits; 75 % of the counts must be there.

    vi: Số người đi vào trong một khắc (15 phút), lượt; phải có 75 % số lần đếm.
    """
    return _entered(site, period)


@_declare_visits("footfall_1h", "Footfall in 1 h", "Lượt khách trong 1 giờ", Step.HOUR)
def footfall_1h(site: Site, period: Period) -> SiteValue:
    """People who entered in the hour, in visits; 75 % of the counts must be there.

    vi: Số người đi vào trong giờ, lượt; phải có 75 % số lần đếm.
    """
    return _entered(site, period)


@_declare_visits(
    "footfall_d",
    "Footfall of the day",
    "Lượt khách trong ngày",
    Step.DAY,
    Example(
        case="four 15-min counts",
        ours=of_quarters,
        inputs={"inn": [120, 180, 240, 60], "out": [90, 150, 210, 90], "area_m2": 400, "start": 0},
        expected={
            "inn": 600,
            "peak_15min_rate_h": 960,
            "present_end": 60,
            "peak_present": 90,
            "peak_density": 0.225,
        },
        tolerance=1e-6,
        source="computed independently",
    ),
)
def footfall_d(site: Site, period: Period) -> SiteValue:
    """People who entered on the local day, in visits; 75 % of the counts must be there.

    vi: Số người đi vào trong ngày, lượt; phải có 75 % số lần đếm.
    """
    return _entered(site, period)


def _entered(site: Site, period: Period) -> SiteValue:
    series, step = site.series[IN], period.step
    known = Known.of(site, series, step)
    if not known.enough or series.expected(step) < 1:
        return known.missing()
    details = {"missing_min": half_up((1 - known.share) * step.length / 60e6, 1)}
    if is_fine(series):
        details["peak_rate_per_h"] = peak_rate(quarters(series, step))
    return known.value(float(series.good(step).sum()), **details)


longer("footfall_d", rule=Rule.SUM)
