"""Waste bins: how full they are, which need collection or overflow, when they were emptied or are full."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import total, weighted_mean
from analytics.crosswalk import crosswalk
from analytics.hours import day_of
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.waste_levels import emptied_at, fill, forecast, has_reached, hours_to_full
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, to_micros
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue

#: A reading speaks for the end of an hour if it is not older.
NEWEST = timedelta(hours=3)
#: %
NEEDS_COLLECTION, OVERFLOWS = 80.0, 100.0
#: A forecast looks back so far.
RATE_OVER = timedelta(hours=24)
_MICROSECOND = timedelta(microseconds=1)


def newest(site: Site, period: Period) -> tuple[Known, float | None]:
    """Return the newest level within NEWEST before the end of the step: known is all of it, or nothing."""
    series, window = site.series["bin_fill"], period.last(NEWEST)
    levels = series.good(window)
    known = Known(site.code, float(len(levels) > 0), series.suspects(window))
    return known, float(levels[-1]) if len(levels) else None


def _bins_example(levels: Sequence[float], need_at: float, overflow_at: float) -> Mapping[str, Any]:
    return {
        "mean_fill": float(np.mean([fill(level) for level in levels])),
        "need_pct": float(np.mean([has_reached(level, need_at) for level in levels])),
        "overflow_pct": float(np.mean([has_reached(level, overflow_at) for level in levels])),
    }


def _five_bins(*figures: str) -> Example:
    expected = {"mean_fill": 73.4, "need_pct": 60.0, "overflow_pct": 20.0}
    return Example(
        case="five bins",
        ours=_bins_example,
        inputs={"levels": [35, 82, 101, 60, 90], "need_at": NEEDS_COLLECTION, "overflow_at": OVERFLOWS},
        expected={name: expected[name] for name in figures},
        source="computed",
    )


def _declare(
    code: str, en: str, vi: str, clause: Text, example: str
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=en,
        name_vi=vi,
        unit="%",
        inputs=("bin_fill",),
        step=Step.HOUR,
        window=NEWEST,
        min_completeness=1.0,
        area_rule=Text(
            "mean over the bins that have a reading, each alike; the silent ones are named",
            "trung bình các thùng có số đo, mỗi thùng như nhau; các thùng im lặng được nêu tên",
        ),
        area=weighted_mean,
        decimals=3,
        version=1,
        source=Source(
            HALONG,
            clause,
            None,
            Trust.OWN,
            Text(
                "The newest reading at the end of the hour, not older than 3 h. Levels are % of a bin's "
                "height.",
                "Số đo mới nhất vào cuối giờ, không cũ hơn 3 giờ. Mức đầy tính theo % chiều cao thùng.",
            ),
        ),
        crosswalk=crosswalk("waste"),
        examples=(_five_bins(example),),
    )


@_declare(
    "waste_fill",
    "Waste bin fill",
    "Mức đầy thùng rác",
    Text("level of the bins", "mức đầy của thùng"),
    "mean_fill",
)
def waste_fill(site: Site, period: Period) -> SiteValue:
    """How full the bin is at the end of the hour, in %, 100 at most.

    No value without a reading of the last 3 h.

    vi: Mức đầy của thùng rác vào cuối giờ, %, tối đa 100. Không có giá trị nếu không có số đo trong 3 giờ gần
    nhất.
    """
    known, level = newest(site, period)
    return known.missing() if level is None else known.value(fill(level))


@_declare(
    "waste_need",
    "Share of waste bins that need collection",
    "Tỷ lệ thùng rác cần thu gom",
    Text("bins at 80 % or more", "thùng đầy từ 80 % trở lên"),
    "need_pct",
)
def waste_need(site: Site, period: Period) -> SiteValue:
    """Share of the bins that are 80 % full or more at the end of the hour, in %.

    No value without a reading of the last 3 h.

    vi: Tỷ lệ thùng rác đầy từ 80 % trở lên vào cuối giờ, %. Không có giá trị nếu không có số đo trong 3 giờ
    gần nhất.
    """
    known, level = newest(site, period)
    return (
        known.missing() if level is None else known.value(has_reached(level, NEEDS_COLLECTION), level=level)
    )


@_declare(
    "waste_overflow",
    "Share of waste bins that overflow",
    "Tỷ lệ thùng rác bị tràn",
    Text("bins at 100 % or more", "thùng đầy từ 100 % trở lên"),
    "overflow_pct",
)
def waste_overflow(site: Site, period: Period) -> SiteValue:
    """Share of the bins that are full or overflow at the end of the hour, in %.

    No value without a reading of the last 3 h.

    vi: Tỷ lệ thùng rác đầy hoặc tràn vào cuối giờ, %. Không có giá trị nếu không có số đo trong 3 giờ gần
    nhất.
    """
    known, level = newest(site, period)
    if level is None:
        return known.missing()
    return known.value(has_reached(level, OVERFLOWS), level=level)


def soonest(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the smallest value and its bin, and how many bins will be full within 24 h."""
    hours = {site.site: site.value for site in sites if site.value is not None}
    if not hours:
        return None
    first = min(hours, key=lambda code: hours[code])
    soon = sorted(code for code, value in hours.items() if value <= 24)
    return AreaValue(hours[first], {"station": first, "within_24h": soon, "stations": sorted(hours)})


def _forecast_example(fill0: float, fill1: float, hours: float) -> Mapping[str, Any]:
    rate, to_full = hours_to_full(fill0, fill1, hours)
    return {"rate_pct_h": rate, "hours_to_full": to_full}


@indicator(
    code="waste_hours_to_full",
    name_en="Hours until a waste bin is full",
    name_vi="Số giờ đến khi thùng rác đầy",
    unit="h",
    inputs=("bin_fill",),
    step=Step.HOUR,
    window=RATE_OVER,
    min_completeness=1.0,
    area_rule=Text(
        "the bin that is full first; those that will be within 24 h are named",
        "thùng đầy sớm nhất; các thùng sẽ đầy trong 24 giờ được nêu tên",
    ),
    area=soonest,
    decimals=2,
    version=1,
    source=Source(
        HALONG,
        Text("linear forecast", "dự báo tuyến tính"),
        None,
        Trust.OWN,
        Text(
            "At the rate between the newest reading (not older than 3 h) and the first one after the "
            "last emptying of the 24 h before, which must be 3 h apart. An emptying is a fall by more "
            "than 40 points within an hour, or between two readings where they are further apart.",
            "Theo tốc độ tăng giữa số đo mới nhất (không cũ hơn 3 giờ) và số đo đầu tiên sau lần đổ rác "
            "cuối trong 24 giờ trước, hai số đo phải cách nhau 3 giờ. Một lần đổ rác là mức giảm hơn 40 "
            "điểm trong vòng một giờ, hoặc giữa hai số đo nếu chúng cách xa hơn.",
        ),
    ),
    crosswalk=crosswalk("waste"),
    examples=(
        Example(
            case="one bin",
            ours=_forecast_example,
            inputs={"fill0": 35, "fill1": 82, "hours": 12},
            expected={"rate_pct_h": 3.9167, "hours_to_full": 4.5957},
            source="computed",
        ),
    ),
)
def waste_hours_to_full(site: Site, period: Period) -> SiteValue:
    """Hours from the newest reading until the bin is full at the rate since its last emptying; 0: it is full.

    No value without a reading of the last 3 h, without readings 3 h apart, or where the level does not rise.

    vi: Số giờ từ số đo mới nhất đến khi thùng đầy, theo tốc độ tăng kể từ lần đổ rác gần nhất; 0: đã đầy.
    Không có giá trị nếu không có số đo trong 3 giờ gần nhất, không có hai số đo cách nhau 3 giờ, hoặc mức đầy
    không tăng.
    """
    known, level = newest(site, period)
    found = None if level is None else forecast(site.series["bin_fill"], period.last(RATE_OVER))
    if found is None:
        return known.missing()
    rate, hours = found
    told = {"rate_pct_h": half_up(rate, 3), "level": level}
    return known.missing(Reason.NOT_APPLICABLE, **told) if hours is None else known.value(hours, **told)


@indicator(
    code="waste_emptied_d",
    name_en="Waste bins emptied in the day",
    name_vi="Số lượt thu gom thùng rác trong ngày",
    unit="{emptying}/d",
    inputs=("bin_fill",),
    step=Step.DAY,
    window=timedelta(hours=27),
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "sum over the bins, with the share of them that report; nothing is added for the others",
        "tổng các thùng, kèm tỷ lệ thùng có báo; không cộng thêm gì cho các thùng khác",
    ),
    area=total,
    decimals=3,
    version=1,
    source=Source(
        HALONG,
        Text("falls of the level", "các lần mức đầy giảm đột ngột"),
        None,
        Trust.OWN,
        Text(
            "A fall by more than 40 points within an hour, or between two readings where they are "
            "further apart. 75 % of the day's readings must be there.",
            "Một lần mức giảm hơn 40 điểm trong vòng một giờ, hoặc giữa hai số đo nếu chúng cách xa "
            "hơn. Phải có 75 % số đo của ngày.",
        ),
    ),
    crosswalk=crosswalk("waste"),
)
def waste_emptied_d(site: Site, period: Period) -> SiteValue:
    """Number of times that the bin was emptied in the day; no value with less than 75 % of its readings.

    vi: Số lần thùng rác được đổ trong ngày; không có giá trị nếu có dưới 75 % số đo.
    """
    series = site.series["bin_fill"]
    known = Known.of(site, series, period.step)
    if not known.enough:
        return known.missing()
    # The first reading of the day is compared with the last ones before.
    times, levels = series.good_times, series.good_values
    first = times.searchsorted(to_micros(period.start) - NEWEST // _MICROSECOND)
    inside = [times[first:][i] for i in emptied_at(times[first:], levels[first:])]
    count = sum(period.step.start <= at < period.step.end for at in inside)
    return known.value(float(count))


day_of(
    "waste_fill",
    Rule.MEAN,
    name_en="Waste bin fill, mean of the day",
    name_vi="Mức đầy thùng rác trung bình ngày",
    words=Text(
        "Mean of how full the bin was at the ends of the day's hours, in %.",
        "Trung bình mức đầy của thùng vào cuối các giờ trong ngày, %.",
    ),
)
day_of(
    "waste_overflow",
    Rule.MEAN,
    name_en="Share of bin-hours with overflow",
    name_vi="Tỷ lệ thùng-giờ bị tràn",
    words=Text(
        "Share of the day's hours at whose ends the bin was full or overflowed, in %.",
        "Tỷ lệ số giờ trong ngày mà thùng đầy hoặc tràn vào cuối giờ, %.",
    ),
)
longer("waste_emptied_d", Rule.MEAN)
