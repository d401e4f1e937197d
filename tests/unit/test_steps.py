"""What steps are called, where they end and where their inputs begin: by the local calendar."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from analytics.indicator import INDICATORS
from analytics.steps import Step

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


@pytest.mark.parametrize(
    ("step", "start", "span"),
    [
        (Step.HOUR, "2026-11-22T07:00", "2026-11-22 07:00–08:00 (+07:00)"),
        (Step.HOUR, "2026-11-22T23:00", "2026-11-22 23:00–24:00 (+07:00)"),
        (Step.QUARTER_HOUR, "2026-11-22T08:00", "2026-11-22 08:00–08:15 (+07:00)"),
        (Step.DAY, "2026-11-22T00:00", "2026-11-22 (+07:00)"),
        (Step.MONTH, "2026-02-01T00:00", "2026-02 (+07:00)"),
    ],
)
def test_a_step_is_cited_with_both_its_ends_and_the_offset(step: Step, start: str, span: str) -> None:
    assert step.span(at(start), ZONE) == span


@pytest.mark.parametrize(
    ("step", "start", "day", "label"),
    [
        (Step.HOUR, "2026-11-22T12:00", "2026-11-22", "13:00"),
        (Step.HOUR, "2026-11-22T00:00", "2026-11-22", "01:00"),
        (Step.HOUR, "2026-11-22T23:00", "2026-11-22", "24:00"),
        (Step.TEN_MINUTES, "2026-11-22T23:50", "2026-11-22", "24:00"),
        (Step.QUARTER_HOUR, "2026-11-22T08:00", "2026-11-22", "08:15"),
        (Step.DAY, "2026-11-22T00:00", "2026-11-22", "2026-11-22"),
        (Step.MONTH, "2026-02-01T00:00", "2026-02-28", "2026-02"),
        (Step.MONTH, "2026-12-01T00:00", "2026-12-31", "2026-12"),
        (Step.YEAR, "2024-01-01T00:00", "2024-12-31", "2024"),
    ],
)
def test_a_step_is_called_as_in_reports(step: Step, start: str, day: str, label: str) -> None:
    assert step.day(at(start), ZONE).isoformat() == day
    assert step.label(at(start), ZONE) == label


@pytest.mark.parametrize(
    ("step", "start", "window", "begins"),
    [
        (Step.HOUR, "2026-11-22T12:00", timedelta(hours=12), "2026-11-22T01:00"),
        (Step.TEN_MINUTES, "2026-11-22T12:00", timedelta(hours=24), "2026-11-21T12:10"),
        (Step.DAY, "2026-11-22T00:00", timedelta(days=1), "2026-11-22T00:00"),
        (Step.DAY, "2026-11-22T00:00", timedelta(hours=31), "2026-11-21T17:00"),
        (Step.MONTH, "2026-02-01T00:00", timedelta(days=31), "2026-02-01T00:00"),
        (Step.YEAR, "2024-01-01T00:00", timedelta(days=366), "2024-01-01T00:00"),
    ],
)
def test_inputs_reach_back_from_the_end(step: Step, start: str, window: timedelta, begins: str) -> None:
    assert step.inputs_from(at(start), window) == at(begins)


@pytest.mark.parametrize("step", Step)
def test_a_step_is_found_by_its_seconds(step: Step) -> None:
    assert Step.lasting(int(step.length.total_seconds())) is step


def test_no_step_has_this_length() -> None:
    with pytest.raises(ValueError, match="no step lasts 7 s: one of PT10M"):
        Step.lasting(7)


@pytest.mark.parametrize("code", INDICATORS)
def test_every_indicator_is_labelled(code: str) -> None:
    start = INDICATORS[code].step.floor(at("2026-02-15T08:07"), ZONE)
    assert INDICATORS[code].step.label(start, ZONE)
