"""What a thing that was moved counts for in a step: where it stood in the middle, from there alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.inputs import Activity, Period, Site, SiteStay
from analytics.network import Stay, ThingRow
from analytics.series import Quarters, Series, Window, to_micros
from tests.unit.measured import END, ZONE, series

_MINUTE = 60_000_000
_EVER = 2**60


def hours(first: int, last: int = 0) -> Window:
    """The time between hours before END."""
    return Window.of(END - timedelta(hours=first), END - timedelta(hours=last))


def moved(at: datetime, **inputs: object) -> Site:
    instant = to_micros(at)
    stays = (
        SiteStay(Window(-_EVER, instant), frozenset({"old"})),
        SiteStay(Window(instant, _EVER), frozenset({"new"})),
    )
    return Site("aq-1", stays=stays, areas=frozenset({"old", "new"}), **inputs)  # type: ignore[arg-type]


def test_a_thing_that_was_never_moved_is_as_it_is() -> None:
    site = Site("aq-1", series={"pm2_5": series([1, 2, 3], interval_s=60)}, areas=frozenset({"193"}))
    assert site.during(Period(hours(1), ZONE)) is site


@given(st.integers(0, 180))
def test_a_step_counts_for_where_its_middle_lies_with_what_was_measured_there(minutes: int) -> None:
    at = END - timedelta(minutes=minutes)
    measured = series(range(180), interval_s=60)
    found = moved(at, series={"pm2_5": measured}).during(Period(hours(1), ZONE))
    is_new = minutes >= 30
    assert found.areas == {"new" if is_new else "old"}
    times = found.series["pm2_5"].times
    assert all((time >= to_micros(at)) == is_new for time in times)
    assert len(times) == (minutes if is_new else 180 - minutes)


def test_sums_that_hold_both_places_are_left_out() -> None:
    starts = np.arange(hours(2).start, hours(0).start, 15 * _MINUTE)
    ones = np.ones(len(starts), np.int64)
    none = np.empty(0)
    quarters = Quarters(starts, ones, ones.astype(float), ones)
    summed = Series(none.astype(np.int64), none, none.astype(np.int16), 60, quarters, hours(0).start)
    counted = Activity(starts, ones, ones, 60)
    site = moved(END - timedelta(minutes=70), series={"x": summed}, activity={"x": counted})
    late, early = (site.during(Period(hours(n, n - 1), ZONE)) for n in (1, 2))
    # Of the eight quarters the one from 75 to 60 minutes before the end holds the move.
    assert (late.areas, early.areas) == ({"new"}, {"old"})
    for each, expected in ((late, 4), (early, 3)):
        assert each.series["x"].count_and_sum(hours(2)) == (expected, float(expected))
        assert each.activity["x"].counts(hours(2)) == (expected, expected)


def test_of_other_values_those_count_whose_own_middle_lies_there() -> None:
    """A day is one place's, so a month is made of whole days."""
    daily = series([1.0, 2.0, 3.0], interval_s=86_400)
    for before_noon, kept in ((True, [2.0, 3.0]), (False, [3.0])):
        at = END - timedelta(days=2) + timedelta(hours=11 if before_noon else 13)
        site = moved(at, results={"pm2_5_d": daily}, weights={"pm2_5_d": daily})
        found = site.during(Period(hours(24), ZONE))
        assert found.results["pm2_5_d"].values.tolist() == kept
        assert found.weights["pm2_5_d"].values.tolist() == kept


def test_before_and_between_its_places_a_thing_stands_nowhere() -> None:
    stay = Stay(hours(2, 1), frozenset({1}))
    thing = ThingRow(1, "aq-1", "gw", 300, {}, frozenset({1}), frozenset(), stays=(stay,))
    assert [thing.areas_at(hours(n).start) for n in (3, 2, 1)] == [set(), {1}, set()]
    site = Site(
        "aq-1", series={"x": series([1], interval_s=60)}, stays=(SiteStay(stay.time, frozenset("a")),)
    )
    found = site.during(Period(hours(9, 8), ZONE))
    assert (found.areas, len(found.series["x"].times)) == (set(), 0)
