"""The life of an alert, value by value; its rules as declared; what is said of it."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analytics import alert_messages as messages
from analytics import notify
from analytics.alert_actions import parse_rule
from analytics.alerts import (
    RAISED,
    Alert,
    AlertError,
    Cause,
    Sample,
    Silence,
    State,
    Transition,
    acknowledge,
    advance,
    announce,
    crossed,
    escalate,
    hush,
    is_fresh,
    measured,
    past_alert,
    silence,
    unsilence,
    withdraw,
)
from analytics.indicator import INDICATORS
from devices.alert_rules import AlertRule, Kind, RuleError, Severity, Step
from devices.profiles import ProfileError, load
from runtime.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)
MISSING = ("insufficient_data", "no_station")


def rule(**changes: Any) -> AlertRule:
    usual: dict[str, Any] = {
        "code": "air_bad", "indicator": "vn_aqi_h", "kind": Kind.ABOVE, "threshold": 151.0,
        "severity": Severity.WARNING, "name_en": "Air bad", "name_vi": "Không khí xấu",
    }  # fmt: skip
    return AlertRule(**(usual | changes))


def samples(*values: float | str | None, step: timedelta = HOUR) -> list[Sample]:
    """One a step; a text is the reason why there is no value."""
    return [
        Sample(
            START + n * step,
            START + (n + 1) * step,
            None if isinstance(value, str) else value,
            value if isinstance(value, str) else None,
            1,
        )
        for n, value in enumerate(values)
    ]


def life(
    declared: AlertRule, *values: float | str | None, step: timedelta = HOUR
) -> tuple[Alert, list[Transition]]:
    """The last alert and all transitions."""
    alert, lines, found = Alert(), [], samples(*values, step=step)
    for n, sample in enumerate(found):
        alert, line = advance(declared, alert, sample, measured(declared.kind, found, n))
        lines += [line] if line else []
    return alert, lines


def states(lines: list[Transition]) -> list[str]:
    return [str(line.after) for line in lines]


def test_it_begins_at_the_threshold_and_ends_below_it() -> None:
    alert, lines = life(rule(), 150.9, 151, 170, 150.9)
    assert states(lines) == ["active", "resolved"]
    assert (alert.since, alert.peak, alert.value) == (START + 2 * HOUR, 170, 150.9)
    assert [line.sample.value for line in lines if line.sample] == [151, 150.9]


def test_hysteresis_keeps_it_until_the_value_to_clear() -> None:
    declared = rule(clear=145.0)
    assert states(life(declared, 151, 146, 145.1, 151)[1]) == ["active"]
    assert states(life(declared, 151, 145)[1]) == ["active", "resolved"]
    assert states(life(declared, 146, 150)[1]) == []


def test_below_is_above_upside_down() -> None:
    declared = rule(kind=Kind.BELOW, threshold=70.0, clear=80.0)
    alert, lines = life(declared, 71, 70, 79.9, 60, 80)
    assert states(lines) == ["active", "resolved"]
    assert alert.peak == 60


def test_a_duration_has_to_pass_without_a_break() -> None:
    declared = rule(hold_min=120)
    assert states(life(declared, 160, 160)[1]) == ["pending"]
    assert states(life(declared, 160, 160, 160)[1]) == ["pending", "active"]
    assert states(life(declared, 160, 160, 100, 160)[1]) == ["pending", "inactive", "pending"]


def test_a_missing_value_neither_ends_nor_begins_anything() -> None:
    assert states(life(rule(), 160, "insufficient_data", 160)[1]) == ["active"]
    assert states(life(rule(), "insufficient_data")[1]) == []
    assert states(life(rule(hold_min=120), 160, "insufficient_data", 160)[1]) == ["pending", "active"]


def test_missing_data_count_from_the_start_of_the_first_step() -> None:
    declared = rule(kind=Kind.MISSING, threshold=None, hold_min=180)
    assert states(life(declared, 10, "insufficient_data", "insufficient_data")[1]) == ["pending"]
    alert, lines = life(declared, 10, *["insufficient_data"] * 3, 10)
    assert states(lines) == ["pending", "active", "resolved"]
    assert alert.since == START + HOUR


def test_where_nothing_measures_nothing_is_missing() -> None:
    declared = rule(kind=Kind.MISSING, threshold=None)
    assert life(declared, "no_station", "no_station") == (Alert(), [])


def test_a_gateway_is_missed_from_when_it_was_last_heard() -> None:
    silent = rule(kind=Kind.SILENT, indicator=None, threshold=None, hold_min=15)
    alert, lines, minute = Alert(), [], timedelta(minutes=1)
    told = ((11, "silent"), (16, "offline"), (20, "offline"), (21, None))
    for minutes, state in told:
        heard = START if state else START + 21 * minute
        sample = Sample(heard, START + minutes * minute, None, state, None)
        alert, line = advance(silent, alert, sample, None)
        lines += [line] if line else []
    assert [(str(line.after), line.note) for line in lines] == [
        ("pending", "silent"), ("active", "offline"), ("resolved", "heard again")
    ]  # fmt: skip
    assert {line.cause for line in lines} == {Cause.GATEWAY}
    assert (alert.since, alert.value) == (START, None)


def test_a_rise_is_measured_over_an_hour_or_up_to_two() -> None:
    ten, found = timedelta(minutes=10), [1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.84]
    assert measured(Kind.RISE, samples(*found, step=ten), 6) == pytest.approx(0.84)
    assert measured(Kind.RISE, samples(*found, step=ten), 5) is None
    assert measured(Kind.RISE, samples(1.0, None, 2.0), 2) == pytest.approx(0.5)
    assert measured(Kind.RISE, samples(1.0, None, None, 2.0), 3) is None
    declared = rule(kind=Kind.RISE, threshold=0.8)
    assert states(life(declared, *found, 1.85, step=ten)[1]) == ["active", "resolved"]


def raised(**changes: Any) -> Alert:
    alert, _ = life(rule(), 160)
    return replace(alert, **changes)


def test_acknowledging_ends_the_escalation_and_not_the_alert() -> None:
    alert, line = acknowledge(raised(), "Lan", "pump is on its way")
    assert (line.before, line.after, line.actor, line.note) == (
        "active",
        "acknowledged",
        "Lan",
        "pump is on its way",
    )
    told = replace(alert, announced_at=START)
    assert escalate(rule(escalation=(Step(target="duty"),)), told, START + HOUR) == (told, [])
    again, note = acknowledge(alert, "Minh", "still")
    assert (again, note.before, note.after) == (alert, "acknowledged", "acknowledged")
    ended, last = advance(rule(), alert, samples(100)[0], 100)
    assert ended.state is State.RESOLVED
    assert last is not None


@pytest.mark.parametrize("state", [State.INACTIVE, State.PENDING, State.RESOLVED])
def test_only_what_is_raised_can_be_acknowledged(state: State) -> None:
    with pytest.raises(AlertError, match=f"is {state}: only a raised one"):
        acknowledge(Alert(state=state), "Lan", "")


QUIET = Silence("Lan", "works")


def test_who_ends_a_silence_before_its_time_stands_in_the_history() -> None:
    quiet, _ = hush(raised(), QUIET)
    again, line = hush(quiet, replace(QUIET, ended_by="Minh", is_in_force=False))
    assert line is not None
    assert (again.state, line.actor) == (State.ACTIVE, "Minh")
    assert line.note == "no silence is in force: that of Lan was ended (works)"


def test_a_silence_ends_where_it_began() -> None:
    for before in (raised(), acknowledge(raised(), "Lan", "")[0]):
        quiet, line = silence(before, QUIET)
        assert line is not None
        assert (quiet.state, line.cause) == (State.SILENCED, Cause.SILENCE)
        assert (line.actor, line.note) == ("Lan", "works")
        assert silence(quiet, QUIET) == (quiet, None)
        assert unsilence(quiet)[0] == before
    quiet, _ = acknowledge(silence(raised(), QUIET)[0], "Lan", "")
    assert (quiet.state, unsilence(quiet)[0].state) == (State.SILENCED, State.ACKNOWLEDGED)
    pending, _ = life(rule(hold_min=120), 160)
    assert silence(pending, QUIET) == (pending, None)
    assert advance(rule(), silence(raised(), QUIET)[0], samples(1)[0], 1)[0].state is State.RESOLVED


def test_a_rule_that_ends_takes_its_alert_along() -> None:
    assert withdraw(raised(), "off")[0].state is State.RESOLVED
    assert withdraw(life(rule(hold_min=120), 160)[0], "off")[0].state is State.INACTIVE


def test_escalation_goes_on_step_by_step_until_somebody_acts() -> None:
    declared = rule(
        escalation=(Step(target="desk"), Step(target="duty", after_min=15), Step(target="head", after_min=60))
    )
    alert = announce(raised(), HOUR, START + HOUR)
    assert alert.announced_at == START + HOUR
    told = []
    for minutes in (0, 5, 15, 59, 61, 600):
        alert, steps = escalate(declared, alert, START + HOUR + timedelta(minutes=minutes))
        told.append([step.target for step, _ in steps])
    assert told == [["desk"], [], ["duty"], [], ["head"], []]


def test_nobody_is_told_of_what_is_long_past_until_a_value_of_the_present_says_so() -> None:
    late = START + timedelta(hours=20)
    alert = announce(raised(), HOUR, late)
    assert alert.announced_at is None
    assert escalate(rule(escalation=(Step(target="desk"),)), alert, late) == (alert, [])
    present = replace(alert, value_end=late - timedelta(minutes=2))
    assert announce(present, HOUR, late).announced_at == late
    assert is_fresh(present, timedelta(minutes=10), late + timedelta(minutes=58))
    assert not is_fresh(present, timedelta(minutes=10), late + timedelta(minutes=59))
    assert is_fresh(present, timedelta(days=1), late + timedelta(hours=20))


def test_a_revision_is_told_by_what_it_changes() -> None:
    assert crossed(rule(), 140, 160) is True
    assert crossed(rule(), None, 160) is True
    assert crossed(rule(), 160, 140) is False
    assert crossed(rule(), 160, None) is False
    assert crossed(rule(), 140, 150) is None
    assert crossed(rule(kind=Kind.BELOW, threshold=70.0), 71, 70) is True
    past = past_alert(rule(), [(START, 160), (START + HOUR, 180), (START + 2 * HOUR, 155)])
    assert (past.state, past.since, past.value_end, past.peak) == (
        State.RESOLVED,
        START,
        START + 2 * HOUR,
        180,
    )


_values = st.lists(st.one_of(st.floats(0, 300), st.sampled_from(MISSING)), max_size=30)


@given(_values, st.integers(0, 240), st.floats(0, 151))
def test_any_life_is_one_of_the_graph_and_never_without_a_cause(
    values: list[float | str], hold: int, clear: float
) -> None:
    allowed = {
        ("inactive", "pending"), ("inactive", "active"), ("resolved", "pending"), ("resolved", "active"),
        ("pending", "active"), ("pending", "inactive"), ("active", "resolved"),
    }  # fmt: skip
    declared = rule(hold_min=hold, clear=clear)
    alert, lines = life(declared, *values)
    assert {(str(line.before), str(line.after)) for line in lines} <= allowed
    known = [v for v in values if not isinstance(v, str)]
    for line in lines:
        assert line.sample is not None
        assert line.sample.value is not None
        if line.after is State.ACTIVE:
            assert line.sample.value >= 151
    if known and known[-1] >= 151 and hold == 0:
        assert alert.state in RAISED
    if known and known[-1] < clear:
        assert alert.is_closed


@given(_values)
def test_a_value_that_is_taken_twice_changes_nothing(values: list[float | str]) -> None:
    declared = rule(hold_min=60, clear=140.0)
    alert, found = Alert(), samples(*values)
    for n, sample in enumerate(found):
        alert, _ = advance(declared, alert, sample, measured(declared.kind, found, n))
        assert advance(declared, alert, sample, sample.value) == (alert, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "Air bad"}, "code"),
        ({"name_vi": " "}, "name_vi"),
        ({"threshold": None}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"clear": 152.0}, "clear"),
        ({"kind": Kind.BELOW, "clear": 150.0}, "clear"),
        ({"kind": Kind.MISSING}, "threshold"),
        ({"kind": Kind.SILENT}, "indicator"),
        ({"kind": Kind.SILENT, "indicator": None}, "threshold"),
        ({"indicator": None}, "indicator"),
        ({"hold_min": -1}, "hold_min"),
        ({"levels": ("city",)}, "levels"),
        ({"escalation": (Step(target="a", after_min=5), Step(target="b"))}, "escalation"),
        ({"escalation": (Step(target="a"), Step(target="a", after_min=5))}, "escalation"),
        ({"escalation": (Step(target="Duty Desk"),)}, "escalation"),
        ({"kind": "sideways"}, "kind"),
        ({"colour": "red"}, "rule"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_its_field(changes: dict[str, Any], field: str) -> None:
    values = msgspec.to_builtins(rule()) | changes
    with pytest.raises(RuleError) as raised_error:
        parse_rule(msgspec.to_builtins(values))
    assert raised_error.value.field == field


def test_the_rules_of_the_profile_watch_indicators_that_there_are() -> None:
    rules = load("quang_ninh").alert_rules
    assert {"air_bad", "rain_hour", "river_alert_1", "gateways_silent", "air_missing"} <= {
        r.code for r in rules
    }
    watched = [r for r in rules if r.indicator is not None]
    assert [r.indicator for r in watched if r.indicator not in INDICATORS] == []
    assert [r.code for r in rules if r not in watched] == ["gateway_silent"]
    for each in watched:
        if each.kind is Kind.RISE:
            assert INDICATORS[str(each.indicator)].step.length <= HOUR


def test_a_rule_of_a_profile_is_named_with_its_place(tmp_path: Path) -> None:
    folder = load_folder(tmp_path)
    bad = msgspec.to_builtins(rule(clear=200.0))
    (folder / "alert_rules.json").write_text(json.dumps([bad]), "utf-8")
    with pytest.raises(ProfileError, match=r"alert_rules\.json, rule 1, clear: 200 has to be at most"):
        load(folder)
    (folder / "alert_rules.json").write_text(json.dumps([msgspec.to_builtins(rule(areas=("999",)))]), "utf-8")
    with pytest.raises(ProfileError, match=r"alert_rules\.json, air_bad: '999' is not in areas\.csv"):
        load(folder)


def load_folder(folder: Path) -> Path:
    (folder / "city.json").write_text(
        '{"code": "hue", "name_en": "Hue", "name_vi": "Huế", "time_zone": "Asia/Ho_Chi_Minh", '
        '"latitude": 16.46, "longitude": 107.6}',
        "utf-8",
    )
    (folder / "areas.csv").write_text(
        "code,parent,level,kind,name_vi,name_en,latitude,longitude,valid_from\n"
        "46,,province,city,Huế,Hue,16.46,107.59,2020-01-01\n",
        "utf-8",
    )
    (folder / "observed_properties.csv").write_text(
        "code,name_en,name_vi,unit,minimum,maximum,aggregation,sampling_interval_s,device_kind\n", "utf-8"
    )
    return folder


ROW: dict[str, Any] = {
    "alert_id": 17, "state": "resolved", "rule": "air_bad", "severity": "warning", "kind": "above",
    "name_en": "Air bad", "name_vi": "Không khí xấu\r\nBcc: x@example.org", "threshold": 151.0,
    "indicator": "vn_aqi_h", "unit": "1", "value": 162.0, "peak": 170.0, "gateway": None, "area": "193",
    "area_name_en": "Ha Long City", "area_name_vi": "Thành phố Hạ Long", "since": START,
    "value_end": START + HOUR, "announced_at": START + HOUR, "key": "6b0f", "cause": "value",
    "before": "inactive", "after": "active", "time": START + HOUR,
}  # fmt: skip


def test_an_event_tells_the_state_of_then() -> None:
    body = messages.event(ROW)
    assert (body["version"], body["event"], body["key"]) == (1, "active", "6b0f")
    assert body["alert"]["state"] == "active"
    assert body["alert"]["since"] == "2026-11-22T00:00:00Z"
    assert messages.event(ROW | {"cause": "escalation"})["event"] == "active"
    later = ROW | {"cause": "escalation", "time": START + 2 * HOUR}
    assert messages.event(later)["event"] == "escalation"
    assert json.loads(messages.encode(body)) == body


def test_a_signature_can_be_checked_with_the_secret() -> None:
    header = messages.signature("a secret of the city", START, b"{}")
    seconds, digest = (part.partition("=")[2] for part in header.split(","))
    wanted = hmac.new(b"a secret of the city", f"{seconds}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert (int(seconds), digest) == (START.timestamp(), wanted)


def test_a_subject_is_one_line() -> None:
    assert "\n" not in messages.subject(ROW)
    assert messages.subject(ROW).startswith("[warning] CẢNH BÁO / active: Không khí xấu")
    assert "halong alerts acknowledge 17" in messages.text(ROW, "Asia/Ho_Chi_Minh", START)
    assert "acknowledge" not in messages.text(ROW | {"after": "resolved"}, "Asia/Ho_Chi_Minh", START)


def test_targets_are_checked_at_the_start_and_not_shown() -> None:
    secret = "https://hooks.example/T0K3N"
    found = Settings.model_validate(
        {"alert_targets": {"desk": secret, "duty": "mailto:a@b.vn"}, "smtp_url": "smtp://mail:25"}
    )
    assert (notify.channel(found, "desk"), notify.channel(found, "duty")) == ("webhook", "email")
    assert notify.channel(found, "nobody") is None
    assert "T0K3N" not in repr(found)
    for wrong in ({"desk": "ftp://x/T0K3N"}, {"duty": "mailto:a@b.vn"}):
        with pytest.raises(ValidationError) as raised_error:
            Settings.model_validate({"alert_targets": wrong})
        assert "T0K3N" not in str(raised_error.value)
