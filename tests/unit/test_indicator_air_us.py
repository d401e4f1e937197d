"""US EPA's index: the tables of 2013 and 2024, truncation, conversion; compared with aqi-hub."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aqi_hub.aqi_usa.aqi import cal_iaqi_usa
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.air_us import (
    DECIMALS,
    MOLAR_MASS,
    PM2_5,
    ROWS,
    SINCE_2024,
    indices,
    mixing_ratio,
    rows,
    sub_index,
    truncate,
)
from analytics.inputs import Period, Site
from analytics.results import Reason
from analytics.rounding import half_up
from analytics.series import Window
from tests.unit.test_indicator_air import ZONE, area, day_of, hourly, of_day

#: our column -> the package's
PACKAGE = {
    "pm2_5": "PM25_24H", "pm10": "PM10_24H", "o3_8h": "O3_8H", "o3_1h": "O3_1H", "co_8h": "CO_8H",
    "so2_1h": "SO2_1H", "so2_24h": "SO2_24H", "no2_1h": "NO2_1H",
}  # fmt: skip
#: Where the package is known to be wrong: rows that begin too low, and 500 from 1250 ppb of NO2 on.
FAULTS = {"o3_8h": (0.055, 0.071), "co_8h": (4.5, 9.5), "no2_1h": (1250, 2049)}
TODAY = date(2026, 11, 22)
BEFORE = SINCE_2024 - timedelta(days=1)


@pytest.mark.parametrize("column", PACKAGE)
def test_each_column_agrees_with_aqi_hub_within_1(column: str) -> None:
    """The package cuts the index off where the rule rounds it, and ends at 500."""
    table = rows(column, TODAY)
    step = 10.0 ** -DECIMALS[column]
    first, last = round(table[0][0] / step), round(table[-1][1] / step)
    compared = range(first, last, max(1, (last - first) // 400))
    assert len(compared) > 50
    for ticks in compared:
        # Half a unit of the last place more: neither side rounds the concentration up.
        concentration = (ticks + 0.5) * step
        low, high = FAULTS.get(column, (1, 0))
        if low <= concentration < high:
            continue
        ours = sub_index(column, concentration, TODAY)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = cal_iaqi_usa(concentration, PACKAGE[column])
        assert ours is not None
        assert theirs is not None
        assert 0 <= half_up(ours) - theirs <= 1, concentration


@pytest.mark.parametrize(
    ("concentration", "day", "expected"),
    [
        (12.0, BEFORE, 50), (12.0, SINCE_2024, 56.403), (9.0, SINCE_2024, 50), (150.4, BEFORE, 200),
        (250.4, BEFORE, 300), (350.4, BEFORE, 400), (500.4, BEFORE, 500), (125.4, SINCE_2024, 200),
        (35.4, BEFORE, 100), (35.4, SINCE_2024, 100),
    ],
)  # fmt: skip
def test_the_table_of_pm2_5_changes_with_6_may_2024(concentration: float, day: date, expected: Any) -> None:
    assert sub_index("pm2_5", concentration, day) == pytest.approx(expected, abs=1e-3)


def test_there_is_no_table_before_2013() -> None:
    with pytest.raises(ValueError, match="2013-03-18"):
        sub_index("pm2_5", 10, date(2013, 3, 17))


@pytest.mark.parametrize("table", [*ROWS.values(), *(found for _, found in PM2_5)])
def test_a_table_has_no_gap_and_rises(table: tuple[Any, ...]) -> None:
    for (_, high, _, last), (low, _, first, _) in pairwise(table):
        assert low > high
        assert first == last + 1


@pytest.mark.parametrize(
    ("column", "concentration", "expected"),
    [
        ("pm2_5", 35.49, 35.4), ("pm2_5", 35.4, 35.4), ("pm10", 154.9, 154), ("o3_8h", 0.0709, 0.070),
        ("co_8h", 9.49, 9.4), ("so2_1h", 35.99, 35), ("no2_1h", 53.999, 53), ("o3_8h", 0.071, 0.071),
    ],
)  # fmt: skip
def test_concentrations_are_cut_not_rounded(column: str, concentration: float, expected: float) -> None:
    assert truncate(column, concentration) == expected


@given(st.sampled_from(sorted(DECIMALS)), st.integers(0, 10_000))
def test_a_decimal_concentration_stays_as_it_is(column: str, ticks: int) -> None:
    concentration = ticks / 10 ** DECIMALS[column]
    assert truncate(column, concentration) == concentration


@given(st.sampled_from(sorted(DECIMALS)), st.floats(0, 900), st.floats(0, 900))
def test_an_index_rises_with_the_concentration(column: str, one: float, other: float) -> None:
    low, high = (sub_index(column, c, TODAY) for c in sorted((one, other)))
    assert low is None or low >= 0
    assert low is None or high is None or low <= high


@pytest.mark.parametrize(
    ("gas", "ug_m3", "expected"),
    [("o3", 1962, 1.0), ("no2", 188.0, 100), ("so2", 261.9, 100), ("co", 1145, 1.0)],
)
def test_gases_are_converted_at_25_degrees(gas: str, ug_m3: float, expected: float) -> None:
    assert mixing_ratio(gas, ug_m3) == pytest.approx(expected, rel=1e-3)
    assert set(MOLAR_MASS) == {"o3", "no2", "so2", "co"}


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ({"so2_1h": 304.0}, 200), ({"so2_1h": 304.9}, 200), ({"so2_1h": 305.0, "so2_24h": 100.0}, 200),
        ({"so2_1h": 900.0}, 200), ({"so2_1h": 900.0, "so2_24h": 604.0}, 300),
        ({"so2_1h": 900.0, "so2_24h": 305.0}, 201),
    ],
)  # fmt: skip
def test_from_305_ppb_the_day_of_so2_decides(measured: dict[str, float], expected: float) -> None:
    assert indices(measured, TODAY) == {"so2": expected}


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        ({"o3_8h": 0.054, "o3_1h": 0.124}, 50), ({"o3_8h": 0.07, "o3_1h": 0.164}, 150),
        ({"o3_8h": 0.3, "o3_1h": 0.404}, 300), ({"o3_8h": 0.085, "o3_1h": 0.125}, 150),
    ],
)  # fmt: skip
def test_the_larger_column_of_ozone_counts(measured: dict[str, float], expected: float) -> None:
    assert indices(measured, TODAY) == {"o3": expected}


def test_a_day_of_a_station() -> None:
    series = {
        "pm2_5": day_of([35.49] * 24), "pm10": day_of([54.9] * 24), "co": day_of([1145.0 * 4.49] * 31),
        "no2": day_of([10.0] * 23 + [188.05 * 1.005]), "so2": day_of([20.0] * 24),
        "o3": day_of([1962.0 * 0.0601] * 31),
    }  # fmt: skip
    found = of_day("us_aqi", Site("aq-1", series=series))
    assert (found.value, found.category, found.completeness) == (100, "moderate", 1.0)
    assert found.details["sub_indices"] == {
        "pm2_5": 100, "pm10": 50, "co": 50, "no2": 100, "so2": 10, "o3": 67,
    }  # fmt: skip
    concentrations = found.details["concentrations"]
    assert (concentrations["pm2_5"], concentrations["no2_1h"], concentrations["co_8h"]) == (35.4, 100, 4.4)


def test_the_day_of_2024_decides_on_the_table() -> None:
    for end, expected in (
        (datetime(2024, 5, 5, 17, tzinfo=UTC), 50),
        (datetime(2024, 5, 6, 17, tzinfo=UTC), 56),
    ):
        site = Site("aq-1", series={"pm2_5": hourly([12.0] * 24, end=end)})
        day = Period(Window.of(end - timedelta(days=1), end), ZONE)
        assert INDICATORS["us_aqi"].evaluate(area(site), day).value == expected


def test_particles_or_ozone_must_be_there() -> None:
    missing = Site("aq-1", series={"pm2_5": day_of([None] * 24), "co": day_of([500.0] * 31)})
    assert of_day("us_aqi", missing).reason == Reason.INSUFFICIENT_DATA
    ozone = Site("aq-2", series={"pm2_5": day_of([None] * 24), "o3": day_of([100.0] * 31)})
    assert of_day("us_aqi", ozone).value is not None
    assert of_day("us_aqi", Site("aq-3", series={"co": day_of([500.0] * 31)})).reason == Reason.NO_STATION
