"""Coverage, completeness, the registry of indicators and their schedule."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics.indicator import INDICATORS, select
from analytics.inputs import Activity, AreaInputs, AreaUnit, Period, Site
from analytics.network import LateHour
from analytics.recompute import affected
from analytics.results import Reason, Value
from analytics.schedule import SETTLE, due, last_end, periods
from analytics.series import HOUR, Window, to_micros
from analytics.steps import Step

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
END = datetime(2026, 11, 22, 13, tzinfo=UTC)
CODES = sorted(INDICATORS)
#: cited elsewhere: they keep their codes
CITED = {
    "vn_aqi_h", "pm2_5_24h", "traffic_speed", "traffic_tti", "rain_1h", "rain_3h", "rain_24h", "laeq_1h",
    "parking_occupancy", "iot_coverage", "data_completeness",
}  # fmt: skip


def activity(counts: list[int], *, interval_s: int = 60, suspect: Any = 0, end: datetime = END) -> Activity:
    """Counts of the quarters of an hour before `end`, oldest first."""
    first = to_micros(end) - len(counts) * 900_000_000
    times = np.array([first + i * 900_000_000 for i in range(len(counts))], np.int64)
    marked = np.array([suspect] + [0] * (len(counts) - 1), np.int64)
    return Activity(times, np.array(counts, np.int64), marked, interval_s)


def evaluate(code: str, area: AreaUnit, *sites: Site, end: datetime = END) -> Value:
    indicator = INDICATORS[code]
    return indicator.evaluate(
        AreaInputs(area, sites), Period(Window.of(end - indicator.step.length, end), ZONE)
    )


def province(populations: list[int], **dates: Any) -> tuple[AreaUnit, list[Site]]:
    parts = tuple(
        AreaUnit(f"d{i}", people, gateways=frozenset({f"g{i}"}), **dates)
        for i, people in enumerate(populations)
    )
    sites = [Site(f"t{i}", f"g{i}", activity={"rainfall": activity([1] * 4)}) for i in range(len(parts))]
    everyone = frozenset(g for p in parts for g in p.gateways)
    return AreaUnit("22", sum(populations), gateways=everyone, parts=parts), sites


def test_twelve_of_thirteen_districts_are_live() -> None:
    area, sites = province([109_503] * 11 + [109_506, 6285])
    found = evaluate("iot_coverage", area, *sites[:-1])
    assert found.value == pytest.approx(92.308)
    assert found.details["population_weighted"] == pytest.approx(99.524)
    assert found.details["silent"] == ["d12"]


def test_a_district_is_the_share_of_its_gateways() -> None:
    area = AreaUnit("193", gateways=frozenset({"g0", "g1", "g2", "g3"}))
    sites = [Site(f"t{i}", f"g{i}", activity={"rainfall": activity([1])}) for i in range(3)]
    found = evaluate("iot_coverage", area, *sites)
    assert (found.value, found.details["silent"]) == (75.0, ["g3"])


def test_an_area_without_gateways_has_no_coverage() -> None:
    assert evaluate("iot_coverage", AreaUnit("193")).reason == Reason.NO_STATION


def test_a_gateway_is_silent_after_three_heartbeats() -> None:
    area = AreaUnit("193", gateways=frozenset({"g0"}))
    quiet = Site("t0", "g0", 300, activity={"rainfall": activity([5, 5, 5, 0])})
    slow = Site("t0", "g0", 600, activity={"rainfall": activity([5, 5, 5, 0])})
    hourly = Site("t0", "g0", 300, activity={"bin_fill": activity([1, 0, 0, 0], interval_s=3600)})
    assert [evaluate("iot_coverage", area, s).value for s in (quiet, slow, hourly)] == [0, 100, 100]


def test_a_suspect_value_is_a_sign_of_life() -> None:
    area = AreaUnit("193", gateways=frozenset({"g0"}))
    site = Site("t0", "g0", activity={"rainfall": activity([0], suspect=1)})
    assert evaluate("iot_coverage", area, site).value == 100


def test_units_in_force_count_and_abolished_ones_only_where_nothing_else_is_reported() -> None:
    area, sites = province([1, 1], valid_to=date(2025, 7, 1))
    assert evaluate("iot_coverage", area, *sites).details["units"] == 2
    commune = AreaUnit("c0", 1, valid_from=date(2025, 7, 1), gateways=frozenset({"g0"}))
    both = AreaUnit("22", gateways=area.gateways, parts=(*area.parts, commune))
    assert evaluate("iot_coverage", both, *sites).details["units"] == 1


def test_completeness_of_an_hour() -> None:
    site = Site("t0", activity={"sound_laeq": activity([15, 15, 15, 10])})
    assert evaluate("data_completeness", AreaUnit("193"), site).value == pytest.approx(91.667)


def test_completeness_adds_up_before_it_divides() -> None:
    one = Site("t0", activity={"sound_laeq": activity([15] * 4)})
    two = Site("t1", activity={"rainfall": activity([0] * 4, interval_s=600)})
    found = evaluate("data_completeness", AreaUnit("193"), one, two)
    assert found.value == pytest.approx(100 * 60 / 66, abs=0.001)
    assert (found.details["expected"], found.details["valid"]) == (66, 60)
    assert found.details["silent"] == ["t1"]


def test_completeness_is_at_most_100_and_leaves_suspect_and_daily_values_out() -> None:
    site = Site(
        "t0",
        activity={
            "a": activity([15] * 4, interval_s=120),
            "b": activity([0] * 4, interval_s=900, suspect=4),
            "c": activity([0] * 4, interval_s=86_400),
        },
    )
    found = evaluate("data_completeness", AreaUnit("193"), site)
    assert found.value == pytest.approx(100 * 30 / 34, abs=0.001)
    assert found.details["suspect"] == 4


def test_all_silent_is_zero_percent() -> None:
    assert evaluate("data_completeness", AreaUnit("193"), Site("t", activity={"a": activity([])})).value == 0


def test_cited_indicators_are_declared() -> None:
    assert set(INDICATORS) >= CITED


def is_vietnamese(text: str) -> bool:
    """Tell whether a text has letters that English has not; the Đ of a decision's number is none of them."""
    return not set("ăâêôơưạảấầẩậắằẳặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ").isdisjoint(text.lower())


@pytest.mark.parametrize("code", CODES)
def test_a_declaration_is_complete(code: str) -> None:
    i = INDICATORS[code]
    written = json.loads(json.dumps(i.declaration()))
    assert i.name_en
    assert i.name_vi
    assert i.unit
    assert len(i.description.en) > 40
    assert written["source"]["document"]
    assert written["source"]["trust"]
    assert written["area_rule"]
    for text in (i.description, i.area_rule, i.source.note):
        assert text is not None
        assert is_vietnamese(text.vi)
        assert not is_vietnamese(text.en)
    assert i.window >= i.step.length
    assert i.inputs or i.of
    assert all(INDICATORS[source].step.length < i.step.length for source in i.of)
    assert i.raw_window is None or i.raw_window <= i.window


@pytest.mark.parametrize("code", CODES)
def test_an_area_without_stations_has_no_value_and_says_why(code: str) -> None:
    found = evaluate(code, AreaUnit("193"))
    assert (found.value, found.reason, found.completeness) == (None, Reason.NO_STATION, 0)


def test_an_unknown_code_is_named() -> None:
    with pytest.raises(KeyError, match="no indicator nonsense: choose from"):
        select(["nonsense"])
    assert select([]) == list(INDICATORS.values())


@pytest.mark.parametrize(
    ("zone", "step", "expected"),
    [
        ("Asia/Ho_Chi_Minh", Step.HOUR, datetime(2026, 11, 22, 13, tzinfo=UTC)),
        ("Asia/Kolkata", Step.HOUR, datetime(2026, 11, 22, 12, 30, tzinfo=UTC)),
        ("Asia/Ho_Chi_Minh", Step.TEN_MINUTES, datetime(2026, 11, 22, 13, 20, tzinfo=UTC)),
        ("Asia/Ho_Chi_Minh", Step.DAY, datetime(2026, 11, 21, 17, tzinfo=UTC)),
        ("Asia/Ho_Chi_Minh", Step.MONTH, datetime(2026, 10, 31, 17, tzinfo=UTC)),
        ("Asia/Ho_Chi_Minh", Step.YEAR, datetime(2025, 12, 31, 17, tzinfo=UTC)),
        ("Europe/Berlin", Step.YEAR, datetime(2025, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_steps_are_cut_in_local_time(zone: str, step: Step, expected: Any) -> None:
    assert step.floor(datetime(2026, 11, 22, 13, 27, tzinfo=UTC), ZoneInfo(zone)) == expected


def test_a_step_ends_where_the_next_begins() -> None:
    for zone, step in itertools.product((ZONE, ZoneInfo("Europe/Berlin")), Step):
        at = step.floor(datetime(2023, 1, 1, 12, tzinfo=UTC), zone)
        for _ in range(800 if step.length >= timedelta(days=1) else 50):
            after = step.after(at, zone)
            assert at < after
            assert step.floor(after, zone) == after
            assert step.floor(after - timedelta(seconds=1), zone) == at
            at = after


def test_only_whole_steps_are_computed() -> None:
    start, end = END + timedelta(minutes=1), END + timedelta(hours=3, minutes=59)
    found = [p.start.hour for p in periods(INDICATORS["laeq_1h"], start, end, ZONE)]
    assert found == [14, 15]


def test_no_step_before_its_rule_is_valid() -> None:
    start = datetime(2025, 12, 31, tzinfo=UTC)
    assert len(list(periods(INDICATORS["pm2_5_24h"], start, start + HOUR, ZONE))) == 1
    start = datetime(2023, 9, 11, tzinfo=UTC)
    assert not list(periods(INDICATORS["pm2_5_24h"], start, start + HOUR, ZONE))


def test_the_running_step_is_never_due() -> None:
    laeq = INDICATORS["laeq_1h"]
    assert last_end(laeq, END + SETTLE - timedelta(seconds=1), ZONE) == END - HOUR
    assert last_end(laeq, END + SETTLE, ZONE) == END
    assert due([laeq], {"laeq_1h": END}, END + timedelta(minutes=59), ZONE) == []
    (found,) = due([laeq], {"laeq_1h": END - 2 * HOUR}, END + SETTLE, ZONE)
    assert (found.start, found.end) == (END - 2 * HOUR, END)


def test_short_steps_are_computed_again_when_their_hour_closes() -> None:
    rain = INDICATORS["rain_1h"]
    ten = timedelta(minutes=10)
    (within,) = due([rain], {"rain_1h": END}, END + ten + SETTLE, ZONE)
    assert (within.start, within.end) == (END, END + ten)
    (closing,) = due([rain], {"rain_1h": END - ten}, END + SETTLE, ZONE)
    assert (closing.start, closing.end) == (END - HOUR, END)


def test_what_was_never_computed_waits_for_data() -> None:
    assert due(INDICATORS.values(), {}, END, ZONE) == []


def spans(
    code: str, *hours: tuple[datetime, str], at: datetime = END + timedelta(days=3)
) -> list[tuple[datetime, datetime]]:
    late = [LateHour(hour, prop, 1, 1) for hour, prop in hours]
    return [(s.start, s.end) for s in affected(late, [INDICATORS[code]], at, ZONE)]


def test_a_late_hour_touches_every_step_that_reads_it() -> None:
    assert spans("laeq_1h", (END, "sound_laeq")) == [(END, END + HOUR)]
    assert spans("vn_aqi_h", (END, "no2")) == [(END, END + 12 * HOUR)]
    assert spans("rain_3h", (END, "rainfall")) == [(END, END + 4 * HOUR - timedelta(minutes=10))]
    assert spans("vn_aqi_h", (END, "rainfall")) == []
    assert spans("data_completeness", (END, "rainfall")) == [(END, END + HOUR)]


def test_late_hours_do_not_make_unfinished_steps_final() -> None:
    assert spans("vn_aqi_h", (END, "no2"), at=END + 2 * HOUR + SETTLE) == [(END, END + 2 * HOUR)]
    assert spans("laeq_1h", (END, "sound_laeq"), at=END + timedelta(minutes=30)) == []


def test_neighbouring_late_hours_are_one_span() -> None:
    found = spans("laeq_1h", (END + HOUR, "sound_laeq"), (END, "sound_laeq"), (END + 5 * HOUR, "sound_laeq"))
    assert found == [(END, END + 2 * HOUR), (END + 5 * HOUR, END + 6 * HOUR)]
