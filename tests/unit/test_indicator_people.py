"""Footfall, people present and their density."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.people import balance, peak_rate, present
from analytics.inputs import Site
from analytics.results import Reason
from tests.unit.measured import END, at_site, evaluate, series

ENTERED, LEFT = [120, 180, 240, 60], [90, 150, 210, 90]
COUNTS = st.lists(st.integers(0, 500), min_size=96, max_size=96)


def gate(
    entered: Any = ENTERED,
    left: Any = LEFT,
    code: str = "g-1",
    *,
    interval_s: int = 900,
    end: datetime = END,
    suspect: Any = (),
    **properties: Any,
) -> Site:
    found = {
        "people_in": series(entered, interval_s=interval_s, end=end, suspect=suspect),
        "people_out": series(left, interval_s=interval_s, end=end),
    }
    return Site(code, properties=properties, series=found)


def day(counts: Any = ENTERED) -> list[int]:
    """A day of quarters of an hour without people until its last hour."""
    return [0] * 92 + list(counts)


def test_the_worked_example_as_a_day() -> None:
    found = evaluate("footfall_d", gate(day(), day(LEFT)))
    assert (found.value, found.completeness) == (600, 1.0)
    assert at_site("footfall_d", gate(day(), day(LEFT))).details["peak_rate_per_h"] == 960
    peak = evaluate("people_density_peak_d", gate(day(), day(LEFT), area_m2=400))
    assert (peak.value, peak.details["present"], peak.category) == (0.225, 90, "comfortable")
    assert peak.details["at"] == (END - timedelta(minutes=15)).isoformat()
    assert evaluate("people_present", gate(day(), day(LEFT))).value == 60


def test_visits_by_quarter_and_hour() -> None:
    assert evaluate("footfall_15min", gate()).value == 60
    assert evaluate("footfall_1h", gate()).value == 600
    fine = gate([10] * 12, [0] * 12, interval_s=300)
    assert (evaluate("footfall_15min", fine).value, evaluate("footfall_1h", fine).value) == (30, 120)


@pytest.mark.parametrize(
    ("code", "counts", "missing", "valid"),
    [
        ("footfall_1h", 12, 3, True), ("footfall_1h", 12, 4, False), ("footfall_15min", 3, 1, False),
        ("footfall_d", 288, 72, True), ("footfall_d", 288, 73, False),
    ],
)  # fmt: skip
def test_a_gap_is_stated_and_nothing_is_added_for_it(
    code: str, counts: int, missing: int, valid: bool
) -> None:
    entered = [None] * missing + [5] * (counts - missing)
    found = at_site(code, gate(entered, entered, interval_s=300))
    assert found.completeness == pytest.approx(1 - missing / counts)
    assert found.value == (5 * (counts - missing) if valid else None)
    if valid:
        assert found.details["missing_min"] == 5 * missing


def test_nobody_is_zero_and_silence_is_not() -> None:
    assert evaluate("footfall_1h", gate([0] * 4, [0] * 4)).value == 0
    assert evaluate("footfall_1h", gate([None] * 4, [None] * 4)).reason == Reason.INSUFFICIENT_DATA


def test_a_suspect_count_is_left_out() -> None:
    found = at_site("footfall_1h", gate(suspect=(2,)))
    assert (found.value, found.suspect, found.completeness) == (360, 1, 0.75)


def test_counts_of_an_hour_make_no_quarter() -> None:
    hourly = gate([600], [540], interval_s=3600)
    assert evaluate("footfall_1h", hourly).value == 600
    assert evaluate("footfall_15min", hourly, end=END - timedelta(minutes=45)).value is None
    assert evaluate("people_present", hourly, end=END - timedelta(minutes=45)).value is None


def test_visits_of_an_area_are_a_sum_with_the_share_that_reports() -> None:
    found = evaluate("footfall_1h", gate(), gate(code="g-2"), gate([None] * 4, [None] * 4, "g-3"))
    assert (found.value, found.details["reporting_pct"]) == (1200, 66.67)
    assert found.details["missing"] == {"g-3": "insufficient_data"}


@pytest.mark.parametrize(("visits", "suppress"), [(0, True), (9, True), (10, False)])
def test_small_counts_are_marked(visits: int, suppress: bool) -> None:
    assert evaluate("footfall_1h", gate([0, 0, 0, visits], [0] * 4)).details["suppress"] is suppress
    assert (
        evaluate("people_present", gate(day([0, 0, 0, visits]), day([0] * 4))).details["suppress"] is suppress
    )


def test_a_perimeters_gates_are_added_and_perimeters_are_not() -> None:
    """All enter a market by one gate and leave by the other; the park has fewer people."""
    gates = [
        gate(day([100, 100, 0, 0]), day([0] * 4), "g-1", perimeter="market"),
        gate(day([0] * 4), day([0, 50, 50, 20]), "g-2", perimeter="market"),
        gate(day([30, 0, 0, 0]), day([0] * 4), "g-3", perimeter="park"),
    ]
    assert [at_site("people_present", g).value for g in gates] == [200, -120, 30]
    found = evaluate("people_present", *gates)
    assert (found.value, found.details["perimeter"], found.details["gates"]) == (80, "market", 2)
    assert found.details["values"] == {"market": 80, "park": 30}


def test_a_perimeter_with_a_silent_gate_has_no_value() -> None:
    silent = gate([None] * 96, [None] * 96, "g-2", perimeter="market")
    found = evaluate("people_present", gate(day(), day(LEFT), perimeter="market"), silent)
    assert found.value is None
    park = gate(day([30, 0, 0, 0]), day([0] * 4), "g-3", perimeter="park")
    found = evaluate("people_present", gate(day(), day(LEFT), perimeter="market"), silent, park)
    assert (found.value, found.details["missing"]) == (30, ["market"])


def test_drift_makes_nobody_negative() -> None:
    assert evaluate("people_present", gate(day([0] * 4), day([5] * 4))).value == 0


def test_present_starts_from_0_at_closing() -> None:
    entered, left = [10] * 192, [9] * 192
    two_days = gate(entered, left, closing_hour=2)
    assert at_site("people_present", two_days).value == 88
    at_closing = END - timedelta(hours=22)
    assert at_site("people_present", two_days, end=at_closing).value == 96
    assert at_site("people_present", two_days, end=at_closing + timedelta(minutes=15)).value == 1
    midnight = gate(entered, left)
    assert at_site("people_present", midnight, end=END - timedelta(hours=24)).value == 96


def test_a_days_peak_knows_who_was_there_before_midnight() -> None:
    entered = [0] * 92 + [100, 0, 0, 0] + [0] * 96
    found = at_site("people_density_peak_d", gate(entered, [0] * 192, area_m2=10, closing_hour=2))
    assert found.value == 10
    assert (found.details["balance"][7], found.details["balance"][8], len(found.details["balance"])) == (
        100,
        0,
        96,
    )
    closes_at_midnight = at_site("people_density_peak_d", gate(entered, [0] * 192, area_m2=10))
    assert closes_at_midnight.value == 0


@pytest.mark.parametrize("hour", ["2", 24, -1, None])
def test_a_closing_hour_that_is_none_is_midnight(hour: Any) -> None:
    assert at_site("people_present", gate([1] * 192, [0] * 192, closing_hour=hour)).value == 96


@pytest.mark.parametrize("code", ["people_density", "people_density_peak_d"])
def test_density_needs_the_size(code: str) -> None:
    found = evaluate(code, gate(day(), day(LEFT)))
    assert (found.value, found.reason) == (None, Reason.NO_AREA_SIZE)


def test_density_of_a_perimeter_is_that_of_all_its_gates() -> None:
    gates = [
        gate(day([900, 0, 0, 0]), day([0] * 4), code, perimeter="market", area_m2=400) for code in ("a", "b")
    ]
    found = evaluate("people_density", *gates)
    assert (found.value, found.category) == (4.5, "dangerous")


def test_a_counter_of_one_direction_has_visits_and_nobody_present() -> None:
    one = Site("g-1", series={"people_in": series(day(), interval_s=900)})
    assert evaluate("footfall_d", one).value == 600
    assert evaluate("people_present", one).reason == Reason.INSUFFICIENT_DATA


@given(COUNTS, COUNTS)
def test_a_balance_ends_with_the_difference_of_the_sums(entered: list[int], left: list[int]) -> None:
    found = balance(np.array(entered), np.array(left))
    assert found[-1] == sum(entered) - sum(left)
    assert (present([found]) >= 0).all()
    assert present([found, -found]).tolist() == [0] * 96
    assert peak_rate(np.array(entered)) == 4 * max(entered)


@given(COUNTS, st.sets(st.integers(0, 95)))
def test_gaps_lower_completeness_and_visits(entered: list[int], missing: set[int]) -> None:
    gappy = [None if i in missing else count for i, count in enumerate(entered)]
    found = at_site("footfall_d", gate(gappy, entered))
    assert found.completeness == pytest.approx(1 - len(missing) / 96)
    assert (found.value is None) is (len(missing) > 24)
    assert (found.value or 0) <= sum(entered)


def test_months_and_years_are_sums_of_days() -> None:
    end = datetime(2025, 11, 30, 17, tzinfo=UTC)
    days = series([600.0] * 30, interval_s=86_400, end=end)
    found = evaluate("footfall_month", Site("g-1", results={"footfall_d": days}), end=end)
    assert (found.value, found.details["suppress"]) == (18_000, False)
    assert INDICATORS["footfall_year"].of == ("footfall_d",)
