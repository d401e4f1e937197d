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

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site

_SOURCE = Source(
    "halong, sums as in the bulletins of the national meteorological service",
    "accumulation",
    None,
    Trust.OWN,
    "A gap makes a sum too low, so the shares required are high (of 10 min values 6 of 6, 17 of 18, 140 of "
    "144) and nothing is filled in. A value counts at its time stamp.",
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
        area_rule="the gauge with the largest sum",
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
    area_rule="the gauge with the highest intensity",
    area=worst,
    decimals=2,
    version=1,
    source=Source(
        "halong",
        "mean intensity of ten minutes",
        None,
        Trust.OWN,
        "The amount over the time of which it is known. A gauge that tells less often than every ten minutes "
        "has a value in the steps that hold a time stamp, for the interval before it.",
    ),
    crosswalk=crosswalk("rain"),
)
def rain_intensity(site: Site, period: Period) -> SiteValue:
    """Mean intensity of the ten minutes, in mm/h; no value where less than 75 % of them is known."""
    series = site.series["rainfall"]
    amounts, suspect = series.good(period.step), series.suspects(period.step)
    share = series.completeness(period.step)
    if not len(amounts) or not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    mean = float(amounts.mean()) * 3600 / series.interval_s
    return SiteValue(site.code, mean, share, suspect=suspect, details={"mm": half_up(amounts.sum(), 3)})


@_declare(1, 1.0, 30)
def rain_1h(site: Site, period: Period) -> SiteValue:
    """Rain of the hour that ends with the step, in mm; every value of the hour must be there."""
    return accumulate(site, period, timedelta(hours=1), 1.0)


@_declare(3, 17 / 18, 60)
def rain_3h(site: Site, period: Period) -> SiteValue:
    """Rain of the 3 hours that end with the step, in mm; 17 of 18 values must be there."""
    return accumulate(site, period, timedelta(hours=3), 17 / 18)


@_declare(24, DAY_SHARE)
def rain_24h(site: Site, period: Period) -> SiteValue:
    """Rain of the 24 hours that end with the step, in mm; 140 of 144 values must be there.

    A running sum: the meteorological day, 19-19 h local time, is rain_d.
    """
    return accumulate(site, period, timedelta(hours=24), DAY_SHARE)
