"""Months and years made of days: a rule over the days' values of each site.

A day without a value is a gap: it is neither 0 nor carried over. A month needs 75 % of its days, a year 90 %.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analytics.indicator import INDICATORS, Source, Trust, indicator
from analytics.results import Reason, SiteValue
from analytics.series import Series, energy_mean, is_enough
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics.indicator import AreaFunction, Category, Example, SiteFunction
    from analytics.inputs import Period, Site

Values = NDArray[np.float64]
#: From the days' values, shape (n > 0,), to the value of the month or year; None where there is none.
RuleFunction = Callable[[Values], float | None]

_DAY_US = 86_400_000_000
#: step, longest length, suffix of the code, of the names, share of the days that must be there
_STEPS = (
    (Step.MONTH, timedelta(days=31), "month", "tháng", 0.75),
    (Step.YEAR, timedelta(days=366), "year", "năm", 0.9),
)


class Rule(Enum):
    """How days make a month or a year."""

    MEAN = "mean"
    SUM = "sum"
    MAX = "largest"
    #: of levels in dB
    ENERGY = "energy mean"
    #: with the days' weights: of ratios, whose denominators are the weights, the ratio of the sums
    WEIGHTED_MEAN = "weighted mean"


#: how the days of a day indicator make its months and years
RULES: dict[str, Rule | RuleFunction] = {}

_FUNCTIONS: dict[Rule, RuleFunction] = {
    Rule.MEAN: lambda values: float(values.mean()),
    Rule.SUM: lambda values: float(values.sum()),
    Rule.MAX: lambda values: float(values.max()),
    Rule.ENERGY: energy_mean,
}


def longer(
    code: str,
    rule: Rule | RuleFunction,
    *,
    rule_name: str = "",
    categories: tuple[Category, ...] = (),
    categorise: Callable[[float, Period], str] | None = None,
    area: AreaFunction | None = None,
    area_rule: str = "",
    unit: str = "",
    decimals: int | None = None,
    source: Source | None = None,
    examples: Sequence[Example] = (),
) -> None:
    """Declare `<stem>_month` and `<stem>_year` of the day indicator `<stem>_d`.

    Args:
        code: of the day indicator; it must be declared above.
        rule: how days are combined: a Rule, or a function of the days' values, shape (n > 0,).
        rule_name: the rule in words, where it is a function.
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
        described = rule.value if isinstance(rule, Rule) else rule_name or (rule.__doc__ or "").strip(" .")
        declare = indicator(
            code=f"{code.removesuffix('_d')}_{word}",
            name_en=f"{day.name_en}, {word}",
            name_vi=f"{day.name_vi}, {word_vi}",
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
        declare(_described(_site_function(code, rule, share), described, word, share))


def combine_days(
    values: Values, weights: Values | None, days: int, minimum: float, rule: Rule | RuleFunction
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
    return (_FUNCTIONS[rule] if isinstance(rule, Rule) else rule)(values), share


def _site_function(code: str, rule: Rule | RuleFunction, minimum: float) -> SiteFunction:
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


def _described(site: SiteFunction, rule: str, word: str, share: float) -> SiteFunction:
    site.__doc__ = (
        f"{rule[:1].upper()}{rule[1:]} of the values of the days of the {word}; "
        f"no value where fewer than {share:.0%} of its days have one."
    )
    return site


def _own(day: Source) -> Source:
    note = f"Each day by {day.document}, {day.clause}. Shares of days required are halong's rule."
    return Source("halong", "months and years of days", None, Trust.OWN, note)
