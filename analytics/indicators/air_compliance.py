"""Compliance with QCVN 05:2023: share of periods at or below the limit, by pollutant and averaging time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from analytics.area_rules import weighted_mean
from analytics.indicator import Category, Example, indicator
from analytics.indicators.air_limits import IN_FORCE, LIMITS, NAMES, complies, equivalents, limit_on, source
from analytics.indicators.air_means import REACH, Averaging, days_in, known, means
from analytics.known import Known
from analytics.longer import Rule, combine_days, longer
from analytics.rounding import half_up
from analytics.series import MINIMUM_SHARE
from analytics.steps import Step
from analytics.texts import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site
    from analytics.results import SiteValue

_DAYS_OF_YEAR = 0.9
_AREA_RULE = Text(
    "share over all periods of all stations: both counts are summed first; each station is in the details",
    "tỷ lệ trên mọi kỳ của mọi trạm: cộng tử số và mẫu số trước rồi mới chia; từng trạm nằm trong phần "
    "chi tiết",
)
_MEANS = {
    "1h": Text("hourly means", "trung bình 1 giờ"),
    "8h": Text("running 8 h means", "trung bình trượt 8 giờ"),
    "24h": Text("24 h means", "trung bình 24 giờ"),
    "1y": Text("annual means", "trung bình năm"),
}
_RUNNING = Text(
    "Running means are halong's reading, as for VN_AQI.",
    "Trung bình trượt là cách hiểu của halong, như ở VN_AQI.",
)
_OWN = Text(
    "Shares of hours and days required are halong's rule.",
    "Tỷ lệ số giờ và số ngày phải có là quy ước của halong.",
)
CATEGORIES = (
    Category("exceeds", "Above the limit", "Vượt", "#FF0000", 0),
    Category("complies", "Within the limit", "Đạt", "#00E400", 100),
)


def compliance(values: Sequence[float], limit: float) -> dict[str, Any]:
    """Return the share of means within a limit in %, with the exceedances and the largest ratio to the limit.

    Args:
        values: means of one averaging time, µg/m³; at least one.
        limit: µg/m³; a mean that equals it complies.
    """
    exceedances = sum(not complies(value, limit) for value in values)
    return {
        "share_pct": 100 * (len(values) - exceedances) / len(values),
        "exceedances": exceedances,
        "periods": len(values),
        "limit": limit,
        "ratio": half_up(max(values) / limit, 4),
    }


def of_mean(pollutant: str, averaging: str, value: float, day: str) -> dict[str, Any]:
    """Return how one mean on a day complies."""
    found = compliance([value], limit_on(LIMITS[pollutant][averaging], date.fromisoformat(day)))
    return {"complies": found["share_pct"] == 100, **found}


def _example(pollutant: str, averaging: str, value: float, day: str, **expected: Any) -> Example:
    return Example(
        case=f"{NAMES[pollutant]} {value:g} µg/m³ over {averaging} on {day}",
        ours=of_mean,
        inputs={"pollutant": pollutant, "averaging": averaging, "value": value, "day": day},
        expected=expected,
        source="the regulation's table of limits",
    )


_EXAMPLES = {
    ("pm2_5", "24h"): (
        _example("pm2_5", "24h", 48.0, "2025-12-31", complies=True, limit=50.0, ratio=0.96),
        _example("pm2_5", "24h", 48.0, "2026-01-01", complies=False, limit=45.0, ratio=1.0667),
    ),
    ("no2", "1h"): (_example("no2", "1h", 200.0, "2026-01-01", complies=True, exceedances=0, ratio=1.0),),
}


def _told(about: Known, values: Sequence[float], limit: float) -> SiteValue:
    if not values or not about.enough:
        return about.missing(limit=limit, periods=len(values))
    found = compliance(values, limit)
    return about.value(found.pop("share_pct"), float(len(values)), **found)


def _of_day(pollutant: str, averaging: Averaging) -> SiteFunction:
    limits = LIMITS[pollutant][averaging.code]

    def of_day(site: Site, period: Period) -> SiteValue:
        found, share = means(site.series[pollutant], period, averaging)
        return _told(known(site, period, share, pollutant), found, limit_on(limits, period.day))

    return of_day


def _of_year(pollutant: str) -> SiteFunction:
    def of_year(site: Site, period: Period) -> SiteValue:
        values = site.results[f"{pollutant}_d"].good(period.step)
        mean, share = combine_days(values, None, days_in(period), _DAYS_OF_YEAR, Rule.MEAN)
        limit = limit_on(LIMITS[pollutant]["1y"], period.day)
        return _told(Known(site.code, share, minimum=_DAYS_OF_YEAR), [] if mean is None else [mean], limit)

    return of_year


def _of_periods(name: str, found: Text) -> Text:
    return Text(
        f"Share of the {found.en} of {name} that end within the local day and are at or below the "
        "limit, in %. The details give the exceedances, the limit in force on the date, and the ratio of "
        "the largest mean to it.",
        f"Tỷ lệ các {found.vi} của {name} kết thúc trong ngày mà không vượt giới hạn, %. Phần chi "
        "tiết cho biết số lần vượt, giới hạn có hiệu lực vào ngày đó và tỷ số của giá trị lớn nhất so "
        "với giới hạn.",
    )


def _of_annual_mean(name: str) -> Text:
    return Text(
        f"100 % where the mean of the days' means of {name} over the year is at or below the annual "
        "limit, 0 % where it is above; the details give the limit and the ratio to it. 90 % of the days "
        "must have a mean. For an area: the share of its stations within the limit.",
        f"100 % nếu trung bình năm của các trung bình ngày {name} không vượt giới hạn năm, 0 % nếu vượt; "
        "phần chi tiết cho biết giới hạn và tỷ số so với giới hạn. Phải có 90 % số ngày. Với địa bàn: tỷ "
        "lệ số trạm đạt giới hạn.",
    )


def _declare(pollutant: str, averaging: str, **declaration: Any) -> Callable[[SiteFunction], SiteFunction]:
    title, told = NAMES[pollutant], _MEANS[averaging]
    return indicator(
        name_en=f"{title} within QCVN 05, {told.en}",
        name_vi=f"Mức đạt QCVN 05, {title} {told.vi}",
        unit="%",
        area_rule=_AREA_RULE,
        area=weighted_mean,
        decimals=3,
        version=1,
        valid_from=IN_FORCE,
        categories=CATEGORIES,
        crosswalk=equivalents(pollutant),
        examples=_EXAMPLES.get((pollutant, averaging), ()),
        source=source(
            Text(
                f"limits of ambient air, {title}, {told.en}",
                f"giới hạn không khí xung quanh, {title}, {told.vi}",
            ),
            _note(pollutant, averaging),
        ),
        **declaration,
    )


def _note(pollutant: str, averaging: str) -> Text:
    limits = LIMITS[pollutant][averaging]
    listed = Text(
        ", ".join(f"{limit:g} from {since}" for since, limit in limits),
        ", ".join(f"{limit:g} từ {since}" for since, limit in limits),
    )
    note = Text(
        f"Limits in µg/m³ at 25 °C and 760 mmHg: {listed.en}. A mean that equals the limit complies.",
        f"Giới hạn tính bằng µg/m³ ở 25 °C và 760 mmHg: {listed.vi}. Trung bình bằng giới hạn là đạt.",
    )
    return (note + _RUNNING if averaging == "8h" else note) + _OWN


def _declare_day(pollutant: str, averaging: Averaging) -> None:
    code = f"qcvn05_{pollutant}_{averaging.code}_d"
    window = REACH if averaging is Averaging.EIGHT_HOURS else timedelta(hours=25)
    declare = _declare(
        pollutant, averaging.code, code=code, inputs=(pollutant,), step=Step.DAY, window=window,
        description=_of_periods(NAMES[pollutant], _MEANS[averaging.code]),
        raw_window=timedelta(0), min_completeness=MINIMUM_SHARE,
    )  # fmt: skip
    declare(_of_day(pollutant, averaging))
    longer(code, Rule.WEIGHTED_MEAN)


def _declare_year(pollutant: str) -> None:
    declare = _declare(
        pollutant, "1y", code=f"qcvn05_{pollutant}_1y", of=(f"{pollutant}_d",), step=Step.YEAR,
        description=_of_annual_mean(NAMES[pollutant]), window=timedelta(days=366),
        min_completeness=_DAYS_OF_YEAR,
    )  # fmt: skip
    declare(_of_year(pollutant))


for _pollutant, _limits in LIMITS.items():
    for _averaging in Averaging:
        if _averaging.code in _limits:
            _declare_day(_pollutant, _averaging)
    if "1y" in _limits:
        _declare_year(_pollutant)
