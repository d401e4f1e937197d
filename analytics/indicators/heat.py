"""Heat: heat index of the hour and of the day, humidex."""

from __future__ import annotations

from datetime import timedelta
from math import exp, log, sqrt
from typing import TYPE_CHECKING

from analytics.area_rules import population_weighted, worst
from analytics.hours import hours_of
from analytics.indicator import Category, Example, Source, Trust, indicator
from analytics.known import Known
from analytics.longer import Rule, longer
from analytics.results import AreaValue
from analytics.rounding import half_up
from analytics.series import HOUR, MINIMUM_SHARE, mean, to_datetime
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue
    from analytics.series import Series

INPUTS = ("air_temperature", "relative_humidity")
#: Local hours, by their start, that a day's maximum cannot do without: 9 to 18 h.
HOT_HOURS = range(9, 18)
_HOT_F = 80.0
#: of T^i·R^j, T in °F and R in %
_ROTHFUSZ = (
    (-42.379, 0, 0), (2.04901523, 1, 0), (10.14333127, 0, 1), (-0.22475541, 1, 1), (-0.00683783, 2, 0),
    (-0.05481717, 0, 2), (0.00122874, 2, 1), (0.00085282, 1, 2), (-0.00000199, 2, 2),
)  # fmt: skip
#: Magnus formula over water, the second in °C
_MAGNUS = (17.625, 243.04)

HEAT_CLASSES = (
    Category("caution", "Caution", "Thận trọng", "#FFFF00", 27),
    Category("extreme_caution", "Extreme caution", "Hết sức thận trọng", "#FFC000", 32),
    Category("danger", "Danger", "Nguy hiểm", "#FF6600", 41),
    Category("extreme_danger", "Extreme danger", "Cực kỳ nguy hiểm", "#CC0000", 54),
)
HUMIDEX_CLASSES = (
    Category("none", "Little or no discomfort", "Không khó chịu", "#00E400", None),
    Category("some", "Some discomfort", "Hơi khó chịu", "#FFFF00", None),
    Category("great", "Great discomfort", "Rất khó chịu", "#FF7E00", None),
    Category("dangerous", "Dangerous", "Rất nguy hiểm", "#CC0000", None),
)


def heat_index(t: float, rh: float) -> float:
    """Return the heat index in °C of an air temperature in °C and a relative humidity in %.

    The simple form where its mean with the temperature is below 80 °F, else Rothfusz's regression with both
    adjustments. Below 80 °F the simple form itself is the result, not its mean with the temperature.
    """
    f = t * 1.8 + 32
    simple = 0.5 * (f + 61 + 1.2 * (f - 68) + 0.094 * rh)
    hot = (simple + f) / 2 >= _HOT_F
    return ((_regression(f, rh) + _adjustment(f, rh) if hot else simple) - 32) / 1.8


def _regression(f: float, rh: float) -> float:
    return sum(factor * f**i * rh**j for factor, i, j in _ROTHFUSZ)


def _adjustment(f: float, rh: float) -> float:
    if rh < 13 and 80 <= f <= 112:
        return -(13 - rh) / 4 * sqrt((17 - abs(f - 95)) / 17)
    if rh > 85 and 80 <= f <= 87:
        return (rh - 85) / 10 * (87 - f) / 5
    return 0.0


def dew_point(t: float, rh: float) -> float:
    """Return the dew point in °C of an air temperature in °C and a relative humidity in %, above 0."""
    a, b = _MAGNUS
    gamma = log(rh / 100) + a * t / (b + t)
    return b * gamma / (a - gamma)


def humidex(t: float, td: float) -> float:
    """Return the humidex of an air temperature and a dew point in °C."""
    e = 6.11 * exp(5417.7530 * (1 / 273.16 - 1 / (273.15 + td)))
    return t + 5 / 9 * (e - 10)


def humidex_class(value: float, _period: Period | None = None) -> str:
    """Return the class: some discomfort from 30, great from 40, dangerous above 45."""
    if value > 45:
        return "dangerous"
    return "none" if value < 30 else "some" if value < 40 else "great"


def of_heat_index(t: float, rh: float) -> dict[str, float]:
    """Return the heat index."""
    return {"hi": heat_index(t, rh)}


def of_humidex(t: float, td: float) -> dict[str, float]:
    """Return the humidex."""
    return {"humidex": humidex(t, td)}


def of_humidity(t: float, rh: float) -> dict[str, float]:
    """Return dew point and humidex."""
    td = dew_point(t, rh)
    return {"td": td, "humidex": humidex(t, td)}


_METPY = "MetPy 1.7.1, heat_index(mask_undefined=False)"
_COMPUTED = "computed independently"
_NWS = Source(
    Text(
        "US National Weather Service: Technical Attachment SR 90-23, Weather Prediction Center",
        ("Cơ quan Thời tiết Quốc gia Hoa Kỳ (NWS): Technical Attachment SR 90-23, Weather Prediction Center"),
    ),
    Text("heat index", "chỉ số nóng"),
    1990,
    Trust.RECALLED,
    Text(
        "Checked against MetPy. Where the simple form applies, below 80 °F, the service's text takes "
        "its mean with the temperature; the simple form itself is taken here, as MetPy does: 20 °C and "
        "90 % give 20.4 instead of 20.2 °C. Classes in °C are general knowledge. 75 % of an hour's "
        "values is halong's rule.",
        "Đã đối chiếu với MetPy. Khi áp dụng công thức đơn giản, dưới 80 °F, văn bản của NWS lấy trung "
        "bình của nó với nhiệt độ; ở đây dùng chính công thức đơn giản như MetPy: 20 °C và 90 % cho "
        "20,4 thay vì 20,2 °C. Các mức theo °C là kiến thức chung. 75 % số giá trị của giờ là quy ước "
        "của halong.",
    ),
)
_HEAT_EXAMPLES = tuple(
    Example(
        case=f"{t} °C, {rh} %",
        ours=of_heat_index,
        inputs={"t": t, "rh": rh},
        expected={"hi": hi},
        tolerance=0.005,
        source=_METPY,
    )
    for t, rh, hi in (
        (33, 70, 43.47), (38, 50, 48.595), (30, 80, 37.667), (27, 60, 28.081), (20, 90, 20.406),
        (36, 35, 37.527), (28, 90, 34.003),
    )
)  # fmt: skip


def _of_hour(site: Site, period: Period, formula: Callable[[float, float], float]) -> SiteValue:
    """Return what a formula makes of the hour's mean temperature and mean humidity."""
    series = [site.series[name] for name in INPUTS if name in site.series]
    share = min(s.completeness(period.step) for s in series) if len(series) == len(INPUTS) else 0.0
    about = Known(site.code, share, sum(s.suspects(period.step) for s in series))
    means = [mean(s, period.step) for s in series]
    if len(means) < len(INPUTS) or None in means or not about.enough:
        return about.missing()
    t, rh = (float(value or 0.0) for value in means)
    if rh <= 0:
        return about.missing()
    return about.value(formula(t, rh), temperature=half_up(t, 2), humidity=half_up(rh, 2))


@indicator(
    code="heat_index",
    name_en="Heat index",
    name_vi="Chỉ số nóng",
    unit="Cel",
    inputs=INPUTS,
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the hottest station", "trạm nóng nhất"),
    area=worst,
    decimals=1,
    version=1,
    categories=HEAT_CLASSES,
    examples=_HEAT_EXAMPLES,
    source=_NWS,
)
def heat_index_h(site: Site, period: Period) -> SiteValue:
    """Heat index of the hour's mean air temperature and mean relative humidity, in °C.

    Both need 75 % of the hour's values. Below 27 °C there is no class.

    vi: Chỉ số nóng tính từ nhiệt độ không khí trung bình và độ ẩm tương đối trung bình của giờ, °C. Cả hai
    phải có 75 % số giá trị của giờ. Dưới 27 °C không phân loại.
    """
    return _of_hour(site, period, heat_index)


def hottest(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return the hottest site's value, with the mean by population in the details."""
    top, spread = worst(area, sites, period), population_weighted(area, sites, period)
    if top is None:
        return None
    if spread is None:
        return top
    shown = {name: spread.details[name] for name in ("weighting", "population_covered_pct", "units")}
    return AreaValue(top.value, {**top.details, "mean": half_up(spread.value, 2), **shown})


@indicator(
    code="heat_index_d",
    name_en="Heat index, maximum of the day",
    name_vi="Chỉ số nóng, lớn nhất trong ngày",
    unit="Cel",
    of=("heat_index",),
    step=Step.DAY,
    window=timedelta(days=1),
    min_completeness=MINIMUM_SHARE,
    area_rule=Text(
        "the hottest station; the mean by population is in the details",
        "trạm nóng nhất; trung bình theo dân số nằm trong phần chi tiết",
    ),
    area=hottest,
    decimals=1,
    version=1,
    categories=HEAT_CLASSES,
    source=Source(
        HALONG,
        Text("a day of its hours", "ngày tính từ giờ"),
        None,
        Trust.OWN,
        Text(
            "Each hour by the heat index of the US National Weather Service. 18 of 24 hours, and all "
            "from 9 to 18 h local time, in which the maximum falls, are halong's rule. A month and a "
            "year have the mean of the days' maxima.",
            "Mỗi giờ theo chỉ số nóng của Cơ quan Thời tiết Quốc gia Hoa Kỳ. 18 trong 24 giờ, và mọi "
            "giờ từ 9 đến 18 giờ địa phương là lúc cực đại xảy ra, là quy ước của halong. Tháng và năm "
            "lấy trung bình các cực đại ngày.",
        ),
    ),
)
def heat_index_d(site: Site, period: Period) -> SiteValue:
    """Largest heat index of the hours of the local day, in °C.

    18 of 24 hours must have a value, and each of those from 9 to 18 h. The details tell the hour of the
    maximum by its start.

    vi: Chỉ số nóng lớn nhất trong các giờ của ngày, °C. Phải có 18 trong 24 giờ, trong đó có mọi giờ từ 9 đến
    18 giờ. Phần chi tiết cho biết giờ đạt cực đại, tính theo lúc bắt đầu giờ.
    """
    hours = hours_of(site, period, "heat_index")
    starts = _local_starts(hours.series, period)
    absent = sorted(set(HOT_HOURS) - {start.hour for start in starts})
    if absent or not hours.known.enough:
        return hours.known.missing(**hours.told(), hot_hours_missing=len(absent))
    at = int(hours.values.argmax())
    return hours.known.value(float(hours.values[at]), **hours.told(), hour=f"{starts[at]:%H:%M}")


def _local_starts(hours: Series, period: Period) -> list[datetime]:
    first, last = hours.good_times.searchsorted((period.step.start, period.step.end))
    return [to_datetime(time).astimezone(period.zone) for time in hours.good_times[first:last]]


@indicator(
    code="humidex",
    name_en="Humidex",
    name_vi="Chỉ số humidex",
    unit="1",
    inputs=INPUTS,
    step=Step.HOUR,
    window=HOUR,
    min_completeness=MINIMUM_SHARE,
    area_rule=Text("the station with the largest value", "trạm có giá trị lớn nhất"),
    area=worst,
    decimals=1,
    version=1,
    categories=HUMIDEX_CLASSES,
    categorise=humidex_class,
    examples=(
        Example(
            case="30 °C, dew point 15 °C",
            ours=of_humidex,
            inputs={"t": 30, "td": 15},
            expected={"humidex": 33.969},
            source=_COMPUTED,
        ),
        Example(
            case="33 °C, 70 %",
            ours=of_humidity,
            inputs={"t": 33, "rh": 70},
            expected={"td": 26.798, "humidex": 47.399},
            tolerance=0.05,
            source=_COMPUTED,
        ),
    ),
    source=Source(
        Text(
            "Masterton and Richardson, Atmospheric Environment Service of Canada",
            "Masterton và Richardson, Cơ quan Môi trường Khí quyển Canada",
        ),
        Text(
            "humidex; dew point by the Magnus formula with 17.625 and 243.04 °C",
            "humidex; điểm sương theo công thức Magnus với 17,625 và 243,04 °C",
        ),
        1979,
        Trust.RECALLED,
        Text(
            "Checked against pythermalcomfort, model masterson. Classes are general knowledge. 75 % of "
            "an hour's values is halong's rule.",
            "Đã đối chiếu với pythermalcomfort, mô hình masterson. Các mức là kiến thức chung. 75 % số "
            "giá trị của giờ là quy ước của halong.",
        ),
    ),
)
def humidex_h(site: Site, period: Period) -> SiteValue:
    """Humidex of the hour's mean air temperature and mean relative humidity, a number like °C without unit.

    Both need 75 % of the hour's values.

    vi: Humidex tính từ nhiệt độ không khí trung bình và độ ẩm tương đối trung bình của giờ; một số tương tự
    °C nhưng không có đơn vị. Cả hai phải có 75 % số giá trị của giờ.
    """
    return _of_hour(site, period, lambda t, rh: humidex(t, dew_point(t, rh)))


longer("heat_index_d", Rule.MEAN)
