"""PM2.5 of an area: the mean that its people breathe, beside the worst station."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from analytics.area_rules import mean_by_population, population_weighted
from analytics.indicator import Equivalent, Example, Source, Trust, indicator
from analytics.indicators.air_days import day_mean
from analytics.indicators.air_limits import equivalents
from analytics.indicators.air_vn_aqi import CATEGORIES, category_of, sub_index
from analytics.longer import Rule, longer
from analytics.results import AreaValue
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue


def vn_aqi(concentration: float) -> int:
    """Return the VN_AQI of a 24 h mean of PM2.5 in µg/m³."""
    return int(half_up(sub_index("pm2_5", concentration) or 0.0))


def of_people(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the concentration by population; its VN_AQI and the worst station's are in the details."""
    found = population_weighted(area, sites, period)
    if found is None:
        return None
    alert = vn_aqi(found.details["maximum"])
    indices = {"vn_aqi_of_mean": vn_aqi(found.value), "vn_aqi_of_maximum": alert}
    return AreaValue(found.value, {**found.details, **indices})


def vn_aqi_category(value: float, _period: Period) -> str:
    """Return the VN_AQI class of the index that is made of the area's mean."""
    return category_of(vn_aqi(value)).code


def of_districts(pm2_5: Sequence[float], population: Sequence[int]) -> dict[str, float]:
    """Return what an area of districts with these concentrations and populations has."""
    mean = mean_by_population(pm2_5, population)
    return {
        "population_weighted": mean,
        "vn_aqi_of_weighted": vn_aqi(mean),
        "vn_aqi_max": vn_aqi(max(pm2_5)),
    }


@indicator(
    code="pm2_5_area_d",
    name_en="PM2.5 by population, mean of the day",
    name_vi="Nồng độ PM2.5 trung bình theo dân số, ngày",
    unit="ug/m3",
    inputs=("pm2_5",),
    step=Step.DAY,
    window=timedelta(hours=25),
    raw_window=timedelta(0),
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "mean over the area's units weighted by population, a unit by the mean of its valid stations; "
        "the worst station and the share of the population covered are in the details",
        "trung bình các đơn vị của địa bàn theo trọng số dân số, mỗi đơn vị lấy trung bình các trạm hợp "
        "lệ; trạm xấu nhất và tỷ lệ dân số được bao phủ nằm trong phần chi tiết",
    ),
    area=of_people,
    decimals=3,
    version=1,
    # The index of the mean is by a rule of this date.
    valid_from=date(2019, 11, 12),
    # Their bounds are numbers of the index, which say nothing of a concentration.
    categories=tuple(replace(category, lower=None) for category in CATEGORIES),
    categorise=vn_aqi_category,
    crosswalk=(
        Equivalent("SDG", "11.6.2", "annual mean of PM2.5 in cities, weighted by population", Trust.STANDARD),
        *equivalents("pm2_5"),
    ),
    source=Source(
        Text(
            "halong, with the index of Decision 1459/QĐ-TCMT",
            "halong, với chỉ số của Quyết định 1459/QĐ-TCMT",
        ),
        Text("population-weighted concentration", "nồng độ theo trọng số dân số"),
        None,
        Trust.OWN,
        Text(
            "Concentrations are averaged and the index is made of the mean: an index is never averaged. "
            "The index of the mean is for statistics, that of the worst station for alerts; both are in "
            "the details. A unit without a valid station is left out and not filled in from a "
            "neighbour; it shows in the share of the population covered. 18 of 24 hours is halong's "
            "rule.",
            "Lấy trung bình nồng độ rồi mới tính chỉ số: không bao giờ lấy trung bình chỉ số. Chỉ số "
            "của trung bình dùng cho thống kê, chỉ số của trạm xấu nhất dùng cho cảnh báo; cả hai nằm "
            "trong phần chi tiết. Đơn vị không có trạm hợp lệ thì bỏ qua, không lấy từ đơn vị lân cận; "
            "điều đó thể hiện ở tỷ lệ dân số được bao phủ. 18 trong 24 giờ là quy ước của halong.",
        ),
    ),
    examples=(
        Example(
            case="two districts, PM2.5 over 24 h",
            ours=of_districts,
            inputs={"pm2_5": [22.0, 61.0], "population": [60_000, 40_000]},
            expected={"population_weighted": 37.6, "vn_aqi_of_weighted": 75, "vn_aqi_max": 118},
            source="computed independently",
        ),
    ),
)
def pm2_5_area_d(site: Site, period: Period) -> SiteValue:
    """Mean of PM2.5 over the local day that an area's people breathe, in µg/m³.

    A station's value is the mean of its hours, of which 18 of 24 must be there. The class is that of the
    VN_AQI which the area's mean makes; that of the worst station stands beside it in the details.

    vi: Nồng độ PM2.5 trung bình trong ngày mà người dân của địa bàn hít thở, µg/m³. Giá trị của một trạm là
    trung bình các giờ, phải có 18 trong 24 giờ. Mức phân loại là mức VN_AQI ứng với trung bình của địa bàn;
    mức của trạm xấu nhất nằm trong phần chi tiết.
    """
    return day_mean(site, period, "pm2_5")


longer(
    "pm2_5_area_d",
    Rule.MEAN,
    area=population_weighted,
    area_rule=Text(
        "mean over the area's units weighted by population, a unit by the mean of its valid stations",
        ("trung bình các đơn vị của địa bàn theo trọng số dân số, mỗi đơn vị lấy trung bình các trạm hợp lệ"),
    ),
)
