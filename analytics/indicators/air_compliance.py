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

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.indicator import SiteFunction
    from analytics.inputs import Period, Site
    from analytics.results import SiteValue

_DAYS_OF_YEAR = 0.9
_AREA_RULE = (
    "share over all periods of all stations: both counts are summed first; each station is in the details"
)
_WORDS = {"1h": "hourly means", "8h": "running 8 h means", "24h": "24 h means", "1y": "annual means"}
_WORDS_VI = {"1h": "1 giờ", "8h": "8 giờ", "24h": "24 giờ", "1y": "năm"}
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

    of_day.__doc__ = (
        f"Share of the {_WORDS[averaging.code]} of {NAMES[pollutant]} that end within the local day and are "
        "at or below the limit, in %. The details give the exceedances, the limit in force on the date, and "
        "the ratio of the largest mean to it."
    )
    return of_day


def _of_year(pollutant: str) -> SiteFunction:
    def of_year(site: Site, period: Period) -> SiteValue:
        values = site.results[f"{pollutant}_d"].good(period.step)
        mean, share = combine_days(values, None, days_in(period), _DAYS_OF_YEAR, Rule.MEAN)
        limit = limit_on(LIMITS[pollutant]["1y"], period.day)
        return _told(Known(site.code, share, minimum=_DAYS_OF_YEAR), [] if mean is None else [mean], limit)

    of_year.__doc__ = (
        f"100 % where the mean of the days' means of {NAMES[pollutant]} over the year is at "
        "or below the annual limit, 0 % where it is above; the details give the limit and the ratio to it. "
        "90 % of the days must have a mean. For an area: the share of its stations within the limit."
    )
    return of_year


def _declare(pollutant: str, averaging: str, **declaration: Any) -> Callable[[SiteFunction], SiteFunction]:
    title = NAMES[pollutant]
    return indicator(
        name_en=f"{title} within QCVN 05, {_WORDS[averaging]}",
        name_vi=f"Mức đạt QCVN 05, {title} {_WORDS_VI[averaging]}",
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
            f"limits of ambient air, {title}, {_WORDS[averaging]}",
            "Limits in µg/m³ at 25 °C and 760 mmHg: "
            + ", ".join(f"{limit:g} from {since}" for since, limit in LIMITS[pollutant][averaging])
            + ". A mean that equals the limit complies. "
            + ("Running means are halong's reading, as for VN_AQI. " if averaging == "8h" else "")
            + "Shares of hours and days required are halong's rule.",
        ),
        **declaration,
    )


def _declare_day(pollutant: str, averaging: Averaging) -> None:
    code = f"qcvn05_{pollutant}_{averaging.code}_d"
    window = REACH if averaging is Averaging.EIGHT_HOURS else timedelta(hours=25)
    declare = _declare(
        pollutant, averaging.code, code=code, inputs=(pollutant,), step=Step.DAY, window=window,
        raw_window=timedelta(0), min_completeness=MINIMUM_SHARE,
    )  # fmt: skip
    declare(_of_day(pollutant, averaging))
    longer(code, Rule.WEIGHTED_MEAN)


def _declare_year(pollutant: str) -> None:
    declare = _declare(
        pollutant, "1y", code=f"qcvn05_{pollutant}_1y", of=(f"{pollutant}_d",), step=Step.YEAR,
        window=timedelta(days=366), min_completeness=_DAYS_OF_YEAR,
    )  # fmt: skip
    declare(_of_year(pollutant))


for _pollutant, _limits in LIMITS.items():
    for _averaging in Averaging:
        if _averaging.code in _limits:
            _declare_day(_pollutant, _averaging)
    if "1y" in _limits:
        _declare_year(_pollutant)
