"""Rain, noise, parking and traffic."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.indicator import INDICATORS
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.series import HOUR, Series, Window, to_micros
from tests.unit import measured

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
END = datetime(2026, 11, 22, 13, tzinfo=UTC)
series = partial(measured.series, end=END)
RAIN = [0, 0.5, 2, 6.5, 9, 12, 8, 4.5, 3, 2, 1.5, 1, 0.5, 0.5, 0, 0, 0.5, 0]


def evaluate(code: str, *sites: Site, end: datetime = END) -> Value:
    indicator = INDICATORS[code]
    period = Period(Window.of(end - indicator.step.length, end), ZONE)
    return indicator.evaluate(AreaInputs(AreaUnit("193"), sites), period)


def gauge(values: Any, code: str = "rg-1", **more: Any) -> Site:
    return Site(code, series={"rainfall": series(values, interval_s=600, **more)})


def test_rain_of_the_worked_example() -> None:
    at = END - timedelta(minutes=100)
    wettest = [evaluate("rain_1h", gauge(RAIN), end=END - timedelta(minutes=10 * i)).value for i in range(12)]
    assert max(wettest) == 43.0
    assert evaluate("rain_3h", gauge(RAIN)).value == 51.5
    assert evaluate("rain_3h", gauge(RAIN)).details["peak_mm_h"] == 72
    assert evaluate("rain_1h", gauge(RAIN), end=at).completeness == 1.0


def test_rain_24h_adds_up() -> None:
    found = evaluate("rain_24h", gauge([0.0] * 126 + RAIN))
    assert (found.value, found.details["missing_min"]) == (51.5, 0)


@pytest.mark.parametrize(
    ("code", "values", "missing", "valid"),
    [
        ("rain_1h", 6, 0, True), ("rain_1h", 6, 1, False),
        ("rain_3h", 18, 1, True), ("rain_3h", 18, 2, False),
        ("rain_24h", 144, 4, True), ("rain_24h", 144, 5, False),
    ],
)  # fmt: skip
def test_rain_with_gaps_is_stated_and_never_extrapolated(
    code: str, values: Any, missing: int, valid: bool
) -> None:
    found = evaluate(code, gauge([None] * missing + [1.0] * (values - missing)))
    assert found.value == (values - missing if valid else None)
    assert found.reason == (None if valid else Reason.INSUFFICIENT_DATA)
    assert found.completeness == pytest.approx(1 - missing / values, abs=1e-6)


def test_rain_completeness_follows_the_sampling_interval() -> None:
    five_minutes = Site("rg-1", series={"rainfall": series([None, None] + [1.0] * 34, interval_s=300)})
    assert evaluate("rain_3h", five_minutes).value == 34


def test_the_wettest_gauge_speaks_for_the_area() -> None:
    found = evaluate("rain_1h", gauge([1.0] * 6), gauge([5.0] * 6, "rg-2"), gauge([None] * 6, "rg-3"))
    assert (found.value, found.category, found.details["station"]) == (30.0, "pre_alert", "rg-2")


def test_no_rain_is_zero_and_no_data_is_not() -> None:
    assert evaluate("rain_1h", gauge([0.0] * 6)).value == 0
    assert evaluate("rain_1h", gauge([None] * 6)).value is None
    assert evaluate("rain_1h").reason == Reason.NO_STATION


def test_an_impossible_rain_value_is_suspect_and_missing() -> None:
    found = evaluate("rain_1h", gauge([0.0] * 5 + [999.0], suspect=(5,)))
    assert (found.value, found.details["suspect"]) == (None, 1)


def meter(values: Any, code: str = "nm-1") -> Site:
    return Site(code, series={"sound_laeq": series(values, interval_s=60)})


def test_laeq_is_an_energy_mean() -> None:
    assert evaluate("laeq_1h", meter([60.0] * 45 + [70.0] * 15)).value == pytest.approx(65.119, abs=0.001)
    assert evaluate("laeq_1h", meter([60.0, 70.0] * 30)).value == pytest.approx(67.404, abs=0.001)


def test_laeq_of_an_area_is_the_median_with_the_loudest_named() -> None:
    levels = {"a": 68.2, "b": 70.1, "c": 73.5, "d": 66.0}
    found = evaluate("laeq_1h", *(meter([v] * 60, code) for code, v in levels.items()))
    assert found.value == 69.15
    assert (found.details["maximum"], found.details["station"]) == (73.5, "c")


@pytest.mark.parametrize(("minutes", "valid"), [(45, True), (44, False)])
def test_laeq_needs_45_minutes(minutes: int, valid: bool) -> None:
    assert (evaluate("laeq_1h", meter([60.0] * minutes)).value is not None) is valid


def lot(values: Any, *, code: str = "pk-1", capacity: Any = 100, interval_s: int = 900, **more: Any) -> Site:
    occupied = {"parking_occupied": series(values, interval_s=interval_s)}
    return Site(code, properties={"capacity": capacity}, series=occupied | more)


def test_occupancy_is_weighted_by_time() -> None:
    found = evaluate("parking_occupancy", lot([40, 70, None, 90]))
    assert (found.value, found.completeness) == (67.5, 1.0)


def test_occupancy_of_an_area_is_the_share_of_all_spaces() -> None:
    found = evaluate("parking_occupancy", lot([50] * 4), lot([0] * 4, code="pk-2", capacity=900))
    assert found.value == 5.0


def test_a_reported_capacity_wins_over_the_declared_one() -> None:
    told = series([200], interval_s=86_400 // 24)
    assert evaluate("parking_occupancy", lot([50] * 4, parking_capacity=told)).value == 25.0


def test_a_lot_without_capacity_has_no_occupancy() -> None:
    assert evaluate("parking_occupancy", lot([50] * 4, capacity=None)).reason == Reason.NO_CAPACITY


def test_a_silent_lot_is_unknown_after_three_intervals() -> None:
    found = evaluate("parking_occupancy", lot([50] + [None] * 11, interval_s=300))
    assert (found.value, found.completeness) == (None, 0.25)


def detector(speeds: Any, flows: Any = None, *, code: str = "tc-1", **properties: Any) -> Site:
    found = {"traffic_speed": series(speeds, interval_s=300)}
    if flows is not None:
        found["traffic_flow"] = series(flows, interval_s=300)
    return Site(code, properties=properties, series=found)


def test_speed_without_flow_is_the_time_mean() -> None:
    found = evaluate("traffic_speed", detector([40, 50, 60, 30] * 3))
    assert (found.value, found.details["mean"]) == (45.0, "time_mean")


def test_speed_with_flow_is_the_space_mean() -> None:
    found = evaluate("traffic_speed", detector([40, 50, 60, 30] * 3, [10] * 12))
    assert found.value == pytest.approx(42.105, abs=0.001)
    assert found.details["mean"] == "flow_weighted_harmonic"


def test_speed_of_an_area_is_harmonic_over_all_vehicles() -> None:
    found = evaluate(
        "traffic_speed", detector([60] * 12, [30] * 12), detector([30] * 12, [10] * 12, code="b")
    )
    assert found.value == pytest.approx(4 / (3 / 60 + 1 / 30), abs=0.001)


@pytest.mark.parametrize(
    ("flows", "reason"), [([0] * 12, True), ([0] * 11 + [4], True), ([0] * 11 + [5], False)]
)
def test_an_empty_road_has_no_speed(flows: Any, reason: bool) -> None:
    found = evaluate("traffic_speed", detector([0] * 11 + [50], flows))
    assert (found.reason == Reason.TOO_FEW_VEHICLES) is reason
    assert found.value == (None if reason else 50.0)


def test_an_interval_without_vehicles_needs_no_speed_to_be_known() -> None:
    found = evaluate("traffic_speed", detector([None] * 6 + [50] * 6, [0] * 6 + [20] * 6))
    assert (found.value, found.completeness) == (50.0, 1.0)


@pytest.mark.parametrize(("readings", "valid"), [(9, True), (8, False), (1, False)])
def test_irregular_readings_are_counted_against_the_interval(readings: int, valid: bool) -> None:
    at = np.sort(to_micros(END - HOUR) + np.linspace(7e6, 3.5e9, readings).astype(np.int64))
    irregular = Series(at, np.full(readings, 50.0), np.zeros(readings, np.int16), 300)
    found = evaluate("traffic_speed", Site("tc-1", series={"traffic_speed": irregular}))
    assert (found.value is not None) is valid


@pytest.mark.parametrize("name", ["v_ff", "free_flow_speed"])
def test_tti_with_a_declared_free_flow_speed(name: str) -> None:
    found = evaluate("traffic_tti", detector([32] * 12, **{name: 50}))
    assert found.value == 1.5625
    values = found.details["values"]["tc-1"]
    assert (values["congestion_pct"], values["v_ff_from"]) == (56.25, "declared")


def test_tti_of_an_area_is_weighted_by_vehicle_kilometres() -> None:
    slow = detector([32] * 12, [100] * 12, v_ff=50, length_km=2.0)
    fast = detector([50] * 12, [50] * 12, code="b", v_ff=55, length_km=1.0)
    assert evaluate("traffic_tti", slow, fast).value == pytest.approx((2400 * 1.5625 + 600 * 1.1) / 3000)


def test_faster_than_free_flow_is_no_congestion() -> None:
    found = evaluate("traffic_tti", detector([60] * 12, v_ff=50))
    assert found.value == pytest.approx(0.8333)
    assert found.details["values"]["tc-1"]["congestion_pct"] == 0


@pytest.mark.parametrize(("days", "valid"), [(3, True), (1, False)])
def test_free_flow_speed_is_sought_in_the_nights(days: int, valid: bool) -> None:
    """60 km/h at night, 30 by day; 28 quarters a night."""
    end = datetime(2026, 11, 22, 12, tzinfo=ZONE).astimezone(UTC)
    local = [(end - timedelta(minutes=5 * i)).astimezone(ZONE).hour for i in range(days * 288, 0, -1)]
    speeds = [60 if hour >= 22 or hour < 5 else 30 for hour in local]
    site = Site("tc-1", series={"traffic_speed": series(speeds, interval_s=300, end=end)})
    found = evaluate("traffic_tti", site, end=end)
    assert found.value == (2.0 if valid else None)
    assert found.reason == (None if valid else Reason.NO_FREE_FLOW_SPEED)
