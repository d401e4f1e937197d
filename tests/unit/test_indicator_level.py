"""River levels against alert levels, and the sea against the predicted tide."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import utide
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.level import FALL, HOLD, AlertLevels, alert_state, situation
from analytics.indicators.surge import tide_of
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.series import Series, Window, to_micros
from analytics.tide import CONSTITUENTS, Tide, predict

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
END = datetime(2026, 9, 1, 3, tzinfo=UTC)
TEN = timedelta(minutes=10)
CAM_LE = [1.0, 1.7, 2.5]
LEVELS = {"levels": CAM_LE, "datum": "station zero"}
HEIGHTS = st.lists(st.none() | st.integers(80, 280).map(lambda cm: cm / 100), max_size=30)


def series(values: Sequence[float | None], interval_s: int = 600, end: datetime = END) -> Series:
    """Values at the beginning of the intervals before `end`; None where nothing came."""
    known = [(len(values) - n, v) for n, v in enumerate(values) if v is not None]
    times = np.array([to_micros(end) - n * interval_s * 1_000_000 for n, _ in known], np.int64)
    return Series(
        times, np.array([v for _, v in known], np.float64), np.zeros(len(known), np.int16), interval_s
    )


def evaluate(code: str, *sites: Site, end: datetime = END) -> Value:
    return INDICATORS[code].evaluate(
        AreaInputs(AreaUnit("193"), sites), Period(Window.of(end - TEN, end), ZONE)
    )


def river(values: Sequence[float | None], code: str = "r1", interval_s: int = 600, **properties: Any) -> Site:
    told = {"alert_levels": LEVELS} | properties
    return Site(code, properties=told, series={"river_level": series(values, interval_s)})


def test_the_state_and_what_explains_it() -> None:
    found = evaluate("level_alert", river([1.66, *[1.75] * 5, 1.84]))
    assert (found.value, found.category) == (2, "alert_ii")
    assert found.details | {
        "station": "r1", "height_m": 1.84, "datum": "station zero", "above_m": 0.14, "to_next_m": 0.66,
        "share_to_next": 0.175, "rise_m_per_h": 0.18, "hours_to_next": 3.6667,
    } == found.details  # fmt: skip
    json.dumps(found.details)


@pytest.mark.parametrize(
    ("height", "state"), [(0.99, 0), (1.0, 1), (1.69, 1), (1.7, 2), (2.49, 2), (2.5, 3), (9.0, 3)]
)
def test_a_level_is_reached_when_the_river_is_not_below_it(height: float, state: int) -> None:
    assert alert_state(CAM_LE, [height]) == state


@pytest.mark.parametrize(
    ("heights", "state"),
    [
        ([1.75, 1.65], 2),  # not yet 0.10 m below
        ([1.75, 1.60], 1),  # 0.10 m below
        ([1.75, 1.65, 1.65], 2),  # below for 20 min
        ([1.75, 1.65, 1.65, 1.65], 1),  # below for 30 min
        ([1.75, 1.65, 1.71, 1.65, 1.65], 2),  # the half hour begins again
        ([1.75, 1.60, 1.65], 1),  # once left it must be reached again
        ([1.75, None, None, 1.65], 1),  # nobody knows, and half an hour is over
        ([1.75, None, 1.65], 2),
        ([1.65], 1),
        ([2.6, 1.65], 2),  # level III is left at once, II is not
    ],
)
def test_the_way_down_is_slower(heights: list[float | None], state: int) -> None:
    assert alert_state(CAM_LE, heights) == state


@given(HEIGHTS, st.integers(80, 280).map(lambda cm: cm / 100))
def test_the_state_depends_on_the_last_half_hour_alone(history: list[float | None], height: float) -> None:
    heights = [*history, height]
    assert alert_state(CAM_LE, heights) == alert_state(CAM_LE, heights[-HOLD:])


@given(HEIGHTS, st.integers(80, 280).map(lambda cm: cm / 100))
def test_the_state_lies_between_that_of_the_height_and_that_of_a_river_a_little_higher(
    history: list[float | None], height: float
) -> None:
    state = alert_state(CAM_LE, [*history, height])
    assert alert_state(CAM_LE, [height]) <= state <= alert_state(CAM_LE, [height + FALL])


@given(HEIGHTS, st.integers(80, 280).map(lambda cm: cm / 100), st.integers(0, 50).map(lambda cm: cm / 100))
def test_a_higher_river_has_no_lower_state(history: list[float | None], height: float, more: float) -> None:
    assert alert_state(CAM_LE, [*history, height + more]) >= alert_state(CAM_LE, [*history, height])


def test_the_hold_does_not_end_at_the_bounds_of_a_day() -> None:
    at_midnight = datetime(2026, 9, 1, 17, tzinfo=UTC)
    site = Site("r1", properties={"alert_levels": LEVELS},
                series={"river_level": series([1.75, 1.65], end=at_midnight + TEN)})  # fmt: skip
    assert evaluate("level_alert", site, end=at_midnight + TEN).value == 2


def test_below_the_first_level_and_above_the_last_there_is_less_to_tell() -> None:
    assert situation(CAM_LE, 0.4, 0, None) == {"state": 0, "to_next_m": 0.6}
    assert situation(CAM_LE, 2.6, 3, 2.7) == {"state": 3, "above_m": 0.1, "rise_m_per_h": -0.1}
    assert "hours_to_next" not in situation(CAM_LE, 1.2, 1, 1.2)
    assert situation(CAM_LE, 1.65, 2, None)["share_to_next"] == 0


def test_ten_minutes_of_a_fast_station_are_one_height() -> None:
    assert evaluate("level_alert", river([1.6, 1.8] * 5, interval_s=60)).details["height_m"] == 1.7
    few = [1.6] * 7 + [None] * 3
    assert evaluate("level_alert", river(few, interval_s=60)).reason == Reason.INSUFFICIENT_DATA


def test_a_slow_station_has_the_height_of_its_last_interval() -> None:
    site = river([1.2, 1.8], interval_s=1800)
    assert [evaluate("level_alert", site, end=END - n * TEN).value for n in (0, 1, 2)] == [2, 2, 2]
    assert evaluate("level_alert", site, end=END + TEN).reason == Reason.INSUFFICIENT_DATA


def test_no_value_is_never_the_last_one() -> None:
    assert evaluate("level_alert", river([1.8, None])).reason == Reason.INSUFFICIENT_DATA


def test_an_area_has_its_highest_station() -> None:
    found = evaluate("level_alert", river([1.2]), river([2.6], "r2"), river([1.8], "r3", alert_levels=None))
    assert (found.value, found.details["station"]) == (3, "r2")
    assert found.details["missing"] == {"r3": "no_alert_levels"}


@pytest.mark.parametrize(
    "levels",
    [
        None, {}, "1.0", {"levels": []}, {"levels": [1, 2, 3, 4]}, {"levels": [2, 1]}, {"levels": [1, 1]},
        {"levels": ["1"]}, {"levels": [float("nan")]}, {"levels": [True]}, {"levels": [1], "valid_from": "?"},
        {"levels": [1], "valid_from": "2027-01-01"}, {"levels": [1], "valid_from": 2020},
    ],
)  # fmt: skip
def test_alert_levels_that_cannot_be_read_are_none(levels: Any) -> None:
    assert evaluate("level_alert", river([1.8], alert_levels=levels)).reason == Reason.NO_ALERT_LEVELS


def test_alert_levels_are_those_of_the_date() -> None:
    old, late = {"levels": [2.0], "datum": "a"}, {"levels": [1.0], "datum": "b", "valid_from": "2026-07-01"}
    told = {"alert_levels": [late, old]}
    assert AlertLevels.of(told, date(2026, 6, 30)) == AlertLevels((2.0,), "a")
    assert AlertLevels.of(told, date(2026, 7, 1)) == AlertLevels((1.0,), "b")


HON_DAU = {
    "O1": (0.813, 290.2), "K1": (0.710, 345.8), "P1": (0.236, 340.6), "Q1": (0.163, 260.2),
    "M2": (0.064, 198.2), "S2": (0.046, 253.8),
}  # fmt: skip
TIDE = {
    "datum": "lowest astronomical tide", "mean_level_m": 1.97,
    "constituents": {name: list(pair) for name, pair in HON_DAU.items()},
}  # fmt: skip


def gauge(level: Sequence[float | None], **properties: Any) -> Site:
    return Site("t1", properties={"tide": TIDE} | properties, series={"sea_level": series(level)})


@pytest.mark.parametrize("year", [2006, 2015, 2024, 2033])
def test_predictions_agree_with_utide(year: int) -> None:
    """In years of strong and of weak nodal corrections."""
    constants = HON_DAU | {"N2": (0.046, 288.2), "K2": (0.03, 10.0)}
    times = np.datetime64(f"{year}-01-01", "us") + np.arange(24 * 200) * np.timedelta64(1, "h")
    ours = predict(Tide(mean_level=1.97, constants=constants), times.astype(np.int64))
    options = {"method": "ols", "conf_int": "none", "nodal": True, "trend": False, "verbose": False}
    theirs = utide.solve(
        times.astype("M8[ns]"), ours, lat=20.667, constit=list(constants), Rayleigh_min=0.9, **options
    )
    theirs.A = np.array([constants[name][0] for name in theirs.name])
    theirs.g = np.array([constants[name][1] for name in theirs.name])
    theirs.mean = 1.97
    predicted = utide.reconstruct(times.astype("M8[ns]"), theirs, verbose=False).h
    assert np.abs(ours - predicted).max() < 0.025


def test_the_tide_repeats_after_its_period() -> None:
    hours = np.array([0, 24], np.int64) * 3_600_000_000
    s2 = predict(Tide(mean_level=0, constants={"S2": (1.0, 0.0)}), hours)
    assert s2 == pytest.approx([1.0, 1.0])


@given(st.sampled_from(CONSTITUENTS), st.integers(0, 4_000_000_000), st.floats(0, 3))
def test_a_constituent_never_exceeds_its_corrected_amplitude(
    name: str, second: int, amplitude: float
) -> None:
    found = predict(Tide(mean_level=0, constants={name: (amplitude, 0.0)}), np.array([second * 1_000_000]))
    assert abs(found[0]) <= 1.4 * amplitude + 1e-9


def test_surge_is_what_the_tide_does_not_explain() -> None:
    times = series([0.0]).times
    predicted = float(predict(Tide(mean_level=1.97, constants=HON_DAU), times)[0])
    found = evaluate("level_surge", gauge([predicted + 0.83]))
    assert found.value == pytest.approx(0.83, abs=5e-4)
    assert found.details["predicted_m"] == pytest.approx(predicted, abs=5e-4)
    assert evaluate("level_surge", gauge([predicted - 0.2])).value == pytest.approx(-0.2, abs=5e-4)


def test_no_level_no_surge() -> None:
    assert evaluate("level_surge", gauge([2.0, None])).reason == Reason.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    "tide",
    [
        None, {}, TIDE | {"constituents": {}}, TIDE | {"constituents": {"X9": [1, 2]}},
        TIDE | {"constituents": {"O1": [1]}}, TIDE | {"constituents": {"O1": [1, None]}},
        TIDE | {"constituents": {"O1": [1, float("inf")]}}, TIDE | {"mean_level_m": None},
        TIDE | {"datum": "national height datum"},
    ],
)  # fmt: skip
def test_constants_that_cannot_be_used_give_no_value(tide: Any) -> None:
    found = evaluate("level_surge", gauge([2.0], tide=tide, datum="lowest astronomical tide"))
    assert found.reason == Reason.NO_TIDE_CONSTANTS


def test_constants_are_read_from_the_gauge() -> None:
    assert tide_of({"tide": TIDE}) == Tide(mean_level=1.97, constants=HON_DAU)
