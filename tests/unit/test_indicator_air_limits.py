"""Daily concentrations, and their compliance with QCVN 05:2023."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.air_compliance import compliance
from analytics.indicators.air_limits import LIMITS, limit_on
from analytics.inputs import Period, Site
from analytics.results import Reason, Value
from analytics.rounding import half_up
from analytics.series import Series, Window, to_micros
from analytics.steps import Step
from tests.unit.test_indicator_air import MIDNIGHT, ZONE, area, day_of, hourly, of_day

means = st.lists(st.floats(0, 1000), min_size=1, max_size=30)


def test_every_limit_of_the_table_is_an_indicator() -> None:
    for pollutant, limits in LIMITS.items():
        for averaging in limits:
            code = f"qcvn05_{pollutant}_{averaging}" + ("" if averaging == "1y" else "_d")
            assert INDICATORS[code].unit == "%", code


@given(means, st.floats(1, 1000))
def test_a_share_counts_what_is_not_above_the_limit(values: list[float], limit: float) -> None:
    found = compliance(values, limit)
    assert found["share_pct"] == pytest.approx(100 * sum(v <= limit for v in values) / len(values))
    assert found["exceedances"] == sum(v > limit for v in values)
    assert compliance(values[::-1], limit) == found
    assert compliance(values, limit + 1)["share_pct"] >= found["share_pct"]


@pytest.mark.parametrize(
    ("day", "limit"),
    [(date(2023, 9, 12), 50), (date(2025, 12, 31), 50), (date(2026, 1, 1), 45), (date(2030, 1, 1), 45)],
)
def test_the_limit_of_a_date(day: date, limit: float) -> None:
    assert limit_on(LIMITS["pm2_5"]["24h"], day) == limit


@pytest.mark.parametrize(
    ("day", "share", "ratio"), [(date(2025, 12, 31), 100, 0.96), (date(2026, 1, 1), 0, 1.0667)]
)
def test_48_complies_in_2025_and_exceeds_in_2026(day: date, share: float, ratio: float) -> None:
    end = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
    period = Period(Window.of(end - timedelta(days=1), end), ZONE)
    site = Site("aq-1", series={"pm2_5": hourly([48.0] * 24, end=end)})
    found = INDICATORS["qcvn05_pm2_5_24h_d"].evaluate(area(site), period)
    assert (found.value, found.category) == (share, "complies" if share else "exceeds")
    assert found.details["values"]["aq-1"]["ratio"] == ratio


def test_hours_that_equal_the_limit_comply() -> None:
    site = Site("aq-1", series={"no2": day_of([200.0] * 18 + [200.1] * 6)})
    found = of_day("qcvn05_no2_1h_d", site)
    assert (found.value, found.category) == (75.0, "exceeds")
    details = found.details["values"]["aq-1"]
    assert {k: details[k] for k in ("exceedances", "periods", "limit", "ratio")} == {
        "exceedances": 6, "periods": 24, "limit": 200, "ratio": 1.0005,
    }  # fmt: skip


def test_running_8_hour_means_are_compared() -> None:
    # 8 h means of 7 hours before the day and its first hours: 121 for the first, lower after.
    o3 = day_of([121.0] * 8 + [0.0] * 23)
    found = of_day("qcvn05_o3_8h_d", Site("aq-1", series={"o3": o3}))
    assert found.value == half_up(100 * 23 / 24, 3)
    assert found.details["values"]["aq-1"]["exceedances"] == 1


def test_an_area_sums_both_counts() -> None:
    full = Site("aq-1", series={"no2": day_of([300.0] * 12 + [100.0] * 12)})
    gaps = Site("aq-2", series={"no2": day_of([100.0] * 18 + [None] * 6)})
    found = of_day("qcvn05_no2_1h_d", full, gaps)
    assert found.value == half_up(100 * (12 + 18) / (24 + 18), 3)


@pytest.mark.parametrize("hours", range(16, 25))
def test_a_day_below_18_hours_says_nothing(hours: int) -> None:
    series = {"no2": day_of([100.0] * hours + [None] * (24 - hours)), "pm2_5": day_of([40.0] * hours)}
    for code in ("qcvn05_no2_1h_d", "no2_d"):
        found = of_day(code, Site("aq-1", series=series))
        assert (found.value is not None) == (hours >= 18)
        assert found.completeness == half_up(hours / 24, 6)


@pytest.mark.parametrize("code", ["pm2_5_d", "pm10_d", "tsp_d", "no2_d", "so2_d", "co_d"])
def test_a_day_is_the_mean_of_its_hours(code: str) -> None:
    hours = [float(h) for h in range(24)]
    hours[3] = 300.0
    site = Site("aq-1", series={code.removesuffix("_d"): day_of(hours)})
    found = of_day(code, site)
    assert found.value == half_up(sum(hours) / 24, 3)
    assert found.details["hours"] == 24


@pytest.mark.parametrize(("code", "name"), [("o3_8h_d", "o3"), ("co_8h_d", "co")])
def test_the_largest_8_hours_of_a_day(code: str, name: str) -> None:
    hours = [float(h % 13) for h in range(31)]
    found = of_day(code, Site("aq-1", series={name: day_of(hours)}))
    assert found.value == half_up(max(np.convolve(hours, np.ones(8) / 8, "valid")), 3)
    assert (found.details["means"], found.details["station"]) == (24, "aq-1")


def test_the_largest_8_hours_without_the_evening_before() -> None:
    """The first 5 of 24 running means have too few hours; 19 are enough."""
    found = of_day("o3_8h_d", Site("aq-1", series={"o3": day_of([50.0] * 24)}))
    assert (found.value, found.details["means"], found.completeness) == (50.0, 19, half_up(19 / 24, 6))


def test_an_hour_of_the_neighbouring_days_does_not_count() -> None:
    around = hourly([900.0, *[10.0] * 24, 900.0], end=MIDNIGHT + timedelta(hours=1))
    assert of_day("pm2_5_d", Site("aq-1", series={"pm2_5": around})).value == 10.0


#: Every air indicator of a day that is made of observations.
OF_DAY = sorted(
    code
    for code, i in INDICATORS.items()
    if i.step is Step.DAY and i.site.__module__.startswith("analytics.indicators.air")
)


@pytest.mark.parametrize("code", OF_DAY)
@settings(max_examples=30)
@given(present=st.sets(st.integers(0, 30), min_size=10), gone=st.integers(0, 30))
def test_a_gap_lowers_the_completeness_and_below_it_there_is_no_value(
    code: str, present: set[int], gone: int
) -> None:
    """The hours 0 to 6 are those of the evening before."""

    def value(hours: set[int]) -> Value:
        series = day_of([40.0 if hour in hours else None for hour in range(31)])
        return of_day(code, Site("aq-1", series=dict.fromkeys(INDICATORS[code].inputs, series)))

    found, less = value(present), value(present - {gone})
    assert less.completeness <= found.completeness
    for each in (found, less):
        assert each.value is None or each.completeness >= 0.75
        assert (each.reason is None) == (each.value is not None)


def year_of(code: str, of: str, values: list[float]) -> Value:
    """An indicator of 2026 of its first days' values."""
    start = datetime(2025, 12, 31, 17, tzinfo=UTC)
    times = [to_micros(start + timedelta(days=i)) for i in range(len(values))]
    series = Series(
        np.array(times, np.int64), np.array(values), np.zeros(len(times), np.int16), interval_s=86_400
    )
    period = Period(Window.of(start, start + timedelta(days=365)), ZONE)
    return INDICATORS[code].evaluate(area(Site("aq-1", results={of: series})), period)


@pytest.mark.parametrize(
    ("mean", "expected"), [(25.0, (100, "complies", 1.0)), (25.1, (0, "exceeds", 1.004))]
)
def test_the_year_is_compared_with_the_annual_limit(mean: float, expected: Any) -> None:
    found = year_of("qcvn05_pm2_5_1y", "pm2_5_d", [mean] * 365)
    assert (found.value, found.category, found.details["values"]["aq-1"]["ratio"]) == expected


@pytest.mark.parametrize(("days", "valid"), [(329, True), (328, False)])
def test_a_year_needs_90_percent_of_its_days(days: int, valid: bool) -> None:
    for code in ("qcvn05_pm2_5_1y", "pm2_5_year"):
        found = year_of(code, "pm2_5_d", [20.0] * days)
        assert (found.reason is None) is valid
        assert found.reason in {None, Reason.INSUFFICIENT_DATA}


def test_months_and_years_exist_of_every_day() -> None:
    days = [c for c in INDICATORS if c.startswith("qcvn05_") and c.endswith("_d")]
    days += ["pm2_5_d", "pm10_d", "no2_d", "so2_d", "o3_8h_d", "co_8h_d", "pm2_5_area_d"]
    for code in days:
        stem = code.removesuffix("_d")
        assert INDICATORS[f"{stem}_month"].of == INDICATORS[f"{stem}_year"].of == (code,)
