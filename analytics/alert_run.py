"""Evaluating the rules: at each tick of analytics, from the values that are stored. What is due is then sent.

One query tells that there is nothing to do. Otherwise one transaction at a time looks at what changed and
writes alerts, their history and whom to tell: a crash leaves all of it or nothing, and nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import structlog

from analytics import alert_gateways, alert_records, alert_store, notify
from analytics.alert_store import Watched
from analytics.alerts import (
    RAISED,
    Alert,
    Cause,
    State,
    Transition,
    advance,
    announce,
    crossed,
    escalate,
    hush,
    measured,
    past_alert,
    withdraw,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.alert_gateways import Heard
    from analytics.alert_store import OpenAlert, Revised, WatchedRule
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

_VISIBLE = RAISED | {State.RESOLVED}


@dataclass
class _Case:
    """An alert while it is evaluated; `id` is None until it is stored."""

    watched: WatchedRule
    area_id: int
    gateway_id: int | None = None
    id: int | None = None
    alert: Alert = field(default_factory=Alert)
    stored: Alert | None = None
    is_silenced: bool = False
    is_stray: bool = False
    #: lines of history, each with the targets to tell
    lines: list[tuple[Transition, list[str]]] = field(default_factory=list)

    def take(self, moved: tuple[Alert, Transition | None]) -> None:
        self.alert, line = moved
        if line is not None:
            self.lines.append((line, []))


@dataclass(frozen=True)
class _Evaluation:
    """What one transaction works with."""

    conn: AsyncConnection[Any]
    settings: Settings
    at: datetime
    rules: dict[int, WatchedRule]
    codes: dict[int, str]


async def evaluate(conn: AsyncConnection[Any], settings: Settings, at: datetime) -> None:
    """Evaluate every rule at an instant and have what is due sent, in the background.

    A channel that is down delays nothing and raises nothing: its notifications are tried again.

    Args:
        conn: a connection in autocommit mode.
        settings: whom to tell, and the broker.
        at: aware; the time of what is written to the history.

    Raises:
        psycopg.Error: the database is away.
    """
    found = await alert_store.look(conn, at)
    if found.alerts:
        async with conn.transaction():
            if await alert_store.claim(conn):
                await _evaluate(conn, settings, at, found.horizon)
    if found.alerts or found.notifications:
        notify.start(settings)


async def _evaluate(conn: AsyncConnection[Any], settings: Settings, at: datetime, horizon: datetime) -> None:
    rules, codes = await alert_store.rules(conn), await alert_store.area_codes(conn)
    run = _Evaluation(conn, settings, at, rules, codes)
    cases = {_key(each): _case(run, each) for each in await alert_store.open_alerts(conn, at)}
    for seen in await alert_store.watched(conn, at):
        key = _key(seen)
        cases[key] = await _follow(run, cases.get(key) or _Case(rules[seen.rule_id], seen.area_id), seen)
        await alert_store.watch(conn, seen)
    for heard in await alert_gateways.changed(conn, at):
        rule = rules[heard.rule_id]
        case = cases.setdefault(_key(heard), _Case(rule, heard.area_id, heard.gateway_id))
        case.take(advance(rule.rule, case.alert, heard.sample, None))
    for case in cases.values():
        await _settle(run, case)
    await _note_revisions(run, await alert_store.revised(conn, at, horizon))


def _key(of: OpenAlert | Watched | Heard) -> tuple[int, str, int]:
    """Return what there is one open alert of: a rule and its gateway, or its area."""
    gateway = None if isinstance(of, Watched) else of.gateway_id
    return (of.rule_id, "area", of.area_id) if gateway is None else (of.rule_id, "gateway", gateway)


def _case(run: _Evaluation, found: OpenAlert) -> _Case:
    return _Case(
        run.rules[found.rule_id],
        found.area_id,
        found.gateway_id,
        found.id,
        found.alert,
        found.alert,
        found.is_silenced,
        found.is_stray,
    )


async def _follow(run: _Evaluation, case: _Case, seen: Watched) -> _Case:
    """Take the values that have not been looked at; after one alert may come another."""
    rule = case.watched.rule
    for index, sample in enumerate(seen.samples):
        if sample.time < seen.first:
            continue
        case.take(advance(rule, case.alert, sample, measured(rule.kind, seen.samples, index)))
        if case.alert.is_closed and case.lines:
            await _save(run, case)
            case = _Case(case.watched, case.area_id)
    return case


async def _settle(run: _Evaluation, case: _Case) -> None:
    """Apply what is not a matter of values: the rule's end, silences, the first notice, the escalation."""
    if case.is_stray:
        case.take(
            withdraw(
                case.alert,
                "the rule or the gateway was switched off, deleted, or does not belong to this area",
            )
        )
    await _hush(run, case)
    case.alert = announce(case.alert, case.watched.step, run.at)
    case.alert, steps = escalate(case.watched.rule, case.alert, run.at)
    case.lines += [(line, [step.target]) for step, line in steps]
    if case.lines or case.alert != case.stored:
        await _save(run, case)


async def _hush(run: _Evaluation, case: _Case) -> None:
    """Silence an alert, or end its silence, by whoever did it; nothing is asked where nothing changes."""
    is_settled = case.id is not None and case.is_silenced is (case.alert.state is State.SILENCED)
    if case.alert.state in RAISED and not is_settled:
        last = await alert_store.last_silence(run.conn, run.at, case.id, case.watched.id, case.area_id)
        case.take(hush(case.alert, last))


async def _save(run: _Evaluation, case: _Case) -> None:
    if case.id is None and not case.lines:
        return
    case.id = await alert_records.write_alert(
        run.conn,
        run.at,
        case.alert,
        alert_id=case.id,
        rule_id=case.watched.id,
        area_id=case.area_id,
        gateway_id=case.gateway_id,
    )
    for line, targets in case.lines:
        await _write_line(run, case, line, targets)


async def _write_line(run: _Evaluation, case: _Case, line: Transition, targets: Sequence[str]) -> None:
    """Write a line of history with those to tell; a target that nobody set up is told of in the line."""
    assert case.id is not None
    known = [(channel, name) for name in targets if (channel := notify.channel(run.settings, name))]
    if unknown := sorted(set(targets) - {name for _, name in known}):
        line = replace(line, note=f"{line.note}: not told, HALONG_ALERT_TARGETS has no {', '.join(unknown)}")
        log.warning("alert has no target", action="alert_target", alert=case.id, targets=unknown)
    history = await alert_records.write_history(run.conn, run.at, case.id, line)
    if run.settings.mqtt_url is not None and line.after in _VISIBLE and line.before is not line.after:
        known.append(("mqtt", run.codes[case.area_id]))
    if line.after is State.RESOLVED and line.before is not State.SILENCED:
        known += await alert_records.told(run.conn, case.id)
    await alert_records.enqueue(run.conn, case.id, history, known)
    _report(run, case, line)


def _report(run: _Evaluation, case: _Case, line: Transition) -> None:
    if line.after in _VISIBLE and line.before is not line.after:
        log.info(
            f"alert is {line.after}",
            action="alert",
            alert=case.id,
            rule=case.watched.rule.code,
            area=run.codes[case.area_id],
            value=case.alert.value,
        )


async def _note_revisions(run: _Evaluation, revisions: Sequence[Revised]) -> None:
    """Note in the history what late data changed of values that are past. Nobody is told: it is over."""
    changed = [
        (r, c) for r in revisions if (c := crossed(run.rules[r.rule_id].rule, r.before, r.after)) is not None
    ]
    for (rule_id, area_id, breaks), group in groupby(changed, lambda e: (e[0].rule_id, e[0].area_id, e[1])):
        values = [revised for revised, _ in group]
        await _note(run, run.rules[rule_id], area_id, values, breaks=breaks)


async def _note(
    run: _Evaluation, watched: WatchedRule, area_id: int, values: Sequence[Revised], *, breaks: bool
) -> None:
    covering = await alert_store.covering(run.conn, values[0])
    if covering is not None:
        alert_id, state = covering
        before = after = State(state)
    elif breaks:
        before, after = State.INACTIVE, State.RESOLVED
        past = past_alert(watched.rule, [(v.end, v.after) for v in values])
        alert_id = await alert_records.write_alert(
            run.conn,
            run.at,
            past,
            alert_id=None,
            rule_id=watched.id,
            area_id=area_id,
            retrospective=True,
        )
    else:
        return
    line = Transition(
        before=before, after=after, cause=Cause.LATE_REVISION, note=_words(values, breaks=breaks)
    )
    await alert_records.write_history(run.conn, run.at, alert_id, replace(line, sample=values[-1].sample))


def _words(values: Sequence[Revised], *, breaks: bool) -> str:
    first, last = values[0].time, values[-1].time
    which = (
        f"{first:%Y-%m-%dT%H:%MZ}" if first == last else f"{first:%Y-%m-%dT%H:%MZ} to {last:%Y-%m-%dT%H:%MZ}"
    )
    told = "break the rule" if breaks else "do not break the rule"
    return f"late data: {len(values)} revised, {which}, {told}"
