"""Street lighting: energy by register and by power, and lamps that stay dark."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicators.lighting import longest_dark, night_of
from analytics.indicators.registers import used, used_between
from analytics.inputs import Site
from analytics.results import Reason
from analytics.series import Window, to_micros
from tests.unit.measured import END, at_site, evaluate, period, series

#: Quarters of an hour from 10 h of the day before to the end of the date; the night is 8 to 104 of them.
QUARTERS, NOON, NEXT_NOON = 152, 8, 104
REACH = timedelta(hours=4)
LIT = slice(40, 80)


def register(used_kwh: float = 96, *, start: float = 500, modulus: float = 1e9) -> list[Any]:
    """A register that counts evenly from the last reading before noon to the last before the next noon."""
    growth = np.interp(np.arange(QUARTERS), [NOON - 1, NEXT_NOON - 1], [0, used_kwh])
    return list((start + growth) % modulus)


def cabinet(energy: Any = None, code: str = "lc-1", *, power: Any = None, **properties: Any) -> Site:
    told = {"electric_energy": energy, "lamp_power": power}
    found = {name: series(v, interval_s=900) for name, v in told.items() if v is not None}
    found.setdefault("lamp_power", series([None] * QUARTERS, interval_s=900))
    return Site(code, properties=properties, series=found)


def test_the_night_goes_from_noon_to_noon() -> None:
    night = night_of(period("light_energy_d"))
    assert night == Window.of(datetime(2025, 11, 20, 5, tzinfo=UTC), datetime(2025, 11, 21, 5, tzinfo=UTC))


def test_energy_by_the_register() -> None:
    found = at_site("light_energy_d", cabinet(register(285.5), lit_km=12.6))
    assert found.value == pytest.approx(22.6587, abs=1e-4)
    assert (found.weight, found.details["kwh"], found.completeness) == (12.6, 285.5, 1.0)
    assert (found.details["first"], found.details["last"]) == (500, 785.5)


def test_energy_of_an_area_is_kwh_over_km() -> None:
    found = evaluate("light_energy_d", cabinet(register(100), lit_km=1), cabinet(register(20), "b", lit_km=4))
    assert (found.value, found.details["kwh_per_km_and_year"]) == (24, 8760)


def test_a_gap_in_the_middle_costs_nothing_and_one_at_an_end_the_value() -> None:
    gap = register()
    gap[30:90] = [None] * 60
    assert evaluate("light_energy_d", cabinet(gap, lit_km=1)).value == 96
    start = [None] * 20 + register()[20:]
    found = evaluate("light_energy_d", cabinet(start, lit_km=1))
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)
    assert found.completeness == pytest.approx(1 - 12 / 96)


def test_a_register_rolls_over_or_was_exchanged() -> None:
    rolled = register(96, start=99_950, modulus=100_000)
    found = at_site("light_energy_d", cabinet(rolled, lit_km=1, register_modulus=100_000))
    assert (found.value, found.details["roll_overs"]) == (pytest.approx(96), 1)
    assert evaluate("light_energy_d", cabinet(rolled, lit_km=1)).reason == Reason.REGISTER_RESET
    exchanged = register(start=500)[:60] + register(start=3)[60:]
    found = evaluate("light_energy_d", cabinet(exchanged, lit_km=1, register_modulus=100_000))
    assert found.reason == Reason.REGISTER_RESET


@pytest.mark.parametrize(("step", "amount"), [(-50_000, None), (-50_000.1, 49_999.9), (0, 0)])
def test_the_bound_between_roll_over_and_exchange(step: float, amount: float | None) -> None:
    found, _ = used_between([80_000, 80_000 + step], 100_000)
    assert found == (None if amount is None else pytest.approx(amount))


@given(st.lists(st.floats(0, 400), min_size=1, max_size=50), st.floats(0, 999))
def test_a_register_is_the_sum_of_what_it_counted(steps: list[float], start: float) -> None:
    """Whatever its modulus, as long as no step is half of it."""
    readings = (start + np.concatenate(([0.0], np.cumsum(steps)))) % 1000
    assert used_between(readings, 1000)[0] == pytest.approx(sum(steps), abs=1e-6)


def test_days_that_follow_each_other_lose_nothing() -> None:
    readings = series(range(97), interval_s=900)
    ends = [to_micros(END - timedelta(hours=h)) for h in (18, 12, 6)]
    parts = [used(readings, Window(a, b), reach=REACH).amount for a, b in itertools.pairwise(ends)]
    assert parts == [24, 24]
    assert used(readings, Window(ends[0], ends[2]), reach=REACH).amount == 48


def test_readings_near_the_ends_will_do() -> None:
    readings = series([10, 20, 30], interval_s=900)
    inside = Window(to_micros(END - timedelta(minutes=50)), to_micros(END))
    found = used(readings, inside, reach=REACH)
    assert (found.share, found.amount) == (1.0, 20)
    far = Window(to_micros(END - timedelta(hours=3)), to_micros(END))
    assert (used(readings, far, reach=REACH).amount, used(readings, far, reach=REACH).share) == (
        None,
        pytest.approx(0.25),
    )


def test_energy_by_power_where_there_is_no_register() -> None:
    power = [0.0] * QUARTERS
    power[LIT] = [100.0] * 40
    found = at_site("light_energy_d", cabinet(power=power, lamps=20, lit_km=2))
    assert (found.value, found.details["energy_from"]) == (100 * 20 * 10 / 1000 / 2, "power")


def test_what_is_missing_is_told() -> None:
    assert evaluate("light_energy_d", cabinet(register())).reason == Reason.NO_LENGTH
    assert evaluate("light_energy_d", cabinet(lit_km=1)).reason == Reason.INSUFFICIENT_DATA


# --- outages


def lamp(power: Any, code: str = "lc-1", *, dimming: Any = None, **properties: Any) -> Site:
    state = [0] * QUARTERS
    state[LIT] = [1] * 40
    told = {"lamp_power": power, "lamp_state": state, "lamp_dimming": dimming}
    found = {name: series(v, interval_s=900) for name, v in told.items() if v is not None}
    return Site(code, properties={"lamp_watts": 150, **properties}, series=found)


def burning(watts: Any = 150.0, dark: int = 0) -> list[Any]:
    power: list[Any] = [0.0] * QUARTERS
    power[LIT] = [watts] * 40
    power[50 : 50 + dark] = [1.0] * dark
    return power


@pytest.mark.parametrize(("watts", "share"), [(150.0, 0), (30.0, 0), (29.9, 100), (0.0, 100)])
def test_a_lamp_below_20_percent_of_its_power_has_failed(watts: float, share: float) -> None:
    found = at_site("light_outage_d", lamp(burning(watts)))
    assert (found.value, found.details["lit_h"]) == (share, 10)


def test_it_fails_after_15_minutes_and_is_compared_with_what_was_commanded() -> None:
    found = at_site("light_outage_d", lamp(burning(dark=1)))
    assert (found.value, found.details["dark_min"]) == (100, 15)
    assert at_site("light_outage_d", lamp(burning(25.0), dimming=[50] * QUARTERS)).value == 0
    assert at_site("light_outage_d", lamp(burning(0.0), dimming=[0] * QUARTERS)).value == 0


def test_silent_lamps_are_unknown_and_told_apart() -> None:
    silent = lamp([None] * QUARTERS, "b", lamps=3)
    found = evaluate("light_outage_d", lamp(burning()), lamp(burning(0.0), "c"), silent)
    assert (found.value, found.details["unknown_pct"]) == (50, 60)
    assert (found.details["failed"], found.details["silent"]) == (["c"], {"b": "insufficient_data"})
    assert evaluate("light_outage_d", silent).reason == Reason.INSUFFICIENT_DATA
    assert evaluate("light_outage_d", lamp(burning(), lamp_watts=None)).reason == Reason.NO_RATED_POWER


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=40))
def test_the_longest_dark_time_equals_a_plain_loop(pieces: list[tuple[int, bool]]) -> None:
    longest = running = 0
    for minutes, dark in pieces:
        running = running + minutes if dark else 0
        longest = max(longest, running)
    durations = np.array([minutes * 60_000_000 for minutes, _ in pieces], np.int64)
    power = np.array([0.0 if dark else 100.0 for _, dark in pieces])
    assert longest_dark(durations, power, np.full(len(pieces), 100.0)) == timedelta(minutes=longest)
