"""Noise: levels of the hour and of the parts of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import median
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.noise_levels import (
    DAY,
    EVENING,
    NIGHT,
    WHOLE,
    exceeded,
    hour_levels,
    lden,
    part_level,
)
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE, energy_mean
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analytics.indicator import SiteFunction
    from analytics.indicators.noise_levels import Part, PartLevel
    from analytics.inputs import Period, Site
    from analytics.results import SiteValue

INPUT = "sound_laeq"
_PARTS = {"lday": DAY, "levening": EVENING, "lnight": NIGHT}


def of_levels(levels: Sequence[float], minutes: Sequence[float] | None = None) -> dict[str, float]:
    """Return LAeq of levels that lasted equally, or so many minutes each."""
    return {"laeq": energy_mean(np.array(levels), None if minutes is None else np.array(minutes))}


def of_parts(lday: float, levening: float, lnight: float) -> dict[str, float]:
    """Return Lden of the three levels."""
    return {"lden": lden(lday, levening, lnight)}


def of_hours(hourly: Sequence[float]) -> dict[str, float | None]:
    """Return the levels of a day of 24 hourly levels, the first from 0 to 1 h."""
    parts = _PARTS | {"laeq24": WHOLE, "qcvn26_day_06_21": (6, 21), "qcvn26_night_21_06": (21, 6)}
    found = {name: part_level(list(enumerate(hourly)), part).level for name, part in parts.items()}
    three = [level for name in _PARTS if (level := found[name]) is not None]
    return found | {"lden": lden(*three)}


_ISO_1996 = Text(
    "ISO 1996-1, ISO 1996-2 (TCVN 7878-1, 7878-2)",
    "TCVN 7878-1, TCVN 7878-2 (ISO 1996-1, ISO 1996-2)",
)
_DIRECTIVE = Text("Directive 2002/49/EC", "Chỉ thị 2002/49/EC")
_COMPUTED = "computed independently"
_HOURS = [
    55, 54, 53, 52, 53, 57, 63, 68, 70, 69, 69, 69, 68, 67, 68, 69, 70, 72, 71, 69, 68, 66, 62, 58,
]  # fmt: skip
_LEVELS_OF_HOURS = {
    "lday": 69.385, "levening": 66.95, "lnight": 57.255, "lden": 69.407, "laeq24": 67.278,
    "qcvn26_day_06_21": 69.045, "qcvn26_night_21_06": 59.391,
}  # fmt: skip


def _declare(
    code: str, name_en: str, name_vi: str, step: Step, source: Source, *examples: Example
) -> Callable[[SiteFunction], SiteFunction]:
    return indicator(
        code=code,
        name_en=name_en,
        name_vi=name_vi,
        unit="dB",
        inputs=(INPUT,),
        step=step,
        window=step.length,
        min_completeness=MINIMUM_SHARE,
        area_rule=Text(
            "median over the sites, the loudest one in the details; energy is not averaged over sites",
            "trung vị các điểm đo, điểm ồn nhất nằm trong phần chi tiết; không lấy trung bình năng "
            "lượng giữa các điểm",
        ),
        area=median,
        decimals=3,
        version=1,
        source=source,
        crosswalk=crosswalk("noise"),
        examples=examples,
    )


def _of_hour(what: Text, note: Text) -> Source:
    share = Text(
        "75 % of the short levels is halong's rule.", "75 % số mức âm ngắn phải có là quy ước của halong."
    )
    return Source(_ISO_1996, what, 2016, Trust.RECALLED, note + share)


_LAEQ = _of_hour(
    Text("equivalent continuous sound pressure level", "mức áp suất âm tương đương liên tục"),
    Text(
        "LAeq = 10 lg(Σ t·10^(L/10) / Σ t) over the short levels of the hour.",
        "LAeq = 10 lg(Σ t·10^(L/10) / Σ t) trên các mức âm ngắn của giờ.",
    ),
)
_PERCENTILE = _of_hour(
    Text("percentage exceedance level", "mức âm vượt quá theo phần trăm thời gian"),
    Text(
        "Of the short levels (LAeq of a minute), linear between ranks; a meter's own percentiles of its "
        "fast levels are wider apart.",
        "Tính trên các mức âm ngắn (LAeq của một phút), nội suy tuyến tính giữa các thứ hạng; bách phân "
        "vị của chính máy đo từ các mức nhanh thì cách xa nhau hơn.",
    ),
)


@_declare(
    "laeq_1h",
    "Equivalent sound level, 1 h",
    "Mức âm tương đương LAeq,1h",
    Step.HOUR,
    _LAEQ,
    Example(
        case="two equal halves",
        ours=of_levels,
        inputs={"levels": [60, 70]},
        expected={"laeq": 67.404},
        source=_COMPUTED,
    ),
    Example(
        case="unequal durations",
        ours=of_levels,
        inputs={"levels": [60, 70], "minutes": [45, 15]},
        expected={"laeq": 65.119},
        source=_COMPUTED,
    ),
)
def laeq_1h(site: Site, period: Period) -> SiteValue:
    """Energy mean of the A-weighted short levels of the hour, in dB; 75 % of them must be there.

    vi: Trung bình năng lượng của các mức âm ngắn theo đặc tính A trong giờ, dB; phải có 75 % số mức.
    """
    return _hourly(site, period, energy_mean)


@_declare(
    "la10_1h", "Level exceeded 10 % of the hour", "Mức âm vượt quá 10 % giờ LA10", Step.HOUR, _PERCENTILE
)
def la10_1h(site: Site, period: Period) -> SiteValue:
    """Level that the short levels exceed for 10 % of the hour, in dB: its loud moments.

    vi: Mức mà các mức âm ngắn vượt quá trong 10 % thời gian của giờ, dB: những lúc ồn nhất.
    """
    return _hourly(site, period, lambda levels: exceeded(levels, 10))


@_declare(
    "la50_1h", "Level exceeded 50 % of the hour", "Mức âm vượt quá 50 % giờ LA50", Step.HOUR, _PERCENTILE
)
def la50_1h(site: Site, period: Period) -> SiteValue:
    """Median of the short levels of the hour, in dB; 75 % of them must be there.

    vi: Trung vị của các mức âm ngắn trong giờ, dB; phải có 75 % số mức.
    """
    return _hourly(site, period, lambda levels: exceeded(levels, 50))


@_declare("la90_1h", "Level exceeded 90 % of the hour", "Mức âm nền LA90 của giờ", Step.HOUR, _PERCENTILE)
def la90_1h(site: Site, period: Period) -> SiteValue:
    """Level that the short levels exceed for 90 % of the hour, in dB: its background.

    vi: Mức mà các mức âm ngắn vượt quá trong 90 % thời gian của giờ, dB: mức ồn nền.
    """
    return _hourly(site, period, lambda levels: exceeded(levels, 90))


def _hourly(site: Site, period: Period, rule: Callable[[Any], float]) -> SiteValue:
    series = site.series[INPUT]
    known = Known.of(site, series, period.step)
    return known.value(rule(series.good(period.step))) if known.enough else known.missing()


_OF_DAY = Source(
    _DIRECTIVE,
    Text("Annex I", "Phụ lục I"),
    2002,
    Trust.RECALLED,
    Text(
        "Day 07-19, evening 19-23, night 23-07 h local time; a state may move two hours of evening. The "
        "directive's levels are those of a year: see the yearly values, energy means of the days. The "
        "night is that of one calendar date, its hours 0-7 and 23-24: halong's rule, as are 75 % of the "
        "hours in each part and of the short levels in each hour.",
        "Ban ngày 07-19, buổi tối 19-23, ban đêm 23-07 giờ địa phương; một quốc gia có thể dời hai giờ "
        "của buổi tối. Các mức của chỉ thị là mức năm: xem giá trị năm, là trung bình năng lượng của "
        "các ngày. Ban đêm lấy theo một ngày dương lịch, gồm các giờ 0-7 và 23-24: quy ước của halong, "
        "cũng như 75 % số giờ của mỗi buổi và số mức âm ngắn của mỗi giờ.",
    ),
)
_OF_YEAR = Source(
    _DIRECTIVE,
    Text("Annex I, levels of a year", "Phụ lục I, các mức của năm"),
    2002,
    Trust.RECALLED,
    Text(
        "Energy mean of the days that have a level. Strategic maps report Lden from 55 dB and Lnight "
        "from 50 dB; WHO (2018) recommends at most 53 dB Lden and 45 dB Lnight for road traffic. Shares "
        "of days required are halong's rule.",
        "Trung bình năng lượng của các ngày có giá trị. Bản đồ tiếng ồn chiến lược báo cáo Lden từ 55 "
        "dB và Lnight từ 50 dB; WHO (2018) khuyến nghị tối đa 53 dB Lden và 45 dB Lnight cho giao thông "
        "đường bộ. Tỷ lệ số ngày phải có là quy ước của halong.",
    ),
)


@_declare(
    "laeq_24h",
    "Equivalent sound level, 24 h",
    "Mức âm tương đương LAeq,24h",
    Step.DAY,
    _of_hour(
        Text(
            "equivalent continuous sound pressure level over 24 h",
            "mức áp suất âm tương đương liên tục trong 24 giờ",
        ),
        Text("Energy mean of the hours' levels.", "Trung bình năng lượng của các mức theo giờ."),
    ),
)
def laeq_24h(site: Site, period: Period) -> SiteValue:
    """Energy mean of the hourly levels of the local day, in dB; 18 of 24 hours must be there.

    vi: Trung bình năng lượng của các mức theo giờ trong ngày, dB; phải có 18 trong 24 giờ.
    """
    return _daily(site, period, WHOLE)


@_declare("lday_d", "Day level Lday", "Mức ồn ban ngày Lday", Step.DAY, _OF_DAY)
def lday_d(site: Site, period: Period) -> SiteValue:
    """LAeq from 7 to 19 h local time, in dB; 9 of the 12 hours must be there.

    vi: LAeq từ 7 đến 19 giờ, dB; phải có 9 trong 12 giờ.
    """
    return _daily(site, period, DAY)


@_declare("levening_d", "Evening level Levening", "Mức ồn buổi tối Levening", Step.DAY, _OF_DAY)
def levening_d(site: Site, period: Period) -> SiteValue:
    """LAeq from 19 to 23 h local time, in dB; 3 of the 4 hours must be there.

    vi: LAeq từ 19 đến 23 giờ, dB; phải có 3 trong 4 giờ.
    """
    return _daily(site, period, EVENING)


@_declare("lnight_d", "Night level Lnight", "Mức ồn ban đêm Lnight", Step.DAY, _OF_DAY)
def lnight_d(site: Site, period: Period) -> SiteValue:
    """LAeq from 0 to 7 and from 23 to 24 h of one local date, in dB; 6 of the 8 hours must be there.

    vi: LAeq từ 0 đến 7 giờ và từ 23 đến 24 giờ của cùng một ngày dương lịch, dB; phải có 6 trong 8 giờ.
    """
    return _daily(site, period, NIGHT)


def _daily(site: Site, period: Period, part: Part) -> SiteValue:
    series = site.series[INPUT]
    found = part_level(hour_levels(series, period), part)
    known = Known(site.code, found.share, series.suspects(period.step))
    if found.level is None:
        return known.missing(hours=found.hours)
    return known.value(found.level, hours=found.hours)


@_declare(
    "lden_d",
    "Day-evening-night level Lden",
    "Mức ồn ngày-tối-đêm Lden",
    Step.DAY,
    _OF_DAY,
    Example(
        case="from the three period levels",
        ours=of_parts,
        inputs={"lday": 65, "levening": 62, "lnight": 55},
        expected={"lden": 65.404},
        source=_COMPUTED,
    ),
    Example(
        case="24 hourly LAeq starting 00 h local",
        ours=of_hours,
        inputs={"hourly": _HOURS},
        expected=_LEVELS_OF_HOURS,
        source=_COMPUTED,
    ),
)
def lden_d(site: Site, period: Period) -> SiteValue:
    """Energy mean of day, evening + 5 dB and night + 10 dB by their lengths of 12, 4 and 8 h, in dB.

    75 % of the hours must be there in each of the three; completeness is that of the poorest.

    vi: Trung bình năng lượng của mức ban ngày, mức buổi tối + 5 dB và mức ban đêm + 10 dB theo độ dài 12, 4
    và 8 giờ, dB. Mỗi buổi phải có 75 % số giờ; mức đủ dữ liệu là của buổi thiếu nhiều nhất.
    """
    series = site.series[INPUT]
    hours = hour_levels(series, period)
    parts = {name: part_level(hours, part) for name, part in _PARTS.items()}
    levels = [part.level for part in parts.values() if part.level is not None]
    known = Known(site.code, min(part.share for part in parts.values()), series.suspects(period.step))
    enough = len(levels) == len(parts)
    return known.value(lden(*levels), **_shown(parts)) if enough else known.missing(**_shown(parts))


def _shown(parts: Mapping[str, PartLevel]) -> dict[str, Any]:
    levels = {name: half_up(part.level, 3) for name, part in parts.items() if part.level is not None}
    return levels | {"hours": {name: part.hours for name, part in parts.items()}}


longer("laeq_24h", rule=Rule.ENERGY)
for _code in ("lday_d", "levening_d", "lnight_d", "lden_d"):
    longer(_code, rule=Rule.ENERGY, source=_OF_YEAR)
