"""Rain: intensity, and running sums over 1, 3 and 24 hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Source, Trust, indicator
from analytics.rainfall import DAY_SHARE, intensity, total
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, is_enough
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site

_SOURCE = Source(
    Text(
        "halong, sums as in the bulletins of the national meteorological service",
        "halong, các tổng như trong bản tin của ngành khí tượng thủy văn",
    ),
    Text("accumulation", "lượng mưa tích lũy"),
    None,
    Trust.OWN,
    Text(
        "A gap makes a sum too low, so the shares required are high (of 10 min values 6 of 6, 17 of 18, "
        "140 of 144) and nothing is filled in. A value counts at its time stamp.",
        "Thiếu số liệu làm tổng thấp hơn thực tế nên tỷ lệ phải có cao (với giá trị 10 phút: 6 trong 6, "
        "17 trong 18, 140 trong 144) và không bù số thiếu. Một giá trị tính vào nhãn thời gian của nó.",
    ),
)


def accumulate(site: Site, period: Period, span: timedelta, minimum: float) -> SiteValue:
    """Return the sum of rainfall in mm over `span` up to the end of the step.

    Details: the minutes without a value, and the highest intensity of an interval in mm/h.
    """
    found = total(site, period.last(span), minimum)
    if found.value is None:
        return found
    series = site.series["rainfall"]
    peak = half_up(intensity(series.good(period.last(span)), series.interval_s), 2)
    return replace(found, details={**found.details, "peak_mm_h": peak})


def _declare(
    hours: int, minimum: float, alert: float | None = None
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=f"rain_{hours}h",
        name_en=f"Rainfall in {hours} h",
        name_vi=f"Lượng mưa tích lũy {hours} giờ",
        unit="mm",
        inputs=("rainfall",),
        step=Step.TEN_MINUTES,
        window=timedelta(hours=hours),
        min_completeness=minimum,
        area_rule=Text("the gauge with the largest sum", "trạm đo có tổng lượng mưa lớn nhất"),
        area=worst,
        decimals=3,
        version=1,
        source=_SOURCE,
        crosswalk=crosswalk("rain"),
        categories=() if alert is None else _alert_categories(alert),
    )


def _alert_categories(alert: float) -> tuple[Category, ...]:
    return (
        Category("below_pre_alert", "Below the pre-alert", "Dưới ngưỡng cảnh báo sớm", "#7FB8E6", 0),
        Category("pre_alert", "Pre-alert", "Cảnh báo sớm", "#FF7E00", alert),
    )


@indicator(
    code="rain_intensity",
    name_en="Rain intensity",
    name_vi="Cường độ mưa",
    unit="mm/h",
    inputs=("rainfall",),
    step=Step.TEN_MINUTES,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the gauge with the highest intensity", "trạm đo có cường độ lớn nhất"),
    area=worst,
    decimals=2,
    version=1,
    source=Source(
        HALONG,
        Text("mean intensity of ten minutes", "cường độ trung bình mười phút"),
        None,
        Trust.OWN,
        Text(
            "The amount over the time of which it is known. A gauge that tells less often than every "
            "ten minutes has a value in the steps that hold a time stamp, for the interval before it.",
            "Lượng mưa chia cho thời gian biết được. Trạm báo thưa hơn mười phút một lần có giá trị ở "
            "các kỳ chứa nhãn thời gian, cho khoảng trước nhãn đó.",
        ),
    ),
    crosswalk=crosswalk("rain"),
)
def rain_intensity(site: Site, period: Period) -> SiteValue:
    """Mean intensity of the ten minutes, in mm/h; no value where less than 75 % of them is known.

    vi: Cường độ mưa trung bình trong mười phút, mm/h; không có giá trị nếu biết được dưới 75 % thời gian.
    """
    series = site.series["rainfall"]
    amounts, suspect = series.good(period.step), series.suspects(period.step)
    share = series.completeness(period.step)
    if not len(amounts) or not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    mean = float(amounts.mean()) * 3600 / series.interval_s
    return SiteValue(site.code, mean, share, suspect=suspect, details={"mm": half_up(amounts.sum(), 3)})


@_declare(1, 1.0, 30)
def rain_1h(site: Site, period: Period) -> SiteValue:
    """Rain of the hour that ends with the step, in mm; every value of the hour must be there.

    vi: Lượng mưa của giờ kết thúc cùng kỳ tính, mm; phải có mọi giá trị của giờ.
    """
    return accumulate(site, period, timedelta(hours=1), 1.0)


@_declare(3, 17 / 18, 60)
def rain_3h(site: Site, period: Period) -> SiteValue:
    """Rain of the 3 hours that end with the step, in mm; 17 of 18 values must be there.

    vi: Lượng mưa của 3 giờ kết thúc cùng kỳ tính, mm; phải có 17 trong 18 giá trị.
    """
    return accumulate(site, period, timedelta(hours=3), 17 / 18)


@_declare(24, DAY_SHARE)
def rain_24h(site: Site, period: Period) -> SiteValue:
    """Rain of the 24 hours that end with the step, in mm; 140 of 144 values must be there.

    A running sum: the meteorological day, 19-19 h local time, is rain_d.

    vi: Lượng mưa của 24 giờ kết thúc cùng kỳ tính, mm; phải có 140 trong 144 giá trị. Là tổng trượt: ngày khí
    tượng 19-19 giờ là rain_d.
    """
    return accumulate(site, period, timedelta(hours=24), DAY_SHARE)
