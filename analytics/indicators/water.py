"""Surface water: VN_WQI by the hour, which is also that of a sampling, and of the day."""

from __future__ import annotations

from datetime import date, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import median
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.indicators.wqi import (
    GROUPS,
    MIN_GROUPS,
    OXYGEN,
    TEMPERATURE,
    group_indices,
    is_sufficient,
    oxygen_saturation,
    sub_indices,
    wqi,
)
from analytics.known import Known
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, hourly_means, is_enough, mean
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series, Window


INPUTS = (*(name for group in GROUPS.values() for name in group), TEMPERATURE)
#: Three parameters of group IV are at least two of these.
NEEDS = tuple(name for name in GROUPS["IV"] if name != OXYGEN)

CATEGORIES = (
    Category("very_heavily_polluted", "Very heavily polluted", "Ô nhiễm rất nặng", "#7E0023", 0),
    # A name has one colour on the dashboards, and VN_AQI has these two the other way round: hence "nước".
    Category("bad", "Bad", "Kém (nước)", "#FF0000", 10),
    Category("poor", "Poor", "Xấu (nước)", "#FF7E00", 26),
    Category("moderate", "Moderate", "Trung bình", "#FFFF00", 51),
    Category("good", "Good", "Tốt", "#00E400", 76),
    Category("very_good", "Very good", "Rất tốt", "#3333FF", 91),
)


def category(value: float, _period: Period) -> str:
    """Return the class of an index; the classes are ranges of whole numbers."""
    return [c.code for c in CATEGORIES if c.lower is not None and c.lower <= half_up(value)][-1]


def median_and_worst(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the median over the sites, with the lowest index, its site and details."""
    found = median(area, sites, period)
    if found is None:
        return None
    low, lowest = min(((s.value, s) for s in sites if s.value is not None), key=itemgetter(0))
    shown = {name: each for name, each in found.details.items() if name != "maximum"}
    return AreaValue(found.value, shown | {"minimum": low, "station": lowest.site, **lowest.details})


def example(
    *,
    ph: float,
    do_mg_l: float,
    t: float,
    bod5: float,
    cod: float,
    nh4_n: float,
    po4_p: float,
    coliform: float,
) -> dict[str, Any]:
    """Return the intermediate figures and the index of a sampling with these eight values."""
    indices = sub_indices(
        {
            "water_ph": ph, OXYGEN: do_mg_l, TEMPERATURE: t, "bod5": bod5, "cod": cod, "ammonium_n": nh4_n,
            "phosphate_p": po4_p, "coliform": coliform,
        }
    )  # fmt: skip
    names = {OXYGEN: "do", "ammonium_n": "nh4_n", "phosphate_p": "po4_p"}
    groups, saturation = group_indices(indices), oxygen_saturation(t)
    return {
        "do_saturation": saturation,
        "do_pct": 100 * do_mg_l / saturation,
        "sub": {names.get(name, name): q for name, q in indices["IV"].items()},
        "group_iv": groups["IV"],
        "coliform": groups["V"],
        "wqi_unweighted": wqi(groups),
        "wqi_weighted": wqi(groups, weighted=True),
        "wqi_without_v": wqi({g: q for g, q in groups.items() if g != "V"}),
    }


def ph_example(ph: float) -> dict[str, float]:
    """Return the sub-index of a pH."""
    return {"q": GROUPS["I"]["water_ph"].index(ph)}


_EXAMPLES = (
    Example(
        case="five group-IV parameters, coliform, pH",
        ours=example,
        inputs={
            "ph": 7.4, "do_mg_l": 5.5, "t": 27, "bod5": 8, "cod": 18, "nh4_n": 0.4, "po4_p": 0.15,
            "coliform": 4000,
        },
        expected={
            "do_saturation": 7.8707, "do_pct": 69.88,
            "sub": {"do": 69.88, "bod5": 69.444, "cod": 70.0, "nh4_n": 66.667, "po4_p": 87.5},
            "group_iv": 72.698, "coliform": 85.0, "wqi_unweighted": 78.609, "wqi_weighted": 76.587,
            "wqi_without_v": 72.698,
        },
        tolerance=0.002,
        source="tables of Decision 1460/QĐ-TCMT as public programs have them; computed independently",
    ),
    Example(
        case="pH between 8.5 and 9",
        ours=ph_example,
        inputs={"ph": 8.75},
        expected={"q": 75},
        source="table of Decision 1460/QĐ-TCMT as public programs have it",
    ),
)  # fmt: skip

_NOTE = Text(
    "The decision itself could not be read; the tables are those on which three public programs agree. "
    "Its core is √(IV·V) or, with weights of 2 and 1, (IV²·V)^(1/3); which of them is meant by default "
    "could not be verified either: the first is the value, because the program that numbers the "
    "decision's formulas has it before the other; a thing's property `wqi_core` = `weighted` chooses "
    "the second, and the details have both. Three of the five groups, IV always and with three "
    "parameters; a rule of two groups for automatic stations is known from programs only: a thing's "
    "property `wqi_min_groups` = 2 takes it. Of chromium(VI) one program has other limits. For fresh "
    "water: a thing whose property `water_body` is `sea` has none. Laboratory and sensor count alike, "
    "each value in the step that holds its time stamp, so a sampling has the index of its hour and "
    "counts for its own local day only: it is not carried forward. No month or year: indices are not "
    "averaged.",
    "Chưa đọc được chính quyết định; các bảng là những bảng mà ba chương trình công khai thống nhất với "
    "nhau. Phần lõi là √(IV·V) hoặc, với trọng số 2 và 1, (IV²·V)^(1/3); cũng chưa kiểm chứng được công "
    "thức nào là mặc định: giá trị dùng công thức đầu, vì chương trình có đánh số công thức theo quyết "
    "định đặt nó trước; thuộc tính `wqi_core` = `weighted` của thiết bị chọn công thức sau, và phần chi "
    "tiết có cả hai. Phải có ba trong năm nhóm, luôn có nhóm IV với ba thông số; quy tắc hai nhóm cho "
    "trạm tự động chỉ biết qua các chương trình: thuộc tính `wqi_min_groups` = 2 áp dụng quy tắc đó. "
    "Với crôm(VI), một chương trình có giới hạn khác. Dùng cho nước ngọt: thiết bị có thuộc tính "
    "`water_body` là `sea` không có chỉ số. Phòng thí nghiệm và cảm biến được tính như nhau, mỗi giá "
    "trị vào kỳ chứa nhãn thời gian của nó, nên một lần lấy mẫu có chỉ số của giờ đó và chỉ tính cho "
    "ngày của nó: không kéo dài sang kỳ sau. Không có tháng hay năm: không lấy trung bình chỉ số.",
)


def _declare(code: str, name_en: str, name_vi: str, step: Step) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        unit="1",
        inputs=INPUTS,
        needs=NEEDS,
        step=step,
        window=step.length,
        min_completeness=MINIMUM_SHARE,
        area_rule=Text(
            "median over the sites, the worst one in the details; indices are not averaged",
            "trung vị các điểm đo, điểm xấu nhất nằm trong phần chi tiết; không lấy trung bình các chỉ số",
        ),
        area=median_and_worst,
        decimals=0,
        version=1,
        valid_from=date(2019, 11, 12),
        categories=CATEGORIES,
        categorise=category,
        source=Source(
            Text(
                "Decision 1460/QĐ-TCMT, Vietnam Environment Administration",
                "Quyết định 1460/QĐ-TCMT, Tổng cục Môi trường",
            ),
            Text("VN_WQI", "VN_WQI"),
            2019,
            Trust.SECONDARY,
            _NOTE,
        ),
        crosswalk=crosswalk("water"),
        examples=_EXAMPLES if step is Step.HOUR else (),
    )


@_declare("vn_wqi", "Water quality index (VN_WQI)", "Chỉ số chất lượng nước (VN_WQI)", Step.HOUR)
def vn_wqi(site: Site, period: Period) -> SiteValue:
    """Index of the hour's means, a whole number without unit: 100 is clean water, below 10 heavy pollution.

    A sensor's hour needs 75 % of its values; a laboratory's value counts in the hour of the sampling, which
    so has its own index. Three of the five groups must be there, with three parameters of group IV.

    vi: Chỉ số tính từ các trung bình của giờ, số nguyên không có đơn vị: 100 là nước sạch, dưới 10 là ô nhiễm
    rất nặng. Một giờ của cảm biến phải có 75 % số giá trị; kết quả phòng thí nghiệm tính vào giờ lấy mẫu, giờ
    đó có chỉ số riêng. Phải có ba trong năm nhóm thông số, với ba thông số của nhóm IV.
    """
    return _value(site, period, mean)


@_declare("vn_wqi_d", "Daily water quality index (VN_WQI)", "Chỉ số chất lượng nước ngày (VN_WQI)", Step.DAY)
def vn_wqi_d(site: Site, period: Period) -> SiteValue:
    """Index of the means of the local day, a whole number without unit.

    A sensor's mean is that of at least 18 valid hours; a laboratory's values are those sampled on the day,
    and no older ones. Three of the five groups must be there, with three parameters of group IV.

    vi: Chỉ số tính từ các trung bình của ngày, số nguyên không có đơn vị. Trung bình của cảm biến cần ít nhất
    18 giờ hợp lệ; kết quả phòng thí nghiệm là của mẫu lấy trong ngày, không dùng mẫu cũ hơn. Phải có ba trong
    năm nhóm thông số, với ba thông số của nhóm IV.
    """
    return _value(site, period, _day_mean)


def _day_mean(series: Series, day: Window) -> float | None:
    if timedelta(seconds=series.interval_s) > HOUR:
        return mean(series, day)
    hours = hourly_means(series, day)
    known = [hour for hour in hours if hour is not None]
    return float(np.mean(known)) if is_enough(len(known) / len(hours), MINIMUM_SHARE) else None


def _value(site: Site, period: Period, read: Callable[[Series, Window], float | None]) -> SiteValue:
    series = {name: site.series[name] for name in INPUTS if name in site.series}
    suspect = sum(s.suspects(period.step) for s in series.values())
    means = {name: read(s, period.step) for name, s in series.items()}
    measured = {name: value for name, value in means.items() if value is not None}
    indices = sub_indices(measured)
    known = Known(site.code, _share(series, period.step), suspect)
    if reason := _missing(site, indices):
        return known.missing(reason, **_shown(indices))
    groups = group_indices(indices)
    by_core = {rule: wqi(groups, weighted=rule == "weighted") for rule in ("weighted", "unweighted")}
    core = "weighted" if site.properties.get("wqi_core") == "weighted" else "unweighted"
    details = _shown(indices) | _explained(groups, by_core, measured) | {"core": core}
    return known.value(half_up(by_core[core]), **details)


def _missing(site: Site, indices: Mapping[str, Mapping[str, float]]) -> Reason | None:
    if site.properties.get("water_body") == "sea":
        return Reason.NOT_APPLICABLE
    if not indices:
        return Reason.INSUFFICIENT_DATA
    min_groups = 2 if site.properties.get("wqi_min_groups") == 2 else MIN_GROUPS
    return None if is_sufficient(indices, min_groups) else Reason.TOO_FEW_PARAMETERS


def _share(series: Mapping[str, Series], step: Window) -> float:
    """Return the mean share of the values due in the step; a rarer sampling counts where there is one."""
    shares = [s.completeness(step) for s in series.values() if s.expected(step) >= 1 or s.good_count(step)]
    return sum(shares) / len(shares) if shares else 0.0


def _shown(indices: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    return {
        "sub_indices": {
            group: {name: half_up(q, 3) for name, q in found.items()} for group, found in indices.items()
        }
    }


def _explained(
    groups: Mapping[str, float], by_core: Mapping[str, float], measured: Mapping[str, float]
) -> dict[str, Any]:
    return {
        "groups": {group: half_up(q, 3) for group, q in groups.items()},
        "means": {name: half_up(value, 6) for name, value in measured.items()},
        **{rule: half_up(value, 3) for rule, value in by_core.items()},
    }
