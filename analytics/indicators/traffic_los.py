"""Traffic: level of service, as the share of the traffic at each letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import weighted_mean
from analytics.crosswalk import crosswalk
from analytics.hours import SPANS, Span, hours_of
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.traffic_links import (
    FREE_FLOW_NOTE,
    LOS_LETTERS,
    level_of_service,
    link_hour,
    of_link,
    travel_time_index,
)
from analytics.results import AreaValue, SiteValue
from analytics.rounding import half_up
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.series import Values

_SOURCE = Source(
    Text("Highway Capacity Manual, 6th edition", "Highway Capacity Manual, ấn bản 6"),
    Text("level of service of urban street segments", "mức phục vụ của đoạn đường đô thị"),
    2016,
    Trust.RECALLED,
    Text(
        "Travel speed in % of the free-flow speed: A above 80, B 67, C 50, D 40, E 30, else F (the "
        "edition of 2010 had A above 85). F too where the flow exceeds the thing's property "
        "`capacity_veh_h`; that is not looked at where the property is missing.",
        "Tốc độ hành trình tính theo % tốc độ dòng tự do: A trên 80, B 67, C 50, D 40, E 30, còn lại F "
        "(ấn bản 2010 lấy A trên 85). Cũng là F khi lưu lượng vượt thuộc tính `capacity_veh_h` của "
        "thiết bị; không xét nếu thiếu thuộc tính này.",
    )
    + FREE_FLOW_NOTE,
)
_AREA_RULE = Text(
    "share of the vehicle-kilometres (flow times `length_km`) by class, of the links if one has none; "
    "letters are not averaged",
    "tỷ lệ xe·km (lưu lượng nhân `length_km`) theo từng mức, theo số đoạn đường nếu có đoạn thiếu; "
    "không lấy trung bình các chữ cái",
)


def _example(v_ff: float, v: float) -> Mapping[str, Any]:
    return {"los": level_of_service(travel_time_index(v_ff, v))[0]}


def share_by_letter(letters: Sequence[str], weights: Values | None = None) -> dict[str, float]:
    """Return the share of each level of service in %, weighted or, without weights, by number."""
    each = np.ones(len(letters)) if weights is None else weights
    found = np.array(letters)
    return {letter: float(100 * each[found == letter].sum() / each.sum()) for letter in LOS_LETTERS}


def poor_share(shares: Mapping[str, float]) -> float:
    """Return the share at level of service E or F, in %."""
    return shares["E"] + shares["F"]


def rounded(shares: Mapping[str, float]) -> dict[str, float]:
    """Return the shares for the details."""
    return {letter: half_up(share, 3) for letter, share in shares.items()}


def by_letter(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the share of the traffic at E or F, with that of every letter in the details."""
    mean = weighted_mean(area, sites, period)
    if mean is None:
        return None
    valid = [site for site in sites if site.value is not None]
    weights = [s.weight or 1.0 for s in valid] if mean.details["weighting"] == "weighted" else None
    each = np.array([[s.details["shares_pct"][letter] for letter in LOS_LETTERS] for s in valid])
    shares = dict(zip(LOS_LETTERS, np.average(each, axis=0, weights=weights).tolist(), strict=True))
    return AreaValue(mean.value, {"shares_pct": rounded(shares), **mean.details})


@of_link(
    code="traffic_los",
    name_en="Share of traffic at level of service E or F",
    name_vi="Tỷ lệ lưu lượng ở mức phục vụ E hoặc F",
    unit="%",
    area_rule=_AREA_RULE,
    area=by_letter,
    decimals=3,
    version=1,
    source=_SOURCE,
    examples=(
        Example(
            case="one link",
            ours=_example,
            inputs={"v_ff": 50, "v": 32},
            expected={"los": "C"},
            source="computed",
        ),
    ),
)
def traffic_los(site: Site, period: Period) -> SiteValue:
    """Share of the vehicle-kilometres driven at level of service E or F, in %.

    A link's letter is in its details: A is free flow, F a breakdown. No value without a mean speed of the
    hour or a free-flow speed.

    vi: Tỷ lệ xe·km chạy ở mức phục vụ E hoặc F, %. Chữ cái của một đoạn đường nằm trong phần chi tiết: A là
    dòng tự do, F là dòng bị phá vỡ. Không có giá trị nếu thiếu tốc độ trung bình của giờ hoặc tốc độ dòng tự
    do.
    """
    link = link_hour(site, period)
    if isinstance(link, SiteValue):
        return link
    capacity = site.number("capacity_veh_h")
    over = capacity is not None and link.flow is not None and link.flow > capacity
    (letter,) = level_of_service(link.tti, over)
    shares = share_by_letter([letter])
    told = {"los": letter, "speed_pct": half_up(100 / link.tti, 2), "shares_pct": shares}
    return link.value(poor_share(shares), **told)


def _declare(span: Span) -> None:
    declare = indicator(
        code=f"traffic_los_{span.suffix}",
        name_en=f"Share of traffic at level of service E or F, {span.name_en}",
        name_vi=f"Tỷ lệ lưu lượng ở mức phục vụ E hoặc F, {span.name_vi}",
        description=_described(span),
        unit="%",
        of=("traffic_tti", "traffic_los"),
        step=span.step,
        window=span.window,
        min_completeness=span.minimum,
        area_rule=_AREA_RULE,
        area=by_letter,
        decimals=3,
        version=1,
        source=_SOURCE,
        crosswalk=crosswalk("traffic"),
    )
    declare(_of_hours(span.minimum))


def _described(span: Span) -> Text:
    return Text(
        f"Share of the {span.name_en}'s traffic at level of service E or F, in %: hours weighted by "
        "vehicle-kilometres, alike where a link tells no flow or no length. The share of every letter is in "
        f"the details. No value where fewer than {span.minimum:.0%} of the hours have a travel time index.",
        f"Tỷ lệ lưu lượng trong {span.name_vi} ở mức phục vụ E hoặc F, %: các giờ lấy trọng số theo xe·km, "
        "như nhau nếu đoạn đường không báo lưu lượng hoặc chiều dài. Tỷ lệ của từng mức nằm trong phần chi "
        f"tiết. Không có giá trị nếu dưới {span.minimum:.0%} số giờ có chỉ số thời gian hành trình.",
    )


def _of_hours(minimum: float) -> SiteFunction:
    def los(site: Site, period: Period) -> SiteValue:
        tti = hours_of(site, period, "traffic_tti", minimum)
        poor = hours_of(site, period, "traffic_los", minimum)
        if not tti.known.enough or len(tti.values) != len(poor.values):
            return tti.known.missing(weight=tti.weight, **tti.told())
        shares = share_by_letter(letters_of(tti.values, poor.values > 0), tti.weights)
        return tti.known.value(poor_share(shares), tti.weight, **tti.told(), shares_pct=rounded(shares))

    return los


def letters_of(tti: Values, poor: NDArray[np.bool_]) -> list[str]:
    """Return the hours' letters: F for one that is poor though its speed is not, for its volume."""
    by_speed = level_of_service(tti)
    return ["F" if p and letter not in "EF" else letter for letter, p in zip(by_speed, poor, strict=True)]


for _span in SPANS:
    _declare(_span)
