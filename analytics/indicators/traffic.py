"""Traffic: mean speed, travel time index and congestion level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics.area_rules import flow_weighted_speed, weighted_mean
from analytics.hours import day_of
from analytics.indicator import Example, Source, Trust
from analytics.indicators.traffic_links import (
    BY_VKT,
    FREE_FLOW_NOTE,
    congestion,
    hourly,
    link_hour,
    mean_speed,
    mean_speeds,
    of_link,
    travel_time_index,
)
from analytics.inputs import AreaUnit, Period
from analytics.longer import Rule
from analytics.results import SiteValue
from analytics.rounding import half_up
from analytics.series import Window
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Site

_INPUTS = ("traffic_speed", "traffic_flow")


@hourly(
    code="traffic_speed",
    name_en="Mean speed",
    name_vi="Tốc độ trung bình",
    unit="km/h",
    inputs=_INPUTS,
    area_rule=Text(
        "harmonic mean weighted by flow; arithmetic mean of the sites where one of them has no flow",
        "trung bình điều hòa theo lưu lượng; trung bình cộng các điểm đo nếu có điểm không đếm lưu lượng",
    ),
    area=flow_weighted_speed,
    decimals=3,
    version=1,
    source=Source(
        Text("Highway Capacity Manual, 6th edition; FHWA", "Highway Capacity Manual, ấn bản 6; FHWA"),
        Text("space-mean speed", "tốc độ trung bình theo không gian"),
        2016,
        Trust.RECALLED,
        Text(
            "Intervals are combined harmonically, weighted by flow. A detector that tells no flow has "
            "the arithmetic mean of its readings (time-mean). 75 % of the intervals known and 5 "
            "vehicles in the hour are halong's rule.",
            "Các khoảng đo được gộp bằng trung bình điều hòa theo lưu lượng. Thiết bị không báo lưu "
            "lượng thì lấy trung bình cộng các số đo (trung bình theo thời gian). Biết được 75 % số "
            "khoảng và 5 xe trong giờ là quy ước của halong.",
        ),
    ),
    examples=(
        Example(
            case="four vehicles at a point",
            ours=mean_speeds,
            inputs={"speeds": [40, 50, 60, 30]},
            expected={"time_mean": 45.0, "space_mean": 42.105},
            source="computed",
        ),
    ),
)
def traffic_speed(site: Site, period: Period) -> SiteValue:
    """Mean speed of the vehicles of the hour, in km/h.

    Harmonic and weighted by flow where flow is counted (space-mean, as travel time needs), else the
    arithmetic mean of the detector's readings (time-mean); both are in the details. No vehicles means no
    value, not 0 km/h.

    vi: Tốc độ trung bình của các xe trong giờ, km/h. Là trung bình điều hòa theo lưu lượng nếu có đếm lưu
    lượng (trung bình theo không gian, đúng với thời gian hành trình), nếu không là trung bình cộng các số đo
    (trung bình theo thời gian); cả hai đều có trong phần chi tiết. Không có xe thì không có giá trị, không
    phải 0 km/h.
    """
    return mean_speed(site, period)


def _link_example(v_ff: float, v: float) -> Mapping[str, Any]:
    tti = travel_time_index(v_ff, v)
    return {
        "tti": tti,
        "congestion_pct": congestion(tti),
        "speed_ratio": 1 / tti,
    }


def _area_example(vkt: Sequence[float], tti: Sequence[float]) -> Mapping[str, Any]:
    sites = [SiteValue(str(i), t, 1.0, weight=w) for i, (w, t) in enumerate(zip(vkt, tti, strict=True))]
    found = weighted_mean(AreaUnit("two links"), sites, Period(Window(0, 1), ZoneInfo("UTC")))
    return {"tti": found and found.value}


_ONE_LINK: dict[str, Any] = {"case": "one link", "ours": _link_example, "inputs": {"v_ff": 50, "v": 32}}


@of_link(
    code="traffic_tti",
    name_en="Travel time index",
    name_vi="Chỉ số thời gian hành trình",
    unit="1",
    area_rule=BY_VKT,
    area=weighted_mean,
    decimals=4,
    # 2: a link without length has no weight
    version=2,
    source=Source(
        Text("FHWA, Urban Congestion Reports", "FHWA, Báo cáo ùn tắc đô thị"),
        Text("travel time index", "chỉ số thời gian hành trình"),
        None,
        Trust.RECALLED,
        FREE_FLOW_NOTE,
    ),
    examples=(
        Example(**_ONE_LINK, expected={"tti": 1.5625, "speed_ratio": 0.64}, source="computed"),
        Example(
            case="two links",
            ours=_area_example,
            inputs={"vkt": [2400, 600], "tti": [1.5625, 1.1]},
            expected={"tti": 1.47},
            source="computed",
        ),
    ),
)
def traffic_tti(site: Site, period: Period) -> SiteValue:
    """Free-flow speed over the hour's mean speed: 1 is free flow, 2 is twice the travel time.

    Without unit. The congestion level in the details is 100 (TTI - 1) %, not below 0.

    vi: Tốc độ dòng tự do chia cho tốc độ trung bình của giờ: 1 là thông thoáng, 2 là thời gian hành trình gấp
    đôi. Không có đơn vị. Mức độ ùn tắc trong phần chi tiết là 100 (TTI - 1) %, không nhỏ hơn 0.
    """
    link = link_hour(site, period)
    if isinstance(link, SiteValue):
        return link
    return link.value(link.tti, congestion_pct=half_up(congestion(link.tti), 2))


@of_link(
    code="traffic_congestion",
    name_en="Congestion level",
    name_vi="Mức độ ùn tắc",
    unit="%",
    area_rule=BY_VKT,
    area=weighted_mean,
    decimals=3,
    version=1,
    source=Source(
        Text(
            "FHWA, Urban Congestion Reports; congestion levels as TomTom publishes them",
            "FHWA, Báo cáo ùn tắc đô thị; mức độ ùn tắc như TomTom công bố",
        ),
        Text("additional travel time", "thời gian hành trình tăng thêm"),
        None,
        Trust.RECALLED,
        Text(
            "100 (TTI - 1) %, not below 0: a link faster than its free-flow speed hides no other's delay.",
            "100 (TTI - 1) %, không nhỏ hơn 0: đoạn đường nhanh hơn tốc độ dòng tự do không che lấp độ "
            "trễ của đoạn khác.",
        )
        + FREE_FLOW_NOTE,
    ),
    examples=(Example(**_ONE_LINK, expected={"congestion_pct": 56.25}, source="computed"),),
)
def traffic_congestion(site: Site, period: Period) -> SiteValue:
    """Additional travel time against free flow, in %: 56 means that a trip takes 56 % longer.

    No value without a mean speed of the hour or a free-flow speed.

    vi: Thời gian hành trình tăng thêm so với dòng tự do, %: 56 nghĩa là chuyến đi lâu hơn 56 %. Không có giá
    trị nếu thiếu tốc độ trung bình của giờ hoặc tốc độ dòng tự do.
    """
    link = link_hour(site, period)
    if isinstance(link, SiteValue):
        return link
    return link.value(congestion(link.tti), tti=half_up(link.tti, 4))


day_of(
    "traffic_speed",
    Rule.HARMONIC,
    name_en="Mean speed of the day",
    name_vi="Tốc độ trung bình ngày",
    words=Text(
        "Harmonic mean of the day's hourly mean speeds, each hour alike, in km/h.",
        "Trung bình điều hòa của tốc độ trung bình các giờ trong ngày, mỗi giờ như nhau, km/h.",
    ),
    of_days=Rule.HARMONIC,
)
day_of(
    "traffic_tti",
    Rule.WEIGHTED_MEAN,
    name_en="Travel time index of the day",
    name_vi="Chỉ số thời gian hành trình ngày",
    words=Text(
        "Travel time of the day's vehicles over their time at free flow: hours weighted by "
        "vehicle-kilometres, alike where a link tells no flow or no length. Without unit.",
        "Thời gian hành trình của các xe trong ngày chia cho thời gian ở dòng tự do: các giờ lấy trọng "
        "số theo xe·km, như nhau nếu đoạn đường không báo lưu lượng hoặc chiều dài. Không có đơn vị.",
    ),
    of_days=Rule.WEIGHTED_MEAN,
)
day_of(
    "traffic_congestion",
    Rule.WEIGHTED_MEAN,
    name_en="Congestion level of the day",
    name_vi="Mức độ ùn tắc ngày",
    words=Text(
        "Additional travel time of the day's vehicles in %: hours weighted by vehicle-kilometres, alike "
        "where a link tells no flow or no length.",
        "Thời gian hành trình tăng thêm của các xe trong ngày, %: các giờ lấy trọng số theo xe·km, như "
        "nhau nếu đoạn đường không báo lưu lượng hoặc chiều dài.",
    ),
    of_days=Rule.WEIGHTED_MEAN,
)
