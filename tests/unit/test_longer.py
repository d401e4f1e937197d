"""Months and years of days, sums over quarters, and what is due after an outage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS, levels, with_sources
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.longer import Rule, combine_days
from analytics.network import LateHour
from analytics.quarters import HOUR_US, QUARTER_US, first_missing_hour, starts, sum_quarters
from analytics.recompute import affected
from analytics.results import Reason, Value
from analytics.schedule import SETTLE, Due, due, newest_first
from analytics.series import HOUR, Quarters, Series, Window, hourly_means, to_micros
from storage.observations import OBSERVATION

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NOVEMBER = Window.of(datetime(2026, 11, 1, tzinfo=ZONE), datetime(2026, 12, 1, tzinfo=ZONE))
DAY_US = 24 * HOUR_US

days = st.lists(st.floats(0, 1000), min_size=1, max_size=30)


def month(code: str, source: str, values: list[float]) -> Value:
    """The month's value of one site whose first days have these values."""
    times = NOVEMBER.start + np.arange(len(values)) * DAY_US
    series = Series(times, np.array(values, float), np.zeros(len(values), np.int16), 86_400)
    site = Site("s", results={source: series}, areas=frozenset({"193"}))
    return INDICATORS[code].evaluate(AreaInputs(AreaUnit("193"), (site,)), Period(NOVEMBER, ZONE))


def test_a_month_is_the_mean_of_its_days() -> None:
    found = month("pm2_5_month", "pm2_5_d", [10.0] * 15 + [30.0] * 15)
    assert (found.value, found.completeness) == (20.0, 1.0)
    assert (found.details["days"], found.details["days_in_period"]) == (30, 30)


def test_a_month_needs_three_quarters_of_its_days() -> None:
    found = month("pm2_5_month", "pm2_5_d", [10.0] * 22)
    assert (found.value, found.reason, found.completeness) == (None, Reason.INSUFFICIENT_DATA, 0.733333)
    assert month("pm2_5_month", "pm2_5_d", [10.0] * 23).value == 10.0


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Rule.MEAN, 20),
        (Rule.HARMONIC, 360 / 22),
        (Rule.SUM, 60),
        (Rule.MAX, 30),
        (Rule.WEIGHTED_MEAN, 25),
    ],
)
def test_rules(rule: Rule, expected: float) -> None:
    value, share = combine_days(np.array([10.0, 20, 30]), np.array([1.0, 1, 4]), 4, 0.75, rule)
    assert (value, share) == (expected, 0.75)


def test_levels_are_averaged_by_energy() -> None:
    value, _ = combine_days(np.array([50.0, 60.0]), None, 2, 0.75, Rule.ENERGY)
    assert value == pytest.approx(57.4036, abs=1e-4)


@given(days, st.randoms())
def test_the_order_of_days_is_irrelevant_and_the_mean_is_among_them(
    values: list[float], random: object
) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    (one, _), (two, _) = (
        combine_days(np.array(each), None, 30, 0.0, Rule.MEAN) for each in (values, shuffled)
    )
    assert one == pytest.approx(two)
    assert one is not None
    assert min(values) - 1e-9 <= one <= max(values) + 1e-9


@given(st.integers(0, 31), st.floats(0, 1))
def test_no_value_below_the_share(n: int, minimum: float) -> None:
    value, share = combine_days(np.ones(n), None, 31, minimum, Rule.SUM)
    assert share == pytest.approx(n / 31)
    assert (value is None) == (n == 0 or n / 31 < minimum - 1e-9)


@given(
    st.lists(
        st.tuples(st.integers(0, 4 * 3600 - 1), st.floats(-50, 50), st.sampled_from([0, 1])), max_size=60
    )
)
def test_sums_over_quarters_know_what_the_observations_know(measured: list[tuple[int, float, int]]) -> None:
    hours = Window(10 * HOUR_US, 14 * HOUR_US)
    rows = np.zeros(len(measured), OBSERVATION)
    for row, (second, value, quality) in zip(rows, sorted(measured), strict=True):
        row["time"], row["value"], row["quality"] = hours.start + second * 1_000_000, value, quality
    columns = [np.ascontiguousarray(rows[name]) for name in ("time", "value", "quality")]
    whole = Series(*columns, 60)
    split = hours.start + 3 * HOUR_US
    newer = rows["time"] >= split
    sums = sum_quarters(rows, 7, Window(hours.start, split))
    quarters = Quarters(sums["time"], sums["good"].astype("i8"), sums["total"], sums["suspect"].astype("i8"))
    parted = Series(*(c[newer] for c in columns), 60, quarters, split)
    assert parted.good_count(hours) == whole.good_count(hours) == sum(q == 0 for *_, q in measured)
    assert parted.suspects(hours) == whole.suspects(hours)
    for one, two in zip(hourly_means(parted, hours, 0), hourly_means(whole, hours, 0), strict=True):
        assert (one is None and two is None) or one == pytest.approx(two)


def test_single_observations_are_refused_where_only_sums_are_known() -> None:
    nothing = np.empty(0, np.int64)
    quarters = Quarters(nothing, nothing, nothing.astype(float), nothing)
    series = Series(nothing, nothing.astype(float), nothing.astype(np.int16), 60, quarters, 5 * HOUR_US)
    assert len(series.good(Window(5 * HOUR_US, 6 * HOUR_US))) == 0
    with pytest.raises(ValueError, match="declare a longer raw_window"):
        series.good(Window(4 * HOUR_US, 6 * HOUR_US))


def test_the_first_hour_without_sums_is_found() -> None:
    window = Window(0, 3 * HOUR_US)
    stored = sum_quarters(np.empty(0, OBSERVATION), 7, window)
    assert first_missing_hour(stored, window) == window.end
    assert first_missing_hour(stored[:6], window) == HOUR_US
    assert first_missing_hour(stored[4:], window) == 0
    assert first_missing_hour(stored[:0], window) == 0
    assert list(starts(Window(1, 2 * QUARTER_US + 5))) == [QUARTER_US]


def test_what_others_are_made_of_comes_first() -> None:
    found = with_sources([INDICATORS["parking_occupancy_year"]])
    assert [[i.code for i in level] for level in levels(reversed(found))] == [
        ["parking_occupancy"], ["parking_occupancy_d"], ["parking_occupancy_year"],
    ]  # fmt: skip


def test_a_month_waits_for_the_gaps_of_its_days() -> None:
    at = datetime(2026, 12, 1, 3, tzinfo=UTC)
    chosen = [INDICATORS["pm2_5_month"]]
    computed = {"pm2_5_month": NOVEMBER.start_time, "pm2_5_d": NOVEMBER.end_time}
    assert due(chosen, computed, at, ZONE) == [Due(chosen[0], NOVEMBER.start_time, NOVEMBER.end_time)]
    gap = {"pm2_5_d": NOVEMBER.end_time - timedelta(days=2)}
    assert due(chosen, computed, at, ZONE, gap) == []
    assert due(chosen, {"pm2_5_month": NOVEMBER.start_time}, at, ZONE) == []


def test_after_an_outage_the_newest_steps_come_first() -> None:
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    hourly, short = INDICATORS["laeq_1h"], INDICATORS["rain_1h"]
    assert newest_first(Due(hourly, end - 3 * HOUR, end), ZONE) == (Due(hourly, end - 3 * HOUR, end), None)
    for each in (hourly, short):
        now, left = newest_first(Due(each, start, end), ZONE)
        assert (now.start, now.end) == (end - HOUR, end)
        assert left == Due(each, start, end - HOUR)


def test_a_late_hour_touches_what_is_made_of_it() -> None:
    hour = LateHour(datetime(2026, 11, 15, 2, tzinfo=UTC), "pm2_5", 1, 1)
    chain = [INDICATORS[code] for code in ("pm2_5_month", "pm2_5_d", "pm2_5_year", "pm2_5_24h")]
    found = affected([hour], chain, datetime(2026, 12, 2, tzinfo=UTC) + SETTLE, ZONE)
    spans = {a.indicator.code: (a.start, a.end) for a in found}
    assert spans["pm2_5_month"] == (NOVEMBER.start_time, NOVEMBER.end_time)
    assert "pm2_5_year" not in spans  # it has not ended
    day = datetime(2026, 11, 15, tzinfo=ZONE)
    assert spans["pm2_5_d"][0] == day
    order = [a.indicator.code for a in found]
    assert order.index("pm2_5_d") < order.index("pm2_5_month")
    assert to_micros(spans["pm2_5_24h"][0]) == to_micros(hour.hour)
