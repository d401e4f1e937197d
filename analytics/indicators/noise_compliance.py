"""Noise against the national limits: by how much a site is above them, and which share of the sites is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np

from analytics.area_rules import median, worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.indicators.noise_levels import excess, hour_levels, part_level, percent_above
from analytics.indicators.noise_limits import limits_of
from analytics.inputs import AreaUnit, Period
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.results import AreaValue, Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, Window
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.indicator import SiteFunction
    from analytics.indicators.noise_levels import PartLevel
    from analytics.indicators.noise_limits import NoiseLimit
    from analytics.inputs import Site

INPUT = "sound_laeq"
CATEGORIES = (
    Category("complies", "Within the limit", "Đạt", "#00E400", None),
    Category("exceeds", "Above the limit", "Vượt", "#FF0000", None),
)
_DAY_US = timedelta(days=1) // timedelta(microseconds=1)


def complies(value: float, _period: Period) -> str:
    """Return the category of the largest excess in dB: a level equal to its limit complies."""
    return "complies" if half_up(value, 3) <= 0 else "exceeds"


def share_of_sites(_area: AreaUnit, sites: Sequence[SiteValue], _period: Period) -> AreaValue | None:
    """Return the mean of the sites' percentages, with the names of the sites that are not at 0."""
    shares = {s.site: s.value for s in sites if s.value is not None}
    if not shares:
        return None
    missing = {s.site: str(s.reason) for s in sites if s.value is None}
    details = {"above": [site for site, share in shares.items() if share > 0], "stations": list(shares)}
    return AreaValue(float(np.mean([*shares.values()])), details | ({"missing": missing} if missing else {}))


def of_sites(lday: Sequence[float], limit: float = 70) -> dict[str, float]:
    """Return the median of some sites' levels, and the share in % of those above a limit."""
    area, day = AreaUnit("area"), Period(Window(0, _DAY_US), ZoneInfo("UTC"))
    levels = [SiteValue(str(i), level, 1.0) for i, level in enumerate(lday)]
    above = [SiteValue(s.site, percent_above(excess(s.value or 0, limit)), 1.0) for s in levels]
    found = {"median": median(area, levels, day), "share_pct": share_of_sites(area, above, day)}
    return {name: each.value for name, each in found.items() if each is not None}


_SOURCE = Source(
    Text("QCVN 26:2010/BTNMT, Circular 39/2010/TT-BTNMT", "QCVN 26:2010/BTNMT, Thông tư 39/2010/TT-BTNMT"),
    Text(
        "limits of noise by class of area and part of the day",
        "giới hạn tiếng ồn theo loại khu vực và khoảng thời gian trong ngày",
    ),
    2010,
    Trust.SECONDARY,
    Text(
        "Special areas (hospitals, schools, libraries, kindergartens, places of worship) 55 dB from 6 "
        "to 21 h and 45 dB from 21 to 6 h, ordinary ones (housing, hotels, offices) 70 and 55 dB, for "
        "dates from 2011 until 13 November 2025. QCVN 26:2025/BNNMT (Circular 01/2025/TT-BNNMT) then "
        "took its place, at about that date; its classes, periods and limits could not be read, so from "
        "then on there is a value only where a thing's property `noise_limits` has rows of area_class, "
        "period_start, period_end, limit, valid_from and valid_to; such rows replace the table at all "
        "dates. The class is the thing's property `noise_area_class`. The period 21-6 h is that of one "
        "calendar date, its hours 0-6 and 21-24; 75 % of the hours of each period are needed: halong's "
        "rules.",
        "Khu vực đặc biệt (bệnh viện, trường học, thư viện, nhà trẻ, nơi thờ tự) 55 dB từ 6 đến 21 giờ "
        "và 45 dB từ 21 đến 6 giờ; khu vực thông thường (nhà ở, khách sạn, cơ quan) 70 và 55 dB, cho "
        "các ngày từ 2011 đến hết 13 tháng 11 năm 2025. QCVN 26:2025/BNNMT (Thông tư 01/2025/TT-BNNMT) "
        "thay thế vào khoảng ngày đó; chưa đọc được loại khu vực, khoảng thời gian và giới hạn của quy "
        "chuẩn mới, nên từ đó chỉ có giá trị khi thuộc tính `noise_limits` của thiết bị có các dòng "
        "area_class, period_start, period_end, limit, valid_from và valid_to; các dòng này thay cho "
        "bảng ở mọi ngày. Loại khu vực là thuộc tính `noise_area_class`. Khoảng 21-6 giờ lấy theo một "
        "ngày dương lịch, gồm các giờ 0-6 và 21-24; phải có 75 % số giờ của mỗi khoảng: quy ước của "
        "halong.",
    ),
)


def _declare(code: str, name_en: str, name_vi: str, **rule: Any) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        inputs=(INPUT,),
        step=Step.DAY,
        window=Step.DAY.length,
        min_completeness=MINIMUM_SHARE,
        decimals=3,
        version=1,
        source=_SOURCE,
        crosswalk=crosswalk("noise"),
        **rule,
    )


@_declare(
    "qcvn26_excess_d",
    "Noise above the national limit",
    "Mức vượt giới hạn tiếng ồn QCVN 26",
    unit="dB",
    area_rule=Text(
        "the site that is most above its limit, or least below",
        "điểm đo vượt giới hạn nhiều nhất, hoặc thấp hơn ít nhất",
    ),
    area=worst,
    categories=CATEGORIES,
    categorise=complies,
)
def qcvn26_excess_d(site: Site, period: Period) -> SiteValue:
    """Largest difference of LAeq and limit over the day's periods of the site's class of area, in dB.

    Above 0 a limit is exceeded; equal to it complies. No value where a period has fewer than 75 % of its
    hours, where the site's class is not known, or where no limit of it is in force or configured.

    vi: Chênh lệch lớn nhất giữa LAeq và giới hạn trong các khoảng thời gian của ngày, theo loại khu vực của
    điểm đo, dB. Trên 0 là vượt giới hạn; bằng giới hạn là đạt. Không có giá trị nếu một khoảng thời gian có
    dưới 75 % số giờ, chưa biết loại khu vực, hoặc không có giới hạn nào đang có hiệu lực hay được cấu hình.
    """
    return _against_limits(site, period, lambda highest: highest)


@_declare(
    "qcvn26_above_d",
    "Sites above the national noise limit",
    "Tỷ lệ điểm đo vượt giới hạn tiếng ồn QCVN 26",
    unit="%",
    area_rule=Text(
        "valid sites above a limit over valid sites",
        "số điểm hợp lệ vượt giới hạn trên số điểm hợp lệ",
    ),
    area=share_of_sites,
    examples=(
        Example(
            case="share of sites over 70 dB Lday",
            ours=of_sites,
            inputs={"lday": [68.2, 70.1, 73.5, 66.0]},
            expected={"share_pct": 50.0, "median": 69.15},
            source="computed independently",
        ),
    ),
)
def qcvn26_above_d(site: Site, period: Period) -> SiteValue:
    """100 where LAeq of one of the day's periods is above its limit, else 0, in %; over sites their share.

    No value where a period has fewer than 75 % of its hours, where the site's class of area is not known, or
    where no limit of it is in force or configured.

    vi: 100 nếu LAeq của một trong các khoảng thời gian của ngày vượt giới hạn, nếu không là 0, %; gộp nhiều
    điểm đo là tỷ lệ của chúng. Không có giá trị nếu một khoảng thời gian có dưới 75 % số giờ, chưa biết loại
    khu vực, hoặc không có giới hạn nào đang có hiệu lực hay được cấu hình.
    """
    return _against_limits(site, period, percent_above)


def _against_limits(site: Site, period: Period, rule: Callable[[float], float]) -> SiteValue:
    limits = _limits(site, period)
    if isinstance(limits, SiteValue):
        return limits
    series = site.series[INPUT]
    hours = hour_levels(series, period)
    found = [(row, part_level(hours, (row.period_start, row.period_end))) for row in limits]
    known = Known(site.code, min(part.share for _, part in found), series.suspects(period.step))
    details: dict[str, Any] = {
        "area_class": limits[0].area_class,
        "periods": [_shown(*each) for each in found],
    }
    above = [excess(part.level, row.limit) for row, part in found if part.level is not None]
    return known.value(rule(max(above)), **details) if len(above) == len(found) else known.missing(**details)


def _limits(site: Site, period: Period) -> Sequence[NoiseLimit] | SiteValue:
    area_class = site.properties.get("noise_area_class")
    if not isinstance(area_class, str):
        return SiteValue(site.code, None, 0.0, Reason.NO_AREA_CLASS)
    try:
        found = limits_of(site.properties, area_class, period.day)
    except ValueError as error:
        return SiteValue(site.code, None, 0.0, Reason.NO_LIMIT, details={"error": str(error)})
    details = {"area_class": area_class}
    return found or SiteValue(site.code, None, 0.0, Reason.NO_LIMIT, details=details)


def _shown(row: NoiseLimit, part: PartLevel) -> Mapping[str, Any]:
    shown = {"from": row.period_start, "to": row.period_end, "limit": row.limit, "hours": part.hours}
    if part.level is None:
        return shown
    return shown | {"level": half_up(part.level, 3), "excess": excess(part.level, row.limit)}


longer(
    "qcvn26_above_d",
    Rule.MEAN,
    area_rule=Text(
        "mean over the sites of the share of their days above a limit",
        "trung bình các điểm đo của tỷ lệ số ngày vượt giới hạn",
    ),
)
