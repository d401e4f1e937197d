"""Means over windows, completeness and rounding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analytics.rounding import half_up
from analytics.series import (
    HOUR,
    Series,
    Window,
    energy_mean,
    hourly_means,
    mean,
    space_mean,
    time_weighted,
    to_datetime,
    to_micros,
)

START = datetime(2026, 11, 22, 1, tzinfo=UTC)
WINDOW = Window.of(START, START + HOUR)


def series(values: list[float], *, interval_s: int = 300, suspect: tuple[int, ...] = ()) -> Series:
    """One value an interval from START on; None leaves a gap."""
    kept = [i for i, v in enumerate(values) if v is not None]
    times = np.array([to_micros(START) + i * interval_s * 1_000_000 for i in kept], np.int64)
    quality = np.array([int(i in suspect) for i in kept], np.int16)
    return Series(times, np.array([values[i] for i in kept], float), quality, interval_s)


def test_micros_are_exact_in_both_directions() -> None:
    instant = datetime(2026, 11, 22, 1, 2, 3, 456789, tzinfo=UTC)
    assert to_micros(instant) == 1795309323456789
    assert to_datetime(1795309323456789) == instant


def test_window_splits_newest_first() -> None:
    day = Window.of(START, START + timedelta(hours=3))
    assert [to_datetime(w.start).hour for w in day.split(HOUR)] == [3, 2, 1]
    assert day.last(HOUR) == day.split(HOUR)[0]


@pytest.mark.parametrize(("n", "expected"), [(12, 1.0), (9, 0.75), (8, 8 / 12), (0, 0.0), (13, 1.0)])
def test_completeness_is_the_share_of_promised_values_and_at_most_one(n: int, expected: Any) -> None:
    times = np.sort(np.linspace(WINDOW.start, WINDOW.end - 1, n).astype(np.int64))
    irregular = Series(times, np.ones(n), np.zeros(n, np.int16), 300)
    assert irregular.completeness(WINDOW) == expected


def test_an_hour_needs_three_quarters_of_its_values() -> None:
    assert mean(series([10.0] * 9), WINDOW) == 10.0
    assert mean(series([10.0] * 8), WINDOW) is None
    assert mean(series([]), WINDOW) is None


def test_fifty_five_minutes_of_sixty() -> None:
    found = series([1.0] * 55, interval_s=60)
    assert found.completeness(WINDOW) * 100 == pytest.approx(91.6667, abs=0.001)


def test_suspect_values_are_left_out_and_counted() -> None:
    found = series([10.0] * 11 + [9999.0], suspect=(11,))
    assert mean(found, WINDOW) == 10.0
    assert found.suspects(WINDOW) == 1
    assert found.completeness(WINDOW) == 11 / 12


def test_a_value_on_the_hour_belongs_to_the_hour_that_begins() -> None:
    found = series([1.0] * 12 + [100.0] * 12)
    assert mean(found, WINDOW) == 1.0
    assert hourly_means(found, Window(WINDOW.start, WINDOW.end + WINDOW.length)) == [100.0, 1.0]


def test_energy_mean() -> None:
    assert energy_mean(np.array([60.0, 70.0])) == pytest.approx(67.404, abs=0.001)
    weighted = energy_mean(np.array([60.0, 70.0]), np.array([45.0, 15.0]))
    assert weighted == pytest.approx(65.119, abs=0.001)


def test_space_mean_is_below_time_mean() -> None:
    assert space_mean(np.array([40.0, 50.0, 60.0, 30.0])) == pytest.approx(42.105, abs=0.001)
    assert space_mean(np.array([60.0, 30.0]), np.array([2.0, 1.0])) == pytest.approx(45.0)


def test_time_weighted_holds_a_value_until_the_next() -> None:
    found = series([40.0, 70.0, None, 90.0], interval_s=900)
    total, known = time_weighted(found, WINDOW, timedelta(minutes=45))
    assert (total / known, known) == (67.5, WINDOW.length)


def test_time_weighted_knows_nothing_after_the_hold() -> None:
    found = series([40.0], interval_s=300)
    total, known = time_weighted(found, WINDOW, timedelta(minutes=15))
    assert (total / known, known / WINDOW.length) == (40.0, 0.25)


def test_time_weighted_begins_with_the_value_before_the_window() -> None:
    found = series([10.0, 20.0], interval_s=1800)
    later = Window.of(START + timedelta(minutes=15), START + HOUR)
    total, known = time_weighted(found, later, HOUR)
    assert total / known == pytest.approx((10 * 15 + 20 * 30) / 45)


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [(44.5, 0, 45), (42.5, 0, 43), (109.49999999999999, 0, 110), (59.35, 0, 59), (2.675, 2, 2.68), (0, 0, 0)],
)
def test_halves_go_up(value: Any, decimals: int, expected: Any) -> None:
    assert half_up(value, decimals) == expected
