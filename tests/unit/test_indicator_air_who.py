"""WHO's levels of 2021, and the concentration by population."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.area_rules import population_weighted
from analytics.indicator import INDICATORS
from analytics.indicators.air_who import (
    DAY_LEVELS,
    PEAK_LEVELS,
    PEAK_PROPERTY,
    YEAR_LEVELS,
    days_above,
    met,
    peak_season,
)
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, SiteValue, Value
from analytics.rounding import half_up
from analytics.series import Series, Window, to_micros
from tests.unit.test_indicator_air import DAY, ZONE, area, day_of
from tests.unit.test_indicator_air_limits import year_of

YEAR_START = datetime(2025, 12, 31, 17, tzinfo=UTC)
daily = st.lists(st.floats(0, 200), max_size=40)


@pytest.mark.parametrize("levels", [*DAY_LEVELS.values(), *YEAR_LEVELS.values(), PEAK_LEVELS])
def test_levels_are_ordered_from_the_guideline_up(levels: dict[str, float]) -> None:
    assert next(iter(levels)) == "aqg"
    assert all(one < other for one, other in pairwise(levels.values()))


@given(daily)
def test_days_above_a_looser_level_are_not_more(values: list[float]) -> None:
    counts = list(days_above(values, DAY_LEVELS["pm2_5_d"]).values())
    assert all(one >= other for one, other in pairwise(counts))
    assert counts == list(days_above(values[::-1], DAY_LEVELS["pm2_5_d"]).values())


@pytest.mark.parametrize(
    ("mean", "level"),
    [(5, "aqg"), (5.01, "it4"), (10, "it4"), (15, "it3"), (25, "it2"), (35, "it1"), (35.1, "above")],
)
def test_the_strictest_level_that_is_met(mean: float, level: str) -> None:
    assert met(mean, YEAR_LEVELS["pm2_5_d"]) == level
    assert year_of("who_pm2_5_ratio_year", "pm2_5_d", [mean] * 365).category == level


def test_the_ratio_of_a_year() -> None:
    found = year_of("who_pm2_5_ratio_year", "pm2_5_d", [18.0] * 365)
    assert (found.value, found.details["mean"], found.details["met"]) == (3.6, 18.0, "it2")


def test_the_days_of_a_year() -> None:
    found = year_of("who_pm2_5_days_year", "pm2_5_d", [10.0] * 360 + [15.0, 16.0, 26.0, 51.0, 80.0])
    assert found.value == 4
    assert [found.details[f"over_{level}"] for level in ("aqg", "it4", "it3", "it2", "it1")] == [
        4,
        3,
        2,
        2,
        1,
    ]
    assert (found.details["days"], found.details["p99"]) == (365, half_up(15 + 0.36, 3))


def test_days_without_a_mean_are_not_counted() -> None:
    found = year_of("who_pm2_5_days_year", "pm2_5_d", [20.0] * 330)
    assert (found.value, found.details["days_in_period"]) == (330, 365)
    assert year_of("who_pm2_5_days_year", "pm2_5_d", [20.0] * 300).reason == Reason.INSUFFICIENT_DATA


def monthly(values: dict[int, float], days: int = 28) -> dict[int, list[float]]:
    return {month: [value] * days for month, value in values.items()}


def test_the_highest_six_months_in_a_row() -> None:
    months = monthly({m: 50.0 + (10 if 4 <= m <= 9 else 0) for m in range(1, 13)})
    season = peak_season(months, 2026)
    assert season is not None
    assert (season.from_month, season.mean) == (4, 60.0)
    declared = peak_season(months, 2026, 1)
    assert declared is not None
    assert (declared.from_month, declared.mean) == (1, 55.0)


def test_a_season_needs_75_percent_of_each_month() -> None:
    months = monthly(dict.fromkeys(range(1, 7), 50.0)) | {3: [50.0] * 23}
    assert peak_season(months, 2026) is None
    assert peak_season(months | {3: [50.0] * 24}, 2026) is not None


def test_the_season_of_a_year_of_days() -> None:
    values = [80.0 if date(2026, 1, 1) + timedelta(days=i) < date(2026, 7, 1) else 40.0 for i in range(365)]
    found = year_of("who_o3_peak_year", "o3_8h_d", values)
    assert (found.value, found.category, found.details["from_month"]) == (80.0, "it1", 1)
    assert found.details["ratio"] == half_up(80 / 60, 4)
    assert year_of("who_o3_peak_year", "o3_8h_d", values[:100]).reason == Reason.INSUFFICIENT_DATA


@pytest.mark.parametrize(
    ("declared", "value"), [(7, 40.0), (1, 80.0), (8, None), (0, None), ("may", None), (True, None)]
)
def test_a_station_may_declare_its_season(declared: object, value: float | None) -> None:
    times = [to_micros(YEAR_START + timedelta(days=i)) for i in range(365)]
    values = np.array([80.0 if i < 181 else 40.0 for i in range(365)])
    series = Series(np.array(times, np.int64), values, np.zeros(365, np.int16), 86_400)
    site = Site("aq-1", properties={PEAK_PROPERTY: declared}, results={"o3_8h_d": series})
    year = Period(Window.of(YEAR_START, YEAR_START + timedelta(days=365)), ZONE)
    assert INDICATORS["who_o3_peak_year"].evaluate(area(site), year).value == value


PROVINCE = AreaUnit(
    "22", 100_000, parts=(AreaUnit("193", 60_000), AreaUnit("194", 40_000), AreaUnit("195", 25_000))
)


def people(*sites: Site) -> Value:
    return INDICATORS["pm2_5_area_d"].evaluate(AreaInputs(PROVINCE, sites), DAY)


def station(code: str, district: str, mean: float | None) -> Site:
    return Site(code, series={"pm2_5": day_of([mean] * 24)}, areas=frozenset({"22", district}))


def test_the_mean_by_population_and_the_worst_station() -> None:
    found = people(station("aq-1", "193", 22.0), station("aq-2", "194", 61.0))
    assert (found.value, found.category) == (37.6, "moderate")
    assert (found.details["vn_aqi_of_mean"], found.details["vn_aqi_of_maximum"]) == (75, 118)
    assert (found.details["station"], found.details["weighting"]) == ("aq-2", "population")
    assert found.details["population_covered_pct"] == 80.0


def test_the_bounds_of_an_index_are_not_told_of_a_concentration() -> None:
    assert {category.lower for category in INDICATORS["pm2_5_area_d"].categories} == {None}


def test_the_stations_of_a_district_are_averaged_first() -> None:
    found = people(station("aq-1", "193", 10.0), station("aq-2", "193", 34.0), station("aq-3", "194", 61.0))
    assert found.value == 37.6
    assert found.details["units"]["193"] == {"value": 22.0, "population": 60_000}


def test_a_district_without_a_valid_station_is_left_out() -> None:
    found = people(station("aq-1", "193", 22.0), station("aq-2", "194", None))
    assert (found.value, found.details["population_covered_pct"]) == (22.0, 48.0)
    assert found.details["missing"] == {"aq-2": "insufficient_data"}
    assert people(station("aq-1", "193", None)).reason == Reason.INSUFFICIENT_DATA


def weigh(unit: AreaUnit, *values: tuple[float, str]) -> float | None:
    sites = [SiteValue(f"aq-{i}", v, 1.0, areas=frozenset({a})) for i, (v, a) in enumerate(values)]
    found = population_weighted(unit, sites, DAY)
    return None if found is None else found.value


def test_units_without_population_weigh_the_same_or_nothing() -> None:
    unknown = AreaUnit("22", parts=(AreaUnit("193"), AreaUnit("194")))
    assert weigh(unknown, (10, "193"), (20, "194")) == 15
    partly = AreaUnit("22", parts=(AreaUnit("193"), AreaUnit("194", 5)))
    assert weigh(partly, (10, "193"), (20, "194")) == 20
    assert weigh(partly, (10, "193")) == 10


def test_an_area_without_units_is_one() -> None:
    assert weigh(AreaUnit("193", 5), (10, "193"), (20, "193")) == 15


def test_units_that_have_left_do_not_count() -> None:
    gone = AreaUnit("193", 60_000, valid_to=date(2025, 7, 1))
    assert weigh(AreaUnit("22", parts=(gone, AreaUnit("300", 1))), (10, "193"), (20, "300")) == 20


def test_where_nobody_was_counted_by_the_units_in_force_those_of_before_count() -> None:
    before = (
        AreaUnit("193", 60_000, valid_to=date(2025, 7, 1)),
        AreaUnit("194", 20_000, valid_to=date(2025, 7, 1)),
    )
    uncounted = AreaUnit("22", parts=(*before, AreaUnit("300"), AreaUnit("301")))
    places = [(10, "193"), (20, "194"), (10, "300"), (20, "301")]
    assert weigh(uncounted, *places) == 12.5
    counted = AreaUnit("22", parts=(*before, AreaUnit("300", 1), AreaUnit("301", 3)))
    assert weigh(counted, *places) == 17.5


@given(st.lists(st.tuples(st.floats(0, 500), st.integers(1, 10**6)), min_size=1, max_size=13))
def test_a_mean_by_population_is_within_its_districts(districts: list[tuple[float, int]]) -> None:
    unit = AreaUnit("22", parts=tuple(AreaUnit(str(i), p) for i, (_, p) in enumerate(districts)))
    values = [(c, str(i)) for i, (c, _) in enumerate(districts)]
    found = weigh(unit, *values)
    assert found is not None
    assert min(c for c, _ in values) - 1e-9 <= found <= max(c for c, _ in values) + 1e-9
    assert weigh(unit, *values[::-1]) == pytest.approx(found)
