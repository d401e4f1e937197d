"""Indicators on a real TimescaleDB: equal to plain numpy, revised when they change."""

from __future__ import annotations

import asyncio
import csv
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.recompute import recompute_late
from analytics.run import Counts, compute
from analytics.schedule import SETTLE
from analytics.service import begin, run, run_due
from devices.model import Area, Gateway, ObservedProperty, Profile, Thing
from devices.registry import datastream_ids, import_profile
from runtime.settings import Settings
from storage.observations import OBSERVATION, copy_in
from storage.pool import connect

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import AsyncConnection

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: observed property -> sampling interval, s
MEASURED = {
    "air_station": {"pm2_5": 300, "no2": 300},
    "rain_gauge": {"rainfall": 600},
    "traffic_counter": {"traffic_speed": 300, "traffic_flow": 300},
    "sound_meter": {"sound_laeq": 60},
}
DISTRICTS = ("193", "194")


def city() -> Profile:
    """A province of two districts, each with one gateway that has one thing of each kind."""
    return Profile(
        code="test", name_en="Test", name_vi="Thử", time_zone="Asia/Ho_Chi_Minh",
        areas=(_area("22", None, "province"), *(_area(code, "22", "district") for code in DISTRICTS)),
        observed_properties=tuple(
            ObservedProperty(
                code=code, name_en=code, name_vi=code, unit="1", minimum=0, maximum=5000, aggregation="mean",
                sampling_interval_s=interval, device_kind=kind,
            )
            for kind, found in MEASURED.items() for code, interval in found.items()
        ),
        gateways=tuple(_gateway(code) for code in DISTRICTS),
    )  # fmt: skip


def _area(code: str, parent: str | None, level: str) -> Area:
    return Area(
        code=code, parent=parent, level=level, kind=level, name_en=code, name_vi=code, latitude=20.95,
        longitude=107.07, valid_from=date(2020, 1, 1), population=100_000, reporting=True,
    )  # fmt: skip


def _gateway(area: str) -> Gateway:
    things = tuple(
        Thing(
            code=f"{kind}-{area}", name=kind, kind=kind, latitude=20.95, longitude=107.07, areas=(area,),
            datastreams=dict(found), properties={"v_ff": 60} if kind == "traffic_counter" else {},
        )
        for kind, found in MEASURED.items()
    )  # fmt: skip
    return Gateway(
        code=f"gw-{area}", name=area, latitude=20.95, longitude=107.07, areas=(area,), things=things
    )


@pytest.fixture
async def ids(conn: AsyncConnection[Any]) -> dict[tuple[str, str], int]:
    """Datastream ids of the city by (thing, observed property), with the catalogue written."""
    await import_profile(conn, city())
    await values.write_catalogue(conn, INDICATORS.values())
    return await datastream_ids(conn)


def rows(datastream: int, start: datetime, measured: list[float], interval_s: int) -> np.ndarray:
    found = np.zeros(len(measured), OBSERVATION)
    found["datastream_id"] = datastream
    found["time"] = int(start.timestamp()) * 1_000_000 + np.arange(len(measured)) * interval_s * 1_000_000
    found["value"] = measured
    return found


async def measure(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], hours: int
) -> dict[Any, np.ndarray]:
    """Store seeded values of every datastream and return them by (thing, observed property)."""
    random, stored = np.random.default_rng(1), {}
    for (thing, name), datastream in ids.items():
        interval = MEASURED[thing.rsplit("-", 1)[0]][name]
        measured = random.uniform(20, 90, hours * 3600 // interval)
        stored[thing, name] = measured
        await copy_in(conn, rows(datastream, START, list(measured), interval))
    return stored


def levels(around: float, count: int) -> list[float]:
    """Sound levels in dB that vary as a street's do: constant ones would be flagged."""
    return list(around + np.random.default_rng(2).normal(0, 1.5, count))


def energy(measured: list[float]) -> float:
    return float(10 * np.log10((10 ** (np.array(measured) / 10)).mean()))


async def current(conn: AsyncConnection[Any], code: str, area: str) -> dict[datetime, Any]:
    """Return (value, reason, revision, details) of the current revisions by time."""
    cursor = await conn.execute(
        "SELECT v.time, v.value, v.reason, v.revision, v.details FROM indicator_values v "
        "JOIN areas a ON a.id = v.area_id "
        "WHERE v.indicator = %s AND a.code = %s AND superseded_at IS NULL ORDER BY v.time",
        [code, area],
    )
    return {row[0]: row[1:] for row in await cursor.fetchall()}


async def test_values_equal_plain_numpy(conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]) -> None:
    stored = await measure(conn, ids, 26)
    counts = await compute(conn, select([]), START, START + 26 * HOUR)
    assert counts.computed == counts.written > 0

    found = await current(conn, "laeq_1h", "193")
    levels = stored["sound_meter-193", "sound_laeq"].reshape(26, 60)
    expected = 10 * np.log10((10 ** (levels / 10)).mean(axis=1))
    assert [row[0] for row in found.values()] == pytest.approx(expected, abs=0.001)

    found = await current(conn, "traffic_speed", "22")
    v, q = (
        np.concatenate([stored[f"traffic_counter-{d}", name].reshape(26, 12) for d in DISTRICTS], axis=1)
        for name in ("traffic_speed", "traffic_flow")
    )
    expected = q.sum(axis=1) / (q / v).sum(axis=1)
    assert [row[0] for row in found.values()] == pytest.approx(expected, abs=0.001)

    found = await current(conn, "rain_24h", "194")
    rain = stored["rain_gauge-194", "rainfall"]
    last = START + 26 * HOUR - timedelta(minutes=10)
    assert found[last][0] == pytest.approx(rain[-144:].sum(), abs=0.001)
    assert found[START][:2] == (None, "insufficient_data")

    found = await current(conn, "pm2_5_24h", "193")
    assert found[START + 25 * HOUR][0] == pytest.approx(
        stored["air_station-193", "pm2_5"][-288:].mean(), abs=0.001
    )
    assert found[START + 16 * HOUR][:2] == (None, "insufficient_data")
    assert {row[0] for row in (await current(conn, "data_completeness", "22")).values()} == {100.0}
    assert {row[0] for row in (await current(conn, "iot_coverage", "22")).values()} == {100.0}
    assert (await current(conn, "parking_occupancy", "22"))[START][:2] == (None, "no_station")


async def test_four_weeks_are_read_where_no_free_flow_speed_is_declared(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await conn.execute("UPDATE things SET properties = '{}' WHERE code = 'traffic_counter-193'")
    local = START.astimezone(ZoneInfo("Asia/Ho_Chi_Minh"))
    hours = [(local + timedelta(minutes=5 * i)).hour for i in range(72 * 12)]
    speeds = [60.0 if hour >= 22 or hour < 5 else 30.0 for hour in hours]
    for name, measured in (("traffic_speed", speeds), ("traffic_flow", [10.0] * len(speeds))):
        await copy_in(conn, rows(ids["traffic_counter-193", name], START, measured, 300))
    await compute(conn, select(["traffic_tti"]), START + 71 * HOUR, START + 72 * HOUR, areas=["193"])
    found = (await current(conn, "traffic_tti", "193"))[START + 71 * HOUR]
    assert found[0] == 2.0
    assert found[3]["values"]["traffic_counter-193"]["v_ff_from"] == "nights"


async def test_computing_again_writes_nothing(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await measure(conn, ids, 6)
    first = await compute(conn, select([]), START, START + 6 * HOUR)
    # Other spans read other windows: the values must not depend on them.
    again = [await compute(conn, select([]), START + i * HOUR, START + (i + 1) * HOUR) for i in range(6)]
    assert sum(counts.computed for counts in again) == first.computed
    assert sum(counts.written for counts in again) == 0


async def test_a_late_value_makes_a_revision_and_the_old_one_stays(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    laeq = ids["sound_meter-193", "sound_laeq"]
    await copy_in(conn, rows(laeq, START, levels(60, 50), 60))
    await compute(conn, select(["laeq_1h"]), START, START + HOUR)

    await copy_in(conn, rows(laeq, START + timedelta(minutes=50), levels(70, 10), 60))
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [laeq, START])
    counts = await recompute_late(conn, START + HOUR + SETTLE)
    assert counts.revised >= 2  # the district and the province

    cursor = await conn.execute(
        "SELECT revision, value, superseded_at IS NULL "
        "FROM indicator_values v JOIN areas a ON a.id = area_id "
        "WHERE indicator = 'laeq_1h' AND a.code = '193' ORDER BY revision"
    )
    first, second = energy(levels(60, 50)), energy(levels(60, 50) + levels(70, 10))
    assert await cursor.fetchall() == [
        (1, pytest.approx(first, abs=0.001), False), (2, pytest.approx(second, abs=0.001), True),
    ]  # fmt: skip
    for table in ("late_hours", "late_hours_taken"):
        cursor = await conn.execute(f"SELECT count(*) FROM {table}")
        assert await cursor.fetchone() == (0,)


async def test_late_hours_wait_for_the_transactions_that_found_them_queued(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    """Ingest leaves an hour alone that is queued already; its observations must be seen all the same."""
    laeq = ids["sound_meter-193", "sound_laeq"]
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [laeq, START])
    ingest = await connect(database_url)
    async with ingest:
        async with ingest.transaction():
            await copy_in(ingest, rows(laeq, START, levels(60, 60), 60))
            await ingest.execute(
                "INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                [laeq, START],
            )
            recompute = asyncio.create_task(recompute_late(conn, START + HOUR + SETTLE))
            await asyncio.sleep(0.3)
            assert not recompute.done()
        await recompute
    assert (await current(conn, "laeq_1h", "193"))[START][0] == pytest.approx(
        energy(levels(60, 60)), abs=0.001
    )


async def test_two_concurrent_runs_make_one_revision(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    await measure(conn, ids, 3)
    other = await connect(database_url)
    async with other:
        runs = (compute(c, select([]), START, START + 3 * HOUR) for c in (conn, other))
        one, two = await asyncio.gather(*runs)
    assert one.computed == two.computed == one.written + two.written
    cursor = await conn.execute("SELECT DISTINCT revision FROM indicator_values")
    assert await cursor.fetchall() == [(1,)]


async def test_listeners_hear_of_written_values(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    await copy_in(conn, rows(ids["sound_meter-193", "sound_laeq"], START, [60.0] * 60, 60))
    listener = await connect(database_url)
    async with listener:
        await listener.execute("LISTEN halong_indicators")
        await compute(conn, select(["laeq_1h"]), START, START + HOUR)
        heard = [n.payload async for n in listener.notifies(timeout=5, stop_after=1)]
        await compute(conn, select(["laeq_1h"]), START, START + HOUR)
        silent = [n.payload async for n in listener.notifies(timeout=0.2)]
    assert (heard, silent) == (["laeq_1h"], [])


async def test_only_the_given_areas_are_computed(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    counts = await compute(conn, select(["laeq_1h"]), START, START + HOUR, areas=["194"])
    assert counts == Counts(1, 1, 0)
    assert await current(conn, "laeq_1h", "193") == {}


async def test_a_change_of_the_formula_is_a_revision(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    import dataclasses

    await compute(conn, select(["laeq_1h"]), START, START + HOUR)
    changed = dataclasses.replace(INDICATORS["laeq_1h"], version=2)
    assert await compute(conn, [changed], START, START + HOUR) == Counts(3, 3, 3)


async def test_the_service_begins_with_the_data_and_goes_on_where_it_stopped(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    assert await begin(conn, START) == {}
    await measure(conn, ids, 3)
    at = START + 3 * HOUR + SETTLE
    computed = await begin(conn, at)
    assert computed == {code: i.step.floor(START, ZONE) for code, i in INDICATORS.items()}
    through: list[int] = []
    await run_due(conn, at, show=through.append)
    assert through == sorted(set(through))
    assert through[-1] == len(INDICATORS)
    assert {
        code: t for code, t in (await begin(conn, at)).items() if INDICATORS[code].step.length <= HOUR
    } == ({code: START + 3 * HOUR for code, i in INDICATORS.items() if i.step.length <= HOUR})
    assert len(await current(conn, "traffic_tti", "193")) == 3
    assert await run_due(conn, at) == Counts()


async def test_the_service_writes_the_catalogue_and_stops(
    conn: AsyncConnection[Any], database_url: str
) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = Settings.model_validate({"database_url": database_url})
    service = asyncio.create_task(run(settings, stop, on_ready=ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    stop.set()
    await asyncio.wait_for(service, 60)
    cursor = await conn.execute("SELECT code FROM indicators ORDER BY code")
    assert [row[0] for row in await cursor.fetchall()] == sorted(INDICATORS)


async def test_the_service_stops_in_the_middle_of_its_work(
    conn: AsyncConnection[Any], database_url: str
) -> None:
    stop, settings = asyncio.Event(), Settings.model_validate({"database_url": database_url})
    async with conn.transaction():
        await conn.execute("LOCK TABLE observations IN ACCESS EXCLUSIVE MODE")
        service = asyncio.create_task(run(settings, stop))
        async with asyncio.timeout(60), await connect(database_url) as watcher:
            while not await _waits(watcher):
                await asyncio.sleep(0.05)
        stop.set()
        await asyncio.wait_for(service, 60)


async def _waits(conn: AsyncConnection[Any]) -> bool:
    cursor = await conn.execute(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'halong analytics' "
        "AND datname = current_database() AND wait_event_type = 'Lock'"
    )
    return await cursor.fetchone() is not None


async def test_the_service_survives_a_lost_connection(
    conn: AsyncConnection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.service.TICK_S", 0.05)
    monkeypatch.setattr("analytics.service._FIRST_BACKOFF_S", 0.05)
    stop, ready = asyncio.Event(), asyncio.Event()
    settings = Settings.model_validate({"database_url": database_url})
    service = asyncio.create_task(run(settings, stop, on_ready=ready.set))
    await asyncio.wait_for(ready.wait(), 60)
    ready.clear()
    cursor = await conn.execute(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE application_name = 'halong analytics' AND datname = current_database()"
    )
    assert await cursor.fetchone() == (1,)
    await asyncio.wait_for(ready.wait(), 60)
    stop.set()
    await asyncio.wait_for(service, 60)


async def test_real_road_detectors(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], shared: Path
) -> None:
    """Hourly speeds of a detector with irregular readings, against numpy over its file."""
    times, speeds = read_detector(shared / "cases" / "traffic" / "speed_7578.csv")
    found = np.zeros(len(times), OBSERVATION)
    found["datastream_id"], found["time"], found["value"] = (
        ids["traffic_counter-193", "traffic_speed"],
        times,
        speeds,
    )
    await copy_in(conn, found)
    # The detector tells no flow.
    await conn.execute(
        "UPDATE datastreams SET enabled = false WHERE id = %s", [ids["traffic_counter-193", "traffic_flow"]]
    )
    hour = np.int64(3_600_000_000)
    start = datetime.fromtimestamp(int(times[0] // hour) * 3600, UTC)
    end = datetime.fromtimestamp(int(times[-1] // hour + 1) * 3600, UTC)
    await compute(conn, select(["traffic_speed"]), start, end, areas=["193"])

    expected = {}
    for bucket in np.arange(times[0] // hour, times[-1] // hour + 1):
        mine = speeds[times // hour == bucket]
        expected[datetime.fromtimestamp(int(bucket) * 3600, UTC)] = mine.mean() if len(mine) >= 9 else None
    computed = await current(conn, "traffic_speed", "193")
    assert sum(v is not None for v in expected.values()) > 40
    assert {t: row[0] for t, row in computed.items()} == {
        t: v if v is None else pytest.approx(v, abs=0.001) for t, v in expected.items()
    }


def read_detector(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return times (µs, UTC) and speeds (km/h) of a NAB file with local times and mph."""
    with file.open(newline="") as text:
        read = list(csv.DictReader(text))
    zone = ZoneInfo("America/Chicago")
    times = [datetime.fromisoformat(r["timestamp"]).replace(tzinfo=zone).timestamp() for r in read]
    return np.array(times, np.int64) * 1_000_000, np.array([float(r["value"]) for r in read]) * 1.609344
