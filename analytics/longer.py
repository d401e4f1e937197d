"""Months and years made of days: a rule over the days' values of each site.

A day without a value is a gap: it is neither 0 nor carried over. A month needs 75 % of its days, a year 90 %.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytics.indicator import INDICATORS, Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.series import Series, energy_mean, is_enough
from analytics.steps import Step
from analytics.texts import HALONG, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics.indicator import AreaFunction, Category, Example, SiteFunction
    from analytics.inputs import Period, Site

Values = NDArray[np.float64]

_DAY_US = 86_400_000_000
#: step, longest length, suffix of the code, of the names, share of the days that must be there
_STEPS = (
    (Step.MONTH, timedelta(days=31), "month", "tháng", 0.75),
    (Step.YEAR, timedelta(days=366), "year", "năm", 0.9),
)


class Rule(Enum):
    """How days make a month or a year."""

    MEAN = Text("Mean", "Trung bình")
    HARMONIC = Text("Harmonic mean", "Trung bình điều hòa")
    SUM = Text("Sum", "Tổng")
    MAX = Text("Largest", "Giá trị lớn nhất")
    #: of levels in dB
    ENERGY = Text("Energy mean", "Trung bình năng lượng")
    #: with the days' weights: of ratios, whose denominators are the weights, the ratio of the sums
    WEIGHTED_MEAN = Text("Weighted mean", "Trung bình có trọng số")


#: how the days of a day indicator make its months and years
RULES: dict[str, Rule] = {}

_FUNCTIONS: dict[Rule, Callable[[Values], float | None]] = {
    Rule.MEAN: lambda values: float(values.mean()),
    Rule.HARMONIC: lambda values: float(1 / np.mean(1 / values)),
    Rule.SUM: lambda values: float(values.sum()),
    Rule.MAX: lambda values: float(values.max()),
    Rule.ENERGY: energy_mean,
}


def longer(
    code: str,
    rule: Rule,
    *,
    categories: tuple[Category, ...] = (),
    categorise: Callable[[float, Period], str] | None = None,
    area: AreaFunction | None = None,
    area_rule: Text | None = None,
    unit: str = "",
    decimals: int | None = None,
    source: Source | None = None,
    examples: Sequence[Example] = (),
) -> None:
    """Declare `<stem>_month` and `<stem>_year` of the day indicator `<stem>_d`.

    Args:
        code: of the day indicator; it must be declared above.
        rule: how days are combined.
        categories: classes of the month's and the year's values; the day's are not taken over.
        categorise: for categories that depend on the date.
        area: the area rule; the day's by default.
        area_rule: the area rule in words; the day's by default.
        unit: UCUM; the day's by default.
        decimals: of the stored value; the day's by default.
        source: where the rule comes from; halong's own definition by default.
        examples: worked examples; they stand at the month.

    Raises:
        KeyError: there is no such day indicator.
    """
    day, RULES[code] = INDICATORS[code], rule
    for step, window, word, word_vi, share in _STEPS:
        declare = indicator(
            code=f"{code.removesuffix('_d')}_{word}",
            name_en=f"{day.name_en}, {word}",
            name_vi=f"{day.name_vi}, {word_vi}",
            description=_described(rule.value, word, word_vi, share),
            unit=unit or day.unit,
            of=(code,),
            step=step,
            window=window,
            min_completeness=share,
            area_rule=area_rule or day.area_rule,
            area=area or day.area,
            decimals=day.decimals if decimals is None else decimals,
            version=day.version,
            valid_from=day.valid_from,
            valid_to=day.valid_to,
            by_gateway=day.by_gateway,
            categories=categories,
            categorise=categorise,
            source=source or _own(day.source),
            examples=tuple(examples) if step is Step.MONTH else (),
        )
        declare(_site_function(code, rule, share))


def combine_days(
    values: Values, weights: Values | None, days: int, minimum: float, rule: Rule
) -> tuple[float | None, float]:
    """Return the value of a period of so many days and the share of its days that have one.

    Args:
        values: of the days that have one, shape (n,).
        weights: of the same days, shape (n,), or None where a day has none.
        days: in the period.
        minimum: the share required.
        rule: how they are combined.
    """
    share = min(1.0, len(values) / days)
    if not len(values) or not is_enough(share, minimum):
        return None, share
    if rule is Rule.WEIGHTED_MEAN:
        return float(np.average(values, weights=weights)), share
    return _FUNCTIONS[rule](values), share


def _site_function(code: str, rule: Rule, minimum: float) -> SiteFunction:
    def of_days(site: Site, period: Period) -> SiteValue:
        series, days = site.results[code], round(period.step.length / _DAY_US)
        values, weights = series.good(period.step), _weights(site.weights.get(code), period)
        value, share = combine_days(values, weights, days, minimum, rule)
        details: dict[str, Any] = {"days": len(values), "days_in_period": days}
        reason = Reason.INSUFFICIENT_DATA if value is None else None
        weight = None if weights is None or not len(weights) else float(weights.sum())
        return SiteValue(site.code, value, share, reason, weight, details=details)

    return of_days


def _weights(series: Series | None, period: Period) -> Values | None:
    weights = None if series is None else series.good(period.step)
    return None if weights is None or np.isnan(weights).any() or (weights <= 0).any() else weights


def _described(rule: Text, word: str, word_vi: str, share: float) -> Text:
    return Text(
        f"{rule.en} of the values of the days of the {word}; no value where fewer than {share:.0%} of its "
        "days have one.",
        f"{rule.vi} của giá trị các ngày trong {word_vi}; không có giá trị nếu dưới {share:.0%} số ngày có "
        "giá trị.",
    )


def _own(day: Source) -> Source:
    note = Text(
        f"Each day by {day.document.en}, {day.clause.en}. Shares of days required are halong's rule.",
        f"Mỗi ngày theo {day.document.vi}, {day.clause.vi}. Tỷ lệ số ngày phải có là quy ước của halong.",
    )
    clause = Text("months and years of days", "tháng và năm tính từ ngày")
    return Source(HALONG, clause, None, Trust.OWN, note)
