"""Quality control: each test's flags, what they depend on, and what indicators make of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import quality
from analytics.quality import CALIBRATION, FLAG, Flag, apply_flags, calibrate, correct_humidity, dry
from analytics.quality_neighbours import near
from analytics.quality_rules import rule_set, usual
from analytics.quality_segments import HOUR_US
from analytics.quality_tests import Stream, judge, reach, staying
from analytics.series import Window
from bench.quality import FAULTS, figures, measure
from devices.profiles import ProfileError, load
from devices.profiles.tables import read_tables
from devices.quality import Flat, Neighbours, PropertyRules, QualityRulesError, Range, Rate, Spike, read_rules
from storage.observations import OBSERVATION
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

#: 2026-11-20T00:00:00Z
START = 1_795_132_800_000_000
MINUTE = 60_000_000
#: Five minutes: twelve readings an hour.
STREAM = Stream(id=1, observed_property="pm2_5", interval_s=300, latitude=20.95, longitude=107.07)
HOUR = Window(START, START + HOUR_US)


def rows(values: Any, *, stream: Stream = STREAM, before: int = 24) -> NDArray[np.void]:
    """Observations at the stream's interval, of which the first `before` lie before the hour."""
    found = np.zeros(len(values), OBSERVATION)
    found["datastream_id"], found["value"] = stream.id, values
    found["time"] = START + (np.arange(len(values)) - before) * stream.interval_s * 1_000_000
    return found


def flagged(
    values: Any, rules: PropertyRules, *, stream: Stream = STREAM, before: int = 24, window: Window = HOUR
) -> dict[int, list[str]]:
    """The names of flags by position in the hour."""
    found = judge(
        rows(values, stream=stream, before=before), [stream], {stream.observed_property: rules}, window
    )
    return {
        (int(row["time"]) - START) // (stream.interval_s * 1_000_000): quality.names(row["flags"])
        for row in found
    }


def noise(number: int, seed: int = 1) -> NDArray[np.float64]:
    return np.round(20 + np.random.default_rng(seed).normal(0, 1, number), 1)


def with_(values: NDArray[np.float64], **changed: float) -> NDArray[np.float64]:
    found = values.copy()
    for position, value in changed.items():
        found[24 + int(position[1:])] = value
    return found


def test_range() -> None:
    values = with_(noise(36), _0=0.0, _5=700, _6=600)
    assert flagged(values, PropertyRules(range=Range(low=0.1, high=600))) == {0: ["range"], 5: ["range"]}


def test_range_of_the_month() -> None:
    november = tuple(25.0 if month == 11 else 100.0 for month in range(1, 13))
    values = with_(np.full(36, 20.0), _3=26)
    rules = PropertyRules(range=Range(low=0, high=november))
    assert flagged(values, rules) == {3: ["range"]}
    later = replace(STREAM, id=2)
    december = rows(values, stream=later)
    december["time"] += 11 * 24 * HOUR_US
    moved = Window(HOUR.start + 11 * 24 * HOUR_US, HOUR.end + 11 * 24 * HOUR_US)
    assert len(judge(december, [later], {"pm2_5": rules}, moved)) == 0


def test_a_spike_is_flagged_and_not_what_stands_beside_it() -> None:
    rules = PropertyRules(spike=Spike(least=10), rate=Rate(per_minute=2, least=15))
    assert flagged(with_(noise(36), _4=60), rules) == {4: ["rate", "spike"]}
    assert flagged(with_(noise(36), _0=60), rules) == {0: ["rate", "spike"]}
    assert flagged(with_(noise(36), _11=60), rules) == {11: ["rate", "spike"]}


def test_two_spikes_in_a_row() -> None:
    assert flagged(with_(noise(36), _4=60, _5=61), PropertyRules(spike=Spike(least=10))) == {
        4: ["spike"], 5: ["spike"],
    }  # fmt: skip


def test_a_spike_is_measured_by_the_series_own_scatter() -> None:
    wild = 20 + 20 * (noise(36) - 20)
    assert flagged(with_(wild, _4=80), PropertyRules(spike=Spike(least=10, spreads=8))) == {}
    assert flagged(with_(noise(36), _4=38), PropertyRules(spike=Spike(least=10, share=1))) == {}
    assert flagged(with_(noise(36), _4=80), PropertyRules(spike=Spike(least=10, share=1))) == {4: ["spike"]}


def test_a_step_is_a_change_of_rate_until_the_median_has_followed() -> None:
    values = np.concatenate((np.full(28, 20.0), np.full(8, 120.0)))
    assert flagged(values, PropertyRules(rate=Rate(per_minute=2, least=15))) == {4: ["rate"], 5: ["rate"]}


def test_slow_changes_pass() -> None:
    rules = PropertyRules(rate=Rate(per_minute=2, least=15), spike=Spike(least=10))
    assert flagged(np.linspace(20, 250, 36), rules) == {}


def test_a_change_over_a_gap_has_the_time_that_passed() -> None:
    rules = {"pm2_5": PropertyRules(rate=Rate(per_minute=2, least=15))}
    values = rows(np.concatenate((np.full(24, 20.0), np.full(12, 200.0))))
    late = values.copy()
    late["time"][:24] -= 2 * HOUR_US - 30 * MINUTE
    assert len(judge(values, [STREAM], rules, HOUR)) > 0
    assert len(judge(late, [STREAM], rules, HOUR)) == 0


FLAT = PropertyRules(flat=Flat(seconds=5400, readings=6, natural=((0, 0.5),), natural_seconds=10_800))


def test_a_flat_line_is_flagged_once_it_has_lasted() -> None:
    values = noise(36)
    values[14:] = values[14]  # 50 minutes before the hour: 1 h 45 in all
    assert flagged(values, FLAT) == {i: ["flat"] for i in range(12)}
    values = noise(36)
    values[20:] = values[20]  # 20 minutes before: 1 h 15
    assert flagged(values, FLAT) == {}


def test_a_flat_line_that_ends_in_the_hour() -> None:
    values = noise(36)
    values[8:28] = values[8]
    assert flagged(values, FLAT) == {i: ["flat"] for i in range(4)}


def test_a_natural_value_may_stay_longer() -> None:
    # Two hours before and the hour itself are 2 h 55 min; with one reading more it is 3 h.
    assert flagged(np.zeros(36), FLAT) == {}
    assert flagged(np.zeros(37), FLAT, before=25) == {i: ["flat"] for i in range(12)}
    for_ever = PropertyRules(flat=Flat(seconds=5400, natural=((0, 0.5),)))
    assert flagged(np.zeros(400), for_ever, before=388) == {}


def test_few_readings_are_no_flat_line() -> None:
    hourly = replace(STREAM, interval_s=3600)
    assert flagged(np.full(5, 7.0), FLAT, stream=hourly, before=4) == {}
    assert flagged(np.full(6, 7.0), FLAT, stream=hourly, before=5) == {}  # the test looks back 3 h
    sparse = PropertyRules(flat=Flat(seconds=5400, readings=3))
    assert flagged(np.full(6, 7.0), sparse, stream=hourly, before=5) == {}
    assert flagged(
        np.full(6, 7.0), PropertyRules(flat=Flat(seconds=7200, readings=3)), stream=hourly, before=5
    ) == {0: ["flat"]}


def test_what_stays_the_same_wants_to_be_looked_at_further_back() -> None:
    rules = {"pm2_5": PropertyRules(flat=Flat(seconds=14_400))}
    assert reach(STREAM, rules) == 14_400_000_000
    assert staying(rows(np.full(36, 7.0)), [STREAM], rules, HOUR) == [STREAM]
    assert staying(rows(with_(np.full(36, 7.0), _3=8)), [STREAM], rules, HOUR) == [STREAM]
    values = np.full(36, 7.0)
    values[20] = 8
    assert staying(rows(values), [STREAM], rules, HOUR) == []
    assert staying(rows(noise(36)), [STREAM], rules, HOUR) == []
    assert staying(rows(np.zeros(0)), [STREAM], rules, HOUR) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=70, max_size=70), st.integers(0, 40))
def test_short_context_is_enough_for_what_does_not_stay(levels: list[int], constant: int) -> None:
    """The stage reads the long context only of the streams that `staying` names: nothing may differ by it."""
    values = np.array(levels, float)
    values[:constant] = 1.0
    rules = {"pm2_5": replace_flat(seconds=9000, readings=3)}
    everything = rows(values, before=58)
    short = everything[everything["time"] >= START - STREAM.context_us]
    enough = everything if staying(short, [STREAM], rules, HOUR) else short
    assert judge(enough, [STREAM], rules, HOUR).tolist() == judge(everything, [STREAM], rules, HOUR).tolist()


def replace_flat(seconds: int, readings: int) -> PropertyRules:
    return PropertyRules(
        flat=Flat(seconds=seconds, readings=readings),
        spike=Spike(least=1),
        rate=Rate(per_minute=0.1, least=1),
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 6))
def test_an_hour_is_judged_the_same_alone_and_among_others(seed: int, hours: int) -> None:
    rules = rule_set().by_property
    values = noise(12 * hours + 24, seed)
    values[seed % len(values)] = 300
    values[5 : 5 + seed % 30] = 21.5
    all_ = rows(values)
    together = judge(all_, [STREAM], rules, Window(START, START + hours * HOUR_US))
    alone = [
        judge(all_[all_["time"] < end], [STREAM], rules, Window(end - HOUR_US, end))
        for end in range(START + HOUR_US, START + (hours + 1) * HOUR_US, HOUR_US)
    ]
    assert together.tolist() == np.concatenate(alone).tolist()


def test_what_is_suspect_or_out_of_range_is_no_context() -> None:
    values = rows(with_(noise(36), _3=5000, _4=5000, _5=5000))
    values["quality"][24 + 3] = 1
    both = PropertyRules(
        range=Range(low=0, high=600), spike=Spike(least=10), rate=Rate(per_minute=2, least=15)
    )
    found = judge(values, [STREAM], {"pm2_5": both}, HOUR)
    assert [quality.names(row["flags"]) for row in found] == [["range"]] * 3


def stations(medians: list[float], *, apart_km: float = 10) -> tuple[list[Stream], NDArray[np.void]]:
    """Stations on a line, each with readings around its median."""
    streams = [replace(STREAM, id=i + 1, latitude=20 + i * apart_km / 111.2) for i in range(len(medians))]
    parts = [
        rows(value + np.tile([-0.5, 0, 0.5], 12), stream=s) for s, value in zip(streams, medians, strict=True)
    ]
    return streams, np.concatenate(parts)


NEIGHBOURS = PropertyRules(neighbours=Neighbours(radius_km=60, difference=20, factor=3))


def disagreeing(medians: list[float], rules: PropertyRules = NEIGHBOURS, apart_km: float = 10) -> set[int]:
    streams, found = stations(medians, apart_km=apart_km)
    return set(judge(found, streams, {"pm2_5": rules}, HOUR)["datastream_id"].tolist())


def test_the_station_that_disagrees_is_flagged_for_the_hour_and_still_counts() -> None:
    streams, observed = stations([20, 22, 90, 25, 18])
    found = judge(observed, streams, {"pm2_5": NEIGHBOURS}, HOUR)
    assert found["datastream_id"].tolist() == [3] * 12
    assert set(found["flags"]) == {Flag.NEIGHBOURS}
    assert not found["excluded"].any()
    strict = PropertyRules(neighbours=NEIGHBOURS.neighbours, excludes=("neighbours",))
    assert judge(observed, streams, {"pm2_5": strict}, HOUR)["excluded"].all()


def test_neighbours_have_to_agree_among_themselves() -> None:
    assert disagreeing([20, 22, 90, 25, 18]) == {3}
    assert disagreeing([20, 120, 90, 45, 18]) == set()  # their scatter is as large
    assert disagreeing([20, 22, 45, 25, 18]) == set()  # not three times
    assert disagreeing([2, 2, 12, 3, 2]) == set()  # not 20 µg/m³
    assert disagreeing([200, 220, 30, 250, 190]) == {3}  # low disagrees too


def test_neighbours_are_within_the_radius_and_enough() -> None:
    assert disagreeing([20, 22, 90, 25]) == {3}
    assert disagreeing([20, 22, 90]) == set()
    assert disagreeing([20, 22, 90, 25, 18], apart_km=50) == set()
    streams, _ = stations([0] * 20, apart_km=1)
    found = near(streams, {"pm2_5": NEIGHBOURS})
    assert found[1] == list(range(2, 14))
    assert found[10][:2] == [9, 11]


def test_other_properties_are_not_judged() -> None:
    assert len(judge(rows(noise(36)), [replace(STREAM, observed_property="rssi")], {}, HOUR)) == 0
    assert len(judge(rows([]), [STREAM], rule_set().by_property, HOUR)) == 0


def test_names_and_counts() -> None:
    assert quality.names(Flag.SPIKE | Flag.RANGE) == ["range", "spike"]
    flags = np.array([(1, 0, 9, True), (1, 1, 8, True)], FLAG)
    assert quality.counts(flags) == {"range": 1, "spike": 2}


def test_flags_make_a_copy_suspect() -> None:
    first, second = rows(noise(36)), rows(noise(36), stream=replace(STREAM, id=7))
    both = np.concatenate((first, second))
    times = first["time"]
    flags = np.array(
        [(1, times[2], 8, True), (1, times[3], 16, False), (1, 5, 8, True), (3, times[2], 8, True),
         (7, times[35], 4, True)], FLAG,
    )  # fmt: skip
    found = apply_flags(both, flags)
    assert np.flatnonzero(found["quality"]).tolist() == [2, 71]
    assert not both["quality"].any()
    assert apply_flags(both, np.empty(0, FLAG)) is both


def test_calibrations_hold_for_their_time() -> None:
    both = np.concatenate((rows(np.full(36, 10.0)), rows(np.full(36, 10.0), stream=replace(STREAM, id=7))))
    begin = int(both["time"][0])
    found = calibrate(
        both,
        np.array([(1, begin, begin + 10 * MINUTE, 2, 1), (1, begin + 10 * MINUTE, begin + 15 * MINUTE, 1, -3),
                  (7, begin, START, 0.5, 0)], CALIBRATION),
    )  # fmt: skip
    assert found["value"][:4].tolist() == [21, 21, 7, 10]
    assert found["value"][36:].tolist() == [5.0] * 24 + [10.0] * 12
    assert set(both["value"]) == {10.0}


def test_humid_air_is_taken_out_of_optical_pm() -> None:
    humidity = np.array([50, 85, 85.01, 90, 95, 100, np.nan])
    found = dry(np.full(7, 100.0), humidity, kappa=0.4)
    assert found[[0, 1, 6]].tolist() == [100, 100, 100]
    # C(90 %) = 1 + 0.4/1.65 · 9 = 3.1818, C(85 %) = 1 + 0.4/1.65 · 5.6667 = 2.3737
    assert found[3] == pytest.approx(100 / (3.181818 / 2.373737), rel=1e-6)
    assert found[2] == pytest.approx(100, rel=1e-3)
    assert found[4] == found[5] < found[3]
    assert dry(np.array([100.0]), np.array([95.0]), kappa=0.0).tolist() == [100]


def test_the_last_humidity_of_half_an_hour_counts() -> None:
    pm, station = rows(np.full(36, 100.0)), replace(STREAM, id=9)
    humidity = rows(np.full(36, 90.0), stream=station)[[0, 35]]
    humidity["quality"][1] = 1
    found = correct_humidity(pm, 1, humidity, 0.4)["value"]
    assert np.flatnonzero(found < 100).tolist() == [0, 1, 2, 3, 4, 5]
    assert correct_humidity(pm, 2, humidity, 0.4) is pm


def test_rules_are_data_that_a_city_overrides_test_by_test() -> None:
    own = {
        "pm2_5": {"spike": None, "range": {"low": 1, "high": 300}},
        "rssi": {"range": {"low": -130, "high": 0}},
    }
    ours, theirs = rule_set(), rule_set(own)
    assert theirs.by_property["pm2_5"].spike is None
    assert theirs.by_property["pm2_5"].range == Range(low=1, high=300)
    assert theirs.by_property["pm2_5"].flat == ours.by_property["pm2_5"].flat
    assert theirs.by_property["rssi"].range == Range(low=-130, high=0)
    assert theirs.by_property["pm10"] == ours.by_property["pm10"]
    assert ours.version != theirs.version
    assert rule_set().version == ours.version


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"spike": {"least": "much"}}, "Expected `float`, got `str` - at `$.spike.least`"),
        ({"spike": {"most": 1}}, "unknown field `most`"),
        ({"range": {"low": [1, 2], "high": 3}}, "length"),
        ({"excludes": ["rain"]}, "no test rain; there are range, rate, flat, spike, neighbours"),
    ],
)
def test_wrong_rules_are_named(rules: dict[str, Any], problem: str) -> None:
    with pytest.raises(QualityRulesError, match="quality rules of pm2_5") as raised:
        read_rules({"pm2_5": rules})
    assert problem in str(raised.value)


def test_the_usual_rules_are_about_known_properties_and_within_physical_limits() -> None:
    city = load("quang_ninh")
    known = {p.code: p for p in city.observed_properties}
    for code, rules in rule_set(city.properties["quality_rules"]).by_property.items():
        assert code in known
        if rules.range is not None:
            assert np.min(rules.range.low) >= known[code].minimum
            assert np.max(rules.range.high) <= known[code].maximum
            assert np.all(np.array(rules.range.low) < np.array(rules.range.high))
    assert set(city.properties["quality_rules"]) <= set(usual())


def test_a_profile_with_wrong_quality_rules_is_refused(tmp_path: Path) -> None:
    source = load.__globals__["_FOLDER"] / "quang_ninh"
    for name in ("city.json", "areas.csv", "observed_properties.csv"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    (tmp_path / "quality_rules.json").write_text('{"pm2_5": {"flat": {"seconds": 1}}}')
    with pytest.raises(
        ProfileError, match=r"quality_rules\.json: quality rules of pm2_5: Expected `int` >= 600"
    ):
        load(tmp_path)
    (tmp_path / "quality_rules.json").write_text('{"phlogiston": {}}')
    with pytest.raises(
        ProfileError, match=r"quality_rules\.json: phlogiston is not in observed_properties\.csv"
    ):
        load(tmp_path)
    (tmp_path / "quality_rules.json").unlink()
    assert read_tables(tmp_path).quality_rules == {}


def test_the_document_has_every_flag_with_its_bit_and_the_example_of_rules_is_valid() -> None:
    text = (REPOSITORY / "docs" / "quality.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)
    assert rows == [(str(flag.name).lower(), str(flag.value)) for flag in Flag]
    (example,) = re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert rule_set(json.loads(example)).by_property["river_level"].flat is None


def test_the_bench_counts_what_was_labelled() -> None:
    scores = measure(seeds=[5], days=1, streams=1)
    assert {fault for _, fault in scores} == {"none", *FAULTS}
    for (_, fault), score in scores.items():
        assert score.both <= min(score.labelled, score.flagged)
        assert score.found <= score.faults
        assert fault != "none" or score.labelled == 0
    assert figures(scores)["recall_unit_mistake"].summary["ratio"] > 0.9
    assert scores == measure(seeds=[5], days=1, streams=1)
