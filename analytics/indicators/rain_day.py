"""Rain of the meteorological day: its sum, its class, and the level of disaster risk that it reached."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.longer import Rule, longer
from analytics.rainfall import DAY_SHARE, intensity, largest_sum, total
from analytics.rounding import half_up
from analytics.series import Window
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series

#: The meteorological day of a date ends at this hour of it, local time, and began at the same hour before.
DAY_ENDS = time(19)
#: Running sums of which the largest of a day is told, minutes.
SPANS = (30, 60, 180, 720)
#: Less than this, mm, is a trace and counts as none.
TRACE = 0.1
CLASSES = (
    Category("no_rain", "No rain", "Không mưa", "#FFFFFF", 0),
    Category("light", "Light rain", "Mưa nhỏ", "#C6E2FF", TRACE),
    Category("rain", "Rain", "Mưa", "#7FB8E6", 6),
    Category("moderate", "Moderate rain", "Mưa vừa", "#2E86DE", 16),
    Category("heavy", "Heavy rain", "Mưa to", "#FF7E00", 50),
    Category("very_heavy", "Very heavy rain", "Mưa rất to", "#8F3F97", 100),
)
#: Level of disaster risk for heavy rain that amounts reach: level -> (mm in 24 h, mm in 12 h). A gauge's
#: property `rain_risk` of the same form takes its place.
RISK = {"1": (100.0, 50.0)}


def rain_class(amount: float, _period: Period | None = None) -> str:
    """Return the class of a day's rain in mm: from 6, from 16, above 50, above 100."""
    if amount < TRACE:
        return "no_rain"
    if amount > 100:
        return "very_heavy"
    if amount > 50:
        return "heavy"
    return "moderate" if amount >= 16 else "rain" if amount >= 6 else "light"


def risk_level(day_mm: float, half_day_mm: float, levels: Mapping[str, Sequence[float]]) -> int:
    """Return the highest level of which the amount of 24 h or of 12 h is reached; 0 if of none."""
    reached = (int(k) for k, (day, half) in levels.items() if day_mm >= day or half_day_mm >= half)
    return max(reached, default=0)


def risk_levels(properties: Mapping[str, Any]) -> Mapping[str, Sequence[float]]:
    """Return a gauge's own risk levels, or RISK where it has none that can be read."""
    own = properties.get("rain_risk")
    return own if isinstance(own, dict) and own and all(_is_level(*each) for each in own.items()) else RISK


def _is_level(level: str, amounts: object) -> bool:
    numbers = amounts if isinstance(amounts, list) and len(amounts) == 2 else [None]
    return level.isdecimal() and all(
        isinstance(n, (int, float)) and not isinstance(n, bool) and math.isfinite(n) and n > 0
        for n in numbers
    )


def rain_day(period: Period) -> Window:
    """Return the meteorological day of a date: 19 h of the day before to 19 h of the date, local time."""
    begins, ends = (
        datetime.combine(period.day - timedelta(days=back), DAY_ENDS, period.zone) for back in (1, 0)
    )
    return Window.of(begins, ends)


def maxima(series: Series, window: Window) -> dict[str, float]:
    """Return a day's highest intensity in mm/h and the largest of its running sums in mm."""
    first, last = series.good_times.searchsorted((window.start, window.end))
    times, amounts = series.good_times[first:last], series.good_values[first:last]
    found = {"peak_mm_h": half_up(intensity(amounts, series.interval_s), 2)}
    return found | {f"max_{m}min_mm": half_up(largest_sum(times, amounts, m), 3) for m in SPANS}


def _example(mm_10min: Sequence[float]) -> dict[str, Any]:
    """Return what one day of 10 min amounts gives."""
    amounts = np.asarray(mm_10min, np.float64)
    times = np.arange(len(amounts), dtype=np.int64) * 600_000_000
    names = {c.code: c.name_vi for c in CLASSES}
    return {
        "max_intensity_mm_h": intensity(amounts, 600),
        "max_30min": largest_sum(times, amounts, 30),
        "max_1h": largest_sum(times, amounts, 60),
        "max_3h": largest_sum(times, amounts, 180),
        "total": float(amounts.sum()),
        "class_24h": names[rain_class(float(amounts.sum()))].lower(),
    }


@indicator(
    code="rain_d",
    name_en="Rainfall, 19-19 h",
    name_vi="Lượng mưa, 19-19 giờ",
    unit="mm",
    inputs=("rainfall",),
    step=Step.DAY,
    # From the end of the date back to 19 h of the day before, and one hour for a change of the clock.
    window=timedelta(hours=30),
    min_completeness=DAY_SHARE,
    area_rule=Text("the gauge with the largest sum", "trạm đo có tổng lượng mưa lớn nhất"),
    area=worst,
    decimals=3,
    version=1,
    source=Source(
        Text(
            "Classes of the national meteorological service; Decision 18/2021/QĐ-TTg on disaster risk levels",
            "Cấp mưa của ngành khí tượng thủy văn; Quyết định 18/2021/QĐ-TTg về cấp độ rủi ro thiên tai",
        ),
        Text("rain in 24 h; Article 44, heavy rain", "mưa trong 24 giờ; Điều 44, mưa lớn"),
        2021,
        Trust.SECONDARY,
        Text(
            "The classes are published with gaps between whole numbers: from 6, from 16, above 50 and "
            "above 100 mm is halong's reading. Risk: level 1 at 100 mm in 24 h or 50 mm in 12 h; higher "
            "levels depend on duration and terrain, and are configuration: the gauge's property "
            "`rain_risk`, level -> [mm in 24 h, mm in 12 h]. On how many days the amounts must fall is "
            "left out. A value counts at its time stamp: one of 19:00 is the first of the next date.",
            "Các cấp mưa được công bố có khoảng trống giữa các số nguyên: từ 6, từ 16, trên 50 và trên "
            "100 mm là cách hiểu của halong. Rủi ro: cấp 1 khi 100 mm trong 24 giờ hoặc 50 mm trong 12 "
            "giờ; các cấp cao hơn phụ thuộc thời gian kéo dài và địa hình nên là cấu hình: thuộc tính "
            "`rain_risk` của trạm đo, cấp -> [mm trong 24 giờ, mm trong 12 giờ]. Không xét số ngày mà "
            "lượng mưa phải kéo dài. Một giá trị tính vào nhãn thời gian của nó: giá trị lúc 19:00 là "
            "giá trị đầu của ngày kế tiếp.",
        ),
    ),
    categories=CLASSES,
    categorise=rain_class,
    crosswalk=crosswalk("rain"),
    examples=(
        Example(
            case="18 values of 10 min, mm",
            ours=_example,
            inputs={
                "mm_10min": [0, 0.5, 2, 6.5, 9, 12, 8, 4.5, 3, 2, 1.5, 1, 0.5, 0.5, 0, 0, 0.5, 0],
            },
            expected={
                "max_intensity_mm_h": 72,
                "max_30min": 29,
                "max_1h": 43.0,
                "max_3h": 51.5,
                "total": 51.5,
                "class_24h": "mưa to",
            },
            tolerance=1e-6,
            source="computed by hand",
        ),
    ),
)
def rain_d(site: Site, period: Period) -> SiteValue:
    """Rain from 19 h local time of the day before the date to 19 h of the date, in mm.

    What falls after 19 h belongs to the next date. 140 of 144 values must be there; nothing is filled in.
    The details tell the highest intensity, the largest running sums within the day, and the level of
    disaster risk whose amounts were reached.

    vi: Lượng mưa từ 19 giờ hôm trước đến 19 giờ của ngày, mm. Mưa sau 19 giờ thuộc về ngày kế tiếp. Phải có
    140 trong 144 giá trị; không bù số thiếu. Phần chi tiết cho biết cường độ lớn nhất, các tổng trượt lớn
    nhất trong ngày và cấp độ rủi ro thiên tai mà lượng mưa đã đạt tới.
    """
    window = rain_day(period)
    found = total(site, window, DAY_SHARE)
    if found.value is None:
        return found
    highest = maxima(site.series["rainfall"], window)
    risk = risk_level(found.value, highest["max_720min_mm"], risk_levels(site.properties))
    return replace(found, details={**found.details, **highest, "risk_level": risk})


longer("rain_d", Rule.SUM)
