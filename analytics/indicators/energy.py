"""Energy: electricity per head of the population."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analytics.area_rules import total
from analytics.crosswalk import crosswalk
from analytics.indicator import INDICATORS, Example, Source, Trust, indicator
from analytics.indicators.registers import used
from analytics.known import Known
from analytics.longer import Rule, combine_days
from analytics.results import AreaValue, Reason
from analytics.rounding import half_up
from analytics.series import to_datetime
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import AreaUnit, Period, Site
    from analytics.results import SiteValue

#: The property `supplies` of a meter that measures a part of what an area is supplied with, such as a feeder.
SUPPLIES = "area"
#: A meter may be read once a day.
_BEFORE = timedelta(hours=25)
_DAY = "electricity_per_capita_d"


def per_person(kwh: float, population: float, days: float) -> dict[str, float]:
    """Return kWh per person, and what that is in a year of 365 days."""
    each = kwh / population
    return {"kwh_per_person": each, "annualised": each * 365 / days}


def days_in(period: Period) -> int:
    """Return the number of local days of the step."""
    first = to_datetime(period.step.start).astimezone(period.zone).date()
    return (period.day - first).days + 1


def per_head(area: AreaUnit, sites: Sequence[SiteValue], period: Period) -> AreaValue | None:
    """Return kWh per person of the area; meters that do not supply the area are left out.

    The value of a site is its kWh a day. Nothing is added for meters that are silent.
    """
    found = total(area, [s for s in sites if s.reason is not Reason.NOT_APPLICABLE], period)
    if found is None or not area.population:
        return None
    days = days_in(period)
    kwh = found.value * days
    each = per_person(kwh, area.population, days)
    details = {
        "kwh": half_up(kwh, 3),
        "days": days,
        "annualised": half_up(each["annualised"], 3),
        "population": area.population,
        "population_source": area.population_source,
    }
    return AreaValue(each["kwh_per_person"], {**details, **found.details})


def _example(kwh: float, population: float, days: float) -> Mapping[str, Any]:
    return per_person(kwh, population, days)


@indicator(
    code="electricity_per_capita_d",
    name_en="Electricity per capita",
    name_vi="Điện tiêu thụ bình quân đầu người",
    unit="kW.h",
    inputs=("electric_energy",),
    step=Step.DAY,
    window=timedelta(days=1) + _BEFORE,
    min_completeness=1.0,
    area_rule=Text(
        "kWh over the area's population; a month's and a year's are those of their mean day times their "
        "days; nothing is added for meters that are silent, whose share is told",
        "kWh chia cho dân số của địa bàn; tháng và năm lấy ngày trung bình nhân số ngày; không cộng "
        "thêm gì cho công tơ im lặng, tỷ lệ của chúng được nêu rõ",
    ),
    area=per_head,
    decimals=4,
    version=1,
    source=Source(
        HALONG,
        Text("electricity supplied over population", "điện năng cấp trên dân số"),
        None,
        Trust.OWN,
        Text(
            "Only meters whose property `supplies` is `area` count: those that together measure what "
            "the area is supplied with. By their registers, read within an hour of both ends of the day "
            "(or three sampling intervals); a step back by more than half of the property "
            "`register_modulus` is a roll-over, any other an exchange or an error, and then there is no "
            "value. Population with its source is the area's in the registry and in the details; guests "
            "who stay the night are not in it.",
            "Chỉ tính các công tơ có thuộc tính `supplies` là `area`: những công tơ cùng nhau đo toàn "
            "bộ điện cấp cho địa bàn. Theo chỉ số công tơ, đọc trong vòng một giờ quanh hai đầu ngày "
            "(hoặc ba chu kỳ đo); bước lùi quá nửa thuộc tính `register_modulus` là quay vòng, mọi bước "
            "lùi khác là thay công tơ hoặc lỗi, khi đó không có giá trị. Dân số và nguồn lấy từ danh "
            "mục địa bàn và nằm trong phần chi tiết; khách lưu trú không được tính.",
        ),
    ),
    crosswalk=crosswalk("energy"),
    examples=(
        Example(
            case="one 30-day month",
            ours=_example,
            inputs={"kwh": 21_400_000, "population": 100_000, "days": 30},
            expected={"kwh_per_person": 214.0, "annualised": 2603.667},
            source="computed",
        ),
    ),
)
def electricity_per_capita_d(site: Site, period: Period) -> SiteValue:
    """Electricity supplied to the area per inhabitant, in kWh; times 365 over days in the details.

    No value where no meter of the area's supply is known at both ends of the day, one jumped back, or the
    area's population is not registered.

    vi: Điện năng cấp cho địa bàn tính trên đầu người, kWh; quy ra một năm (nhân 365 chia số ngày) trong phần
    chi tiết. Không có giá trị nếu không công tơ cấp điện nào của địa bàn có chỉ số ở cả hai đầu ngày, có công
    tơ nhảy lùi, hoặc chưa đăng ký dân số của địa bàn.
    """
    series = site.series["electric_energy"]
    found = used(series, period.step, site.number("register_modulus"), reach=_BEFORE)
    known = Known(site.code, found.share, series.suspects(period.step), minimum=1.0)
    if site.properties.get("supplies") != SUPPLIES:
        return known.missing(Reason.NOT_APPLICABLE)
    if found.amount is None:
        return known.missing(Reason.REGISTER_RESET if known.enough else Reason.INSUFFICIENT_DATA)
    told = {"first": found.first, "last": found.last, "roll_overs": found.roll_overs}
    return known.value(found.amount, **told)


def _declare(step: Step, longest: timedelta, word: str, word_vi: str, minimum: float) -> None:
    day = INDICATORS[_DAY]
    declare = indicator(
        code=f"electricity_per_capita_{word}",
        name_en=f"{day.name_en}, {word}",
        name_vi=f"{day.name_vi}, {word_vi}",
        description=_described(word, word_vi, minimum),
        unit=day.unit,
        of=(_DAY,),
        step=step,
        window=longest,
        min_completeness=minimum,
        area_rule=day.area_rule,
        area=day.area,
        decimals=day.decimals,
        version=day.version,
        source=day.source,
        crosswalk=day.crosswalk,
    )
    declare(_of_days(minimum))


def _described(word: str, word_vi: str, minimum: float) -> Text:
    return Text(
        f"Electricity supplied to the area per inhabitant in the {word}, in kWh: the mean of the days known "
        f"times the days of the {word}. No value where fewer than {minimum:.0%} of its days have one.",
        f"Điện năng cấp cho địa bàn tính trên đầu người trong {word_vi}, kWh: trung bình các ngày đã biết "
        f"nhân số ngày của {word_vi}. Không có giá trị nếu dưới {minimum:.0%} số ngày có giá trị.",
    )


def _of_days(minimum: float) -> SiteFunction:
    def kwh_per_day(site: Site, period: Period) -> SiteValue:
        values, days = site.results[_DAY].good(period.step), days_in(period)
        value, share = combine_days(values, None, days, minimum, Rule.MEAN)
        known = Known(site.code, share, minimum=minimum)
        told: dict[str, Any] = {"days": len(values), "days_in_period": days}
        if site.properties.get("supplies") != SUPPLIES:
            return known.missing(Reason.NOT_APPLICABLE)
        return known.missing(**told) if value is None else known.value(value, **told)

    return kwh_per_day


_declare(Step.MONTH, timedelta(days=31), "month", "tháng", 0.75)
_declare(Step.YEAR, timedelta(days=366), "year", "năm", 0.9)
