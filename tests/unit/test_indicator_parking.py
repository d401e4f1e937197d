"""Parking: time at high occupancy, turnover, and capacities that change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.held import pieces
from analytics.inputs import Site
from analytics.results import Reason
from analytics.series import HOUR, Window, time_weighted, to_micros
from tests.unit.measured import END, at_site, evaluate, series


def lot(
    occupied: Any, code: str = "pk-1", *, interval_s: int = 900, told: Any = None, **properties: Any
) -> Site:
    found = {"parking_occupied": series(occupied, interval_s=interval_s)}
    if told is not None:
        found["parking_capacity"] = series(told, interval_s=1800)
    return Site(code, properties=properties, series=found)


def test_time_at_85_percent_or_more() -> None:
    found = at_site("parking_high", lot([84, 85, 86, 40], capacity=100))
    assert (found.value, found.weight) == (50, 100)
    area = evaluate("parking_high", lot([100] * 4, capacity=100), lot([0] * 4, "b", capacity=300))
    assert area.value == 25


def test_a_capacity_counts_from_when_it_is_told() -> None:
    found = at_site("parking_occupancy", lot([50] * 4, told=[100, 50]))
    assert found.value == pytest.approx(100 * 50 / 75)
    assert (found.details["capacity"], found.weight) == (75, 75)


def test_half_an_hour_without_capacity_is_too_long() -> None:
    assert evaluate("parking_occupancy", lot([50] * 4, told=[None, 50])).reason == Reason.NO_CAPACITY
    assert evaluate("parking_occupancy", lot([50] * 4, told=[0, 0])).reason == Reason.NO_CAPACITY
    assert evaluate("parking_occupancy", lot([50] * 4, told=[None, 50], capacity=100)).value == pytest.approx(
        100 * 50 / 75, abs=0.001
    )


def arrivals(counts: Any, code: str = "pk-1", **properties: Any) -> Site:
    return Site(code, properties=properties, series={"parking_arrivals": series(counts, interval_s=900)})


def test_turnover_of_a_lot_and_of_an_area() -> None:
    assert evaluate("parking_turnover", arrivals([10, 20, 15, 10], capacity=100)).value == 0.55
    found = evaluate(
        "parking_turnover", arrivals([25] * 4, capacity=100), arrivals([0] * 4, "b", capacity=300)
    )
    assert found.value == 0.25


def test_turnover_is_of_the_time_counted() -> None:
    found = evaluate("parking_turnover", arrivals([None, 25, 25, 25], capacity=100))
    assert (found.value, found.completeness) == (1.0, 0.75)
    assert evaluate("parking_turnover", arrivals([None, None, 25, 25], capacity=100)).value is None
    assert evaluate("parking_turnover", arrivals([25] * 4)).reason == Reason.NO_CAPACITY


def test_a_day_is_the_ratio_of_its_sums() -> None:
    hours, spaces = [20.0] * 20 + [80.0] * 4, [100] * 20 + [300] * 4
    site = Site(
        "pk-1",
        results={"parking_occupancy": series(hours, interval_s=3600)},
        weights={"parking_occupancy": series(spaces, interval_s=3600)},
    )
    assert evaluate("parking_occupancy_d", site).value == pytest.approx(
        (20 * 20 * 100 + 80 * 4 * 300) / (2000 + 1200)
    )


@given(st.lists(st.none() | st.integers(0, 100), min_size=12, max_size=12))
def test_pieces_fill_the_window_and_agree_with_the_integral(values: list[int | None]) -> None:
    occupied, window = series(values, interval_s=300), Window(to_micros(END - HOUR), to_micros(END))
    durations, (held,) = pieces(window, [(occupied, HOUR / 4)])
    assert durations.sum() == window.length
    known = held == held  # noqa: PLR0124  (NaN differs from itself)
    assert (held[known] @ durations[known], durations[known].sum()) == time_weighted(
        occupied, window, HOUR / 4
    )


@given(st.lists(st.integers(0, 100), min_size=12, max_size=12))
def test_occupancy_stays_within_its_bounds_and_falls_with_more_capacity(values: list[int]) -> None:
    small = evaluate("parking_occupancy", lot(values, interval_s=300, capacity=100)).value
    large = evaluate("parking_occupancy", lot(values, interval_s=300, capacity=200)).value
    assert small is not None
    assert large is not None
    assert 0 <= large <= small <= 100
