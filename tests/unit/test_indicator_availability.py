"""Availability of devices, with planned maintenance; and the open-data share."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.open_data import is_published, lacking
from analytics.indicators.system_availability import GOOD, fleet, heard, planned, share_outside
from analytics.inputs import Activity, AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.series import Series, Window, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: 22 November 2026, local time
START = datetime(2026, 11, 21, 17, tzinfo=UTC)
DAY = timedelta(days=1)
QUARTERS = 96


def activity(counts: Sequence[int], interval_s: int = 60) -> Activity:
    """Counts of the quarters of an hour of the day; those of 0 have no row, as in the database."""
    some = [(n, c) for n, c in enumerate(counts) if c]
    times = np.array([to_micros(START) + n * 900_000_000 for n, _ in some], np.int64)
    good = np.array([c for _, c in some], np.int64)
    return Activity(times, good, np.zeros(len(some), np.int64), interval_s)


def device(counts: Sequence[int], code: str = "d1", interval_s: int = 60, **properties: Any) -> Site:
    return Site(code, properties=properties, activity={"pm2_5": activity(counts, interval_s)})


def evaluate(code: str, *sites: Site) -> Value:
    return INDICATORS[code].evaluate(
        AreaInputs(AreaUnit("193"), sites), Period(Window.of(START, START + DAY), ZONE)
    )


def maintenance(start_h: float, hours: float, told_h: float = -1) -> dict[str, str]:
    at = {"from": start_h, "to": start_h + hours, "recorded_at": told_h}
    return {key: (START + timedelta(hours=h)).isoformat() for key, h in at.items()}


def test_a_device_that_missed_42_minutes() -> None:
    found = evaluate("iot_availability_d", device([15] * 93 + [3, 0, 0]))
    assert found.value == 97.083
    assert found.details["devices"] == 1


def test_the_fleet_has_a_mean_and_a_share() -> None:
    sites = [device([15] * 96, "good"), device([0] * 96, "silent"), device([15] * 48 + [0] * 48, "half")]
    mean, share = evaluate("iot_availability_d", *sites), evaluate("iot_available_d", *sites)
    assert (mean.value, share.value) == (50.0, 33.333)
    assert mean.details["worst"] == {"silent": 0.0, "half": 50.0}
    assert share.details["mean_pct"] == mean.value


@pytest.mark.parametrize(
    ("interval_s", "counts"),
    [
        (60, [15] * 96),
        (600, [1, 2, 1, 2] * 24),
        (3600, [1, 0, 0, 0] * 24),
        (86_400, [0] * 50 + [1] + [0] * 45),
    ],
)
def test_a_device_that_keeps_its_interval_has_100(interval_s: int, counts: list[int]) -> None:
    assert evaluate("iot_availability_d", device(counts, interval_s=interval_s)).value == 100.0


def test_an_interval_that_divides_no_quarter_is_counted_over_whole_ones() -> None:
    stamps = np.arange(0, 86_400, 420) // 900
    counts = np.bincount(stamps, minlength=QUARTERS).tolist()
    found = evaluate("iot_availability_d", device(counts, interval_s=420))
    assert found.value == pytest.approx(100, abs=0.01)


def test_a_value_of_any_datastream_is_a_message() -> None:
    site = Site("d1", activity={"pm2_5": activity([15] * 48 + [0] * 48),
                                "no2": activity([0] * 48 + [15] * 48)})  # fmt: skip
    assert evaluate("iot_availability_d", site).value == 100.0


def test_a_clock_that_is_a_little_fast_costs_nothing() -> None:
    assert heard(np.array([16.0, 14, 15, 14, 16]), np.full(5, 15.0)).tolist() == [15] * 5


def test_a_burst_does_not_fill_an_outage() -> None:
    assert heard(np.array([15.0, 0, 60, 15]), np.full(4, 15.0)).sum() == 46


@given(st.lists(st.integers(0, 40), min_size=1, max_size=50), st.integers(1, 20))
def test_what_is_heard_lies_between_the_capped_counts_and_what_is_expected(
    counts: list[int], expected: int
) -> None:
    found = heard(np.array(counts, float), np.full(len(counts), float(expected)))
    assert (found <= expected + 1e-9).all()
    assert found.sum() <= sum(counts)
    assert (found >= np.minimum(counts, expected) - 1e-9).all()


def test_planned_maintenance_leaves_the_day() -> None:
    counts = [15] * 48 + [0] * 48
    site = device(counts, maintenance=[maintenance(12, 12)])
    found = evaluate("iot_availability_d", site)
    assert found.value == 100.0
    late = device(counts, maintenance=[maintenance(12, 12, told_h=12.1)])
    assert evaluate("iot_availability_d", late).value == 50.0


def test_maintenance_of_less_than_a_quarter_counts_in_part() -> None:
    site = device([15] * 95 + [0], maintenance=[maintenance(23.875, 0.125)])
    assert evaluate("iot_availability_d", site).value == pytest.approx(100 * 1425 / 1432.5, abs=5e-4)


def test_a_day_of_maintenance_has_no_value() -> None:
    found = evaluate("iot_availability_d", device([0] * 96, maintenance=[maintenance(0, 24)]))
    assert (found.value, found.reason) == (None, Reason.MAINTENANCE)


def test_maintenance_that_overlaps_is_left_out_once() -> None:
    windows, refused = planned({"maintenance": [maintenance(1, 2), maintenance(2, 2), maintenance(1, 1)]})
    assert refused == 0
    bounds = np.array([to_micros(START), to_micros(START + DAY)])
    assert share_outside(bounds, windows)[0] == pytest.approx(21 / 24)


@pytest.mark.parametrize(
    "entry",
    [
        None, "tomorrow", {}, {"from": 1, "to": 2, "recorded_at": 0}, maintenance(2, -1), maintenance(2, 0),
        maintenance(2, 1) | {"from": "2026-11-22T02:00:00"}, maintenance(2, 1) | {"to": "soon"},
    ],
)  # fmt: skip
def test_entries_that_cannot_be_read_do_not_count_and_are_told(entry: Any) -> None:
    assert planned({"maintenance": [entry]}) == ([], 1)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=20))
def test_a_fleet_lies_between_its_worst_and_its_best(shares: list[float]) -> None:
    mean, share = fleet(shares)
    assert min(shares) - 1e-9 <= mean <= max(shares) + 1e-9
    assert share == pytest.approx(100 * sum(s >= GOOD for s in shares) / len(shares))


OPEN = {"published": "2026-01-01", "licence": "CC-BY-4.0", "machine_readable": True, "updated_every_d": 30}


def data_set(code: str, age: float | None = 3.0, **properties: Any) -> Site:
    ages = [] if age is None else [age]
    times = np.array([to_micros(START) + 3_600_000_000] * len(ages), np.int64)
    series = Series(times, np.array(ages, np.float64), np.zeros(len(ages), np.int16), 86_400)
    return Site(code, properties=OPEN | properties, series={"dataset_age": series})


def test_shares_of_an_inventory() -> None:
    found = evaluate(
        "open_data_share",
        data_set("open"),
        data_set("stale", age=31),
        data_set("closed", licence="proprietary"),
        data_set("secret", published=None),
    )
    assert found.value == 75.0
    assert found.details["strict_share_pct"] == 25.0
    assert found.details["not_published"] == ["secret"]
    assert found.details["lacking"] == {"stale": ["update on schedule"], "closed": ["open licence"]}


@pytest.mark.parametrize(
    ("change", "age", "expected"),
    [
        ({}, 30.0, []),
        ({}, 30.1, ["update on schedule"]),
        ({}, None, ["update on schedule"]),
        ({"machine_readable": "yes"}, 1.0, ["machine-readable form"]),
        ({"licence": None}, 1.0, ["open licence"]),
        ({"updated_every_d": None}, 1.0, ["schedule", "update on schedule"]),
        ({"updated_every_d": True}, 1.0, ["schedule", "update on schedule"]),
    ],
)
def test_the_strict_form(change: dict[str, Any], age: float | None, expected: list[str]) -> None:
    assert lacking(OPEN | change, age) == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [("2026-11-22", True), ("2026-11-23", False), (None, False), ("soon", False), (5, False)],
)
def test_published_is_from_its_date_on(published: Any, expected: bool) -> None:
    assert is_published({"published": published}, date(2026, 11, 22)) is expected


def test_no_inventory_no_share() -> None:
    assert evaluate("open_data_share").reason == Reason.NO_STATION
