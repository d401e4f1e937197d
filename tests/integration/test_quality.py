"""Quality control on a real TimescaleDB: flags beside observations, late ones, calibrations, commands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analytics import calibrations, quality, quality_store, values
from analytics.quality_run import flag, flag_again, prepare
from devices.edit import ExistsError
from devices.entries import FieldError
from devices.model import Gateway, ObservedProperty, Thing
from devices.registry import datastream_ids, import_profile
from storage.observations import OBSERVATION, copy_in, insert_missing, read
from tests.integration.city import PM2_5, small_city

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from analytics.network import Network
    from tests.integration.terminal import Halong

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
HUMIDITY = ObservedProperty(
    code="relative_humidity", name_en="Relative humidity", name_vi="Độ ẩm", unit="%", minimum=0, maximum=100,
    aggregation="mean", sampling_interval_s=300, device_kind="weather_station",
)  # fmt: skip
STATIONS = tuple(f"aq-{number}" for number in range(1, 6))

Ids = dict[tuple[str, str], int]


def city(**more: Any) -> Any:
    """Five air stations 5 km apart, of which the first measures humidity too."""
    things = tuple(
        Thing(
            code=code, name=code, kind="air_station", latitude=20.8 + 0.045 * n, longitude=107.07,
            areas=("193",), datastreams={"pm2_5": 300} | ({"relative_humidity": 300} if n == 0 else {}),
            properties=more.get("properties", {}),
        )
        for n, code in enumerate(STATIONS)
    )  # fmt: skip
    gateway = Gateway(code="gw", name="gw", latitude=20.9, longitude=107.07, areas=("193",), things=things)
    return replace(
        small_city("gw"), gateways=(gateway,), observed_properties=(PM2_5, HUMIDITY),
        properties=more.get("city", {}),
    )  # fmt: skip


@pytest.fixture
async def ids(conn: AsyncConnection[Any]) -> Ids:
    await import_profile(conn, city())
    return await datastream_ids(conn)


def series(datastream: int, measured: Any, start: datetime = START) -> np.ndarray:
    """Observations every five minutes."""
    found = np.zeros(len(measured), OBSERVATION)
    found["datastream_id"], found["value"] = datastream, measured
    found["time"] = int(start.timestamp()) * 1_000_000 + np.arange(len(measured)) * 300_000_000
    return found


def noise(hours: int, seed: int = 1) -> np.ndarray:
    return np.round(20 + np.random.default_rng(seed).normal(0, 1, hours * 12), 1)


async def network(conn: AsyncConnection[Any]) -> Network:
    return await values.read_network(conn)


async def stored(conn: AsyncConnection[Any]) -> list[Any]:
    cursor = await conn.execute(
        "SELECT datastream_id, time, flags, excluded, rule_version, xmin::text "
        "FROM observation_flags ORDER BY 1, 2"
    )
    return await cursor.fetchall()


async def late_hours(conn: AsyncConnection[Any]) -> set[tuple[int, datetime]]:
    return set(await (await conn.execute("SELECT datastream_id, hour FROM late_hours")).fetchall())


async def test_flags_stand_beside_observations_and_running_again_writes_nothing(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    pm = ids["aq-1", "pm2_5"]
    measured = noise(3)
    measured[30] = 90
    await copy_in(conn, series(pm, measured))
    found = await flag(conn, await network(conn), START, START + 3 * HOUR)
    assert found.flags == 1
    assert found.changed == {(pm, START + 2 * HOUR)}
    rows = await stored(conn)
    assert [row[:4] for row in rows] == [(pm, START + timedelta(minutes=150), 8 + 2, True)]
    assert rows[0][4] == (await quality_store.read_rules(conn)).version
    assert await flag(conn, await network(conn), START, START + 3 * HOUR) == replace(
        found, changed=frozenset()
    )
    assert await stored(conn) == rows
    observed = await read(conn, [pm], START, START + 3 * HOUR)
    assert observed["value"].tolist() == measured.tolist()
    assert not observed["quality"].any()
    used = await prepare(conn, observed, START, START + 3 * HOUR)
    assert np.flatnonzero(used["quality"]).tolist() == [30]
    assert await late_hours(conn) == set()


async def test_hour_by_hour_is_as_at_once(conn: AsyncConnection[Any], ids: Ids) -> None:
    for station in STATIONS:
        measured = noise(20, seed=int(station[-1]))
        measured[60:180] = measured[60]  # ten hours
        measured[200 + int(station[-1])] = 80
        await copy_in(conn, series(ids[station, "pm2_5"], measured))
    found = await network(conn)
    for hour in range(20):
        await flag(conn, found, START + hour * HOUR, START + (hour + 1) * HOUR)
    one_by_one = [row[:5] for row in await stored(conn)]
    assert len(one_by_one) > 5 * 100
    await conn.execute("DELETE FROM observation_flags")
    await flag(conn, found, START, START + 20 * HOUR)
    assert [row[:5] for row in await stored(conn)] == one_by_one


async def test_a_late_observation_flags_again_what_it_is_context_of(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    pm = ids["aq-1", "pm2_5"]
    measured = noise(8)
    measured[24:72] = 21.5
    rows = series(pm, measured)
    late = rows[34:36].copy()
    late["value"] = 35.0
    await copy_in(conn, np.concatenate((rows[:34], rows[36:])))
    whole = await network(conn)
    await flag(conn, whole, START, START + 8 * HOUR)
    before = {row[1] for row in await stored(conn)}
    # two hours of the run are in the first two hours after its start
    assert START + 3 * HOUR in before
    await insert_missing(conn, late)
    found = await flag(conn, whole, START + 2 * HOUR, START + 3 * HOUR, until=START + 8 * HOUR)
    after = {row[1] for row in await stored(conn)}
    assert START + 3 * HOUR not in after
    assert START + 5 * HOUR in after
    assert (pm, START + 3 * HOUR) in found.changed
    assert (pm, START + 3 * HOUR) in await late_hours(conn)
    await conn.execute("DELETE FROM observation_flags")
    await flag(conn, whole, START, START + 8 * HOUR)
    assert {row[1] for row in await stored(conn)} == after


async def test_neighbours_are_judged_though_one_station_is_asked_for(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    for station in STATIONS:
        measured = noise(1, seed=int(station[-1])) + (200 if station == "aq-3" else 0)
        await copy_in(conn, series(ids[station, "pm2_5"], measured))
    whole = await network(conn)
    one = replace(whole, things=tuple(t for t in whole.things if t.code == "aq-1"))
    found = await flag(conn, one, START, START + HOUR, until=START + HOUR)
    rows = await stored(conn)
    assert {(row[0], row[2] & quality.Flag.NEIGHBOURS, row[3]) for row in rows} == {
        (ids["aq-3", "pm2_5"], 16, False)
    }
    # a flag that excludes nothing leaves what was computed as it is
    assert found.changed == set() == await late_hours(conn)


async def test_a_city_has_its_own_rules(conn: AsyncConnection[Any], ids: Ids) -> None:
    await copy_in(conn, series(ids["aq-1", "pm2_5"], [40.0, 60.0, 40.0] * 4))
    whole = await network(conn)
    assert (await flag(conn, whole, START, START + HOUR)).flags == 0
    own = {"pm2_5": {"range": {"low": 1, "high": 50}}}
    await import_profile(conn, city(city={"quality_rules": own}))
    found = await flag_again(conn, START, START + HOUR)
    assert found.flags == 4
    assert await late_hours(conn) == set(found.changed) == {(ids["aq-1", "pm2_5"], START)}


async def test_calibrations_change_what_is_used_and_queue_its_hours(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    pm = ids["aq-1", "pm2_5"]
    await copy_in(conn, series(pm, noise(3)))

    async def add(start: datetime, end: datetime | None, gain: float = 2) -> int | None:
        _, hours = await calibrations.add(
            conn, pm, valid_from=start, valid_to=end, gain=gain, offset=-1, reference="colocated for a week"
        )
        return hours

    assert await add(START + HOUR, START + 2 * HOUR) == 1
    assert await late_hours(conn) == {(pm, START + HOUR)}
    assert await add(START + HOUR, START + 2 * HOUR) is None, "it is there"
    with pytest.raises(ExistsError, match="for a part of the period"):
        await add(START, None)
    with pytest.raises(FieldError, match="gain: it would make every value the same"):
        await add(START + 5 * HOUR, None, gain=0)
    assert await add(START + 2 * HOUR, None) == 1
    observed = await read(conn, [pm], START, START + 3 * HOUR)
    used = await prepare(conn, observed, START, START + 3 * HOUR)
    assert used["value"][:12].tolist() == observed["value"][:12].tolist()
    assert used["value"][12:].tolist() == (2 * observed["value"][12:] - 1).tolist()


async def test_the_humidity_correction_is_off_until_a_thing_asks_for_it(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    pm = ids["aq-2", "pm2_5"]
    await copy_in(conn, series(pm, np.full(12, 100.0)))
    await copy_in(conn, series(ids["aq-1", "relative_humidity"], [50.0] * 6 + [90.0] * 6))
    observed = await read(conn, [pm], START, START + HOUR)
    assert await prepare(conn, observed, START, START + HOUR) is observed
    await import_profile(conn, city(properties={"humidity_correction": {"kappa": 0.4}}))
    used = (await prepare(conn, observed, START, START + HOUR))["value"]
    assert used[:6].tolist() == [100] * 6
    assert used[6:] == pytest.approx([100 / (3.181818 / 2.373737)] * 6, rel=1e-6)


async def test_commands(conn: AsyncConnection[Any], ids: Ids, halong: Halong) -> None:
    measured = noise(3)
    measured[30] = 90
    await copy_in(conn, series(ids["aq-1", "pm2_5"], measured))
    command = partial(halong, "quality")
    period = ("--from", "2026-11-20T00:00Z", "--to", "2026-11-20T03:00Z")
    assert "has a flag" in await command("flags", "aq-1", *period)
    assert "1 observations flagged; 1 hours" in await command("run", *period)
    listed = await command("flags", "aq-1", *period)
    assert "2026-11-20 09:30:00+07:00" in listed
    assert "rate spike" in listed
    assert "left out" in listed
    assert f"by rules {(await quality_store.read_rules(conn)).version}" in listed
    assert '"least": 30' in await command("rules", "pm2_5")
    assert "no rules for 'rssi'" in await command("rules", "rssi", fails=True)
    more = ("--from", "2026-11-20T01:00Z", "--gain", "0.9", "--reference", "K-1")
    assert "2 observed hours are queued" in await command("calibrate", "aq-1", "pm2_5", *more)
    assert "recorded already" in await command("calibrate", "aq-1", "pm2_5", *more)
    other = await command("calibrate", "aq-1", "pm2_5", *more, "--offset", "9", fails=True)
    assert "has a calibration for" in other
    assert "does not measure" in await command("calibrate", "aq-1", "no2", *more, fails=True)
