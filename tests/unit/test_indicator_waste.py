"""Waste bins: fill, collection, overflow, emptying and forecast."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicators.waste_levels import emptied_at, hours_to_full
from analytics.inputs import Site
from analytics.results import Reason
from tests.unit.measured import at_site, evaluate, series

FIVE = [35, 82, 101, 60, 90]
LEVELS = st.lists(st.floats(0, 110), min_size=1, max_size=20)


def bin_of(levels: Any, code: str = "b-1", *, interval_s: int = 3600, suspect: Any = ()) -> Site:
    return Site(code, series={"bin_fill": series(levels, interval_s=interval_s, suspect=suspect)})


@pytest.mark.parametrize(
    ("code", "value"), [("waste_fill", 73.4), ("waste_need", 60), ("waste_overflow", 20)]
)
def test_the_five_bins_of_the_worked_example(code: str, value: float) -> None:
    bins = [bin_of([level], f"b-{i}") for i, level in enumerate(FIVE)]
    found = evaluate(code, *bins, bin_of([50, None, None, None], "silent"))
    assert (found.value, found.details["missing"]) == (value, {"silent": "insufficient_data"})


@pytest.mark.parametrize(
    ("level", "need", "over"), [(79.9, 0, 0), (80, 100, 0), (99.9, 100, 0), (100, 100, 100)]
)
def test_a_level_at_a_bound_has_reached_it(level: float, need: float, over: float) -> None:
    assert evaluate("waste_need", bin_of([level])).value == need
    assert evaluate("waste_overflow", bin_of([level])).value == over


def test_a_reading_speaks_for_three_hours() -> None:
    assert evaluate("waste_fill", bin_of([70, None, None])).value == 70
    found = evaluate("waste_fill", bin_of([70, None, None, None]))
    assert (found.value, found.reason, found.completeness) == (None, Reason.INSUFFICIENT_DATA, 0)
    assert evaluate("waste_fill", bin_of([40, 105], suspect=(1,))).value == 40


@given(LEVELS, st.randoms())
def test_the_mean_fill_does_not_depend_on_the_order_of_bins(levels: list[float], random: Any) -> None:
    bins = [bin_of([level], f"b-{i}") for i, level in enumerate(levels)]
    found = evaluate("waste_fill", *bins).value
    assert found is not None
    assert 0 <= found <= 100
    assert evaluate("waste_fill", *random.sample(bins, len(bins))).value == pytest.approx(found, abs=0.001)


# --- emptying


def places(levels: Any, minutes: int) -> list[int]:
    times = np.arange(len(levels), dtype=np.int64) * minutes * 60_000_000
    return emptied_at(times, np.array(levels, float))


@pytest.mark.parametrize(
    ("levels", "minutes", "found"),
    [
        ([90, 50], 60, []),
        ([90, 49.9], 60, [1]),
        ([90, 70, 50, 30, 10], 15, [3]),
        ([90, 75, 60, 45, 30, 15, 0], 30, []),
        ([90, 10], 600, [1]),
        ([90, 10, 95, 5], 60, [1, 3]),
        ([10, 90, 95], 60, []),
        ([], 60, []),
    ],
)
def test_a_fall_of_more_than_40_points_within_an_hour(levels: Any, minutes: int, found: list[int]) -> None:
    assert places(levels, minutes) == found


@given(st.lists(st.integers(0, 110), max_size=40), st.sampled_from([10, 30, 60, 90]))
def test_emptyings_equal_a_plain_loop(levels: list[int], minutes: int) -> None:
    found: list[int] = []
    for i in range(1, len(levels)):
        hour = [k for k in range(i) if (i - k) * minutes <= 60] or [i - 1]
        hour = [k for k in hour if not found or k >= found[-1]]
        if max(levels[k] for k in hour) - levels[i] > 40:
            found.append(i)
    assert places(levels, minutes) == found


def test_emptyings_of_a_day_are_counted_once_and_added_up() -> None:
    levels = [50] * 3 + [*range(50, 98, 4)] * 2
    busy, quiet = bin_of(levels), bin_of([20] * 27, "b")
    assert at_site("waste_emptied_d", busy).value == 1
    found = evaluate("waste_emptied_d", busy, quiet, bin_of([None] * 27, "c"))
    assert (found.value, found.details["reporting_pct"]) == (1, 66.67)


def test_an_emptying_just_after_midnight_is_seen() -> None:
    assert at_site("waste_emptied_d", bin_of([90, 90, 95] + [5] * 24)).value == 1
    # Before midnight it belongs to the day before.
    assert at_site("waste_emptied_d", bin_of([90, 95, 5] + [6] * 24)).value == 0


# --- forecast


def test_the_forecast_starts_at_the_last_emptying() -> None:
    found = at_site("waste_hours_to_full", bin_of([95, 5, 10, 15, 20, 25]))
    assert (found.value, found.details["rate_pct_h"]) == (15, 5)


def test_no_forecast_where_the_level_does_not_rise_or_little_is_known() -> None:
    assert evaluate("waste_hours_to_full", bin_of([30] * 6)).reason == Reason.NOT_APPLICABLE
    assert evaluate("waste_hours_to_full", bin_of([95, 5, 10])).reason == Reason.INSUFFICIENT_DATA
    assert evaluate("waste_hours_to_full", bin_of([30, 102, 103, 104])).value == 0


def test_the_first_bin_to_be_full_speaks_for_the_area() -> None:
    found = evaluate("waste_hours_to_full", bin_of([10, 20, 30, 40]), bin_of([1, 2, 3, 4], "slow"))
    assert (found.value, found.details["station"], found.details["within_24h"]) == (6, "b-1", ["b-1"])


@given(st.floats(0, 99), st.floats(0, 99), st.floats(0.1, 24))
def test_the_bin_is_full_at_the_hour_forecast(first: float, last: float, hours: float) -> None:
    rate, to_full = hours_to_full(first, last, hours)
    assert (to_full is None) == (rate <= 0)
    assert to_full is None or last + rate * to_full == pytest.approx(100)


def test_overflow_of_a_day_is_bin_hours_over_bin_hours() -> None:
    site = Site("b-1", results={"waste_overflow": series([0] * 18 + [100] * 6, interval_s=3600)})
    assert evaluate("waste_overflow_d", site).value == 25
    few = Site("b-1", results={"waste_overflow": series([0] * 17, interval_s=3600)})
    assert evaluate("waste_overflow_d", few).reason == Reason.INSUFFICIENT_DATA
