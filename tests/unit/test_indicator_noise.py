"""Noise: levels of hours, parts of the day, days, months and years; limits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indicator import INDICATORS
from analytics.indicators.noise_levels import (
    DAY,
    EVENING,
    NIGHT,
    WHOLE,
    exceeded,
    excess,
    hour_levels,
    lden,
    part_level,
)
from analytics.indicators.noise_limits import LIMITS, limits_of, read_limits
from analytics.inputs import Period, Site
from analytics.results import Reason
from analytics.series import Window, energy_mean
from analytics.steps import Step
from tests.unit.measured import END, ZONE, at_site, evaluate, series

HOURS = [55, 54, 53, 52, 53, 57, 63, 68, 70, 69, 69, 69, 68, 67, 68, 69, 70, 72, 71, 69, 68, 66, 62, 58]
#: A day on which QCVN 26:2010 is in force.
BEFORE = END - timedelta(days=14)
DAILY = ("laeq_24h", "lday_d", "levening_d", "lnight_d", "lden_d")
LEVELS = st.lists(st.floats(20, 130), min_size=1, max_size=60)


def minutes(hours: Any) -> list[float | None]:
    return [level for level in hours for _ in range(60)]


def meter(hours: Any, code: str = "nm-1", end: datetime = END, **properties: Any) -> Site:
    """A sound level meter with constant hours; None leaves a gap."""
    found = {"sound_laeq": series(minutes(hours), interval_s=60, end=end)}
    return Site(code, properties=properties, series=found)


def gap(*missing: int) -> list[float | None]:
    return [None if hour in missing else level for hour, level in enumerate(HOURS)]


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("laeq_24h", 67.278), ("lday_d", 69.385), ("levening_d", 66.950), ("lnight_d", 57.255),
        ("lden_d", 69.407),
    ],
)  # fmt: skip
def test_a_day_of_the_worked_example_from_minutes(code: str, level: float) -> None:
    found = evaluate(code, meter(HOURS))
    assert found.value == pytest.approx(level, abs=0.001)
    assert found.completeness == 1


def test_the_parts_of_a_day_are_in_the_details() -> None:
    found = at_site("lden_d", meter(HOURS)).details
    assert found["hours"] == {"lday": 12, "levening": 4, "lnight": 8}
    assert found["lnight"] == pytest.approx(57.255, abs=0.001)


def test_the_night_is_that_of_one_date() -> None:
    loud = [90.0 if hour < 7 or hour == 23 else 30.0 for hour in range(24)]
    assert at_site("lnight_d", meter(loud)).value == pytest.approx(90)
    assert at_site("lday_d", meter(loud)).value == pytest.approx(30)


def test_every_hour_is_in_one_part() -> None:
    for hour in range(24):
        one = [(h, 50.0 if h == hour else None) for h in range(24)]
        assert sum(part_level(one, part).hours for part in (DAY, EVENING, NIGHT)) == 1
        assert part_level(one, WHOLE).hours == 1


@pytest.mark.parametrize(
    ("missing", "valid"),
    [
        ((7, 8, 9), True), ((7, 8, 9, 10), False), ((19,), True), ((19, 20), False), ((0, 23), True),
        ((0, 1, 23), False), ((7, 8, 9, 19, 0, 23), True),
    ],
)  # fmt: skip
def test_lden_needs_three_quarters_of_every_part(missing: tuple[int, ...], valid: bool) -> None:
    found = at_site("lden_d", meter(gap(*missing)))
    assert (found.value is not None) is valid
    assert found.reason == (None if valid else Reason.INSUFFICIENT_DATA)
    assert found.completeness >= 0.75 if valid else found.completeness < 0.75


@pytest.mark.parametrize(("missing", "valid"), [(6, True), (7, False)])
def test_24_hours_need_18(missing: int, valid: bool) -> None:
    assert (at_site("laeq_24h", meter(gap(*range(missing)))).value is not None) is valid


def test_an_hour_of_44_minutes_is_no_hour() -> None:
    values = minutes(HOURS)
    values[:16] = [None] * 16
    site = Site("nm-1", series={"sound_laeq": series(values, interval_s=60)})
    assert at_site("lnight_d", site).details["hours"] == 7


def test_suspect_minutes_are_left_out_and_counted() -> None:
    site = Site("nm-1", series={"sound_laeq": series([50.0] * 59 + [130.0], interval_s=60, suspect=(59,))})
    found = at_site("laeq_1h", site)
    assert found.value == pytest.approx(50)
    assert found.suspect == 1


def test_percentiles_are_named_by_the_share_of_time_above() -> None:
    site = Site("nm-1", series={"sound_laeq": series([40.0 + i / 2 for i in range(60)], interval_s=60)})
    found = [at_site(f"la{percent}_1h", site).value for percent in (10, 50, 90)]
    assert found == pytest.approx([66.55, 54.75, 42.95])
    assert (
        at_site("la90_1h", Site("n", series={"sound_laeq": series([50.0] * 44, interval_s=60)})).value is None
    )


@given(LEVELS, st.randoms())
def test_the_order_of_levels_does_not_matter_and_background_is_below(
    levels: list[float], random: Any
) -> None:
    shuffled = random.sample(levels, len(levels))
    assert energy_mean(np.array(shuffled)) == pytest.approx(energy_mean(np.array(levels)))
    la10, la50, la90 = (exceeded(np.array(levels), percent) for percent in (10, 50, 90))
    assert min(levels) <= la90 <= la50 <= la10 <= max(levels)
    assert min(levels) - 1e-9 <= energy_mean(np.array(levels)) <= max(levels) + 1e-9


@given(st.lists(st.floats(20, 130), min_size=3, max_size=3), st.floats(0, 20))
def test_lden_rises_with_every_part_and_no_less_than_by_its_penalties(
    levels: list[float], more: float
) -> None:
    found = lden(*levels)
    assert found >= energy_mean(np.array(levels), np.array([12.0, 4.0, 8.0]))
    for place in range(3):
        raised = [level + more * (i == place) for i, level in enumerate(levels)]
        assert lden(*raised) >= found - 1e-9
    assert lden(*(level + more for level in levels)) == pytest.approx(found + more)


@given(st.lists(st.one_of(st.none(), st.floats(20, 130)), min_size=24, max_size=24))
def test_gaps_lower_the_share_and_no_value_is_below_75_percent(levels: list[float | None]) -> None:
    for part in (DAY, EVENING, NIGHT, WHOLE):
        found = part_level(list(enumerate(levels)), part)
        assert (found.level is None) is (found.share < 0.75)
        fewer = [(hour, None if hour == 12 else level) for hour, level in enumerate(levels)]
        assert part_level(fewer, part).share <= found.share


def test_hours_are_local_where_clocks_change() -> None:
    """25 October 2026 has 25 hours in Paris, the hour from 2 h twice."""
    paris = ZoneInfo("Europe/Paris")
    start = datetime(2026, 10, 25, tzinfo=paris).astimezone(UTC)
    day = Period(Window.of(start, Step.DAY.after(start, paris)), paris)
    levels = hour_levels(series([50.0] * 1500, interval_s=60, end=start + timedelta(hours=25)), day)
    assert [hour for hour, _ in levels] == [0, 1, 2, 2, *range(3, 24)]
    assert part_level(levels, NIGHT).hours == 9


@pytest.mark.parametrize("code", ["lday", "levening", "lnight", "lden", "laeq_24h"])
def test_months_and_years_are_energy_means_of_days(code: str) -> None:
    day = code if code == "laeq_24h" else f"{code}_d"
    start = datetime(2025, 10, 31, 17, tzinfo=UTC)
    month = Period(Window.of(start, Step.MONTH.after(start, ZONE)), ZONE)
    days = series([60.0, 70.0] * 15, interval_s=86_400, end=month.step.end_time)
    found = INDICATORS[f"{code}_month"].site(Site("nm-1", results={day: days}), month)
    assert found.value == pytest.approx(67.404, abs=0.001)
    assert INDICATORS[f"{code}_year"].step is Step.YEAR


def test_lden_of_days_with_energy_mean_is_lden_of_the_energy_means() -> None:
    """As the directive has it: the year's Lden is made of the year's three levels."""
    days = [(65.0, 62.0, 55.0), (70.0, 60.0, 58.0), (61.0, 66.0, 49.0)]
    parts = [energy_mean(np.array(levels)) for levels in zip(*days, strict=True)]
    assert energy_mean(np.array([lden(*levels) for levels in days])) == pytest.approx(lden(*parts))


def test_the_limits_of_2010() -> None:
    found = [(r.area_class, r.period_start, r.period_end, r.limit) for r in LIMITS]
    assert found == [
        ("special", 6, 21, 55), ("special", 21, 6, 45), ("ordinary", 6, 21, 70), ("ordinary", 21, 6, 55),
    ]  # fmt: skip


def test_the_worked_example_exceeds_by_night_only() -> None:
    found = evaluate("qcvn26_excess_d", meter(HOURS, end=BEFORE, noise_area_class="ordinary"), end=BEFORE)
    assert (found.value, found.category) == (4.391, "exceeds")
    day, night = found.details["periods"]
    assert (day["level"], day["excess"]) == (69.045, -0.955)
    assert (night["level"], night["limit"], night["hours"]) == (59.391, 55, 9)


def test_a_level_equal_to_its_limit_complies() -> None:
    quiet = [70.0 if 6 <= hour < 21 else 55.0 for hour in range(24)]
    site = meter(quiet, end=BEFORE, noise_area_class="ordinary")
    found = evaluate("qcvn26_excess_d", site, end=BEFORE)
    assert (found.value, found.category) == (0, "complies")
    assert evaluate("qcvn26_above_d", site, end=BEFORE).value == 0
    assert excess(70.0006, 70) > 0 >= excess(70.0004, 70)


@pytest.mark.parametrize("code", ["qcvn26_excess_d", "qcvn26_above_d"])
def test_since_the_regulation_of_2025_there_is_no_limit(code: str) -> None:
    last, first = (datetime(2025, 11, day, 17, tzinfo=UTC) for day in (13, 14))
    assert evaluate(code, meter(HOURS, end=last, noise_area_class="ordinary"), end=last).value is not None
    found = evaluate(code, meter(HOURS, end=first, noise_area_class="ordinary"), end=first)
    assert (found.value, found.reason) == (None, Reason.NO_LIMIT)


CONFIGURED = [
    {"area_class": "B", "period_start": 6, "period_end": 18, "limit": 65, "valid_from": "2025-11-14"},
    {"area_class": "B", "period_start": 18, "period_end": 22, "limit": 60, "valid_from": "2025-11-14"},
    {"area_class": "B", "period_start": 22, "period_end": 6, "limit": 50, "valid_from": "2025-11-14"},
]


def test_configured_limits_have_any_classes_periods_and_dates() -> None:
    site = meter(HOURS, noise_area_class="B", noise_limits=CONFIGURED)
    found = evaluate("qcvn26_excess_d", site)
    levels = [energy_mean(np.array(HOURS[a:b])) for a, b in ((6, 18), (18, 22))]
    assert [p["level"] for p in found.details["periods"][:2]] == pytest.approx(levels, abs=0.001)
    assert found.value == pytest.approx(max(levels[0] - 65, levels[1] - 60), abs=0.001)
    assert limits_of(site.properties, "B", date(2025, 11, 13)) == ()


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, Reason.NO_AREA_CLASS), ({"noise_area_class": 3}, Reason.NO_AREA_CLASS),
        ({"noise_area_class": "unheard-of"}, Reason.NO_LIMIT),
        ({"noise_area_class": "B", "noise_limits": [{"area_class": "B"}]}, Reason.NO_LIMIT),
    ],
)  # fmt: skip
def test_without_class_or_limit_there_is_no_value(properties: dict[str, Any], reason: Reason) -> None:
    found = at_site("qcvn26_excess_d", meter(HOURS, end=BEFORE, **properties), end=BEFORE)
    assert (found.value, found.reason) == (None, reason)


@pytest.mark.parametrize(
    ("change", "place"),
    [({"limit": "x"}, "limit"), ({"period_end": 25}, "period_end"), ({"valid_from": "soon"}, "valid_from")],
)
def test_a_wrong_limit_is_named(change: dict[str, Any], place: str) -> None:
    rows = [CONFIGURED[0], CONFIGURED[1] | change]
    with pytest.raises(ValueError, match=rf"noise_limits: .*\$\[1\]\.{place}"):
        read_limits(rows)


def test_a_period_with_too_few_hours_leaves_compliance_open() -> None:
    site = meter(gap(21, 22, 23), end=BEFORE, noise_area_class="ordinary")
    found = at_site("qcvn26_excess_d", site, end=BEFORE)
    assert (found.value, found.reason) == (None, Reason.INSUFFICIENT_DATA)
    assert found.completeness == pytest.approx(6 / 9)


def test_the_share_of_sites_above() -> None:
    sites = [
        meter([level] * 24, code, end=BEFORE, noise_area_class=area_class)
        for code, level, area_class in (
            ("a", 54.0, "ordinary"), ("b", 56.0, "ordinary"), ("c", 54.0, "special"), ("d", 44.0, "special"),
        )
    ]  # fmt: skip
    found = evaluate("qcvn26_above_d", *sites, meter([50.0] * 24, "e", end=BEFORE), end=BEFORE)
    assert (found.value, found.details["above"]) == (50, ["b", "c"])
    assert found.details["missing"] == {"e": "no_area_class"}


@pytest.mark.parametrize("code", DAILY)
def test_areas_show_the_median_and_the_loudest(code: str) -> None:
    sites = [meter([level] * 24, code) for code, level in (("a", 50.0), ("b", 80.0), ("c", 60.0))]
    found = evaluate(code, *sites)
    assert found.value == pytest.approx(at_site(code, sites[2]).value, abs=0.001)
    assert found.details["station"] == "b"
