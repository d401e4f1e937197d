"""Flow, passenger car units, congestion, level of service, delay and reliability of roads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.traffic_flow import peak_hour_factor
from analytics.indicators.traffic_links import congestion, delay, level_of_service, travel_time_index
from analytics.indicators.traffic_pcu import factors_on
from analytics.indicators.traffic_reliability import reliability
from analytics.inputs import Site
from analytics.results import Reason
from tests.unit.measured import END, at_site, evaluate, series

SPEEDS = st.floats(1, 160)
COUNTS = st.lists(st.integers(0, 300), min_size=12, max_size=12)
QUARTERS = [100, 120, 150, 130]


def counter(
    vehicles: Any = None,
    speeds: Any = None,
    code: str = "tc-1",
    *,
    more: Any = None,
    interval_s: int = 300,
    **properties: Any,
) -> Site:
    told = {"traffic_flow": vehicles, "traffic_speed": speeds, **(more or {})}
    found = {name: series(v, interval_s=interval_s) for name, v in told.items() if v is not None}
    return Site(code, properties=properties, series=found)


def hours(code: str, values: Any, weights: Any = None, site: str = "tc-1") -> Site:
    """A site with the hourly values of an indicator up to END."""
    found = {code: series(values, interval_s=3600)}
    weighted = {} if weights is None else {code: series(weights, interval_s=3600)}
    return Site(site, results=found, weights=weighted)


def test_flow_is_vehicles_per_hour() -> None:
    found = at_site("traffic_flow", counter(QUARTERS, interval_s=900, length_km=2))
    assert (found.value, found.weight, found.details["peak_hour_factor"]) == (500, 2, 0.833)
    assert evaluate("traffic_flow_15min", counter(QUARTERS, interval_s=900)).value == 4 * 130
    assert evaluate("traffic_flow", counter([0] * 12)).value == 0


def test_a_gap_lowers_the_completeness_and_not_the_flow() -> None:
    found = evaluate("traffic_flow", counter([None, None, None] + [20] * 9))
    assert (found.value, found.completeness) == (240, 0.75)
    found = evaluate("traffic_flow", counter([None] * 4 + [20] * 8))
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


def test_a_suspect_count_is_not_counted() -> None:
    site = Site("tc-1", series={"traffic_flow": series([900] + [20] * 11, interval_s=300, suspect=(0,))})
    found = evaluate("traffic_flow", site)
    assert (found.value, found.details["suspect"]) == (240, 1)


def test_a_counter_of_hours_has_no_flow_of_quarters() -> None:
    assert evaluate("traffic_flow_15min", counter([500], interval_s=3600)).reason == Reason.NOT_APPLICABLE


def test_flows_of_an_area_are_averaged_by_length_and_not_added() -> None:
    long, short = counter([20] * 12, length_km=3), counter([40] * 12, code="b", length_km=1)
    assert evaluate("traffic_flow", long, short).value == 300
    found = evaluate("traffic_flow", long, counter([40] * 12, code="b"))
    assert (found.value, found.details["weighting"]) == (360, "equal")


def test_vehicle_kilometres_are_added_up_and_say_who_reports() -> None:
    found = evaluate(
        "traffic_vkt",
        counter([20] * 12, length_km=2),
        counter([10] * 12, code="b", length_km=1.5),
        counter([None] * 12, code="c", length_km=1),
        counter([10] * 12, code="d"),
    )
    assert (found.value, found.details["reporting_pct"]) == (240 * 2 + 120 * 1.5, 50)
    assert found.details["missing"] == {"c": "insufficient_data", "d": "no_length"}


@given(COUNTS)
def test_the_peak_hour_factor_lies_between_a_quarter_and_one(counts: list[int]) -> None:
    factor = peak_hour_factor([sum(counts[i : i + 3]) for i in range(0, 12, 3)])
    assert factor is None or 0.25 <= factor <= 1
    assert (factor is None) == (sum(counts) == 0)


# --- passenger car units

SHARES = {"motorcycle_share": [80] * 12, "heavy_share": [5] * 12}


def test_classes_by_share() -> None:
    """120 vehicles in 5 min: 96 motorcycles, 18 cars, 6 heavy ones."""
    found = at_site("traffic_pcu", counter([120] * 12, more=SHARES, design_speed_kmh=50))
    assert found.value == 12 * (96 * 0.25 + 18 + 6 * 2.5)
    assert found.details["vehicles_per_hour"] == {"motorcycle": 1152, "car": 216, "truck": 72}


def test_counts_by_class_win_over_shares() -> None:
    counts = {"motorcycle_count": [80] * 12, "car_count": [12] * 12, "bus_count": [2] * 12,
              "truck_count": [1] * 12, "heavy_truck_count": [1] * 12}  # fmt: skip
    site = counter([999] * 12, more=SHARES | counts, design_speed_kmh=50)
    assert evaluate("traffic_pcu", site).value == 12 * (80 * 0.25 + 12 + 2 * 2.5 + 2.5 + 3)


@pytest.mark.parametrize(
    ("properties", "motorcycle"),
    [
        ({"design_speed_kmh": 59.9}, 0.25),
        ({"design_speed_kmh": 60}, 0.5),
        ({"v_ff": 70}, 0.5),
        ({"design_speed_kmh": 50, "v_ff": 70}, 0.25),
        ({"design_speed_kmh": 50, "pcu_factors": {"motorcycle": 0.2}}, 0.2),
        ({"design_speed_kmh": 50, "pcu_factors": {"motorcycle": -1, "boat": 9}}, 0.25),
        ({"design_speed_kmh": 50, "pcu_factors": "0.2"}, 0.25),
    ],
)
def test_the_factor_of_a_motorcycle(properties: dict[str, Any], motorcycle: float) -> None:
    site = counter(more={"motorcycle_count": [1] * 12}, **properties)
    assert evaluate("traffic_pcu", site).value == pytest.approx(12 * motorcycle)


def test_no_classes_or_no_design_speed_is_told() -> None:
    assert evaluate("traffic_pcu", counter([5] * 12, v_ff=50)).reason == Reason.NO_VEHICLE_CLASSES
    assert evaluate("traffic_pcu", counter([5] * 12, more=SHARES)).reason == Reason.NO_DESIGN_SPEED
    gone = {"motorcycle_share": [80] * 12, "heavy_share": [None] * 4 + [5] * 8}
    assert evaluate("traffic_pcu", counter([5] * 12, more=gone, v_ff=50)).reason == Reason.INSUFFICIENT_DATA
    empty = {"motorcycle_share": [None] * 12, "heavy_share": [None] * 12}
    assert evaluate("traffic_pcu", counter([0] * 12, more=empty, v_ff=50)).value == 0


def test_no_factors_before_the_first_table() -> None:
    with pytest.raises(ValueError, match="no PCU factors on 2006-12-31: the first ones are in force"):
        factors_on(date(2006, 12, 31), 50)


# --- speed, congestion, level of service


def test_both_means_of_speed_are_told() -> None:
    found = at_site("traffic_speed", counter([10] * 12, [40, 50, 60, 30] * 3))
    assert (found.details["time_mean"], found.details["space_mean"]) == (45, 42.105)
    assert found.value == pytest.approx(42.10526, abs=1e-5)


def test_congestion_of_a_link_and_of_an_area() -> None:
    slow = counter([100] * 12, [32] * 12, v_ff=50, length_km=2.0)
    fast = counter([100] * 12, [60] * 12, "b", v_ff=50, length_km=1.0)
    assert evaluate("traffic_congestion", slow).value == 56.25
    assert evaluate("traffic_congestion", slow, fast).value == 37.5


@pytest.mark.parametrize(
    ("percent", "letter"),
    [(81, "A"), (80, "B"), (67.1, "B"), (67, "C"), (50, "D"), (40, "E"), (30.1, "E"), (30, "F"), (1, "F")],
)
def test_a_speed_at_a_limit_belongs_to_the_lower_class(percent: float, letter: str) -> None:
    assert level_of_service(travel_time_index(100, percent)) == [letter]


def test_levels_of_an_area_are_shares_of_vehicle_kilometres() -> None:
    free = counter([100] * 12, [50] * 12, v_ff=50, length_km=1)
    jam = counter([100] * 12, [10] * 12, "b", v_ff=50, length_km=3)
    found = evaluate("traffic_los", free, jam)
    assert found.value == 75
    assert found.details["shares_pct"] == {"A": 25, "B": 0, "C": 0, "D": 0, "E": 0, "F": 75}
    assert {code: v["los"] for code, v in found.details["values"].items()} == {"tc-1": "A", "b": "F"}


@pytest.mark.parametrize(("capacity", "letter"), [(1199, "F"), (1200, "A"), (None, "A")])
def test_more_volume_than_capacity_is_f(capacity: float | None, letter: str) -> None:
    site = counter([100] * 12, [50] * 12, v_ff=50, capacity_veh_h=capacity)
    assert at_site("traffic_los", site).details["los"] == letter


@given(SPEEDS, SPEEDS, SPEEDS)
def test_slower_is_never_better(v_ff: float, one: float, other: float) -> None:
    slow, fast = sorted((one, other))
    assert congestion(travel_time_index(v_ff, slow)) >= congestion(travel_time_index(v_ff, fast)) >= 0
    assert level_of_service(v_ff / slow) >= level_of_service(v_ff / fast)
    assert delay(100, 1, slow, v_ff) >= delay(100, 1, fast, v_ff) >= 0


# --- delay


def test_delay_of_the_worked_example_from_intervals() -> None:
    found = at_site("traffic_vhd", counter([100] * 12, [32] * 12, v_ff=50, length_km=2))
    assert found.value == pytest.approx(27)
    assert (found.weight, found.details["s_per_vehicle_km"]) == (2400, 40.5)


def test_delay_of_an_area_is_a_sum_and_per_vehicle_kilometre() -> None:
    slow = counter([100] * 12, [32] * 12, v_ff=50, length_km=2)
    free = counter([100] * 12, [60] * 12, "b", v_ff=50, length_km=2)
    found = evaluate("traffic_vhd", slow, free, counter([None] * 12, [None] * 12, "c", v_ff=50, length_km=2))
    assert (found.value, found.details["s_per_vehicle_km"]) == (27, 20.25)
    assert (found.details["vkt"], found.details["reporting_pct"]) == (4800, 66.67)


def test_an_empty_road_has_no_delay_and_an_unknown_one_no_value() -> None:
    assert evaluate("traffic_vhd", counter([0] * 12, [None] * 12, v_ff=50, length_km=2)).value == 0
    assert evaluate("traffic_vhd", counter([9] * 12, [32] * 12, v_ff=50)).reason == Reason.NO_LENGTH
    assert evaluate("traffic_vhd", counter(None, [32] * 12, v_ff=50, length_km=2)).value is None
    found = evaluate("traffic_vhd", counter([9] * 12, [32] * 12, length_km=2))
    assert found.reason == Reason.NO_FREE_FLOW_SPEED


# --- days, months, years


def test_daily_traffic_is_a_sum_that_needs_23_hours() -> None:
    flows = [100] * 7 + [900] + [300] * 16
    found = at_site("traffic_flow_d", hours("traffic_flow", flows, [2] * 24))
    assert (found.value, found.completeness) == (sum(flows), 1.0)
    assert (found.details["peak_hour"], found.details["peak"]) == ("07:00", 900)
    assert found.details["peak_share_pct"] == 14.06
    assert at_site("traffic_flow_d", hours("traffic_flow", [None, *flows[1:]])).value == sum(flows) - 100
    assert evaluate("traffic_flow_d", hours("traffic_flow", [None, None, *flows[2:]])).value is None


def test_a_day_weights_its_hours_by_vehicle_kilometres() -> None:
    tti = hours("traffic_tti", [1.0] * 22 + [2.0] * 2, [50] * 22 + [550] * 2)
    assert evaluate("traffic_tti_d", tti).value == 1.5
    assert evaluate("traffic_tti_d", hours("traffic_tti", [1.0] * 22 + [2.0] * 2)).value == 1.0833


def test_the_speed_of_a_day_is_harmonic() -> None:
    assert evaluate("traffic_speed_d", hours("traffic_speed", [30] * 12 + [60] * 12)).value == 40


def test_the_delay_of_a_day_keeps_its_vehicle_kilometres() -> None:
    found = evaluate("traffic_vhd_d", hours("traffic_vhd", [0] * 12 + [3] * 12, [0] * 12 + [180] * 12))
    assert (found.value, found.details["vkt"], found.details["s_per_vehicle_km"]) == (36, 2160, 60)


def test_the_delay_of_a_month_is_that_of_its_mean_day() -> None:
    delays, driven = [30, 60, 90] * 7, [1800] * 21
    site = Site(
        "tc-1",
        results={"traffic_vhd_d": series(delays, interval_s=86_400)},
        weights={"traffic_vhd_d": series(driven, interval_s=86_400)},
    )
    found = evaluate("traffic_vhd_month", site)
    assert (found.value, found.details["vkt"], found.details["s_per_vehicle_km"]) == (60, 1800, 120)


def test_levels_of_a_day_are_shares_of_its_traffic() -> None:
    tti, poor = [1.0] * 12 + [5.0] * 6 + [1.0] * 6, [0] * 12 + [100] * 12
    site = Site(
        "tc-1",
        results={"traffic_tti": series(tti, interval_s=3600), "traffic_los": series(poor, interval_s=3600)},
        weights={"traffic_tti": series([10] * 24, interval_s=3600)},
    )
    found = evaluate("traffic_los_d", site)
    # In the last six hours the volume was above the capacity.
    assert (found.value, found.details["shares_pct"]["A"], found.details["shares_pct"]["F"]) == (50, 50, 50)


@pytest.mark.parametrize(("known", "valid"), [(24, True), (18, True), (17, False)])
def test_reliability_of_a_day_needs_18_hours(known: int, valid: bool) -> None:
    tti = np.linspace(1, 2, known)
    found = at_site("traffic_pti_d", hours("traffic_tti", [None] * (24 - known) + list(tti)))
    assert found.value == (pytest.approx(np.percentile(tti, 95)) if valid else None)
    assert (found.details["hours"], found.completeness) == (known, known / 24)


def test_reliability_of_a_month() -> None:
    end = END + timedelta(days=9)
    tti = np.random.default_rng(6).lognormal(0.2, 0.2, 24 * 30)
    found = at_site(
        "traffic_pti_month", Site("a", results={"traffic_tti": series(tti, interval_s=3600, end=end)}), end
    )
    assert found.value == pytest.approx(np.percentile(tti, 95))
    assert found.details["buffer_pct"] == pytest.approx(100 * (found.value / tti.mean() - 1), abs=0.001)


@given(st.lists(st.floats(1, 9), min_size=1, max_size=30), st.randoms())
def test_reliability_does_not_depend_on_the_order(times: list[float], random: Any) -> None:
    mixed = random.sample(times, len(times))
    assert reliability(mixed) == pytest.approx(reliability(times))
    found = reliability(times)
    assert min(times) - 1e-9 <= found["pti"] <= max(times) + 1e-9


def test_every_day_has_a_month_and_a_year() -> None:
    days = [code for code in INDICATORS if code.startswith("traffic_") and code.endswith("_d")]
    assert len(days) == 9
    for code in days:
        assert {code[:-2] + "_month", code[:-2] + "_year"} <= set(INDICATORS)
