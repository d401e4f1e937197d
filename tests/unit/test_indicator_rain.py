"""Rain: intensity, the meteorological day, its class and its level of risk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.rain_day import RISK, maxima, rain_class, rain_day, risk_level, risk_levels
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.rainfall import largest_sum
from analytics.results import Reason, Value
from analytics.series import Series, Window, to_micros
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: 19:00 local time on 21 November 2026: the meteorological day of the 22nd begins
EVENING = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)
DAY = 144
DATE = datetime(2026, 11, 21, 17, tzinfo=UTC)
AMOUNTS = st.lists(st.integers(0, 400).map(lambda tenths: tenths / 10), min_size=DAY, max_size=DAY)


def gauge(
    amounts: Sequence[float | None], start: datetime = EVENING, interval_s: int = 600, **properties: Any
) -> Site:
    """A gauge with consecutive amounts, mm; None where nothing came."""
    known = [(n, mm) for n, mm in enumerate(amounts) if mm is not None]
    times = np.array([to_micros(start) + n * interval_s * 1_000_000 for n, _ in known], np.int64)
    values = np.array([mm for _, mm in known], np.float64)
    series = Series(times, values, np.zeros(len(known), np.int16), interval_s)
    return Site("r1", properties=properties, series={"rainfall": series})


def evaluate(code: str, site: Site, start: datetime) -> Value:
    indicator = INDICATORS[code]
    period = Period(Window.of(start, indicator.step.after(start, ZONE)), ZONE)
    return indicator.evaluate(AreaInputs(AreaUnit("193"), (site,)), period)


@pytest.mark.parametrize(("interval_s", "amounts"), [(600, [2.0]), (60, [0.2] * 10), (300, [0.5, 1.5])])
def test_intensity_is_per_hour_whatever_the_interval(interval_s: int, amounts: list[float]) -> None:
    found = evaluate("rain_intensity", gauge(amounts, interval_s=interval_s), EVENING)
    assert found.value == 12.0
    assert found.details["mm"] == pytest.approx(2.0)


def test_intensity_needs_three_quarters_of_the_minutes_and_is_of_those() -> None:
    found = evaluate("rain_intensity", gauge([0.2] * 8 + [None] * 2, interval_s=60), EVENING)
    assert (found.value, found.completeness) == (12.0, 0.8)
    found = evaluate("rain_intensity", gauge([0.2] * 7 + [None] * 3, interval_s=60), EVENING)
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


def test_a_slow_gauge_tells_the_intensity_of_its_interval() -> None:
    site = gauge([3.0, 6.0], interval_s=1800)
    assert evaluate("rain_intensity", site, EVENING).value == 6.0
    assert evaluate("rain_intensity", site, EVENING + TEN).reason == Reason.INSUFFICIENT_DATA


def test_the_day_runs_from_19_h_of_the_day_before() -> None:
    hours = [1.0] * 6 + [0.0] * (DAY - 12) + [2.0] * 6
    site = gauge([50.0, *hours, 50.0], EVENING - TEN)
    found = evaluate("rain_d", site, DATE)
    assert found.value == 18.0
    assert found.category == "moderate"


def test_a_day_is_that_of_the_date_in_local_time() -> None:
    window = rain_day(Period(Window.of(DATE, DATE + timedelta(days=1)), ZONE))
    assert (window.start_time, window.end_time) == (EVENING, EVENING + timedelta(days=1))


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 6, 1), 24)])
def test_the_change_of_a_clock_is_within_the_window(day: tuple[int, int, int], hours: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(*day, tzinfo=berlin).astimezone(UTC)
    period = Period(Window.of(start, Step.DAY.after(start, berlin)), berlin)
    window = rain_day(period)
    assert window.length == hours * 3_600_000_000
    assert period.last(INDICATORS["rain_d"].window).start <= window.start


def test_four_missing_values_are_allowed_and_told() -> None:
    found = evaluate("rain_d", gauge([0.5] * 140 + [None] * 4), DATE)
    assert (found.value, found.details["missing_min"]) == (70.0, 40.0)
    found = evaluate("rain_d", gauge([0.5] * 139 + [None] * 5), DATE)
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


@pytest.mark.parametrize(
    ("mm", "expected"),
    [
        (0, "no_rain"), (0.09, "no_rain"), (0.1, "light"), (5.99, "light"), (6, "rain"), (15.99, "rain"),
        (16, "moderate"), (50, "moderate"), (50.01, "heavy"), (100, "heavy"), (100.01, "very_heavy"),
    ],
)  # fmt: skip
def test_classes_of_a_day(mm: float, expected: str) -> None:
    assert rain_class(mm) == expected


def test_every_class_is_declared() -> None:
    assert {rain_class(mm) for mm in (0, 1, 7, 20, 60, 101)} == {
        c.code for c in INDICATORS["rain_d"].categories
    }


@pytest.mark.parametrize(
    ("day", "half", "expected"), [(99.9, 49.9, 0), (100, 0, 1), (60, 50, 1), (300, 200, 1)]
)
def test_risk_of_the_amounts(day: float, half: float, expected: int) -> None:
    assert risk_level(day, half, RISK) == expected


def test_a_gauge_may_have_its_own_risk_levels() -> None:
    own = {"1": [80, 40], "2": [200, 150]}
    site = gauge([5.0] * 30 + [0.0] * 114, rain_risk=own)
    assert evaluate("rain_d", site, DATE).details["risk_level"] == 2


@pytest.mark.parametrize(
    "broken", [None, {}, [], "high", {"1": 5}, {"1": [5]}, {"one": [5, 5]}, {"1": [5, -1]}, {"1": [True, 2]}]
)
def test_risk_levels_that_cannot_be_read_are_not_used(broken: Any) -> None:
    assert risk_levels({"rain_risk": broken}) == RISK


def test_the_maxima_of_the_day() -> None:
    found = evaluate("rain_d", gauge([0.0] * 60 + [10.0] * 3 + [0.0] * 80 + [4.0]), DATE).details
    assert found["peak_mm_h"] == 60.0
    assert (found["max_30min_mm"], found["max_60min_mm"], found["max_720min_mm"]) == (30.0, 30.0, 30.0)


@given(AMOUNTS, st.sampled_from([10, 30, 60, 180, 720]))
def test_a_running_sum_is_the_largest_of_all_windows(amounts: list[float], minutes: int) -> None:
    times = np.arange(DAY, dtype=np.int64) * 600_000_000
    n = minutes // 10
    expected = max(sum(amounts[i : i + n]) for i in range(DAY - n + 1))
    assert largest_sum(times, np.array(amounts), minutes) == pytest.approx(expected)


@given(AMOUNTS)
def test_longer_spans_hold_no_less_and_the_day_holds_most(amounts: list[float]) -> None:
    site = gauge(amounts)
    window = Window.of(EVENING, EVENING + timedelta(days=1))
    found = maxima(site.series["rainfall"], window)
    sums = [found[f"max_{m}min_mm"] for m in (30, 60, 180, 720)]
    assert sums == sorted(sums)
    assert sums[-1] <= sum(amounts) + 1e-3


@given(AMOUNTS, st.sets(st.integers(0, DAY - 1), max_size=20))
def test_a_gap_never_raises_a_sum_or_the_completeness(amounts: list[float], gaps: set[int]) -> None:
    whole = evaluate("rain_d", gauge(amounts), DATE)
    holed: list[float | None] = [None if n in gaps else mm for n, mm in enumerate(amounts)]
    found = evaluate("rain_d", gauge(holed), DATE)
    assert found.completeness <= whole.completeness == 1
    assert (found.value is None) == (len(gaps) > 4)
    if found.value is not None and whole.value is not None:
        assert found.value <= whole.value


def test_months_are_sums_of_days() -> None:
    month, start = INDICATORS["rain_month"], datetime(2026, 10, 31, 17, tzinfo=UTC)
    assert month.of == ("rain_d",)
    times = np.array([to_micros(start + timedelta(days=n)) for n in range(24)], np.int64)
    days = Series(times, np.full(24, 2.5), np.zeros(24, np.int16), 86_400)
    period = Period(Window.of(start, Step.MONTH.after(start, ZONE)), ZONE)
    assert month.site(Site("r1", results={"rain_d": days}), period).value == 60.0
