"""Wind: a direction is averaged as a vector."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import metpy.calc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metpy.units import units

from analytics.indicator import INDICATORS
from analytics.indicators.wind import mean_vector, rounded_direction
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.series import HOUR, Series, Window, to_micros

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
READINGS = st.lists(st.tuples(st.floats(0, 360), st.floats(0.5, 40)), min_size=1, max_size=20)


def series(values: Sequence[float | None]) -> Series:
    known = [(n, v) for n, v in enumerate(values) if v is not None]
    times = np.array([to_micros(START) + n * 600_000_000 for n, _ in known], np.int64)
    return Series(times, np.array([v for _, v in known], np.float64), np.zeros(len(known), np.int16), 600)


def station(directions: Sequence[float | None], speeds: Sequence[float | None], code: str = "w1") -> Site:
    return Site(code, series={"wind_direction": series(directions), "wind_speed": series(speeds)})


def evaluate(code: str, *sites: Site) -> Value:
    return INDICATORS[code].evaluate(
        AreaInputs(AreaUnit("193"), sites), Period(Window.of(START, START + HOUR), ZONE)
    )


def test_around_north() -> None:
    found = evaluate("wind_direction_mean", station([350, 10] * 3, [2] * 6))
    assert (found.value, found.completeness) == (0.0, 1.0)


def test_north_is_0_and_never_360() -> None:
    assert rounded_direction(359.96) == 0
    assert evaluate("wind_direction_mean", station([359.97] * 6, [2] * 6)).value == 0


def test_a_stronger_wind_counts_more() -> None:
    found = evaluate("wind_direction_mean", station([90, 180] * 3, [1, 100] * 3))
    assert found.value == pytest.approx(179.4, abs=0.05)


def test_a_reading_of_no_wind_needs_no_direction() -> None:
    found = evaluate("wind_direction_mean", station([90, 90, 90, None, None, None], [4, 4, 4, 0, 0, 0]))
    assert (found.value, found.completeness) == (90.0, 1.0)
    assert found.details["values"] == {"w1": 90.0}
    assert found.details["vector_speed"] == 2.0


def test_a_speed_without_direction_is_not_known() -> None:
    found = evaluate("wind_direction_mean", station([90, 90, 90, 90, None, None], [4] * 6))
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


def test_winds_that_cancel_have_no_direction() -> None:
    found = evaluate("wind_direction_mean", station([90, 270] * 3, [3] * 6))
    assert found.reason == Reason.CALM


def test_a_vane_without_an_anemometer_has_no_mean() -> None:
    alone = Site("w1", series={"wind_direction": series([90] * 6)})
    assert evaluate("wind_direction_mean", alone).reason == Reason.INSUFFICIENT_DATA


def test_an_area_is_the_mean_of_the_vectors() -> None:
    weak, strong = station([0] * 6, [1] * 6, "weak"), station([90] * 6, [9] * 6, "strong")
    assert evaluate("wind_direction_mean", weak, strong).value == pytest.approx(83.7, abs=0.05)
    assert evaluate("wind_speed_mean", weak, strong).value == 5.0


def test_speed_needs_three_quarters_of_the_hour() -> None:
    assert evaluate("wind_speed_mean", station([0] * 6, [2, 4, 2, 4, 3, None])).value == 3.0
    found = evaluate("wind_speed_mean", station([0] * 6, [2, 4, 2, 4, None, None]))
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


@given(READINGS)
def test_the_mean_vector_agrees_with_metpy(readings: list[tuple[float, float]]) -> None:
    directions, speeds = (np.array(column) for column in zip(*readings, strict=True))
    u, v = metpy.calc.wind_components(speeds * units("m/s"), directions * units.degree)
    speed, direction = mean_vector(directions, speeds)
    assert speed == pytest.approx(float(np.hypot(u.mean(), v.mean()).magnitude), abs=1e-9)
    if speed > 1e-6:
        theirs = metpy.calc.wind_direction(u.mean(), v.mean()).to("degree").magnitude
        assert (direction - float(theirs) + 180) % 360 == pytest.approx(180, abs=1e-6)


@given(READINGS)
def test_a_vector_is_no_faster_than_the_wind_and_its_direction_is_one(
    readings: list[tuple[float, float]],
) -> None:
    directions, speeds = (np.array(column) for column in zip(*readings, strict=True))
    speed, direction = mean_vector(directions, speeds)
    assert speed <= speeds.mean() + 1e-9
    assert 0 <= direction < 360
    assert mean_vector(directions[::-1], speeds[::-1])[0] == pytest.approx(speed)
