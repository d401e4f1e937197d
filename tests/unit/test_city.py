from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from devices import profiles
from devices.model import Profile, is_code
from simulators import backfill, faults, sampling
from simulators.city import populate, slug
from simulators.outbox import Outbox
from simulators.service import simulated_gateways
from simulators.signals import SIGNALS, Signals

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def bare() -> Profile:
    return profiles.load("quang_ninh")


@pytest.fixture(scope="module")
def city(bare: Profile) -> Profile:
    return populate(bare)


def test_each_district_has_two_gateways_and_twenty_devices(city: Profile) -> None:
    gateways = Counter(each.areas[0] for each in simulated_gateways(city))
    devices = Counter(each.areas[0] for each in simulated_gateways(city) for _ in each.things)
    districts = {area.code for area in city.areas if area.level == "district"}
    assert gateways.keys() == districts
    assert len(districts) == 13
    assert min(gateways.values()) >= 2
    assert min(devices.values()) >= 20


def test_codes_are_unique_and_allowed(city: Profile) -> None:
    codes = [each.code for each in city.gateways] + [t.code for each in city.gateways for t in each.things]
    assert len(set(codes)) == len(codes)
    assert all(map(is_code, codes))
    assert {"ha-long-1", "ha-long-air-1", "co-to-tide-1"} <= set(codes)


@pytest.mark.parametrize(
    ("name", "word"),
    [("Ha Long City", "ha-long"), ("Đông Triều Town", "dong-trieu"), ("Co To District", "co-to")],
)
def test_slug(name: str, word: str) -> None:
    assert slug(name) == word


def test_a_device_stands_in_its_district_and_in_a_commune_that_came_from_it(city: Profile) -> None:
    areas = {area.code: area for area in city.areas}
    for each in simulated_gateways(city):
        for thing in each.things:
            district, commune = thing.areas
            assert areas[commune].predecessors[0] == district
            points = (areas[district], areas[commune])
            assert min(abs(thing.latitude - area.latitude) for area in points) < 0.05
            assert min(abs(thing.longitude - area.longitude) for area in points) < 0.05


def test_only_declared_properties_are_observed_at_their_intervals(bare: Profile) -> None:
    few = tuple(each for each in bare.observed_properties if each.code in {"pm2_5", "rainfall"})
    city = populate(replace(bare, observed_properties=few))
    streams = {(c, s) for g in city.gateways for t in g.things for c, s in t.datastreams.items()}
    assert streams == {("pm2_5", 300), ("rainfall", 600)}


def test_the_sea_is_gauged_on_the_coast_only(city: Profile) -> None:
    coastal = {each.areas[0] for each in city.gateways if any(t.kind == "tide_gauge" for t in each.things)}
    assert {"193", "207"} <= coastal
    assert not coastal & {"198", "202"}


def test_the_same_seed_gives_the_same_city(bare: Profile) -> None:
    assert populate(bare, seed=3) == populate(bare, seed=3)
    assert populate(bare, seed=3) != populate(bare, seed=4)


def test_the_tour_is_not_simulated(city: Profile) -> None:
    (tour,) = [each for each in city.gateways if each.code == "tour"]
    (air,) = tour.things
    assert air.datastreams.keys() == {"pm2_5", "pm10", "air_temperature"}
    assert tour.areas == air.areas == ()
    assert tour not in simulated_gateways(city)


def test_a_profile_without_districts_is_refused(bare: Profile) -> None:
    with pytest.raises(ValueError, match="no area of level 'district'"):
        populate(replace(bare, areas=bare.areas[:1]))


def test_every_kind_has_a_signal(city: Profile) -> None:
    assert {t.kind for g in simulated_gateways(city) for t in g.things} == set(SIGNALS)


def test_backfill_yields_the_rows_that_live_gateways_would_have_sent(city: Profile) -> None:
    things = {t.code: t for g in simulated_gateways(city) if g.areas[0] == "207" for t in g.things}
    ids = {(t.code, c): n for n, (t, c) in enumerate((t, c) for t in things.values() for c in t.datastreams)}
    names = {number: pair for pair, number in ids.items()}
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    chunks = list(backfill.rows(city, ids, start, end))
    rows = np.concatenate(chunks)
    assert len(chunks) == len(things)
    assert set(rows["datastream_id"]) == set(ids.values())
    assert len(np.unique(rows[["datastream_id", "time"]])) == len(rows)
    assert rows["time"].min() >= backfill.microseconds(start)
    assert rows["time"].max() < backfill.microseconds(end)
    signals = Signals(city)
    for row in rows[:: len(rows) // 200]:
        code, observed = names[row["datastream_id"]]
        assert observed in sampling.due(things[code], int(row["time"]))
        alone = signals.values(things[code], np.array([row["time"]]))
        assert alone[observed][0] == row["value"]


def test_backfill_leaves_out_what_is_not_registered(city: Profile) -> None:
    start, end = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    (only,) = backfill.rows(city, {("ha-long-air-1", "pm10"): 7}, start, end)
    assert set(only["datastream_id"]) == {7}
    assert len(only) == 288


def test_grids_of_a_device_share_their_instants(city: Profile) -> None:
    station = next(t for g in city.gateways for t in g.things if t.code == "ha-long-weather-1")
    fine = sampling.grid(station, 300, 0, 86_400_000_000)
    coarse = sampling.grid(station, 600, 0, 86_400_000_000)
    assert len(fine) == 288
    assert set(coarse) <= set(fine)
    assert np.all(np.diff(fine) == 300_000_000)
    quick = sampling.grid(station, 600, 0, 86_400_000_000, every=10)
    assert len(quick) == 8640


def test_the_memory_outlives_the_process_and_a_torn_line(tmp_path: Path) -> None:
    path = tmp_path / "gw.journal"
    first = Outbox(path, limit=5)
    for number in range(8):
        first.add([{"device": "d", "value": number}])
    assert (first.pending(), first.dropped) == ([4, 5, 6, 7, 8], 3)
    assert first.confirm(5) == 2
    first.close()
    with path.open("a") as journal:
        journal.write('["keep", 9, [{"devi')
    second = Outbox(path)
    assert second.pending() == [6, 7, 8]
    assert second.oldest == 6
    assert second.add([]) == 9
    assert b'"seq":7,"oldest":6' in second.payload(7)
    second.confirm(9)
    assert (len(second), second.oldest) == (0, 10)
    second.close()


SERIES = np.arange(10.0)


@pytest.mark.parametrize(
    ("spoilt", "expected"),
    [
        (faults.stuck(SERIES, 2, 5), [0, 1, 2, 2, 2, 5, 6, 7, 8, 9]),
        (faults.zero(SERIES, 2, 5), [0, 1, 0, 0, 0, 5, 6, 7, 8, 9]),
        (faults.spike(SERIES, 2, 100), [0, 1, 102, 3, 4, 5, 6, 7, 8, 9]),
        (faults.drift(SERIES, 2, 5, 0.5), [0, 1, 2.5, 4, 5.5, 5, 6, 7, 8, 9]),
        (faults.unit_mistake(SERIES, 2, 5), [0, 1, 2000, 3000, 4000, 5, 6, 7, 8, 9]),
    ],
)
def test_a_fault_spoils_a_copy_and_is_labelled(spoilt: faults.Spoilt, expected: list[float]) -> None:
    assert spoilt.values.tolist() == expected
    (label,) = spoilt.labels
    changed = np.flatnonzero(spoilt.values != SERIES)
    assert label.start <= changed.min()
    assert changed.max() < label.stop
    assert SERIES.tolist() == list(range(10))


def test_a_fault_outside_the_series_is_refused() -> None:
    with pytest.raises(ValueError, match="stuck from 8 to 12"):
        faults.stuck(SERIES, 8, 12)


def test_random_faults_are_as_frequent_as_asked() -> None:
    rates = {"stuck": 0.3, "spike": 0.1}
    found = Counter(
        label.fault
        for sensor in range(2000)
        for label in faults.at_random(SERIES, seed=1, name=f"s{sensor}", rates=rates).labels
    )
    assert found["stuck"] == pytest.approx(600, abs=80)
    assert found["spike"] == pytest.approx(200, abs=50)
    assert faults.at_random(SERIES, seed=1, name="s1", rates={}).labels == ()


PAYLOADS = [b"aaaa", b"bbbb", b"cccc", b"dddd", b"eeee"]


@pytest.mark.parametrize(
    ("traffic", "expected", "labelled"),
    [
        (faults.malformed(PAYLOADS, 1), b"aaaa bb cccc dddd eeee", b"bb"),
        (faults.duplicates(PAYLOADS, 1, 2), b"aaaa bbbb bbbb bbbb cccc dddd eeee", b"bbbb bbbb"),
        (faults.out_of_order(PAYLOADS, 1, 2), b"aaaa cccc dddd bbbb eeee", b"bbbb"),
        (faults.outage(PAYLOADS, 1, 3, 4), b"aaaa dddd bbbb cccc eeee", b"bbbb cccc"),
    ],
)
def test_a_fault_of_transport_is_labelled(traffic: faults.Traffic, expected: bytes, labelled: bytes) -> None:
    assert traffic.payloads == tuple(expected.split())
    (label,) = traffic.labels
    assert traffic.payloads[label.start : label.stop] == tuple(labelled.split())
