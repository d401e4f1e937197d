"""Rules for alerts as records, as a profile or an administrator declares them. Pure."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from math import isfinite

import msgspec

from devices.model import LEVELS, is_code

#: A leap year.
MAX_MINUTES = 366 * 24 * 60


class Kind(StrEnum):
    """What breaks a rule."""

    ABOVE = "above"
    BELOW = "below"
    #: the rise an hour is at least the threshold
    RISE = "rise"
    MISSING = "missing"
    #: a gateway is not heard
    SILENT = "silent"


class Severity(StrEnum):
    """How bad it is that the rule is broken."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class RuleError(ValueError):
    """A rule cannot be used; `field` is the one that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to tell, so many minutes after the first ones if nobody has acknowledged."""

    target: str
    after_min: int = 0


class AlertRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule over the values of one indicator, or over the gateways, in some areas.

    Thresholds are in the indicator's unit.
    """

    code: str
    #: None: the rule is about gateways
    indicator: str | None = None
    kind: Kind
    severity: Severity
    name_en: str
    name_vi: str
    threshold: float | None = None
    #: the alert ends on the other side of this (hysteresis); None: of the threshold
    clear: float | None = None
    #: how long the rule has to be broken before there is an alert
    hold_min: int = 0
    #: codes; none: all areas that report
    areas: tuple[str, ...] = ()
    #: none: areas of every level
    levels: tuple[str, ...] = ()
    escalation: tuple[Step, ...] = ()
    enabled: bool = True


def check(rule: AlertRule) -> None:
    """Check what the types do not say.

    Raises:
        RuleError: about the first field that is wrong.
    """
    _check_code("code", rule.code)
    _check_indicator(rule)
    for field in ("name_en", "name_vi"):
        if not getattr(rule, field).strip():
            raise RuleError(field, "it is empty: say what the rule warns of")
    _check_threshold(rule)
    _check_minutes("hold_min", rule.hold_min)
    if unknown := [level for level in rule.levels if level not in LEVELS]:
        raise RuleError("levels", f"{unknown[0]!r} is none of {', '.join(LEVELS)}")
    _check_escalation(rule.escalation)


def _check_code(field: str, code: str | None) -> None:
    if code is None or not is_code(code):
        raise RuleError(field, f"{code!r} is no code: 1 to 64 of a-z 0-9 _ . -")


def _check_indicator(rule: AlertRule) -> None:
    if rule.kind is not Kind.SILENT:
        _check_code("indicator", rule.indicator)
    elif rule.indicator is not None:
        raise RuleError("indicator", "a rule about silent gateways has none: leave it out")


def _check_threshold(rule: AlertRule) -> None:
    if rule.kind in {Kind.MISSING, Kind.SILENT}:
        if rule.threshold is not None or rule.clear is not None:
            what = "missing data have" if rule.kind is Kind.MISSING else "a silent gateway has"
            raise RuleError("threshold", f"{what} none: leave out threshold and clear")
        return
    if rule.threshold is None or not isfinite(rule.threshold):
        raise RuleError("threshold", f"{rule.threshold} is no finite number: give one")
    if rule.clear is None:
        return
    if not isfinite(rule.clear) or _is_beyond(rule, rule.clear):
        side = "at least" if rule.kind is Kind.BELOW else "at most"
        raise RuleError("clear", f"{rule.clear:g} has to be {side} the threshold, {rule.threshold:g}")


def _is_beyond(rule: AlertRule, value: float) -> bool:
    threshold = rule.threshold or 0.0
    return value < threshold if rule.kind is Kind.BELOW else value > threshold


def _check_minutes(field: str, minutes: int) -> None:
    if not 0 <= minutes <= MAX_MINUTES:
        raise RuleError(field, f"{minutes} is not between 0 and {MAX_MINUTES} minutes")


def _check_escalation(steps: tuple[Step, ...]) -> None:
    for step in steps:
        if not is_code(step.target):
            raise RuleError("escalation", f"target {step.target!r} is no name: 1 to 64 of a-z 0-9 _ . -")
        _check_minutes("escalation", step.after_min)
    if any(one.after_min > two.after_min for one, two in pairwise(steps)):
        raise RuleError("escalation", "the steps are not in the order of after_min")
    if len({step.target for step in steps}) < len(steps):
        raise RuleError("escalation", "a target stands in it twice: tell each one once")
