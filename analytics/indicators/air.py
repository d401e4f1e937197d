"""Air: VN_AQI of the hour and of the day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Example, Source, Trust, indicator
from analytics.indicators.air_means import REACH, hours_of_day, known, running_8h
from analytics.indicators.air_vn_aqi import (
    CATEGORIES,
    HOURLY_COLUMN,
    NOWCAST_HOURS,
    PARTICLES,
    category_of,
    nowcast,
    sub_index,
)
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, hourly_means, mean
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site

INPUTS = ("pm2_5", "pm10", "so2", "co", "no2", "o3")
DECISION = Text(
    "Decision 1459/QĐ-TCMT, Vietnam Environment Administration",
    "Quyết định 1459/QĐ-TCMT, Tổng cục Môi trường",
)
_IN_FORCE = date(2019, 11, 12)
_AREA_RULE = Text(
    "the worst valid station; the decision itself defines the index of a station only",
    "trạm hợp lệ xấu nhất; quyết định chỉ định nghĩa chỉ số của trạm",
)
_COMPUTED = "computed independently"
_OFFICIAL = "worked example of the decision"


def of_nowcast(c: Sequence[float | None]) -> dict[str, float | None]:
    """Return NowCast of PM2.5, newest hour first, and its index, also in the form that is printed."""
    value, w = nowcast(c)
    printed, _ = nowcast(c, as_printed=True)
    index = None if value is None else sub_index("pm2_5", value)
    return {
        "w": w,
        "nowcast": value,
        "nowcast_normalised": value,
        "nowcast_as_printed": printed,
        "aqi": None if index is None else half_up(index),
        "aqi_normalised": index,
        "aqi_as_printed": None if printed is None else sub_index("pm2_5", printed),
    }


def of_concentration(pollutant: str, ug_m3: float) -> dict[str, float | None]:
    """Return the sub-index of a concentration, exact and rounded."""
    index = sub_index(pollutant, ug_m3)
    return {"aqi": index, "aqi_rounded": None if index is None else half_up(index)}


def of_hour(pm2_5_nowcast: float, o3_1h: float, no2_1h: float) -> dict[str, Any]:
    """Return the index of an hour."""
    found = {"pm2_5": sub_index("pm2_5", pm2_5_nowcast)} | gas_indices({"o3": o3_1h, "no2": no2_1h})
    value, dominant = largest({name: index for name, index in found.items() if index is not None})
    return {"aqi_half_up": value, "dominant": dominant}


def of_day(pm2_5_24h: float, o3_max_8h: float, o3_max_1h: float, no2_max_1h: float) -> dict[str, Any]:
    """Return the index of a day with its sub-indices."""
    found = day_indices({"pm2_5": pm2_5_24h, "o3": o3_max_1h, "no2": no2_max_1h}, o3_max_8h)
    value, dominant = largest(found)
    rounded = {name: half_up(index) for name, index in found.items()}
    return rounded | {"aqi": value, "dominant": dominant, "category": category_of(value).name_vi}


def _sub_index_example(pollutant: str, ug_m3: float, aqi: float | None) -> Example:
    return Example(
        case=f"{pollutant} {ug_m3:g}",
        ours=of_concentration,
        inputs={"pollutant": pollutant, "ug_m3": ug_m3},
        expected={"aqi": aqi, "aqi_rounded": None if aqi is None else half_up(aqi)},
        source=_COMPUTED,
    )


def _nowcast_example(case: str, c: Sequence[float | None], source: str, **expected: float | None) -> Example:
    return Example(case=case, ours=of_nowcast, inputs={"c": c}, expected=expected, source=source)


_OFFICIAL_HOURS = (20.6, 19.6, 22.4, 20.3, 16.5, 19.0, 16.5, 19.5, 23.5, 20.5, 24.7, 26.9)
_EARLIER = (60, 55, 40, 38, 36, 35, 40, 42, 50)
_HOUR_EXAMPLES = (
    _nowcast_example(
        "NowCast of PM2.5, newest hour first", _OFFICIAL_HOURS, f"{_OFFICIAL}, which prints 0.61 and 20.3",
        w=0.6134, nowcast=20.2658, aqi=41,
    ),
    _nowcast_example(
        "steep rise, w = 1/2", (130, 96, 80, *_EARLIER), _COMPUTED, w=0.5, nowcast_normalised=105.6972,
        nowcast_as_printed=105.6714, aqi_normalised=168.3551, aqi_as_printed=168.3367,
    ),
    _nowcast_example(
        "steep rise, hour 2 missing", (130, None, 80, *_EARLIER), _COMPUTED, w=0.5,
        nowcast_normalised=108.9306, nowcast_as_printed=81.6714, aqi_normalised=170.6647,
        aqi_as_printed=151.1938,
    ),
    _nowcast_example(
        "two of the newest three hours missing", (130, None, None, *_EARLIER), _COMPUTED, nowcast=None
    ),
    Example(
        case="hour of the decision, which prints 60 for 59.35",
        ours=of_hour,
        inputs={"pm2_5_nowcast": 20.3, "o3_1h": 136.1, "no2_1h": 118.7},
        expected={"aqi_half_up": 59, "dominant": "no2"},
        tolerance=0,
        source=_OFFICIAL,
    ),
    *(
        _sub_index_example(*given)
        for given in (
            ("o3_1h", 136.1, 42.5312), ("no2", 118.7, 59.35), ("pm2_5", 20.3, 40.6), ("pm2_5", 35, 70),
            ("pm2_5", 150, 200), ("pm2_5", 420, 446.6667), ("pm2_5", 600, 500), ("pm10", 180, 115),
            ("so2", 90, 36), ("co", 12_000, 55), ("no2", 2350, 300),
        )
    ),
)  # fmt: skip
_DAY_EXAMPLES = (
    Example(
        case="day of the decision",
        ours=of_day,
        inputs={"pm2_5_24h": 55.7, "o3_max_8h": 89.3, "o3_max_1h": 114.6, "no2_max_1h": 130.8},
        expected={"pm2_5": 110, "o3": 45, "no2": 65, "aqi": 110, "dominant": "pm2_5", "category": "Kém"},
        tolerance=0,
        source=_OFFICIAL,
    ),
    *(
        _sub_index_example(*given)
        for given in (
            ("o3_8h", 89.3, 44.65), ("o3_1h", 114.6, 35.8125), ("no2", 130.8, 65.4), ("pm2_5", 55.7, 109.5),
            ("o3_8h", 190, 175), ("o3_8h", 420, None),
        )
    ),
)  # fmt: skip


_vn_aqi = partial(
    indicator,
    unit="1",
    inputs=INPUTS,
    needs=PARTICLES,
    min_completeness=MINIMUM_SHARE,
    area_rule=_AREA_RULE,
    area=worst,
    decimals=0,
    version=1,
    valid_from=_IN_FORCE,
    categories=CATEGORIES,
    crosswalk=crosswalk("air"),
)


@_vn_aqi(
    code="vn_aqi_h",
    name_en="Hourly air quality index (VN_AQI)",
    name_vi="Chỉ số chất lượng không khí giờ (VN_AQI giờ)",
    step=Step.HOUR,
    window=NOWCAST_HOURS * HOUR,
    raw_window=HOUR,
    examples=_HOUR_EXAMPLES,
    source=Source(
        DECISION,
        Text("VN_AQI by the hour", "VN_AQI giờ"),
        2019,
        Trust.STANDARD,
        Text(
            "NowCast is always divided by the weights used: the printed form for w = 1/2 reads low when "
            "hours are missing. The decision rounds NO2 59.35 to 60 in its example; rounding half up "
            "gives 59. It names no completeness: 75 % of an hour's values is halong's rule.",
            "NowCast luôn được chia cho tổng trọng số đã dùng: công thức in cho w = 1/2 cho kết quả "
            "thấp khi thiếu giờ. Trong ví dụ, quyết định làm tròn NO2 59,35 thành 60; làm tròn nửa lên "
            "cho 59. Quyết định không nêu mức đủ dữ liệu: 75 % số giá trị của một giờ là quy ước của "
            "halong.",
        ),
    ),
)
def vn_aqi_h(site: Site, period: Period) -> SiteValue:
    """Largest of the sub-indices that are there; one of PM2.5 and PM10 must be.

    PM2.5 and PM10 enter as NowCast of the last 12 hourly means, SO2, CO, NO2 and O3 as the mean of the hour.
    A whole number without unit: 0 is clean air, 500 the end of the scale.

    vi: Giá trị lớn nhất trong các chỉ số con tính được; phải có ít nhất PM2.5 hoặc PM10. PM2.5 và PM10 được
    đưa vào bằng giá trị NowCast của 12 trung bình giờ gần nhất; SO2, CO, NO2 và O3 bằng trung bình của giờ.
    Số nguyên không có đơn vị: 0 là không khí sạch, 500 là cuối thang.
    """
    particles, details = _particle_indices(site, period)
    suspect = sum(s.suspects(period.step) for s in site.series.values())
    share = _share(site, period)
    if not particles:
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    means = {
        name: mean(site.series[name], period.last(HOUR)) for name in HOURLY_COLUMN if name in site.series
    }
    gases = gas_indices({name: value for name, value in means.items() if value is not None})
    value, shown = _result(particles | gases)
    return SiteValue(site.code, value, share, suspect=suspect, details=details | shown)


@_vn_aqi(
    code="vn_aqi_d",
    name_en="Daily air quality index (VN_AQI)",
    name_vi="Chỉ số chất lượng không khí ngày (VN_AQI ngày)",
    step=Step.DAY,
    window=REACH,
    raw_window=timedelta(0),
    examples=_DAY_EXAMPLES,
    source=Source(
        DECISION,
        Text("VN_AQI by the day", "VN_AQI ngày"),
        2019,
        Trust.STANDARD,
        Text(
            "The decision labels the hours of a day by their end, 01:00 to 24:00: they are the hours "
            "from 0 to 24 h local time. The 8 h column of O3 ends at 400 µg/m³; above it the 1 h column "
            "alone counts. The decision names no completeness: 18 of 24 hours or running means for each "
            "pollutant, and 6 of 8 hours for a running mean, are halong's rule. An index is never "
            "averaged: a month has none.",
            "Quyết định gọi các giờ trong ngày theo lúc kết thúc, từ 01:00 đến 24:00: đó là các giờ từ "
            "0 đến 24 giờ địa phương. Cột 8 giờ của O3 dừng ở 400 µg/m³; trên mức đó chỉ dùng cột 1 "
            "giờ. Quyết định không nêu mức đủ dữ liệu: 18 trong 24 giờ hoặc trung bình trượt cho mỗi "
            "chất, và 6 trong 8 giờ cho một trung bình trượt, là quy ước của halong. Không bao giờ lấy "
            "trung bình chỉ số: không có chỉ số tháng.",
        ),
    ),
)
def vn_aqi_d(site: Site, period: Period) -> SiteValue:
    """Largest of the day's sub-indices that are there; one of PM2.5 and PM10 must be.

    PM2.5 and PM10 enter as the mean of the day's hours, SO2, CO and NO2 as the largest hourly mean, O3 as
    the larger of what its largest hourly mean and its largest running 8 h mean give. A whole number without
    unit: 0 is clean air, 500 the end of the scale.

    vi: Giá trị lớn nhất trong các chỉ số con của ngày; phải có ít nhất PM2.5 hoặc PM10. PM2.5 và PM10 được
    đưa vào bằng trung bình các giờ trong ngày; SO2, CO và NO2 bằng trung bình 1 giờ lớn nhất; O3 bằng giá trị
    lớn hơn giữa chỉ số của trung bình 1 giờ lớn nhất và của trung bình trượt 8 giờ lớn nhất. Số nguyên không
    có đơn vị: 0 là không khí sạch, 500 là cuối thang.
    """
    hours = {name: hours_of_day(series, period) for name, series in site.series.items() if name in INPUTS}
    shares = [found.share for name, found in hours.items() if name in PARTICLES]
    about = known(site, period, max(shares, default=0.0), *INPUTS)
    found = {n: h.mean() if n in PARTICLES else h.largest() for n, h in hours.items()}
    used = {name: value for name, value in found.items() if value is not None}
    if used.keys().isdisjoint(PARTICLES):
        return about.missing()
    o3_8h = running_8h(site.series["o3"], period).largest() if "o3" in site.series else None
    value, shown = _result(day_indices(used, o3_8h))
    told = used if o3_8h is None else used | {"o3_8h": o3_8h}
    measured = {name: half_up(concentration, 3) for name, concentration in told.items()}
    return about.value(value, concentrations=measured, **shown)


def day_indices(concentrations: Mapping[str, float], o3_max_8h: float | None) -> dict[str, float]:
    """Return the day's unrounded sub-indices.

    Args:
        concentrations: µg/m³; mean of the day of PM2.5 and PM10, largest hourly mean of the gases.
        o3_max_8h: largest running 8 h mean of ozone, µg/m³.
    """
    particles = {n: sub_index(n, c) or 0.0 for n, c in concentrations.items() if n in PARTICLES}
    gases = gas_indices({n: c for n, c in concentrations.items() if n in HOURLY_COLUMN})
    longer = None if o3_max_8h is None else sub_index("o3_8h", o3_max_8h)
    if longer is not None:
        gases["o3"] = max(longer, gases.get("o3", 0.0))
    return particles | gases


def gas_indices(hourly: Mapping[str, float]) -> dict[str, float]:
    """Return the unrounded sub-indices of hourly means in µg/m³."""
    found = {name: sub_index(HOURLY_COLUMN[name], value) for name, value in hourly.items()}
    return {name: index for name, index in found.items() if index is not None}


def largest(indices: Mapping[str, float]) -> tuple[float, str]:
    """Return the index, rounded, and the pollutant that makes it."""
    dominant = max(indices, key=lambda name: indices[name])
    return half_up(indices[dominant]), dominant


def _result(indices: Mapping[str, float]) -> tuple[float, dict[str, Any]]:
    value, dominant = largest(indices)
    return value, {"dominant": dominant, "sub_indices": {k: int(half_up(v)) for k, v in indices.items()}}


def _particle_indices(site: Site, period: Period) -> tuple[dict[str, float], dict[str, Any]]:
    indices: dict[str, float] = {}
    shown: dict[str, Any] = {}
    for name in PARTICLES:
        if name in site.series:
            hours = hourly_means(site.series[name], period.last(NOWCAST_HOURS * HOUR))
            value, w = nowcast(hours)
            if value is not None and w is not None:
                indices[name] = sub_index(name, value) or 0.0
                shown[name] = {"value": half_up(value, 3), "w": half_up(w, 4), "hours": _count(hours)}
    return indices, {"nowcast": shown}


def _share(site: Site, period: Period) -> float:
    shares = [series.completeness(period.last(HOUR)) for series in site.series.values()]
    return sum(shares) / len(shares)


def _count(hours: Sequence[float | None]) -> int:
    return sum(hour is not None for hour in hours)
