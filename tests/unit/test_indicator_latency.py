"""Ingest latency: counts that can be added up, and percentiles of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.system_latency import of_sketch, percentile, pooled
from analytics.inputs import AreaUnit, Arrived, Period, Site
from analytics.results import Reason, Value
from analytics.series import HOUR, Window, to_micros
from ingest.arrivals import Arrivals
from storage.arrivals import ACCURACY, AHEAD, REPLAY, REPLAY_AFTER_S, SHORTEST_S, WIDTH, centres, places

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
#: a bin's centre lies as far from its bounds
RIGHT = ACCURACY + 1e-9
SECONDS = st.lists(st.floats(SHORTEST_S, REPLAY_AFTER_S), min_size=1, max_size=60)


def sketch(seconds: Sequence[float]) -> dict[int, int]:
    found, counts = np.unique(places(np.array(seconds, np.float64)) + AHEAD, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def site(seconds: Sequence[float], gateway: str = "g1", code: str = "d1", at: datetime = START) -> Site:
    counted = sketch(seconds)
    times = np.full(len(counted), to_micros(at), np.int64)
    bins, counts = np.array(list(counted), np.int16), np.array(list(counted.values()), np.int64)
    return Site(code, gateway, activity={}, arrived=Arrived(times, bins, counts))


def evaluate(*sites: Site) -> Value:
    indicator = INDICATORS["iot_latency"]
    period = Period(Window.of(START, START + HOUR), ZONE)
    values = [indicator.at(indicator.view(s), period) for s in sites]
    return indicator.combine(AreaUnit("193"), values, period)


@given(SECONDS, st.floats(0, 100))
def test_a_percentile_is_numpys(seconds: list[float], percent: float) -> None:
    found, counts = np.unique(seconds, return_counts=True)
    assert percentile(found, counts, percent) == pytest.approx(float(np.percentile(seconds, percent)))


@given(SECONDS, st.sampled_from([50, 95, 99]))
def test_a_percentile_of_counts_is_right_within_the_accuracy(seconds: list[float], percent: int) -> None:
    found, _ = of_sketch(sketch(seconds))
    assert found is not None
    exact = float(np.percentile(seconds, percent))
    assert found[f"p{percent}"] == pytest.approx(exact, rel=RIGHT)


@given(SECONDS, SECONDS)
def test_counts_of_two_gateways_add_up_to_those_of_all_readings(one: list[float], two: list[float]) -> None:
    assert pooled([sketch(one), sketch(two)]) == pooled([sketch([*one, *two])])


@given(SECONDS)
def test_the_order_of_arrival_does_not_matter(seconds: list[float]) -> None:
    assert sketch(seconds) == sketch(seconds[::-1])


@given(st.floats(SHORTEST_S, REPLAY_AFTER_S))
def test_a_bin_stands_for_what_it_holds(second: float) -> None:
    (place,) = places(np.array([second]))
    (centre,) = centres(np.array([place + AHEAD], np.int16))
    assert centre == pytest.approx(second, rel=RIGHT)


def test_what_is_no_latency_has_bins_of_its_own() -> None:
    assert sketch([-0.001, -50, 600.001, 1e6]) == {AHEAD: 2, REPLAY: 2}
    assert sketch([0.0, 1e-9]) == {AHEAD + 1: 2}
    assert places(np.array([600.0]))[0] == WIDTH - 2


def test_an_area_is_all_its_readings_and_no_mean_of_percentiles() -> None:
    fast, slow = [1.0] * 98, [100.0] * 2
    found = evaluate(site(fast), site(slow, "g2", "d2"))
    assert found.value == pytest.approx(1.0, rel=RIGHT)
    assert found.details["p99"] == pytest.approx(100.0, rel=RIGHT)
    assert (found.details["readings"], found.details["late_over_30s_pct"]) == (100, 2.0)
    assert list(found.details["slowest"]) == ["g2", "g1"]


def test_a_gateway_with_many_devices_counts_once() -> None:
    found = evaluate(site([1.0, 2.0], code="d1"), site([1.0, 2.0], code="d2"))
    assert found.details["readings"] == 2


def test_replays_and_wrong_clocks_are_counted_apart() -> None:
    found = evaluate(site([2.0, -3.0, 7200.0, 7200.0]))
    assert found.value == pytest.approx(2.0, rel=RIGHT)
    assert [found.details[k] for k in ("readings", "ahead", "replayed")] == [1, 1, 2]
    assert evaluate(site([-3.0, 7200.0])).reason == Reason.INSUFFICIENT_DATA


def test_what_arrived_before_the_step_is_not_of_it() -> None:
    assert evaluate(site([2.0], at=START - timedelta(minutes=30))).reason == Reason.INSUFFICIENT_DATA
    assert evaluate(Site("d1", "g1")).reason == Reason.INSUFFICIENT_DATA


def note(arrivals: Arrivals, ages: Sequence[float], gateways: Sequence[str], at: float) -> None:
    owners = np.arange(len(gateways), dtype=np.int32)
    arrivals.note(np.array(ages, np.float64), owners, gateways, at)


def test_counts_are_kept_by_gateway_and_slot_until_they_are_stored() -> None:
    arrivals = Arrivals(slot_s=300)
    note(arrivals, [1.0, 1.0, -2.0], ["a", "b", "a"], 1000)
    note(arrivals, [1.0], ["a"], 1199)
    note(arrivals, [1.0], ["a"], 1200)
    assert arrivals.finished(1199) == []
    found = {(start.timestamp(), gateway): counts.sum() for start, gateway, counts in arrivals.finished(1200)}
    assert found == {(900.0, "a"): 3, (900.0, "b"): 1}
    arrivals.forget(1200)
    assert arrivals.finished(1200) == []
    assert [counts.sum() for _, _, counts in arrivals.finished(1500)] == [1]


def test_any_number_of_gateways_is_counted() -> None:
    arrivals, gateways = Arrivals(), [f"g{n}" for n in range(500)]
    note(arrivals, [1.0] * 500, gateways, 0)
    assert {gateway for _, gateway, _ in arrivals.finished(300)} == set(gateways)


def test_a_message_without_readings_counts_nothing() -> None:
    arrivals = Arrivals()
    arrivals.note(np.array([1.0]), np.array([1], np.int32), ["empty", "full"], 0)
    assert [gateway for _, gateway, _ in arrivals.finished(300)] == ["full"]


def test_an_age_of_several_readings_counts_so_often() -> None:
    arrivals = Arrivals()
    arrivals.note(np.array([1.0, 1.0]), np.array([0, 0], np.int32), ["a"], 0, np.array([2, 3]))
    assert [counts.max() for _, _, counts in arrivals.finished(300)] == [5]


def test_of_a_database_that_stays_away_the_oldest_counts_are_given_up() -> None:
    arrivals = Arrivals(slot_s=1)
    for second in range(1000):
        note(arrivals, [1.0], ["a"], second)
    assert len(arrivals.finished(1000)) == 288
