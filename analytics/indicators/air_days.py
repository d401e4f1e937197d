"""Concentrations: means of 24 h and of the day, largest 8 h means, and the months and years made of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import worst
from analytics.indicator import Source, Trust, indicator
from analytics.indicators.air_limits import (
    CATEGORIES,
    IN_FORCE,
    LIMITS,
    NAMES,
    equivalents,
    pm2_5_category,
    pm2_5_limit,
    source,
)
from analytics.indicators.air_means import REACH, hours_of_day, known, running_8h
from analytics.longer import Rule, longer
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, hourly_means, is_enough
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site

#: Observed properties whose mean of the day is an indicator, and those whose largest 8 h mean is one.
DAY_MEANS = ("pm2_5", "pm10", "tsp", "no2", "so2", "co")
DAY_8H = ("o3", "co")
_AREA_RULE = Text(
    "the station with the highest mean; the mean by population is an indicator of its own",
    "trạm có trung bình cao nhất; trung bình theo dân số là một chỉ số riêng",
)


@indicator(
    code="pm2_5_24h",
    name_en="PM2.5, 24 h mean",
    name_vi="Bụi mịn PM2.5, trung bình 24 giờ",
    unit="ug/m3",
    inputs=("pm2_5",),
    step=Step.HOUR,
    window=timedelta(hours=24),
    raw_window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the station with the highest mean", "trạm có trung bình cao nhất"),
    area=worst,
    decimals=3,
    version=1,
    valid_from=IN_FORCE,
    categories=CATEGORIES,
    categorise=pm2_5_category,
    limits=LIMITS["pm2_5"]["24h"],
    crosswalk=equivalents("pm2_5"),
    source=source(
        Text(
            "limits of ambient air, PM2.5 over 24 h",
            "giới hạn không khí xung quanh, PM2.5 trung bình 24 giờ",
        ),
        Text(
            "50 µg/m³ until 2025-12-31, 45 from 2026-01-01. The regulation's day is 00-24 h local time: "
            "the value of the step 23-24 h is that day's; the other steps are running means. Hours with "
            "75 % of their values, and 18 of 24 of them, are halong's rule.",
            "50 µg/m³ đến hết 2025-12-31, 45 từ 2026-01-01. Ngày theo quy chuẩn là 00-24 giờ địa "
            "phương: giá trị của kỳ 23-24 giờ là giá trị của ngày đó; các kỳ khác là trung bình trượt. "
            "Giờ có 75 % số giá trị, và 18 trong 24 giờ, là quy ước của halong.",
        ),
    ),
)
def pm2_5_24h(site: Site, period: Period) -> SiteValue:
    """Mean of the valid hourly means of the 24 h that end with the step, in µg/m³.

    It is compared with the limit in force on the local date of the step's last instant.

    vi: Trung bình của các trung bình giờ hợp lệ trong 24 giờ kết thúc cùng kỳ tính, µg/m³. Giá trị được so
    với giới hạn có hiệu lực vào ngày (giờ địa phương) chứa thời điểm cuối của kỳ.
    """
    series, window = site.series["pm2_5"], period.last(timedelta(hours=24))
    hours = [hour for hour in hourly_means(series, window) if hour is not None]
    share, suspect = len(hours) / 24, series.suspects(window)
    if not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    value = float(np.mean(hours))
    return SiteValue(
        site.code, value, share, suspect=suspect, details=_against_limit(value, len(hours), period)
    )


def _against_limit(value: float, hours: int, period: Period) -> Mapping[str, Any]:
    limit = pm2_5_limit(period.day)
    return {"limit": limit, "ratio": half_up(value / limit, 4), "hours": hours}


def day_mean(site: Site, period: Period, name: str) -> SiteValue:
    """Return the mean of the valid hourly means of the local day, µg/m³; 18 of 24 hours must be there."""
    hours = hours_of_day(site.series[name], period)
    about, value, told = known(site, period, hours.share, name), hours.mean(), len(hours.valid)
    return about.missing(hours=told) if value is None else about.value(value, hours=told)


def day_8h(site: Site, period: Period, name: str) -> SiteValue:
    """Return the largest of the 8 h means that end within the local day, µg/m³; 18 of 24 must be there."""
    eight = running_8h(site.series[name], period)
    about, value, told = known(site, period, eight.share, name), eight.largest(), len(eight.valid)
    return about.missing(means=told) if value is None else about.value(value, means=told)


def _declare(
    code: str,
    name: str,
    site: SiteFunction,
    *,
    description: Text,
    words: str,
    words_vi: str,
    window: timedelta,
) -> None:
    declare = indicator(
        code=code,
        name_en=f"{NAMES[name]}, {words}",
        name_vi=f"{NAMES[name]}, {words_vi}",
        description=description,
        unit="ug/m3",
        inputs=(name,),
        step=Step.DAY,
        window=window,
        raw_window=timedelta(0),
        min_completeness=MINIMUM_SHARE,
        area_rule=_AREA_RULE,
        area=worst,
        decimals=3,
        version=1,
        crosswalk=equivalents(name),
        source=Source(
            Text(
                "halong, by the averaging times of QCVN 05:2023/BTNMT and of WHO's guidelines of 2021",
                "halong, theo thời gian trung bình của QCVN 05:2023/BTNMT và hướng dẫn năm 2021 của WHO",
            ),
            Text(
                "mean of the day, largest 8 h mean of the day",
                "trung bình ngày, trung bình 8 giờ lớn nhất trong ngày",
            ),
            None,
            Trust.OWN,
            Text(
                "At 25 °C and 760 mmHg. Hours with 75 % of their values, 6 of 8 hours for an 8 h mean "
                "and 18 of 24 for the day are halong's rule, with the shares of Directive 2008/50/EC, "
                "Annex XI.",
                "Ở 25 °C và 760 mmHg. Giờ có 75 % số giá trị, 6 trong 8 giờ cho trung bình 8 giờ và 18 "
                "trong 24 giờ cho ngày là quy ước của halong, với các tỷ lệ của Chỉ thị 2008/50/EC, Phụ "
                "lục XI.",
            ),
        ),
    )
    declare(site)
    longer(code, Rule.MEAN)


def _declare_mean(name: str) -> None:
    def of_day(site: Site, period: Period) -> SiteValue:
        return day_mean(site, period, name)

    description = Text(
        f"Mean of the hourly means of {NAMES[name]} of the local day, in µg/m³; 18 of its 24 hours must "
        "be there, each with 75 % of its values.",
        f"Trung bình các trung bình giờ của {NAMES[name]} trong ngày, µg/m³; phải có 18 trong 24 giờ, "
        "mỗi giờ có 75 % số giá trị.",
    )
    names = {"words": "mean of the day", "words_vi": "trung bình ngày"}
    _declare(f"{name}_d", name, of_day, description=description, window=timedelta(hours=25), **names)


def _declare_8h(name: str) -> None:
    def of_day(site: Site, period: Period) -> SiteValue:
        return day_8h(site, period, name)

    description = Text(
        f"Largest of the running 8 h means of {NAMES[name]} that end with an hour of the local day, in "
        "µg/m³; a running mean needs 6 of its hours, the day 18 of 24 running means. A month's and a "
        "year's value is the mean of these largest means.",
        f"Trung bình trượt 8 giờ lớn nhất của {NAMES[name]} kết thúc cùng một giờ trong ngày, µg/m³; một "
        "trung bình trượt cần 6 giờ, một ngày cần 18 trong 24 trung bình trượt. Giá trị tháng và năm là "
        "trung bình của các giá trị lớn nhất này.",
    )
    names = {"words": "largest 8 h mean of the day", "words_vi": "trung bình 8 giờ lớn nhất trong ngày"}
    _declare(f"{name}_8h_d", name, of_day, description=description, window=REACH, **names)


for _name in DAY_MEANS:
    _declare_mean(_name)
for _name in DAY_8H:
    _declare_8h(_name)
