"""Traffic: flow, its daily volume, and vehicle-kilometres travelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import total, weighted_mean
from analytics.crosswalk import crosswalk
from analytics.hours import SUM_SHARE, day_of, peak
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.traffic_links import QUARTER, hourly
from analytics.known import Known
from analytics.longer import Rule
from analytics.results import Reason
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Values, Window

BY_LENGTH = Text(
    "mean weighted by the links' `length_km`, unweighted if a site has none: the flow past a point of "
    "the network; flows are not added up, a vehicle passes several detectors",
    "trung bình theo trọng số `length_km` của đoạn đường, không trọng số nếu có điểm thiếu: lưu lượng "
    "qua một điểm của mạng lưới; không cộng lưu lượng vì một xe đi qua nhiều điểm đếm",
)
_SOURCE = Source(
    Text("Highway Capacity Manual, 6th edition", "Highway Capacity Manual, ấn bản 6"),
    Text("flow rate; peak-hour factor", "suất lưu lượng; hệ số giờ cao điểm"),
    2016,
    Trust.RECALLED,
    Text(
        "Vehicles counted over the time of which the count is known. The mean over links weighted by "
        "length is Edie's flow of a network (1963). 75 % of the intervals are halong's rule.",
        "Số xe đếm được chia cho thời gian được đếm. Trung bình các đoạn đường theo chiều dài là lưu "
        "lượng của mạng lưới theo Edie (1963). 75 % số khoảng đo là quy ước của halong.",
    ),
)


def rate(counts: Values | Sequence[float], seconds: float) -> float:
    """Return vehicles per hour from counts over intervals of so many seconds each, shape (n > 0,)."""
    return float(np.mean(counts)) * 3600 / seconds


def quarter_rates(series: Series, hour: Window) -> list[float] | None:
    """Return the flow of each quarter of an hour, oldest first; None where one of them is not known."""
    quarters = hour.split(QUARTER)[::-1]
    if any(not Known("", series.completeness(quarter)).enough for quarter in quarters):
        return None
    return [rate(series.good(quarter), series.interval_s) for quarter in quarters]


def peak_hour_factor(quarters: Sequence[float] | None) -> float | None:
    """Return the hour's flow over that of its busiest quarter, 0.25 to 1; None without vehicles.

    V60 / (4 V15max), of the flows or of the counts of the four quarters.
    """
    return float(np.mean(quarters)) / max(quarters) if quarters and max(quarters) > 0 else None


def _example(counts: Sequence[float]) -> Mapping[str, Any]:
    quarters = [rate([count], 900) for count in counts]
    return {"quarters": quarters, "flow": rate(counts, 900), "phf": peak_hour_factor(quarters)}


def _flow(site: Site, window: Window) -> tuple[Known, float]:
    """Return what is known of a window and the flow in veh/h, 0 where nothing is."""
    series = site.series["traffic_flow"]
    known, counts = Known.of(site, series, window), series.good(window)
    return known, rate(counts, series.interval_s) if len(counts) else 0.0


@indicator(
    code="traffic_flow_15min",
    name_en="Traffic flow of the quarter of an hour",
    name_vi="Lưu lượng xe 15 phút",
    unit="{vehicle}/h",
    inputs=("traffic_flow",),
    step=Step.QUARTER_HOUR,
    window=QUARTER,
    min_completeness=MINIMUM_SHARE,
    area_rule=BY_LENGTH,
    area=weighted_mean,
    decimals=3,
    version=1,
    source=_SOURCE,
    crosswalk=crosswalk("traffic"),
)
def traffic_flow_15min(site: Site, period: Period) -> SiteValue:
    """Vehicles of the quarter of an hour times four, in vehicles per hour.

    No value where less than 75 % of the quarter was counted, or the detector counts over longer intervals.

    vi: Số xe trong một khắc (15 phút) nhân bốn, xe/giờ. Không có giá trị nếu đếm được dưới 75 % của khắc,
    hoặc thiết bị đếm theo khoảng dài hơn.
    """
    known, flow = _flow(site, period.step)
    if site.series["traffic_flow"].expected(period.step) < 1:
        return known.missing(Reason.NOT_APPLICABLE)
    return known.value(flow, site.number("length_km")) if known.enough else known.missing()


@hourly(
    code="traffic_flow",
    name_en="Traffic flow",
    name_vi="Lưu lượng xe",
    unit="{vehicle}/h",
    inputs=("traffic_flow",),
    area_rule=BY_LENGTH,
    area=weighted_mean,
    decimals=3,
    version=1,
    source=_SOURCE,
    examples=(
        Example(
            case="four quarters of an hour",
            ours=_example,
            inputs={"counts": [100, 120, 150, 130]},
            expected={"quarters": [400, 480, 600, 520], "flow": 500, "phf": 0.8333},
            source="V60 / (4 V15max) = 500 / 600",
        ),
    ),
)
def traffic_flow(site: Site, period: Period) -> SiteValue:
    """Vehicles per hour past a point of the road.

    The peak-hour factor (the hour's flow over that of its busiest quarter) is in the details. No value where
    less than 75 % of the hour was counted; an hour without vehicles is 0.

    vi: Số xe mỗi giờ qua một điểm của đường. Hệ số giờ cao điểm (lưu lượng giờ chia cho lưu lượng của khắc
    đông nhất) nằm trong phần chi tiết. Không có giá trị nếu đếm được dưới 75 % của giờ; giờ không có xe là 0.
    """
    known, flow = _flow(site, period.step)
    if not known.enough:
        return known.missing()
    quarters = quarter_rates(site.series["traffic_flow"], period.step)
    factor = peak_hour_factor(quarters)
    details = {} if factor is None else {"peak_hour_factor": half_up(factor, 3)}
    return known.value(flow, site.number("length_km"), **details)


@hourly(
    code="traffic_vkt",
    name_en="Vehicle-kilometres travelled",
    name_vi="Tổng quãng đường xe chạy (xe-km)",
    unit="{vehicle}.km",
    inputs=("traffic_flow",),
    area_rule=Text(
        "sum over the links, with the share of them that report; nothing is added for the others",
        "tổng các đoạn đường, kèm tỷ lệ đoạn có báo; không cộng thêm gì cho các đoạn khác",
    ),
    area=total,
    decimals=3,
    version=1,
    source=Source(
        Text("FHWA, Highway Performance Monitoring System", "FHWA, Hệ thống theo dõi hiệu quả đường bộ"),
        Text("vehicle distance travelled", "quãng đường xe chạy"),
        None,
        Trust.RECALLED,
        Text(
            "Flow times the thing's property `length_km`. An hour of which at least 75 % was counted "
            "stands for the whole hour. The sum is that of the links with detectors, not of the area's "
            "whole network.",
            "Lưu lượng nhân thuộc tính `length_km` của thiết bị. Giờ đếm được ít nhất 75 % đại diện cho "
            "cả giờ. Tổng chỉ gồm các đoạn có thiết bị đếm, không phải toàn mạng đường của địa bàn.",
        ),
    ),
)
def traffic_vkt(site: Site, period: Period) -> SiteValue:
    """Distance that the hour's vehicles drove on the link, in vehicle-kilometres.

    No value where less than 75 % of the hour was counted or the link's length is not declared.

    vi: Quãng đường mà các xe trong giờ đã chạy trên đoạn đường, xe·km. Không có giá trị nếu đếm được dưới 75
    % của giờ hoặc chưa khai báo chiều dài đoạn đường.
    """
    known, flow = _flow(site, period.step)
    length = site.number("length_km")
    if not known.enough:
        return known.missing()
    return known.missing(Reason.NO_LENGTH) if length is None else known.value(flow * length, length_km=length)


day_of(
    "traffic_flow",
    Rule.SUM,
    name_en="Daily traffic",
    name_vi="Lưu lượng xe ngày đêm",
    unit="{vehicle}/d",
    minimum=SUM_SHARE,
    words=Text(
        "Vehicles of the day past a point of the road; as the mean of a year it is the annual average "
        "daily traffic. The peak hour and its share are in the details; nothing is added for hours "
        "without a value.",
        "Số xe trong ngày qua một điểm của đường; trung bình cả năm là lưu lượng ngày đêm trung bình "
        "năm (AADT). Giờ cao điểm và tỷ trọng của nó nằm trong phần chi tiết; không cộng thêm gì cho "
        "giờ không có giá trị.",
    ),
    more=peak,
)
day_of(
    "traffic_vkt",
    Rule.SUM,
    name_en="Vehicle-kilometres travelled in the day",
    name_vi="Tổng quãng đường xe chạy trong ngày",
    unit="{vehicle}.km/d",
    minimum=SUM_SHARE,
    words=Text(
        "Distance that the day's vehicles drove on the link, in vehicle-kilometres a day; nothing is "
        "added for hours without a value.",
        "Quãng đường mà các xe trong ngày đã chạy trên đoạn đường, xe·km mỗi ngày; không cộng thêm gì "
        "cho giờ không có giá trị.",
    ),
    more=peak,
)
