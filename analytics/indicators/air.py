"""Air: the hourly VN_AQI and the 24 h mean of PM2.5 against the national limit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.area_rules import worst
from analytics.indicator import Category, Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, hourly_means, is_enough, mean
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.inputs import Period, Site

#: Index at the breakpoints (Decision 1459/QĐ-TCMT, 2019).
INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
#: Breakpoints in µg/m³ at 25 °C and 760 mmHg, CO too; None: the column is not used that far up.
BREAKPOINTS: dict[str, tuple[float | None, ...]] = {
    "o3_1h": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "o3_8h": (0, 100, 120, 170, 210, 400, None, None),
    "co": (0, 10_000, 30_000, 45_000, 60_000, 90_000, 120_000, 150_000),
    "so2": (0, 125, 350, 550, 800, 1600, 2100, 2630),
    "no2": (0, 100, 200, 700, 1200, 2350, 3100, 3850),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm2_5": (0, 25, 50, 80, 150, 250, 350, 500),
}
#: The column that an hourly mean is looked up in.
HOURLY_COLUMN = {"so2": "so2", "co": "co", "no2": "no2", "o3": "o3_1h"}
PARTICLES = ("pm2_5", "pm10")
NOWCAST_HOURS = 12

CATEGORIES = (
    Category("good", "Good", "Tốt", "#00E400", 0),
    Category("moderate", "Moderate", "Trung bình", "#FFFF00", 51),
    Category("poor", "Poor", "Kém", "#FF7E00", 101),
    Category("bad", "Bad", "Xấu", "#FF0000", 151),
    Category("very_bad", "Very bad", "Rất xấu", "#8F3F97", 201),
    Category("hazardous", "Hazardous", "Nguy hại", "#7E0023", 301),
)

#: 24 h limit of PM2.5 in µg/m³ and the first local day on which it is in force (QCVN 05:2023/BTNMT).
PM2_5_LIMITS = ((date(2023, 9, 12), 50.0), (date(2026, 1, 1), 45.0))


def sub_index(column: str, concentration: float) -> float | None:
    """Return the unrounded index of a concentration in µg/m³; None above the end of a column without one.

    Linear between the breakpoints, 500 from the last one on.
    """
    points = [(c, i) for c, i in zip(BREAKPOINTS[column], INDEX, strict=True) if c is not None]
    if concentration > points[-1][0] and len(points) < len(INDEX):
        return None
    return float(np.interp(concentration, [c for c, _ in points], [i for _, i in points]))


def nowcast(hours: Sequence[float | None], *, as_printed: bool = False) -> tuple[float | None, float | None]:
    """Return NowCast and its weight w from hourly means, newest first; None for a missing hour.

    No value unless two of the newest three hours are there. For w = 1/2 the decision prints a sum that is not
    divided by the weights used, which reads low where hours are missing; `as_printed` does it that way.
    """
    present = [hour for hour in hours if hour is not None]
    if sum(hour is not None for hour in hours[:3]) < 2:
        return None, None
    w = max(min(present) / max(present), 0.5) if max(present) > 0 else 1.0
    used = np.array([0.0 if hour is None else w**i for i, hour in enumerate(hours)])
    total = float(np.dot(used, [hour or 0.0 for hour in hours]))
    return (total / 2 if as_printed and w == 0.5 else total / float(used.sum())), w


@indicator(
    code="vn_aqi_h",
    name_en="Hourly air quality index (VN_AQI)",
    name_vi="Chỉ số chất lượng không khí giờ (VN_AQI giờ)",
    unit="1",
    inputs=("pm2_5", "pm10", "so2", "co", "no2", "o3"),
    needs=PARTICLES,
    step=Step.HOUR,
    window=NOWCAST_HOURS * HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule="the worst valid station; the decision itself defines the index of a station only",
    area=worst,
    decimals=0,
    version=1,
    valid_from=date(2019, 11, 12),
    categories=CATEGORIES,
    source=Source(
        "Decision 1459/QĐ-TCMT, Vietnam Environment Administration",
        "VN_AQI by the hour",
        2019,
        Trust.STANDARD,
        "NowCast is always divided by the weights used: the printed form for w = 1/2 reads low when hours "
        "are missing. The decision rounds NO2 59.35 to 60 in its example; rounding half up gives 59. It "
        "names no completeness: 75 % of an hour's values is halong's rule.",
    ),
)
def vn_aqi_h(site: Site, period: Period) -> SiteValue:
    """Largest of the sub-indices that are there; one of PM2.5 and PM10 must be.

    PM2.5 and PM10 enter as NowCast of the last 12 hourly means, SO2, CO, NO2 and O3 as the mean of the hour.
    A whole number without unit: 0 is clean air, 500 the end of the scale.
    """
    particles, details = _particle_indices(site, period)
    suspect = sum(s.suspects(period.step) for s in site.series.values())
    share = _share(site, period)
    if not particles:
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    indices = particles | _gas_indices(site, period)
    dominant = max(indices, key=lambda name: indices[name])
    details |= {"dominant": dominant, "sub_indices": {k: int(half_up(v)) for k, v in indices.items()}}
    return SiteValue(site.code, half_up(indices[dominant]), share, suspect=suspect, details=details)


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


def _gas_indices(site: Site, period: Period) -> dict[str, float]:
    means = {
        name: mean(site.series[name], period.last(HOUR)) for name in HOURLY_COLUMN if name in site.series
    }
    found = {n: sub_index(HOURLY_COLUMN[n], c) for n, c in means.items() if c is not None}
    return {name: index for name, index in found.items() if index is not None}


def _share(site: Site, period: Period) -> float:
    shares = [series.completeness(period.last(HOUR)) for series in site.series.values()]
    return sum(shares) / len(shares)


def _count(hours: Sequence[float | None]) -> int:
    return sum(hour is not None for hour in hours)


def pm2_5_limit(day: date) -> float:
    """Return the 24 h limit of PM2.5 in µg/m³ that is in force on a local day.

    Raises:
        ValueError: the day is before QCVN 05:2023.
    """
    fitting = [limit for since, limit in PM2_5_LIMITS if since <= day]
    if not fitting:
        raise ValueError(
            f"no PM2.5 limit of QCVN 05:2023 on {day}: it is in force since {PM2_5_LIMITS[0][0]}"
        )
    return fitting[-1]


def complies(value: float, period: Period) -> str:
    """Return the category of a 24 h mean: a value equal to the limit complies ("not more than")."""
    return "complies" if value <= pm2_5_limit(period.day) else "exceeds"


@indicator(
    code="pm2_5_24h",
    name_en="PM2.5, 24 h mean",
    name_vi="Bụi mịn PM2.5, trung bình 24 giờ",
    unit="ug/m3",
    inputs=("pm2_5",),
    step=Step.HOUR,
    window=timedelta(hours=24),
    min_completeness=MINIMUM_SHARE,
    area_rule="the station with the highest mean",
    area=worst,
    decimals=3,
    version=1,
    valid_from=PM2_5_LIMITS[0][0],
    categories=(
        Category("complies", "Within the limit", "Đạt", "#00E400", None),
        Category("exceeds", "Above the limit", "Vượt", "#FF0000", None),
    ),
    categorise=complies,
    limits=PM2_5_LIMITS,
    source=Source(
        "QCVN 05:2023/BTNMT, Circular 01/2023/TT-BTNMT",
        "limits of ambient air, PM2.5 over 24 h",
        2023,
        Trust.STANDARD,
        "50 µg/m³ until 2025-12-31, 45 from 2026-01-01. The regulation's day is 00-24 h local time: the "
        "value of the step 23-24 h is that day's; the other steps are running means. Hours with 75 % of "
        "their values, and 18 of 24 of them, are halong's rule.",
    ),
)
def pm2_5_24h(site: Site, period: Period) -> SiteValue:
    """Mean of the valid hourly means of the 24 h that end with the step, in µg/m³.

    It is compared with the limit in force on the local date of the step's last instant.
    """
    series, window = site.series["pm2_5"], period.last(timedelta(hours=24))
    hours = [hour for hour in hourly_means(series, window) if hour is not None]
    share, suspect = len(hours) / 24, series.suspects(window)
    if not is_enough(share, MINIMUM_SHARE):
        return SiteValue(site.code, None, share, Reason.INSUFFICIENT_DATA, suspect=suspect)
    value = float(np.mean(hours))
    return SiteValue(
        site.code, value, share, suspect=suspect, details=_against_limit(value, len(hours), period)
    )


def _against_limit(value: float, hours: int, period: Period) -> Mapping[str, Any]:
    limit = pm2_5_limit(period.day)
    return {"limit": limit, "ratio": half_up(value / limit, 4), "hours": hours}
