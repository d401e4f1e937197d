"""Traffic: vehicle-hours of delay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.area_rules import total
from analytics.hours import SUM_SHARE, day_of, peak
from analytics.indicator import Example, Source, Trust
from analytics.indicators.traffic_links import FREE_FLOW_NOTE, delay, free_flow_speed, of_link, passing
from analytics.longer import Rule
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue

_AREA_RULE = Text(
    "sum over the links, with the share of them that report and the delay per vehicle-kilometre; "
    "nothing is added for the others",
    "tổng các đoạn đường, kèm tỷ lệ đoạn có báo và độ trễ trên mỗi xe·km; không cộng thêm gì cho các "
    "đoạn khác",
)


def total_delay(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the sum over the links; per vehicle-kilometre in seconds in the details."""
    found = total(area, sites, period)
    if found is None:
        return None
    return AreaValue(found.value, {**_per_km(found.value, _vkt(sites)), **found.details})


def _vkt(sites: Sequence[SiteValue]) -> float:
    """Return the vehicle-kilometres that belong to the values: of a month, those of its mean day."""
    valid = (site for site in sites if site.value is not None)
    return sum((site.weight or 0.0) / float(site.details.get("days", 1)) for site in valid)


def _per_km(hours: float, vkt: float) -> dict[str, float]:
    """Return the delay per vehicle-kilometre in s; nothing where no vehicle drove."""
    return {"vkt": half_up(vkt, 3), "s_per_vehicle_km": half_up(3600 * hours / vkt, 3)} if vkt else {}


def _example(flow: float, km: float, v: float, v_ff: float) -> dict[str, Any]:
    return {"vhd": delay(flow, km, v, v_ff)}


@of_link(
    code="traffic_vhd",
    name_en="Vehicle-hours of delay",
    name_vi="Số giờ trễ của xe",
    unit="{vehicle}.h",
    area_rule=_AREA_RULE,
    area=total_delay,
    decimals=3,
    version=1,
    source=Source(
        Text("FHWA, Urban Congestion Reports", "FHWA, Báo cáo ùn tắc đô thị"),
        Text("delay", "độ trễ"),
        None,
        Trust.RECALLED,
        Text(
            "Sum over the intervals of vehicles · `length_km` · max(0, 1/v - 1/v_ff). An hour of which "
            "at least 75 % is known stands for the whole hour.",
            "Tổng trên các khoảng đo của số xe · `length_km` · max(0, 1/v - 1/v_ff). Giờ biết được ít "
            "nhất 75 % đại diện cho cả giờ.",
        )
        + FREE_FLOW_NOTE,
    ),
    examples=(
        Example(
            case="one link, one hour",
            ours=_example,
            inputs={"flow": 1200, "km": 2.0, "v": 32, "v_ff": 50},
            expected={"vhd": 27.0},
            source="computed",
        ),
    ),
)
def traffic_vhd(site: Site, period: Period) -> SiteValue:
    """Time that the hour's vehicles lost on the link against free flow, in vehicle-hours.

    An hour without vehicles has no delay: 0. No value where less than 75 % of the intervals is known, or the
    detector counts no vehicles, or the link's length or free-flow speed is not known.

    vi: Thời gian mà các xe trong giờ bị mất trên đoạn đường so với dòng tự do, xe·giờ. Giờ không có xe thì độ
    trễ là 0. Không có giá trị nếu biết được dưới 75 % số khoảng đo, thiết bị không đếm xe, hoặc không biết
    chiều dài hay tốc độ dòng tự do của đoạn đường.
    """
    seen, length = passing(site, period.step), site.number("length_km")
    if not seen.known.enough or seen.vehicles is None:
        return seen.known.missing()
    if length is None:
        return seen.known.missing(Reason.NO_LENGTH)
    free_flow, origin = free_flow_speed(site, period)
    if free_flow is None:
        return seen.known.missing(Reason.NO_FREE_FLOW_SPEED)
    hours = delay(seen.vehicles, length, seen.speeds, free_flow) / seen.known.share
    vkt = float(seen.vehicles.sum()) * length / seen.known.share
    details = {"v_ff": half_up(free_flow, 3), "v_ff_from": origin, "length_km": length}
    return seen.known.value(hours, vkt, **details, **_per_km(hours, vkt))


day_of(
    "traffic_vhd",
    Rule.SUM,
    name_en="Vehicle-hours of delay in the day",
    name_vi="Số giờ trễ của xe trong ngày",
    unit="{vehicle}.h/d",
    minimum=SUM_SHARE,
    words=Text(
        "Time that the day's vehicles lost on the link against free flow, in vehicle-hours a day; "
        "nothing is added for hours without a value.",
        "Thời gian mà các xe trong ngày bị mất trên đoạn đường so với dòng tự do, xe·giờ mỗi ngày; "
        "không cộng thêm gì cho giờ không có giá trị.",
    ),
    more=peak,
)
