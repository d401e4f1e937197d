"""The life of an alert: what a value, a person, a silence or the clock makes of it. Pure.

inactive → pending → active → acknowledged or silenced → resolved. A value that is missing changes nothing,
except for a rule that warns of missing data: an alert does not end because nobody measures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from analytics.results import Reason
from devices.alert_rules import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from devices.alert_rules import AlertRule, Step

#: A rise is measured against a value that is at least this old, and at most twice.
RISE_OVER = timedelta(hours=1)
#: A value whose step ended longer ago than this, and than its step lasts, wakes nobody.
FRESH = timedelta(hours=1)


class State(StrEnum):
    """Where an alert stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    RESOLVED = "resolved"


class Cause(StrEnum):
    """Why something stands in an alert's history."""

    VALUE = "value"
    GATEWAY = "gateway"
    OPERATOR = "operator"
    SILENCE = "silence"
    ESCALATION = "escalation"
    RULE = "rule"
    LATE_REVISION = "late_revision"


class AlertError(ValueError):
    """What is asked for does not fit the alert's state; the message says what does."""


#: The rule is broken, and has been for long enough.
#: who did what nobody did
HALONG = "halong"
RAISED = frozenset({State.ACTIVE, State.ACKNOWLEDGED, State.SILENCED})
CLOSED = frozenset({State.INACTIVE, State.RESOLVED})


@dataclass(frozen=True)
class Sample:
    """A value of an indicator in one area, or why there is none; of a gateway, why it is not heard."""

    time: datetime
    end: datetime
    value: float | None
    reason: str | None
    revision: int | None


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One rule, one area or gateway; `since` and what follows mean nothing while it is inactive."""

    state: State = State.INACTIVE
    #: end of the first step that broke the rule; of missing data, its start; when a gateway was last heard
    since: datetime | None = None
    value: float | None = None
    value_end: datetime | None = None
    peak: float | None = None
    announced_at: datetime | None = None
    #: steps of the escalation that are done
    told: int = 0
    acknowledged: bool = False

    @property
    def is_closed(self) -> bool:
        """Whether nothing can happen to it."""
        return self.state in CLOSED


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A line of an alert's history; equal states are a note."""

    before: State
    after: State
    cause: Cause
    actor: str = HALONG
    note: str = ""
    sample: Sample | None = None


@dataclass(frozen=True)
class Silence:
    """Who made a silence of an alert and why, who ended it before its time, and whether it is in force."""

    who: str
    reason: str
    ended_by: str | None = None
    is_in_force: bool = True


def measured(kind: Kind, samples: Sequence[Sample], index: int) -> float | None:
    """Return what the rule compares at one of the samples, which are in order of time; None: unknown.

    For a rise it is the difference to the newest value that is one to two hours older, in units an hour.
    """
    sample = samples[index]
    if kind is not Kind.RISE or sample.value is None:
        return sample.value
    for earlier in reversed(samples[:index]):
        age = sample.end - earlier.end
        if age > 2 * RISE_OVER:
            break
        if age >= RISE_OVER and earlier.value is not None:
            return (sample.value - earlier.value) / (age / timedelta(hours=1))
    return None


def is_broken(rule: AlertRule, sample: Sample, figure: float | None, *, is_raised: bool) -> bool | None:
    """Tell whether a value breaks the rule, None if it cannot be told; a raised one ends only at `clear`."""
    if rule.kind is Kind.SILENT:
        return sample.reason is not None
    if rule.kind is Kind.MISSING:
        # Where nothing measures, nothing is missing.
        return None if sample.reason == Reason.NO_STATION else sample.value is None
    if figure is None or rule.threshold is None:
        return None
    if is_raised and rule.clear is not None and rule.clear != rule.threshold:
        return figure > rule.clear if rule.kind is not Kind.BELOW else figure < rule.clear
    return figure >= rule.threshold if rule.kind is not Kind.BELOW else figure <= rule.threshold


def advance(
    rule: AlertRule, alert: Alert, sample: Sample, figure: float | None
) -> tuple[Alert, Transition | None]:
    """Return the alert after a value; `figure` is what `measured` says."""
    broken = is_broken(rule, sample, figure, is_raised=alert.state in RAISED)
    if broken is None or (alert.is_closed and not broken):
        return alert, None
    seen = _seen(rule, alert, sample, figure)
    state = _next(rule, seen, sample, broken=broken)
    if rule.kind is Kind.SILENT:
        return _moved(seen, state, Cause.GATEWAY, sample=sample, note=sample.reason or "heard again")
    return _moved(seen, state, Cause.VALUE, sample=sample)


def _seen(rule: AlertRule, alert: Alert, sample: Sample, figure: float | None) -> Alert:
    if alert.is_closed:
        since = sample.time if rule.kind in {Kind.MISSING, Kind.SILENT} else sample.end
        return Alert(since=since, value=figure, value_end=sample.end, peak=figure)
    peak = _worse(rule.kind, alert.peak, figure)
    return replace(alert, value=figure, value_end=sample.end, peak=peak)


def _worse(kind: Kind, one: float | None, two: float | None) -> float | None:
    if one is None or two is None:
        return two if one is None else one
    return min(one, two) if kind is Kind.BELOW else max(one, two)


def _next(rule: AlertRule, alert: Alert, sample: Sample, *, broken: bool) -> State:
    if not broken:
        return State.RESOLVED if alert.state in RAISED else State.INACTIVE
    if alert.state in RAISED:
        return alert.state
    assert alert.since is not None
    return State.ACTIVE if sample.end - alert.since >= timedelta(minutes=rule.hold_min) else State.PENDING


def _moved(
    alert: Alert,
    state: State,
    cause: Cause,
    *,
    sample: Sample | None = None,
    actor: str = HALONG,
    note: str = "",
) -> tuple[Alert, Transition | None]:
    if state is alert.state:
        return alert, None
    made = Transition(before=alert.state, after=state, cause=cause, actor=actor, sample=sample, note=note)
    return replace(alert, state=state), made


def hush(alert: Alert, last: Silence | None) -> tuple[Alert, Transition | None]:
    """Return the alert silenced, or as it was before, by the silence of it that ends last."""
    return silence(alert, last) if last and last.is_in_force else unsilence(alert, last)


def silence(alert: Alert, by: Silence) -> tuple[Alert, Transition | None]:
    """Return a raised alert silenced; any other is left as it is."""
    if alert.state not in RAISED:
        return alert, None
    return _moved(alert, State.SILENCED, Cause.SILENCE, actor=by.who, note=by.reason)


def unsilence(alert: Alert, last: Silence | None = None) -> tuple[Alert, Transition | None]:
    """Return a silenced alert as it was before; any other is left as it is."""
    if alert.state is not State.SILENCED:
        return alert, None
    state = State.ACKNOWLEDGED if alert.acknowledged else State.ACTIVE
    note = "no silence is in force"
    if last is None:
        return _moved(alert, state, Cause.SILENCE, note=note)
    how = "was ended" if last.ended_by else "is over"
    note = f"{note}: that of {last.who} {how} ({last.reason})"
    return _moved(alert, state, Cause.SILENCE, actor=last.ended_by or HALONG, note=note)


def withdraw(alert: Alert, note: str) -> tuple[Alert, Transition | None]:
    """Return an alert whose rule does not hold for its area: over, whatever the values."""
    state = State.RESOLVED if alert.state in RAISED else State.INACTIVE
    return _moved(alert, state, Cause.RULE, note=note)


def acknowledge(alert: Alert, actor: str, note: str) -> tuple[Alert, Transition]:
    """Return a raised alert acknowledged, which ends its escalation; a second time adds a note.

    Raises:
        AlertError: it is not raised.
    """
    if alert.state not in RAISED:
        raise AlertError(f"the alert is {alert.state}: only a raised one can be acknowledged")
    # A silence goes on until its end.
    state = State.SILENCED if alert.state is State.SILENCED else State.ACKNOWLEDGED
    made = Transition(before=alert.state, after=state, cause=Cause.OPERATOR, actor=actor, note=note)
    return replace(alert, state=state, acknowledged=True), made


def is_fresh(alert: Alert, step: timedelta, at: datetime) -> bool:
    """Tell whether the alert's last value is of the present: steps computed after an outage are not."""
    return alert.value_end is not None and at - alert.value_end <= max(FRESH, step)


def announce(alert: Alert, step: timedelta, at: datetime) -> Alert:
    """Return an active alert announced, once, as soon as a value of the present shows it."""
    wanted = alert.state is State.ACTIVE and alert.announced_at is None and is_fresh(alert, step, at)
    return replace(alert, announced_at=at) if wanted else alert


def escalate(rule: AlertRule, alert: Alert, at: datetime) -> tuple[Alert, list[tuple[Step, Transition]]]:
    """Return the alert with the steps that are due, each with its line of history."""
    if alert.state is not State.ACTIVE or alert.announced_at is None:
        return alert, []
    passed = at - alert.announced_at
    due = [s for s in rule.escalation[alert.told :] if timedelta(minutes=s.after_min) <= passed]
    return replace(alert, told=alert.told + len(due)), [(s, _told(s)) for s in due]


def _told(step: Step) -> Transition:
    note = f"{step.target}, after {step.after_min} min"
    return Transition(before=State.ACTIVE, after=State.ACTIVE, cause=Cause.ESCALATION, note=note)


def crossed(rule: AlertRule, before: float | None, after: float | None) -> bool | None:
    """Tell what a revision changed: True: the value breaks the rule, False: it ceases to, None: neither."""
    was, now_is = _breaks(rule, before), _breaks(rule, after)
    return None if was == now_is else now_is


def _breaks(rule: AlertRule, value: float | None) -> bool:
    if value is None or rule.threshold is None or rule.kind not in {Kind.ABOVE, Kind.BELOW}:
        return False
    return value <= rule.threshold if rule.kind is Kind.BELOW else value >= rule.threshold


def past_alert(rule: AlertRule, values: Sequence[tuple[datetime, float | None]]) -> Alert:
    """Return an alert that was over before it was found, from (end of step, value) in order of time."""
    peak: float | None = None
    for _, value in values:
        peak = _worse(rule.kind, peak, value)
    (since, _), (end, last) = values[0], values[-1]
    return Alert(state=State.RESOLVED, since=since, value=last, value_end=end, peak=peak)
