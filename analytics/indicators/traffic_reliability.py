"""Traffic: how far a traveller must plan ahead to be in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.hours import SPANS, Span, hours_of
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.traffic_links import BY_VKT
from analytics.rounding import half_up
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site
    from analytics.results import SiteValue
    from analytics.series import Values


def reliability(times: Values | Sequence[float], free_flow: float = 1.0) -> dict[str, float]:
    """Return mean, travel time index, 95th percentile, planning time index and buffer index in %.

    Args:
        times: travel times > 0, shape (n > 0,), in the unit of `free_flow`; the percentile is interpolated
            linearly.
        free_flow: travel time at free flow; with 1, the times are travel time indices.
    """
    mean, late = float(np.mean(times)), float(np.percentile(times, 95))
    return {
        "mean": mean,
        "tti": mean / free_flow,
        "p95": late,
        "pti": late / free_flow,
        "buffer_pct": 100 * (late - mean) / mean,
    }


def _example(tt: Sequence[float], tt_ff: float) -> dict[str, float]:
    return reliability(tt, tt_ff)


def _declare(span: Span) -> None:
    declare = indicator(
        code=f"traffic_pti_{span.suffix}",
        name_en=f"Planning time index, {span.name_en}",
        name_vi=f"Chỉ số thời gian dự phòng, {span.name_vi}",
        description=_described(span),
        unit="1",
        of=("traffic_tti",),
        step=span.step,
        window=span.window,
        min_completeness=span.minimum,
        area_rule=BY_VKT,
        area=weighted_mean,
        decimals=4,
        version=1,
        source=Source(
            Text("FHWA, Travel Time Reliability", "FHWA, Độ tin cậy thời gian hành trình"),
            Text("planning time index, buffer index", "chỉ số thời gian dự phòng, chỉ số đệm"),
            None,
            Trust.RECALLED,
            Text(
                "95th percentile (linear interpolation) of the hourly travel time indices, all hours "
                "alike. It is taken over the hours of the whole period: percentiles of days are not "
                "averaged. Reports for the peak hours of workdays alone give other figures.",
                "Bách phân vị 95 (nội suy tuyến tính) của chỉ số thời gian hành trình theo giờ, mọi giờ "
                "như nhau. Tính trên các giờ của cả kỳ: không lấy trung bình bách phân vị của các ngày. "
                "Báo cáo chỉ tính giờ cao điểm ngày làm việc sẽ cho số khác.",
            ),
        ),
        crosswalk=crosswalk("traffic"),
        examples=(_EXAMPLE,) if span.step is Step.MONTH else (),
    )
    declare(_of_hours(span.minimum))


def _described(span: Span) -> Text:
    return Text(
        f"Travel time that is enough in 95 % of the hours of the {span.name_en}, over that at free flow, "
        "without unit; the buffer index, how much more than the mean that is, in % in the details. "
        f"No value where fewer than {span.minimum:.0%} of the hours have a travel time index.",
        f"Thời gian hành trình đủ dùng trong 95 % số giờ của {span.name_vi}, chia cho thời gian ở dòng tự "
        "do, không có đơn vị; chỉ số đệm, tức phần dôi so với trung bình, tính bằng % trong phần chi tiết. "
        f"Không có giá trị nếu dưới {span.minimum:.0%} số giờ có chỉ số thời gian hành trình.",
    )


def _of_hours(minimum: float) -> SiteFunction:
    def pti(site: Site, period: Period) -> SiteValue:
        hours = hours_of(site, period, "traffic_tti", minimum)
        if not hours.known.enough:
            return hours.known.missing(weight=hours.weight, **hours.told())
        found = reliability(hours.values)
        told = {"tti": half_up(found["tti"], 4), "buffer_pct": half_up(found["buffer_pct"], 3)}
        return hours.known.value(found["pti"], hours.weight, **told, **hours.told())

    return pti


_EXAMPLE = Example(
    case="ten travel times, min, free flow 2.4",
    ours=_example,
    inputs={"tt": [2.4, 2.6, 2.5, 3.1, 4.0, 2.7, 2.9, 3.6, 2.5, 2.8], "tt_ff": 2.4},
    expected={"mean": 2.91, "tti": 1.2125, "p95": 3.82, "pti": 1.5917, "buffer_pct": 31.271},
    source="computed",
)
for _span in SPANS:
    _declare(_span)
