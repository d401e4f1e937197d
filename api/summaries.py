"""What the steps of a period come to: by an indicator's own rule, and never the mean of an index. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from analytics.longer import RULES, Rule
from analytics.results import Reason
from analytics.rounding import half_up
from analytics.series import is_enough
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from zoneinfo import ZoneInfo

    from api.known import Known
    from api.periods import Period
    from api.queries import Row

_SUFFIXES = ("_d", "_h", "_1h", "_15min", "")
_WORDS = ("d", "month", "year")
_SPAN = re.compile(r"_(\d+h|15min|h|d)$")
#: share of a period's steps that must have a value, as for a month
MINIMUM_SHARE = 0.75
#: rules that hold for an area's values as for a site's, and the column of a summary that has the result
_COMBINED = {Rule.MEAN: "mean", Rule.SUM: "total", Rule.MAX: "maximum", Rule.ENERGY: "energy_mean"}
_COLUMNS = {rule.value.en.lower(): column for rule, column in _COMBINED.items()}
#: units of which a ratio means nothing
_WITHOUT_RATIO = frozenset({"dB", "Cel", "deg"})


@dataclass(frozen=True)
class Method:
    """How a period's value is found.

    `stored`: the value of `indicator` for this very step. `combined`: of the steps' values by `rule`.
    `classes`: there is no value, only how many steps fell into each class. `none`: nor are there classes.
    `instead` are indicators of longer steps that say the same, where there is no value.
    """

    kind: Literal["stored", "combined", "classes", "none"]
    indicator: str
    rule: str | None
    note: str
    instead: tuple[str, ...] = ()

    @property
    def has_value(self) -> bool:
        """Tell whether a period may have a value."""
        return self.kind in {"stored", "combined"}


@dataclass(frozen=True)
class Summary:
    """What the steps of a period come to in one area."""

    value: float | None
    category: str | None
    reason: str | None
    completeness: float
    steps: int
    steps_expected: int
    minimum: float | None = None
    maximum: float | None = None
    classes: Mapping[str, int] = field(default_factory=dict)


def method(known: Known, code: str, periods: tuple[Period, ...], zone: ZoneInfo) -> Method:
    """Return how values of periods are found: best by an indicator that has each of them as a step."""
    for longer in (code, *_longer(known, code)):
        step = Step.lasting(known.indicators[longer]["step_s"])
        if all(is_step(step, each, zone) for each in periods):
            return Method("stored", longer, None, f"each period is a step of {longer}")
    rule = RULES.get(code)
    if rule in _COMBINED:
        words = rule.value.en.lower()
        note = f"the {words} of the area's values, of which {MINIMUM_SHARE:.0%} have to be there"
        return Method("combined", code, words, note)
    return _without_value(known, code, rule)


def _without_value(known: Known, code: str, rule: Rule | None) -> Method:
    declared, instead = known.indicators[code], tuple(_instead(known, code))
    if rule is not None:
        why = "its rule for periods needs the stations' weights or days: ask for whole months or years"
    else:
        is_index = declared["unit"] == "1"
        why = "it has no rule for periods" + ("; an index is never averaged" if is_index else "")
    counted = ": steps are counted by class instead" if declared["categories"] else ""
    steps = ", ".join(f"{each} ({Step.lasting(known.indicators[each]['step_s']).iso})" for each in instead)
    use = f"; use an indicator of longer steps: {steps}" if instead else ""
    return Method("classes" if counted else "none", code, None, f"{why}{counted}{use}", instead)


def _longer(known: Known, code: str) -> Iterator[str]:
    """Yield the indicators that say the same of longer steps."""
    for suffix in _SUFFIXES:
        if code.endswith(suffix):
            stem = code.removesuffix(suffix)
            names = (f"{stem}_{word}" for word in _WORDS)
            yield from (name for name in names if name in known.indicators and name != code)
            return


def _instead(known: Known, code: str) -> Iterator[str]:
    """Yield indicators of longer steps of the same stem, the shorter steps first: laeq_24h of laeq_1h."""
    stem, found = _SPAN.sub("", code), known.indicators
    for name in (f"{stem}_{word}" for word in ("24h", *_WORDS)):
        if name in found and found[name]["step_s"] > found[code]["step_s"]:
            yield name


def is_step(step: Step, period: Period, zone: ZoneInfo) -> bool:
    """Tell whether a period is exactly one step."""
    return step.floor(period.start, zone) == period.start and step.after(period.start, zone) == period.end


def steps_in(step: Step, period: Period, zone: ZoneInfo) -> int:
    """Return how many steps start in a period."""
    first = step.floor(period.start, zone)
    if first < period.start:
        first = step.after(first, zone)
    if first >= period.end:
        return 0
    if step.length < timedelta(days=1):
        return -((first - period.end) // step.length)
    last = step.floor(period.end - timedelta(microseconds=1), zone).astimezone(zone)
    begun = first.astimezone(zone)
    if step is Step.DAY:
        return (last.date() - begun.date()).days + 1
    months = 12 * (last.year - begun.year) + last.month - begun.month
    return (months if step is Step.MONTH else months // 12) + 1


def summary(found: Method, row: Row | None, stored: Row | None, expected: int, decimals: int) -> Summary:
    """Return what a period comes to.

    Args:
        found: how its value is found.
        row: of `api.queries.indicators.summaries`; None where nothing is stored.
        stored: the value of the method's indicator for the period; None where there is none.
        expected: steps in the period.
        decimals: of the indicator's values.
    """
    row = row or {"stored": 0, "n": 0, "completeness": 0.0, "minimum": None, "maximum": None, "classes": {}}
    value, category, reason = _value(found, row, stored, expected, decimals)
    whole = min(1.0, row["completeness"] / expected) if expected else 0.0
    completeness = whole if stored is None else stored["completeness"]
    return Summary(
        value=value,
        category=category,
        reason=reason,
        completeness=half_up(completeness, 6) or 0.0,
        steps=row["n"],
        steps_expected=expected,
        minimum=row["minimum"],
        maximum=row["maximum"],
        classes=row["classes"],
    )


def _value(
    found: Method, row: Row, stored: Row | None, expected: int, decimals: int
) -> tuple[float | None, str | None, str | None]:
    if not found.has_value:
        return None, None, "no_rule_for_periods" if row.get("stored", 1) else "not_computed"
    if found.kind == "stored":
        nothing = {"value": None, "category": None, "reason": "not_computed"}
        return tuple((stored or nothing)[name] for name in nothing)  # type: ignore[return-value]
    if not expected or not row["n"] or not is_enough(row["n"] / expected, MINIMUM_SHARE):
        return None, None, Reason.INSUFFICIENT_DATA if row["n"] else "not_computed"
    return half_up(row[_COLUMNS[found.rule or ""]], decimals), None, None


def differences(now: Summary, before: Summary, unit: str, decimals: int) -> dict[str, Any]:
    """Return by how much a summary differs from an earlier one; null where either has no value."""
    classes = Counter(now.classes)
    classes.subtract(before.classes)
    found: dict[str, Any] = {"difference": None, "relative_difference": None, "classes": dict(classes)}
    if now.value is None or before.value is None:
        return found
    difference = now.value - before.value
    found["difference"] = half_up(difference, decimals)
    if before.value and unit not in _WITHOUT_RATIO:
        found["relative_difference"] = half_up(difference / abs(before.value), 4)
    return found


def ranks(values: list[float]) -> list[int]:
    """Return the ranks of sorted values: equal ones share the best of theirs, 1 2 2 4."""
    return [values.index(value) + 1 for value in values]
