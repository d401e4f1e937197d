"""Electricity per head of the population."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from analytics.indicator import INDICATORS
from analytics.inputs import AreaInputs, AreaUnit, Site
from analytics.results import Reason, Value
from tests.unit.measured import END, period, series

CENSUS = "Population and Housing Census 2019"
#: The end of the 30 days of November.
MONTH_END = END + timedelta(days=9)


def meter(kwh: float, code: str = "m-1", *, start: float = 0, **properties: Any) -> Site:
    """A register read every quarter of an hour that counts so much in the day."""
    readings = list(start + np.linspace(-kwh / 12, kwh, 4 * 26 + 1))
    # The last reading is that of midnight, which is the end of the day.
    found = {"electric_energy": series(readings, interval_s=900, end=END + timedelta(minutes=15))}
    return Site(code, properties={"supplies": "area", **properties}, series=found)


def days(kwh: Any, code: str = "m-1", **properties: Any) -> Site:
    values = {"electricity_per_capita_d": series(kwh, interval_s=86_400, end=MONTH_END)}
    return Site(code, properties={"supplies": "area", **properties}, results=values)


def evaluate(code: str, *sites: Site, population: int | None = 100_000, end: Any = END) -> Value:
    area = AreaUnit("193", population, population_source=CENSUS)
    return INDICATORS[code].evaluate(AreaInputs(area, sites), period(code, end))


def test_a_day_of_two_feeders() -> None:
    found = evaluate("electricity_per_capita_d", meter(500_000, start=7e6), meter(200_000, "b"))
    assert found.value == 7
    assert (found.details["annualised"], found.details["kwh"]) == (2555, 700_000)
    assert (found.details["population"], found.details["population_source"]) == (100_000, CENSUS)


def test_only_meters_of_the_area_s_supply_count() -> None:
    found = evaluate("electricity_per_capita_d", meter(500_000), meter(9, "lamps", supplies=None))
    assert (found.value, found.details["reporting_pct"]) == (5, 100)
    alone = evaluate("electricity_per_capita_d", meter(9, supplies="street_lighting"))
    assert (alone.value, alone.reason) == (None, Reason.NOT_APPLICABLE)


def test_no_value_without_population_or_after_an_exchange() -> None:
    assert evaluate("electricity_per_capita_d", meter(500_000), population=None).value is None
    broken = meter(500_000)
    broken.series["electric_energy"].values[60:] -= 200_000
    found = evaluate("electricity_per_capita_d", broken)
    assert (found.value, found.reason) == (None, Reason.REGISTER_RESET)


def test_a_register_read_late_is_no_day() -> None:
    late = Site(
        "m-1",
        properties={"supplies": "area"},
        series={"electric_energy": series(range(60), interval_s=900)},
    )
    found = evaluate("electricity_per_capita_d", late)
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)
    assert found.completeness == pytest.approx(15 / 24, abs=0.02)


def test_the_month_of_the_worked_example() -> None:
    found = evaluate("electricity_per_capita_month", days([21.4e6 / 30] * 30), end=MONTH_END)
    assert (found.value, found.details["annualised"]) == (214, 2603.667)
    assert (found.details["days"], found.details["reporting_pct"]) == (30, 100)


def test_a_month_with_gaps_is_its_mean_day_times_its_days() -> None:
    found = evaluate("electricity_per_capita_month", days([None] * 7 + [1e5] * 23), end=MONTH_END)
    assert (found.value, found.completeness) == (30, pytest.approx(23 / 30, abs=1e-6))
    assert evaluate("electricity_per_capita_month", days([1e5] * 22), end=MONTH_END).value is None
    lamps = days([1e5] * 30, "lamps", supplies=None)
    assert evaluate("electricity_per_capita_month", lamps, end=MONTH_END).reason == Reason.NOT_APPLICABLE
