"""US EPA air quality index of the day (40 CFR Part 58, Appendix G, as amended in 2024)."""

from __future__ import annotations

from datetime import date, timedelta
from math import floor
from typing import TYPE_CHECKING

from analytics.area_rules import worst
from analytics.crosswalk import crosswalk
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.indicators.air_means import REACH, hours_of_day, known, running_8h
from analytics.indicators.air_vn_aqi import PARTICLES
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.inputs import Period, Site
    from analytics.results import SiteValue

#: Lowest and highest concentration of a row, and their indices; concentrations as truncated.
Row = tuple[float, float, int, int]

#: First day of the PM2.5 table of 2024, and of the one before.
SINCE_2024, SINCE_2013 = date(2024, 5, 6), date(2013, 3, 18)
#: PM2.5 over 24 h, µg/m³.
PM2_5: tuple[tuple[date, tuple[Row, ...]], ...] = (
    (
        SINCE_2013,
        (
            (0.0, 12.0, 0, 50), (12.1, 35.4, 51, 100), (35.5, 55.4, 101, 150), (55.5, 150.4, 151, 200),
            (150.5, 250.4, 201, 300), (250.5, 350.4, 301, 400), (350.5, 500.4, 401, 500),
        ),
    ),
    (
        SINCE_2024,
        (
            (0.0, 9.0, 0, 50), (9.1, 35.4, 51, 100), (35.5, 55.4, 101, 150), (55.5, 125.4, 151, 200),
            (125.5, 225.4, 201, 300), (225.5, 325.4, 301, 500),
        ),
    ),
)  # fmt: skip
#: PM10 over 24 h in µg/m³; O3 and CO in ppm; SO2 and NO2 in ppb.
ROWS: dict[str, tuple[Row, ...]] = {
    "pm10": (
        (0, 54, 0, 50), (55, 154, 51, 100), (155, 254, 101, 150), (255, 354, 151, 200), (355, 424, 201, 300),
        (425, 604, 301, 500),
    ),
    "o3_8h": (
        (0.0, 0.054, 0, 50), (0.055, 0.070, 51, 100), (0.071, 0.085, 101, 150), (0.086, 0.105, 151, 200),
        (0.106, 0.200, 201, 300),
    ),
    "o3_1h": (
        (0.125, 0.164, 101, 150), (0.165, 0.204, 151, 200), (0.205, 0.404, 201, 300),
        (0.405, 0.604, 301, 500),
    ),
    "co_8h": (
        (0.0, 4.4, 0, 50), (4.5, 9.4, 51, 100), (9.5, 12.4, 101, 150), (12.5, 15.4, 151, 200),
        (15.5, 30.4, 201, 300), (30.5, 50.4, 301, 500),
    ),
    "so2_1h": ((0, 35, 0, 50), (36, 75, 51, 100), (76, 185, 101, 150), (186, 304, 151, 200)),
    "so2_24h": ((305, 604, 201, 300), (605, 1004, 301, 500)),
    "no2_1h": (
        (0, 53, 0, 50), (54, 100, 51, 100), (101, 360, 101, 150), (361, 649, 151, 200), (650, 1249, 201, 300),
        (1250, 2049, 301, 500),
    ),
}  # fmt: skip
#: Decimals that a concentration is truncated to.
DECIMALS = {"pm2_5": 1, "pm10": 0, "o3_8h": 3, "o3_1h": 3, "co_8h": 1, "so2_1h": 0, "so2_24h": 0, "no2_1h": 0}

#: g/mol, and litres of a mole at 25 °C and 760 mmHg.
MOLAR_MASS = {"o3": 47.998, "co": 28.010, "so2": 64.064, "no2": 46.006}
MOLAR_VOLUME = 24.465
#: Pollutants of which one must be there.
NEEDED = ("pm2_5", "pm10", "o3")
_PER_PPM = {"o3", "co"}
_UP_TO = 500
#: Index of SO2 where the hour is above its column and the mean of 24 h below its own.
_SO2_BETWEEN = 200.0

CATEGORIES = (
    Category("good", "Good", "Tốt", "#00E400", 0),
    Category("moderate", "Moderate", "Trung bình", "#FFFF00", 51),
    Category(
        "sensitive", "Unhealthy for Sensitive Groups", "Không lành mạnh cho nhóm nhạy cảm", "#FF7E00", 101
    ),
    Category("unhealthy", "Unhealthy", "Không lành mạnh", "#FF0000", 151),
    Category("very_unhealthy", "Very Unhealthy", "Rất không lành mạnh", "#8F3F97", 201),
    Category("hazardous", "Hazardous", "Nguy hại", "#7E0023", 301),
)


def mixing_ratio(gas: str, ug_m3: float) -> float:
    """Return a concentration at 25 °C and 760 mmHg as ppm (O3, CO) or ppb (SO2, NO2)."""
    ppb = ug_m3 * MOLAR_VOLUME / MOLAR_MASS[gas]
    return ppb / 1000 if gas in _PER_PPM else ppb


def truncate(column: str, concentration: float) -> float:
    """Return a concentration cut, not rounded, to the decimals of its column."""
    factor = 10.0 ** DECIMALS[column]
    # 35.4 · 10 is 354, also where binary arithmetic makes it 353.99999999999994.
    return floor(round(concentration * factor, 6)) / factor


def rows(column: str, day: date) -> tuple[Row, ...]:
    """Return the rows of a column that are in force on a day.

    Raises:
        ValueError: the day is before the tables kept here.
    """
    if column != "pm2_5":
        return ROWS[column]
    fitting = [found for since, found in PM2_5 if since <= day]
    if not fitting:
        raise ValueError(f"no PM2.5 table of the US AQI on {day}: the first is in force since {SINCE_2013}")
    return fitting[-1]


def sub_index(column: str, concentration: float, day: date) -> float | None:
    """Return the unrounded index of a concentration in the column's unit; None outside of the column.

    Above 500 the last row's slope goes on.
    """
    value, table = truncate(column, concentration), rows(column, day)
    if value < table[0][0] or (value > table[-1][1] and table[-1][3] < _UP_TO):
        return None
    low, high, first, last = next((row for row in table if value <= row[1]), table[-1])
    return (last - first) / (high - low) * (value - low) + first


def indices(measured: Mapping[str, float], day: date) -> dict[str, float]:
    """Return the unrounded sub-indices by pollutant.

    Args:
        measured: in the columns' units: `pm2_5`, `pm10` over 24 h; `o3_8h`, `o3_1h`, `co_8h`, `so2_1h`,
            `no2_1h` the largest of the day; `so2_24h` the mean of the day.
        day: whose table.
    """
    found: dict[str, float] = {}
    for column, concentration in measured.items():
        index = sub_index(column, concentration, day)
        pollutant = column.rsplit("_", 1)[0] if column.endswith("h") else column
        if index is not None:
            found[pollutant] = max(index, found.get(pollutant, 0.0))
    if "so2_1h" in measured and measured["so2_1h"] >= ROWS["so2_24h"][0][0]:
        found["so2"] = max(found.get("so2", 0.0), _SO2_BETWEEN)
    return found


def of_pm2_5(pm2_5: float, day: date = SINCE_2024) -> dict[str, float | None]:
    """Return the index of PM2.5 over 24 h, exact and rounded."""
    index = sub_index("pm2_5", pm2_5, day)
    return {"aqi_exact": index, "aqi": None if index is None else half_up(index)}


_VECTORS = (
    (9.0, 50), (9.09, 50), (12.0, 56.403), (35.0, 99.2548), (35.4, 100), (35.5, 101), (55.7, 151.1402),
    (125.4, 200), (150.4, 225.6757), (250.0, 349.8038), (340.0, 529.0831),
)  # fmt: skip


@indicator(
    code="us_aqi",
    name_en="Daily air quality index of the US EPA",
    name_vi="Chỉ số chất lượng không khí ngày theo US EPA",
    unit="1",
    inputs=("pm2_5", "pm10", "o3", "co", "so2", "no2"),
    needs=NEEDED,
    step=Step.DAY,
    window=REACH,
    raw_window=timedelta(0),
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the worst valid station", "trạm hợp lệ xấu nhất"),
    area=worst,
    decimals=0,
    version=1,
    valid_from=SINCE_2013,
    categories=CATEGORIES,
    crosswalk=crosswalk("air"),
    source=Source(
        Text(
            "40 CFR Part 58, Appendix G, amended by 89 FR 16202; EPA-454/B-24-002",
            "40 CFR Phần 58, Phụ lục G, sửa đổi bởi 89 FR 16202; EPA-454/B-24-002",
        ),
        Text("breakpoints and computation of the index", "các điểm ngưỡng và cách tính chỉ số"),
        2024,
        Trust.SECONDARY,
        Text(
            "PM2.5 by the table of 2024 from 2024-05-06, before by that of 2013, whose first day is "
            "general knowledge; the other columns are those of 2024 throughout. Gases are converted "
            "from µg/m³ at 25 °C with a molar volume of 24.465 L. From 305 ppb of SO2 in an hour the "
            "mean of 24 h decides, and where that is below 305 ppb the index is 200: general knowledge. "
            "Days are 0 to 24 h local time, 18 of 24 hours or running means for each pollutant, 6 of 8 "
            "hours for a running mean, and one of PM2.5, PM10 and O3: halong's rules. An index is never "
            "averaged: there is none of a month.",
            "PM2.5 theo bảng năm 2024 từ 2024-05-06, trước đó theo bảng năm 2013, ngày đầu áp dụng bảng "
            "2013 là kiến thức chung; các cột khác luôn là của năm 2024. Khí được quy đổi từ µg/m³ ở 25 "
            "°C với thể tích mol 24,465 L. Từ 305 ppb SO2 trong một giờ thì dùng trung bình 24 giờ, và "
            "khi trung bình này dưới 305 ppb thì chỉ số là 200: kiến thức chung. Ngày từ 0 đến 24 giờ "
            "địa phương, 18 trong 24 giờ hoặc trung bình trượt cho mỗi chất, 6 trong 8 giờ cho một "
            "trung bình trượt, và một trong PM2.5, PM10, O3: quy ước của halong. Không bao giờ lấy "
            "trung bình chỉ số: không có chỉ số tháng.",
        ),
    ),
    examples=tuple(
        Example(
            case=f"PM2.5 over 24 h {value:g} µg/m³",
            ours=of_pm2_5,
            inputs={"pm2_5": value},
            expected={"aqi_exact": exact, "aqi": half_up(exact)},
            source="computed independently from the table of 2024",
        )
        for value, exact in _VECTORS
    ),
)
def us_aqi(site: Site, period: Period) -> SiteValue:
    """Largest of the day's sub-indices that are there; one of PM2.5, PM10 and O3 must be.

    PM2.5 and PM10 enter as the mean of the day's hours, O3 as its largest 8 h mean and, from 125 ppb, its
    largest hourly mean, CO as its largest 8 h mean, SO2 and NO2 as their largest hourly mean, SO2 from
    305 ppb as the mean of the day. Concentrations are truncated before, the index is rounded to a whole
    number without unit: 0 is clean air, and there is no end of the scale above 500.

    vi: Giá trị lớn nhất trong các chỉ số con của ngày; phải có ít nhất PM2.5, PM10 hoặc O3. PM2.5 và PM10
    được đưa vào bằng trung bình các giờ trong ngày; O3 bằng trung bình 8 giờ lớn nhất và, từ 125 ppb, cả
    trung bình 1 giờ lớn nhất; CO bằng trung bình 8 giờ lớn nhất; SO2 và NO2 bằng trung bình 1 giờ lớn nhất,
    SO2 từ 305 ppb bằng trung bình ngày. Nồng độ được cắt bớt chữ số trước khi tính, chỉ số được làm tròn
    thành số nguyên không có đơn vị: 0 là không khí sạch, trên 500 thang không có điểm cuối.
    """
    measured, shares = _measured(site, period)
    about = known(site, period, max(shares.values(), default=0.0), *site.series)
    found = indices(measured, period.day)
    if found.keys().isdisjoint(NEEDED):
        return about.missing()
    dominant = max(found, key=lambda name: found[name])
    return about.value(
        half_up(found[dominant]),
        dominant=dominant,
        sub_indices={name: int(half_up(index)) for name, index in found.items()},
        concentrations={column: truncate(column, value) for column, value in measured.items()},
    )


def _measured(site: Site, period: Period) -> tuple[dict[str, float], dict[str, float]]:
    """Return the concentrations by column, in its unit, and the shares known of the pollutants needed."""
    found: dict[str, float | None] = {}
    shares: dict[str, float] = {}
    for name, series in site.series.items():
        hours, eight = hours_of_day(series, period), running_8h(series, period)
        if name in NEEDED:
            shares[name] = max(hours.share, eight.share if name == "o3" else 0.0)
        if name in PARTICLES:
            found[name] = hours.mean()
        elif name in MOLAR_MASS:
            found |= {
                f"{name}_1h": hours.largest(),
                f"{name}_24h": hours.mean(),
                f"{name}_8h": eight.largest(),
            }
    used = {column: value for column, value in found.items() if value is not None and column in DECIMALS}
    gases = {column: column.rsplit("_", 1)[0] for column in used if column.endswith("h")}
    return {c: mixing_ratio(gases[c], v) if c in gases else v for c, v in used.items()}, shares
