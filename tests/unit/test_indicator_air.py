"""VN_AQI (Decision 1459/QĐ-TCMT) of the hour and of the day, and PM2.5 of 24 h against QCVN 05:2023."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.air_limits import pm2_5_limit
from analytics.indicators.air_means import running
from analytics.indicators.air_vn_aqi import BREAKPOINTS, INDEX, nowcast, sub_index
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.rounding import half_up
from analytics.series import HOUR, Series, Window, to_micros

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
END = datetime(2026, 11, 22, 13, tzinfo=UTC)
STEP = Period(Window.of(END - HOUR, END), ZONE)
OFFICIAL = [20.6, 19.6, 22.4, 20.3, 16.5, 19.0, 16.5, 19.5, 23.5, 20.5, 24.7, 26.9]
STEEP = [130, 96, 80, 60, 55, 40, 38, 36, 35, 40, 42, 50]
#: The end of a local day.
MIDNIGHT = datetime(2026, 11, 22, 17, tzinfo=UTC)
DAY = Period(Window.of(MIDNIGHT - timedelta(days=1), MIDNIGHT), ZONE)
concentrations = st.floats(0, 5000, allow_nan=False)
gappy = st.lists(st.none() | st.floats(0, 900), min_size=12, max_size=12)


def hourly(means: list[float | None], *, end: datetime = END, per_hour: int = 12) -> Series:
    """Series whose hourly means are given, newest first; None leaves the hour out."""
    times, values = [], []
    for back, value in reversed(list(enumerate(means, 1))):
        if value is not None:
            start = to_micros(end - back * HOUR)
            times += [start + i * 300_000_000 for i in range(per_hour)]
            values += [value] * per_hour
    return Series(np.array(times, np.int64), np.array(values, float), np.zeros(len(times), np.int16), 300)


def area(*sites: Site) -> AreaInputs:
    return AreaInputs(AreaUnit("193"), sites)


def day_of(means: list[float | None]) -> Series:
    """Series of hourly means, oldest first, the last of which is the last of the day."""
    return hourly(means[::-1], end=MIDNIGHT)


def of_day(code: str, *sites: Site) -> Value:
    return INDICATORS[code].evaluate(area(*sites), DAY)


def aqi(*sites: Site) -> Value:
    return INDICATORS["vn_aqi_h"].evaluate(area(*sites), STEP)


@pytest.mark.parametrize(
    ("column", "concentration", "expected"),
    [
        ("pm2_5", 20.3, 40.6), ("pm2_5", 55.7, 109.5), ("pm2_5", 35, 70), ("pm2_5", 150, 200),
        ("pm2_5", 420, 446.6667), ("pm2_5", 600, 500), ("pm2_5", 0, 0), ("pm10", 180, 115), ("so2", 90, 36),
        ("co", 12_000, 55), ("no2", 118.7, 59.35), ("no2", 130.8, 65.4), ("no2", 2350, 300),
        ("o3_1h", 136.1, 42.5312), ("o3_1h", 114.6, 35.8125), ("o3_8h", 89.3, 44.65), ("o3_8h", 190, 175),
        ("o3_8h", 400, 300),
    ],
)  # fmt: skip
def test_sub_index(column: str, concentration: float, expected: Any) -> None:
    assert sub_index(column, concentration) == pytest.approx(expected, abs=0.001)


def test_the_8_hour_column_of_ozone_ends_at_400() -> None:
    assert sub_index("o3_8h", 420) is None


def test_nowcast_of_the_decision() -> None:
    value, w = nowcast(OFFICIAL)
    assert (value, w) == (pytest.approx(20.2658, abs=0.001), pytest.approx(0.6134, abs=0.001))


@pytest.mark.parametrize(("as_printed", "expected"), [(False, 105.6972), (True, 105.6714)])
def test_nowcast_of_a_steep_rise(as_printed: bool, expected: Any) -> None:
    assert nowcast(STEEP, as_printed=as_printed) == (pytest.approx(expected, abs=0.001), 0.5)


@pytest.mark.parametrize(("as_printed", "expected"), [(False, 108.9306), (True, 81.6714)])
def test_nowcast_with_a_gap_reads_low_as_printed(as_printed: bool, expected: Any) -> None:
    hours = [STEEP[0], None, *STEEP[2:]]
    assert nowcast(hours, as_printed=as_printed) == (pytest.approx(expected, abs=0.001), 0.5)


@pytest.mark.parametrize(
    ("newest", "valid"),
    [
        ([130, None, None], False), ([None, None, 80], False), ([None, None, None], False),
        ([130, 96, None], True), ([None, 96, 80], True), ([130, None, 80], True),
    ],
)  # fmt: skip
def test_nowcast_needs_two_of_the_newest_three_hours(newest: list[float | None], valid: bool) -> None:
    assert (nowcast([*newest, *STEEP[3:]])[0] is not None) is valid


def test_nowcast_of_clean_air_is_zero() -> None:
    assert nowcast([0.0] * 12) == (0.0, 1.0)


def test_hour_of_the_decision_is_59_by_rounding_half_up() -> None:
    gases = {"o3": hourly([136.1]), "no2": hourly([118.7])}
    found = aqi(Site("aq-1", series={"pm2_5": hourly(OFFICIAL), **gases}))
    assert (found.value, found.category, found.completeness) == (59, "moderate", 1.0)
    assert found.details["dominant"] == "no2"
    assert found.details["sub_indices"] == {"pm2_5": 41, "o3": 43, "no2": 59}
    assert found.details["nowcast"]["pm2_5"] == {"value": 20.266, "w": 0.6134, "hours": 12}


def test_a_station_with_gases_alone_has_no_index() -> None:
    found = aqi(Site("aq-1", series={"no2": hourly([118.7])}))
    assert (found.value, found.reason) == (None, Reason.NO_STATION)


def test_gases_do_not_replace_missing_particles() -> None:
    found = aqi(Site("aq-1", series={"no2": hourly([118.7]), "pm2_5": hourly([None] * 3 + [20.0] * 9)}))
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)


def test_an_hour_with_8_of_12_values_is_missing() -> None:
    present = Site("aq-1", series={"pm2_5": hourly([50.0, None, None], per_hour=12)})
    short = Site("aq-2", series={"pm2_5": hourly([50.0, 50.0, 50.0], per_hour=8)})
    assert aqi(present).value is None
    assert aqi(short).value is None
    assert aqi(Site("aq-3", series={"pm2_5": hourly([50.0, 50.0], per_hour=9)})).value == 100


def test_the_worst_of_the_valid_stations_speaks_for_the_area() -> None:
    found = aqi(
        Site("aq-1", series={"pm2_5": hourly([25.0] * 12)}),
        Site("aq-2", series={"pm2_5": hourly([150.0] * 12)}),
        Site("aq-3", series={"pm2_5": hourly([None] * 12)}),
    )
    assert (found.value, found.category) == (200, "bad")
    assert found.details["station"] == "aq-2"
    assert found.details["stations"] == ["aq-1", "aq-2"]
    assert found.details["missing"] == {"aq-3": "insufficient_data"}
    assert found.completeness == pytest.approx(2 / 3, abs=1e-6)


@pytest.mark.parametrize(
    ("index", "category"),
    [(0, "good"), (50, "good"), (51, "moderate"), (100, "moderate"), (101, "poor"), (150, "poor"),
     (151, "bad"), (200, "bad"), (201, "very_bad"), (300, "very_bad"), (301, "hazardous"),
     (500, "hazardous")],
)  # fmt: skip
def test_category_bounds(index: int, category: str) -> None:
    assert INDICATORS["vn_aqi_h"].category(index, STEP) == category


def test_the_decision_is_not_applied_before_it() -> None:
    before = Period(
        Window.of(datetime(2019, 11, 11, 15, tzinfo=UTC), datetime(2019, 11, 11, 16, tzinfo=UTC)), ZONE
    )
    after = Period(
        Window.of(datetime(2019, 11, 11, 17, tzinfo=UTC), datetime(2019, 11, 11, 18, tzinfo=UTC)), ZONE
    )
    assert not INDICATORS["vn_aqi_h"].in_force(before)
    assert INDICATORS["vn_aqi_h"].in_force(after)


def day_mean(end: datetime, means: list[float | None]) -> Value:
    period = Period(Window.of(end - HOUR, end), ZONE)
    site = Site("aq-1", series={"pm2_5": hourly(means, end=end)})
    return INDICATORS["pm2_5_24h"].evaluate(area(site), period)


@pytest.mark.parametrize(
    ("day", "value", "category"),
    [
        (date(2025, 12, 31), 48.0, "complies"), (date(2026, 1, 1), 48.0, "exceeds"),
        (date(2025, 12, 31), 50.0, "complies"), (date(2026, 1, 1), 45.0, "complies"),
    ],
)  # fmt: skip
def test_the_limit_of_pm2_5_falls_with_2026(day: date, value: Any, category: str) -> None:
    midnight_after = datetime(day.year, day.month, day.day, tzinfo=ZONE) + timedelta(days=1)
    found = day_mean(midnight_after.astimezone(UTC), [value] * 24)
    assert (found.value, found.category) == (value, category)
    assert found.details["ratio"] == half_up(value / pm2_5_limit(day), 4)


@pytest.mark.parametrize(("hours", "value"), [(24, 30.0), (18, 30.0), (17, None), (0, None)])
def test_a_day_needs_18_hours(hours: int, value: Any) -> None:
    found = day_mean(END, [30.0] * hours + [None] * (24 - hours))
    assert (found.value, found.completeness) == (value, half_up(hours / 24, 6))
    assert (found.reason is None) == (value is not None)


def test_there_is_no_limit_before_the_regulation() -> None:
    with pytest.raises(ValueError, match="2023-09-12"):
        pm2_5_limit(date(2023, 9, 11))


@given(st.sampled_from(sorted(BREAKPOINTS)), concentrations, concentrations)
def test_a_sub_index_rises_with_the_concentration(column: str, one: float, other: float) -> None:
    low, high = (sub_index(column, c) for c in sorted((one, other)))
    assert low is None or 0 <= low <= 500
    assert low is None or high is None or low <= high


@pytest.mark.parametrize("column", BREAKPOINTS)
def test_a_sub_index_is_the_index_at_each_breakpoint(column: str) -> None:
    points = {c: i for c, i in zip(BREAKPOINTS[column], INDEX, strict=True) if c is not None}
    assert {c: sub_index(column, c) for c in points} == points


@given(gappy)
def test_nowcast_is_within_its_hours_and_forms_differ_by_gaps_only(hours: list[float | None]) -> None:
    value, w = nowcast(hours)
    printed, _ = nowcast(hours, as_printed=True)
    present = [hour for hour in hours if hour is not None]
    assert (value is None) == (printed is None) == (w is None) == (sum(h is not None for h in hours[:3]) < 2)
    if value is not None and printed is not None and w is not None:
        assert min(present) - 1e-9 <= value <= max(present) + 1e-9
        assert 0.5 <= w <= 1
        assert printed <= value + 1e-9


@given(st.lists(st.none() | st.floats(0, 900), min_size=8, max_size=31))
def test_running_means_need_6_of_8_hours(hours: list[float | None]) -> None:
    found = running(hours)
    assert len(found) == len(hours) - 7
    for i, value in enumerate(found):
        eight = [h for h in hours[i : i + 8] if h is not None]
        assert value == (pytest.approx(sum(eight) / len(eight)) if len(eight) >= 6 else None)


def test_the_day_of_the_decision() -> None:
    gases = {"no2": day_of([100.0] * 23 + [130.8]), "o3": day_of([60.0] * 23 + [114.6])}
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": day_of([55.7] * 24), **gases}))
    assert (found.value, found.category, found.completeness) == (110, "poor", 1.0)
    assert found.details["dominant"] == "pm2_5"
    assert found.details["sub_indices"] == {"pm2_5": 110, "no2": 65, "o3": 36}
    # Eight hours that end with the day: seven of 60 and one of 114.6.
    assert found.details["concentrations"] == {"pm2_5": 55.7, "no2": 130.8, "o3": 114.6, "o3_8h": 66.825}


def test_the_first_8_hours_reach_into_the_day_before() -> None:
    evening_before = [200.0] * 7
    o3 = day_of([*evening_before, 200.0, *[20.0] * 23])
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": day_of([10.0] * 24), "o3": o3}))
    assert found.details["concentrations"]["o3_8h"] == 200.0
    assert (found.value, found.details["dominant"]) == (188, "o3")  # 150 + 50 · 30/40 = 187.5


def test_above_400_the_hour_of_ozone_alone_counts() -> None:
    o3 = day_of([420.0] * 31)
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": day_of([10.0] * 24), "o3": o3}))
    assert found.value == half_up(200 + 100 * 20 / 400)


@pytest.mark.parametrize(("mean", "expected"), [(22.25, 45), (22.24, 44), (21.25, 43)])
def test_halves_of_a_day_go_up(mean: float, expected: float) -> None:
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": day_of([mean] * 24)}))
    assert (found.value, found.category) == (expected, "good")


@pytest.mark.parametrize(("hours", "value"), [(24, 60), (18, 60), (17, None)])
def test_a_day_of_particles_needs_18_hours(hours: int, value: float | None) -> None:
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": day_of([30.0] * hours + [None] * (24 - hours))}))
    assert (found.value, found.completeness) == (value, half_up(hours / 24, 6))
    assert found.reason == (None if value else Reason.INSUFFICIENT_DATA)


def test_a_gas_with_17_hours_is_left_out_of_the_day() -> None:
    site = Site("aq-1", series={"pm2_5": day_of([25.0] * 24), "no2": day_of([900.0] * 17 + [None] * 7)})
    found = of_day("vn_aqi_d", site)
    assert (found.value, found.details["sub_indices"]) == (50, {"pm2_5": 50})


def test_gases_do_not_replace_the_particles_of_a_day() -> None:
    site = Site("aq-1", series={"pm10": day_of([None] * 24), "no2": day_of([900.0] * 24)})
    assert of_day("vn_aqi_d", site).reason == Reason.INSUFFICIENT_DATA


def test_suspect_values_of_a_day_are_counted_and_not_used() -> None:
    series = day_of([25.0] * 23 + [900.0])
    flagged = Series(series.times, series.values, (series.values == 900).astype(np.int16), 300)
    found = of_day("vn_aqi_d", Site("aq-1", series={"pm2_5": flagged}))
    assert (found.value, found.details["suspect"]) == (50, 12)


def test_no_index_is_averaged_over_days() -> None:
    averaged = {code for code, i in INDICATORS.items() if any("aqi" in of for of in i.of)}
    assert averaged == set()
    assert not [code for code in INDICATORS if "aqi" in code and code.endswith(("_month", "_year"))]
