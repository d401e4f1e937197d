"""Heat index and humidex, compared with MetPy and pythermalcomfort."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.heat import dew_point, heat_index, humidex, humidex_class
from analytics.inputs import AreaInputs, AreaUnit, Period, Site
from analytics.results import Reason, Value
from analytics.rounding import half_up
from analytics.series import HOUR, Series, Window, to_micros
from tests.unit.test_indicator_air import DAY, MIDNIGHT, STEP, ZONE, area, hourly

START = MIDNIGHT - timedelta(days=1)


def test_every_degree_and_humidity_is_as_metpy_has_it() -> None:
    """Compared where both use the same form.

    MetPy changes to the regression where the simple form reaches 79 °F, and not where its mean with the
    temperature reaches 80 °F; it adjusts the simple form too; it returns the temperature below 40 °F.
    """
    from metpy.calc import heat_index as metpy_heat_index
    from metpy.units import units

    t, rh = (axis.ravel() for axis in np.meshgrid(np.arange(5, 48, 0.5), np.arange(5, 101, 2.5)))
    f = t * 1.8 + 32
    simple = 1.1 * f - 10.3 + 0.047 * rh
    same = (f < 80) & (simple < 79) | (simple >= 79) & (simple + f >= 160)
    assert same.mean() > 0.97
    found = metpy_heat_index(units.Quantity(t, "degC"), units.Quantity(rh, "percent"), mask_undefined=False)
    ours = [heat_index(float(a), float(b)) for a, b in zip(t[same], rh[same], strict=True)]
    assert ours == pytest.approx(found.to("degC").magnitude[same].tolist(), abs=1e-6)


def test_humidex_and_dew_point_are_as_others_have_them() -> None:
    """The default model of pythermalcomfort is another one; it rounds to a tenth."""
    from metpy.calc import dewpoint_from_relative_humidity
    from metpy.units import units
    from pythermalcomfort.models import humidex as other_humidex

    for t in range(10, 42, 3):
        for rh in range(20, 101, 10):
            theirs = other_humidex(tdb=t, rh=rh, model="masterson").humidex
            assert humidex(t, dew_point(t, rh)) == pytest.approx(theirs, abs=0.16), (t, rh)
            td = dewpoint_from_relative_humidity(units.Quantity(t, "degC"), units.Quantity(rh, "percent"))
            assert dew_point(t, rh) == pytest.approx(td.to("degC").magnitude, abs=0.15)


def test_below_80_fahrenheit_the_simple_form_is_the_result() -> None:
    assert heat_index(20, 90) == pytest.approx(20.406, abs=1e-3)  # its mean with the temperature: 20.203


@given(st.floats(27, 42), st.floats(40, 99), st.floats(0.5, 1))
def test_heat_rises_with_humidity(t: float, rh: float, more: float) -> None:
    assert humidex(t, dew_point(t, rh + more)) > humidex(t, dew_point(t, rh))
    if t >= 30:
        assert heat_index(t, rh + more) > heat_index(t, rh) - 0.1


@given(st.floats(-20, 50), st.floats(1, 100))
def test_a_dew_point_is_not_above_the_temperature(t: float, rh: float) -> None:
    assert dew_point(t, rh) <= t + 1e-9
    assert dew_point(t, 100) == pytest.approx(t)


@pytest.mark.parametrize(
    ("value", "name"),
    [(29.9, "none"), (30, "some"), (39.9, "some"), (40, "great"), (45, "great"), (45.1, "dangerous")],
)
def test_classes_of_humidex(value: float, name: str) -> None:
    assert humidex_class(value) == name


def hour(code: str, t: list[float | None], rh: list[float | None]) -> Value:
    site = Site("ws-1", series={"air_temperature": hourly(t), "relative_humidity": hourly(rh)})
    return INDICATORS[code].evaluate(area(site), STEP)


def test_an_hour_of_33_degrees_and_70_percent() -> None:
    found = hour("heat_index", [33.0], [70.0])
    assert (found.value, found.category, found.completeness) == (43.5, "danger", 1.0)
    assert (found.details["temperature"], found.details["humidity"]) == (33.0, 70.0)
    found = hour("humidex", [33.0], [70.0])
    assert (found.value, found.category) == (47.4, "dangerous")


def test_a_cool_hour_has_no_class() -> None:
    assert (hour("heat_index", [20.0], [90.0]).value, hour("heat_index", [20.0], [90.0]).category) == (
        20.4,
        None,
    )


@pytest.mark.parametrize("code", ["heat_index", "humidex"])
def test_both_quantities_must_be_there(code: str) -> None:
    found = hour(code, [33.0], [None])
    assert (found.value, found.reason, found.completeness) == (None, Reason.INSUFFICIENT_DATA, 0.0)
    alone = Site("ws-1", series={"air_temperature": hourly([33.0])})
    assert INDICATORS[code].evaluate(area(alone), STEP).reason == Reason.INSUFFICIENT_DATA
    short = Site(
        "ws-1",
        series={
            "air_temperature": hourly([33.0]),
            "relative_humidity": hourly([70.0], per_hour=8),
        },
    )
    assert INDICATORS[code].evaluate(area(short), STEP).reason == Reason.INSUFFICIENT_DATA


def day(*hourly_values: list[float | None], unit: AreaUnit | None = None) -> Value:
    """The day of stations with such hours, from 0 h local time on; station i stands in district i."""
    sites = []
    for i, values in enumerate(hourly_values):
        present = [(to_micros(START + n * HOUR), v) for n, v in enumerate(values) if v is not None]
        times, found = (np.array(column) for column in zip(*present, strict=True))
        series = Series(times.astype(np.int64), found.astype(float), np.zeros(len(times), np.int16), 3600)
        sites.append(Site(f"ws-{i}", results={"heat_index": series}, areas=frozenset({str(i)})))
    return INDICATORS["heat_index_d"].evaluate(AreaInputs(unit or AreaUnit("193"), tuple(sites)), DAY)


HOURS: list[float | None] = [25.0 + 10 * np.sin(np.pi * max(0, n - 6) / 14) for n in range(24)]


def without(*hours: int) -> list[float | None]:
    return [None if n in hours else v for n, v in enumerate(HOURS)]


def test_the_maximum_of_a_day_with_its_hour() -> None:
    found = day(HOURS)
    assert (found.value, found.category, found.details["hour"]) == (35.0, "extreme_caution", "13:00")
    assert (found.details["hours"], found.completeness) == (24, 1.0)


def test_night_may_be_missing_but_no_hour_from_9_to_18() -> None:
    assert day(without(0, 1, 2, 3, 4, 23)).value == 35.0
    assert day(without(0, 1, 2, 3, 4, 22, 23)).reason == Reason.INSUFFICIENT_DATA
    assert day(without(8, 18)).value == 35.0
    for hot in range(9, 18):
        assert day(without(hot)).reason == Reason.INSUFFICIENT_DATA, hot


def test_the_hottest_station_speaks_and_the_mean_by_population_stands_beside() -> None:
    unit = AreaUnit("22", parts=(AreaUnit("0", 60_000), AreaUnit("1", 40_000)))
    hot = [None if v is None else v + 10 for v in HOURS]
    found = day(HOURS, hot, unit=unit)
    assert (found.value, found.details["station"], found.details["mean"]) == (45.0, "ws-1", half_up(39.0, 2))


def test_a_month_is_the_mean_of_its_maxima() -> None:
    times = np.array([to_micros(START + timedelta(days=i)) for i in range(30)], np.int64)
    series = Series(times, np.linspace(30, 40, 30), np.zeros(30, np.int16), 86_400)
    month = Period(Window.of(START, START + timedelta(days=30)), ZONE)
    site = Site("ws-1", results={"heat_index_d": series})
    assert INDICATORS["heat_index_month"].evaluate(area(site), month).value == 35.0
