"""Distance to the levels of WHO's global air quality guidelines of 2021."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import worst
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.indicators.air_limits import NAMES, equivalents
from analytics.indicators.air_means import days_in
from analytics.known import Known
from analytics.longer import Rule, combine_days
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, is_enough, to_datetime
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.inputs import Period, Site
    from analytics.results import SiteValue

#: The guideline level (aqg) and the interim targets in µg/m³, the strictest first.
Levels = dict[str, float]
#: Means of the day that are compared, by indicator: of 24 h, and of ozone the largest of 8 h.
DAY_LEVELS: dict[str, Levels] = {
    "pm2_5_d": {"aqg": 15, "it4": 25, "it3": 37.5, "it2": 50, "it1": 75},
    "pm10_d": {"aqg": 45, "it4": 50, "it3": 75, "it2": 100, "it1": 150},
    "o3_8h_d": {"aqg": 100, "it2": 120, "it1": 160},
    "no2_d": {"aqg": 25, "it2": 50, "it1": 120},
    "so2_d": {"aqg": 40, "it2": 50, "it1": 125},
    "co_d": {"aqg": 4000, "it1": 7000},
}
YEAR_LEVELS: dict[str, Levels] = {
    "pm2_5_d": {"aqg": 5, "it4": 10, "it3": 15, "it2": 25, "it1": 35},
    "pm10_d": {"aqg": 15, "it4": 20, "it3": 30, "it2": 50, "it1": 70},
    "no2_d": {"aqg": 10, "it3": 20, "it2": 30, "it1": 40},
}
PEAK_LEVELS: Levels = {"aqg": 60, "it2": 70, "it1": 100}
PEAK_MONTHS = 6
#: Property of a thing: the first month, 1 to 7, of its ozone season; without it the highest is looked for.
PEAK_PROPERTY = "o3_peak_from_month"

#: Share of the days of a month and of a year.
_SHARES = {Step.MONTH: 0.75, Step.YEAR: 0.9}
_ABOVE = "above"
_CLASSES = {
    "aqg": ("Guideline level met", "Đạt mức khuyến nghị", "#00E400"),
    "it4": ("Interim target 4 met", "Đạt mục tiêu tạm thời 4", "#A6D96A"),
    "it3": ("Interim target 3 met", "Đạt mục tiêu tạm thời 3", "#FFFF00"),
    "it2": ("Interim target 2 met", "Đạt mục tiêu tạm thời 2", "#FF7E00"),
    "it1": ("Interim target 1 met", "Đạt mục tiêu tạm thời 1", "#FF0000"),
    _ABOVE: ("Above interim target 1", "Vượt mục tiêu tạm thời 1", "#8F3F97"),
}


def met(value: float, levels: Mapping[str, float]) -> str:
    """Return the strictest level that a mean does not exceed; a mean that equals a level does not."""
    return next((name for name, level in levels.items() if value <= level), _ABOVE)


def days_above(daily: Sequence[float], levels: Mapping[str, float]) -> dict[str, int]:
    """Return, by level, on how many days the mean exceeded it."""
    return {f"over_{name}": sum(value > level for value in daily) for name, level in levels.items()}


@dataclass(frozen=True)
class Season:
    """Six months in a row: the first, 1 to 7, the mean of their monthly means, the share of their days."""

    from_month: int
    mean: float
    share: float


def peak_season(months: Mapping[int, Sequence[float]], year: int, start: int | None = None) -> Season | None:
    """Return the season of the year with the highest mean, or the one from the month `start` on.

    Args:
        months: month -> its days' largest 8 h means. A month needs 75 % of its days, a season all six.
        year: whose months they are.
        start: 1 to 7.
    """
    found = {
        month: float(np.mean(values))
        for month, values in months.items()
        if is_enough(len(values) / monthrange(year, month)[1], MINIMUM_SHARE)
    }
    starts = range(1, 14 - PEAK_MONTHS) if start is None else (start,)
    seasons = [_season(months, found, year, first) for first in starts]
    return max((s for s in seasons if s is not None), key=lambda season: season.mean, default=None)


def _season(
    months: Mapping[int, Sequence[float]], found: Mapping[int, float], year: int, first: int
) -> Season | None:
    six = range(first, first + PEAK_MONTHS)
    if not all(month in found for month in six):
        return None
    days = sum(monthrange(year, month)[1] for month in six)
    share = sum(len(months[month]) for month in six) / days
    return Season(first, float(np.mean([found[month] for month in six])), share)


def of_days(daily: Sequence[float]) -> dict[str, int]:
    """Return on how many days PM2.5 exceeded each level."""
    return days_above(daily, DAY_LEVELS["pm2_5_d"])


_DAYS_EXAMPLE = Example(
    case="PM2.5 of seven days",
    ours=of_days,
    inputs={"daily": [12, 15, 15.1, 26, 49, 51, 80]},
    expected={"over_aqg": 5, "over_it4": 4, "over_it3": 3, "over_it2": 2, "over_it1": 1},
    tolerance=0,
    source="computed independently",
)


def _source(clause: Text, note: Text) -> Source:
    document = Text(
        "WHO global air quality guidelines: guidance, not law",
        "Hướng dẫn chất lượng không khí toàn cầu của WHO: khuyến nghị, không phải quy định bắt buộc",
    )
    recalled = Text(
        "Levels are general knowledge, widely reproduced. Shares of days required are halong's rule.",
        "Các mức là kiến thức chung, được dẫn lại rộng rãi. Tỷ lệ số ngày phải có là quy ước của halong.",
    )
    return Source(document, clause, 2021, Trust.RECALLED, note + recalled)


def _categories(levels: Levels) -> tuple[Category, ...]:
    return tuple(Category(name, *_CLASSES[name], None) for name in (*levels, _ABOVE))


def _name(code: str) -> str:
    return NAMES[_property(code)]


def _property(code: str) -> str:
    return code.removesuffix("_d").removesuffix("_8h")


def _listed(name: str, levels: Levels) -> Text:
    listed = ", ".join(f"{level.upper()} {value:g}" for level, value in levels.items())
    return Text(f"{name}: {listed} µg/m³.", f"{name}: {listed} µg/m³.")


def _count(code: str, levels: Levels, step: Step) -> Callable[[Site, Period], SiteValue]:
    def count(site: Site, period: Period) -> SiteValue:
        values, days = site.results[code].good(period.step), days_in(period)
        about = Known(site.code, min(1.0, len(values) / days), minimum=_SHARES[step])
        told: dict[str, Any] = {"days": len(values), "days_in_period": days}
        if not about.enough:
            return about.missing(**told)
        over = days_above(values.tolist(), levels)
        p99 = half_up(float(np.percentile(values, 99)), 3)
        return about.value(float(over["over_aqg"]), None, **over, p99=p99, **told)

    return count


def _of_exceedances(name: str, share: float) -> Text:
    return Text(
        f"Days on which {name} exceeded the guideline level: its mean of 24 h, of O3 the largest "
        "of 8 h. The details count the days above each interim target, and give the 99th percentile of "
        "the days, for which the levels of a day are meant. "
        f"{share:.0%} of the days must have a mean; nothing is added for those without one.",
        f"Số ngày mà {name} vượt mức khuyến nghị: trung bình 24 giờ, với O3 là trung bình 8 giờ "
        "lớn nhất. Phần chi tiết đếm số ngày vượt từng mục tiêu tạm thời và cho bách phân vị 99 của các "
        "ngày, là giá trị mà các mức ngày được đặt ra. "
        f"Phải có {share:.0%} số ngày; không cộng thêm gì cho ngày không có giá trị.",
    )


def _declare_days(code: str, levels: Levels, step: Step) -> None:
    stem, word, word_vi = code.removesuffix("_d"), step.name.lower(), _VIETNAMESE[step]
    declare = indicator(
        code=f"who_{stem}_days_{word}",
        name_en=f"Days above WHO's level of {_name(code)}, {word}",
        name_vi=f"Số ngày {_name(code)} vượt mức khuyến nghị WHO, {word_vi}",
        description=_of_exceedances(_name(code), _SHARES[step]),
        unit="d",
        of=(code,),
        step=step,
        window=_LONGEST[step],
        min_completeness=_SHARES[step],
        area_rule=Text("the station with the most days", "trạm có nhiều ngày nhất"),
        area=worst,
        decimals=0,
        version=1,
        crosswalk=equivalents(_property(code)),
        source=_source(
            Text("levels of a day", "các mức của ngày"),
            _listed(_name(code), levels),
        ),
        examples=(_DAYS_EXAMPLE,) if (code, step) == ("pm2_5_d", Step.MONTH) else (),
    )
    declare(_count(code, levels, step))


_VIETNAMESE = {Step.MONTH: "tháng", Step.YEAR: "năm"}
_LONGEST = {Step.MONTH: timedelta(days=31), Step.YEAR: timedelta(days=366)}


def _of_annual_mean(name: str) -> Text:
    return Text(
        f"Mean of {name} over the year divided by the guideline level: 1 and less is within it. "
        "The class is the strictest level that the mean does not exceed. 90 % of the days must have a "
        "mean.",
        f"Trung bình năm của {name} chia cho mức khuyến nghị: từ 1 trở xuống là đạt. Phân loại là "
        "mức chặt nhất mà trung bình không vượt. Phải có 90 % số ngày.",
    )


def _declare_ratio(code: str, levels: Levels) -> None:
    def ratio(site: Site, period: Period) -> SiteValue:
        values = site.results[code].good(period.step)
        minimum = _SHARES[Step.YEAR]
        mean, share = combine_days(values, None, days_in(period), minimum, Rule.MEAN)
        about, days = Known(site.code, share, minimum=minimum), len(values)
        if mean is None:
            return about.missing(days=days)
        shown = half_up(mean, 3)
        return about.value(mean / levels["aqg"], None, mean=shown, met=met(mean, levels), days=days)

    declare = indicator(
        code=f"who_{code.removesuffix('_d')}_ratio_year",
        name_en=f"{_name(code)} over WHO's level, year",
        name_vi=f"Tỷ số {_name(code)} trên mức khuyến nghị WHO, năm",
        description=_of_annual_mean(_name(code)),
        unit="1",
        of=(code,),
        step=Step.YEAR,
        window=_LONGEST[Step.YEAR],
        min_completeness=_SHARES[Step.YEAR],
        area_rule=Text("the station with the highest ratio", "trạm có tỷ số cao nhất"),
        area=worst,
        decimals=3,
        version=1,
        categories=_categories(levels),
        categorise=lambda value, _: met(half_up(value * levels["aqg"], 6), levels),
        crosswalk=equivalents(_property(code)),
        source=_source(
            Text("levels of a year", "các mức của năm"),
            _listed(_name(code), levels),
        ),
    )
    declare(ratio)


for _code, _levels in DAY_LEVELS.items():
    for _step in _SHARES:
        _declare_days(_code, _levels, _step)
for _code, _levels in YEAR_LEVELS.items():
    _declare_ratio(_code, _levels)


@indicator(
    code="who_o3_peak_year",
    name_en="O3 in its peak season, year",
    name_vi="O3 mùa cao điểm, năm",
    unit="ug/m3",
    of=("o3_8h_d",),
    step=Step.YEAR,
    window=_LONGEST[Step.YEAR],
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the station with the highest season", "trạm có mùa cao điểm cao nhất"),
    area=worst,
    decimals=3,
    version=1,
    categories=_categories(PEAK_LEVELS),
    categorise=lambda value, _: met(value, PEAK_LEVELS),
    crosswalk=equivalents("o3"),
    source=_source(
        Text("levels of the peak season", "các mức của mùa cao điểm"),
        _listed("O3", PEAK_LEVELS)
        + Text(
            "Seasons within one calendar year only: one that reaches over the turn of the year is not looked "
            f"for. The property `{PEAK_PROPERTY}` of a station sets the first month.",
            "Chỉ xét mùa trong cùng một năm dương lịch, không xét mùa vắt qua giao thừa. Thuộc tính "
            f"`{PEAK_PROPERTY}` của trạm đặt tháng đầu tiên.",
        ),
    ),
)
def who_o3_peak_year(site: Site, period: Period) -> SiteValue:
    """Mean of the largest 8 h means of O3 over the six months in a row with the highest mean, in µg/m³.

    Each of the six months needs 75 % of its days. The details tell the first month and the ratio to the
    guideline level.

    vi: Trung bình của các trung bình 8 giờ lớn nhất của O3 trong sáu tháng liên tiếp có trung bình cao nhất,
    µg/m³. Mỗi tháng trong sáu tháng phải có 75 % số ngày. Phần chi tiết cho biết tháng đầu tiên và tỷ số so
    với mức khuyến nghị.
    """
    series = site.results["o3_8h_d"]
    first, last = series.good_times.searchsorted((period.step.start, period.step.end))
    months: dict[int, list[float]] = {}
    for time, value in zip(series.good_times[first:last], series.good_values[first:last], strict=True):
        months.setdefault(to_datetime(time).astimezone(period.zone).month, []).append(float(value))
    start = _start(site)
    found = None if start == 0 else peak_season(months, period.day.year, start)
    told: dict[str, Any] = {} if start is None else {PEAK_PROPERTY: site.properties[PEAK_PROPERTY]}
    if found is None:
        return Known(site.code, min(1.0, (last - first) / days_in(period))).missing(**told)
    about = Known(site.code, found.share)
    ratio = half_up(found.mean / PEAK_LEVELS["aqg"], 4)
    return about.value(found.mean, None, from_month=found.from_month, ratio=ratio, **told)


def _start(site: Site) -> int | None:
    """Return the first month that the station declares; None where it declares none, 0 for no such month."""
    if PEAK_PROPERTY not in site.properties:
        return None
    month = site.number(PEAK_PROPERTY)
    return int(month) if month is not None and month in range(1, 14 - PEAK_MONTHS) else 0
