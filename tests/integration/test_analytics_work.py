"""Who computes what: several processes, kills, outages, late data through all steps, and kept sums."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics import progress, values
from analytics.examine import examine
from analytics.history import History, compute_history
from analytics.indicator import INDICATORS, select
from analytics.inputs import Period
from analytics.recompute import recompute_late
from analytics.run import Counts, compute
from analytics.schedule import SETTLE, periods
from analytics.service import fill_gap, run_due
from analytics.steps import Step
from devices.registry import datastream_ids, import_profile
from storage.observations import OBSERVATION, copy_in
from storage.pool import connect
from tests.integration.test_analytics import HOUR, START, city, current, measure, rows

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Ids = dict[tuple[str, str], int]

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture
async def ids(conn: AsyncConnection[Any]) -> Ids:
    await import_profile(conn, city())
    await values.write_catalogue(conn, INDICATORS.values())
    return await datastream_ids(conn)


async def fetch(conn: AsyncConnection[Any], statement: Any, *arguments: Any) -> list[Any]:
    return await (await conn.execute(statement, list(arguments))).fetchall()


def air(hours: int) -> list[float]:
    """PM2.5 of 5 minutes, as a quiet station measures it: nothing that quality control would flag."""
    at = np.arange(hours * 12)
    return list(30 + 8 * np.sin(at / 40) + np.random.default_rng(3).normal(0, 0.8, len(at)))


async def test_two_processes_do_each_step_once(
    conn: AsyncConnection[Any], ids: Ids, database_url: str
) -> None:
    await measure(conn, ids, 3)
    at = START + 3 * HOUR + SETTLE
    other = await connect(database_url)
    async with other:
        one, two = await asyncio.gather(run_due(conn, at), run_due(other, at))
    [[stored]] = await fetch(conn, "SELECT count(*) FROM indicator_values")
    assert one.computed + two.computed == one.written + two.written == stored > 0
    assert await fetch(conn, "SELECT DISTINCT revision FROM indicator_values") == [(1,)]
    assert await run_due(conn, at) == Counts()


async def test_after_an_outage_the_newest_hour_comes_first_and_the_rest_is_filled(
    conn: AsyncConnection[Any], ids: Ids
) -> None:
    await measure(conn, ids, 27)
    await run_due(conn, START + HOUR + SETTLE)
    back = START + 26 * HOUR
    await run_due(conn, back + SETTLE)
    found = await current(conn, "laeq_1h", "193")
    assert sorted(found) == [START, back - HOUR]

    # What is due while gaps are filled does not wait for them.
    assert await fill_gap(conn)
    await run_due(conn, back + HOUR + SETTLE)
    found = await current(conn, "laeq_1h", "193")
    assert back in found
    assert START + HOUR not in found

    while await fill_gap(conn):
        pass
    assert len(await current(conn, "laeq_1h", "193")) == 27
    assert await progress.gaps(conn) == {}
    hourly = [i for i in INDICATORS.values() if i.step is Step.HOUR]
    assert (await compute(conn, hourly, START, back + HOUR)).written == 0


async def test_a_gap_is_not_lost_if_the_process_dies_while_filling_it(
    conn: AsyncConnection[Any], ids: Ids, database_url: str
) -> None:
    await measure(conn, ids, 8)
    await run_due(conn, START + HOUR + SETTLE)
    await run_due(conn, START + 8 * HOUR + SETTLE)
    before = await fetch(conn, "SELECT * FROM indicator_gaps ORDER BY 1, 2")
    other = await connect(database_url)
    async with other:
        [[pid]] = await fetch(other, "SELECT pg_backend_pid()")
        filling = asyncio.create_task(fill_gap(other))
        # It dies as soon as it writes.
        while not await fetch(conn, "SELECT FROM pg_locks WHERE pid = %s AND mode = 'RowExclusiveLock'", pid):
            await asyncio.sleep(0.001)
        await conn.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(Exception, match=r"terminat|closed"):
            await filling
    gaps = await fetch(conn, "SELECT * FROM indicator_gaps ORDER BY 1, 2")
    hours = sorted(await current(conn, "laeq_1h", "193"))
    assert gaps == before
    assert hours == [START, START + 7 * HOUR]
    while await fill_gap(conn):
        pass
    assert len(await current(conn, "laeq_1h", "193")) == 8


def test_a_killed_run_leaves_whole_days_and_goes_on(database_url: str) -> None:
    """SIGKILL in the middle: everything up to where the run came, nothing after it; then the rest."""
    days = 12
    begin = START - timedelta(days=days)
    asyncio.run(_fill(database_url, begin, days * 24))
    command = [
        sys.executable, "-m", "runtime.cli", "indicators", "run", "laeq_1h", "rain_24h",
        "--from", begin.isoformat(), "--to", START.isoformat(),
    ]  # fmt: skip
    environment = os.environ | {"HALONG_DATABASE_URL": database_url}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    reached = asyncio.run(_wait_until_reached(database_url, begin + timedelta(days=2)))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    reached = asyncio.run(_wait_until_reached(database_url, reached))
    assert begin < reached < START
    hours = (reached - begin) // HOUR
    assert asyncio.run(_stored(database_url)) == {"laeq_1h": 3 * hours, "rain_24h": 3 * 6 * hours}

    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert f"goes on at {reached.astimezone(ZONE).isoformat(' ')}" in again.stdout
    assert asyncio.run(_stored(database_url)) == {"laeq_1h": 3 * 24 * days, "rain_24h": 3 * 144 * days}
    assert asyncio.run(_runs(database_url)) == []


async def _fill(url: str, begin: datetime, hours: int) -> None:
    async with await connect(url) as conn:
        await import_profile(conn, city())
        ids = await datastream_ids(conn)
        for thing, name in (("sound_meter-193", "sound_laeq"), ("rain_gauge-193", "rainfall")):
            await copy_in(conn, rows(ids[thing, name], begin, air(hours), 300))


async def _wait_until_reached(url: str, least: datetime) -> datetime:
    deadline = time.monotonic() + 60
    async with await connect(url) as conn:
        while time.monotonic() < deadline:
            found = await fetch(conn, "SELECT until FROM indicator_runs")
            if found and found[0][0] >= least:
                return found[0][0]  # type: ignore[no-any-return]
            await asyncio.sleep(0.002)
    raise AssertionError(f"the run has not come to {least}")


async def _stored(url: str) -> dict[str, int]:
    async with await connect(url) as conn:
        return dict(await fetch(conn, "SELECT indicator, count(*) FROM indicator_values GROUP BY 1"))


async def _runs(url: str) -> list[Any]:
    async with await connect(url) as conn:
        return await fetch(conn, "SELECT * FROM indicator_runs")


async def test_a_late_hour_changes_hour_day_month_and_year(conn: AsyncConnection[Any], ids: Ids) -> None:
    """340 days of 2025, an hour of which comes late: what it touches has a second revision, nothing else."""
    pm = ids["air_station-193", "pm2_5"]
    first = datetime(2025, 1, 1, tzinfo=ZONE).astimezone(UTC)
    measured, late = air(340 * 24), 100 * 24 * 12
    await copy_in(conn, rows(pm, first, measured[:late], 300))
    after = late + 12
    await copy_in(conn, rows(pm, first + timedelta(minutes=5 * after), measured[after:], 300))
    chain = select(["pm2_5_24h", "pm2_5_d", "pm2_5_month", "pm2_5_year"])
    end = datetime(2026, 1, 1, tzinfo=ZONE).astimezone(UTC)
    await compute(conn, chain, first, end, areas=["193"], chunk=timedelta(days=61))

    hour = first + timedelta(days=100)
    await copy_in(conn, rows(pm, hour, measured[late:after], 300))
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [pm, hour])
    seen: list[datetime] = []

    async def between(at: datetime) -> None:
        seen.append(at)

    await recompute_late(conn, end + SETTLE, between)
    revised = await fetch(
        conn, "SELECT indicator, time FROM indicator_values v JOIN areas a ON a.id = area_id "
        "WHERE revision = 2 AND superseded_at IS NULL AND a.code = '193' AND indicator = ANY(%s)",
        [i.code for i in chain],
    )  # fmt: skip
    assert Counter(code for code, _ in revised) == {
        "pm2_5_24h": 24, "pm2_5_d": 1, "pm2_5_month": 1, "pm2_5_year": 1,
    }  # fmt: skip
    month = datetime(2025, 4, 1, tzinfo=ZONE).astimezone(UTC)
    assert {code: t for code, t in revised if code != "pm2_5_24h"} == {
        "pm2_5_d": hour, "pm2_5_month": month, "pm2_5_year": first,
    }  # fmt: skip
    assert len(seen) > 3  # what is due is looked at between the parts
    found = await current(conn, "pm2_5_year", "193")
    daily = np.array(measured).reshape(340, 24, 12).mean(axis=(1, 2))
    assert found[first][0] == pytest.approx(daily.mean(), abs=0.001)
    [[left]] = await fetch(conn, "SELECT count(*) FROM late_hours_taken")
    assert left == 0


async def test_an_examination_equals_the_stored_value(conn: AsyncConnection[Any], ids: Ids) -> None:
    pm = ids["air_station-193", "pm2_5"]
    first = datetime(2026, 3, 1, tzinfo=ZONE).astimezone(UTC)
    await copy_in(conn, rows(pm, first, air(25 * 24), 300))
    chosen = select(["vn_aqi_h", "pm2_5_d", "pm2_5_month"])
    end = datetime(2026, 4, 1, tzinfo=ZONE).astimezone(UTC)
    await compute(conn, chosen, first, end, areas=["193"], chunk=timedelta(days=10))
    for indicator in chosen:
        period = list(periods(indicator, first, end, ZONE))[: 24 * 5][-7:][0]
        async with conn.transaction():
            found = await examine(conn, indicator, "193", period)
        stored = (await current(conn, indicator.code, "193"))[period.start]
        assert found.value.value == stored[0] is not None
        assert found.value.details == stored[3]
        assert [site.code for site in found.sites] == [value.site for value in found.site_values]
    assert len(found.parts["pm2_5_d"]["air_station-193"]) == 31


async def test_kept_sums_give_what_observations_give(conn: AsyncConnection[Any], ids: Ids) -> None:
    """A station of 10 s: the second hour reads the first as sums; a late value makes them forgotten."""
    pm = ids["air_station-193", "pm2_5"]
    await conn.execute("UPDATE datastreams SET sampling_interval_s = 10 WHERE id = %s", [pm])
    measured = list(30 + np.random.default_rng(4).normal(0, 0.5, 4 * 360))
    missing = slice(400, 460)
    for part, at in ((measured[: missing.start], 0), (measured[missing.stop :], missing.stop)):
        await copy_in(conn, rows(pm, START + timedelta(seconds=10 * at), part, 10))
    chosen = select(["vn_aqi_h", "pm2_5_24h"])
    for n in range(4):
        await compute(conn, chosen, START + n * HOUR, START + (n + 1) * HOUR, areas=["193"])
    [[kept, good]] = await fetch(conn, "SELECT count(*), sum(good) FROM quarter_sums")
    assert (kept > 16, good) == (True, 4 * 360 - 60)
    await _equals_observations(conn, ids)

    await copy_in(conn, rows(pm, START + timedelta(seconds=4000), measured[missing], 10))
    late = START + HOUR
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [pm, late])
    await recompute_late(conn, START + 4 * HOUR + SETTLE)
    [[good]] = await fetch(conn, "SELECT sum(good) FROM quarter_sums WHERE datastream_id = %s", pm)
    assert good == 4 * 360
    await _equals_observations(conn, ids)


async def _equals_observations(conn: AsyncConnection[Any], _: Ids) -> None:
    indicator = INDICATORS["vn_aqi_h"]
    stored = await current(conn, "vn_aqi_h", "193")
    for period in periods(indicator, START, START + 4 * HOUR, ZONE):
        async with conn.transaction():
            found = await examine(conn, indicator, "193", Period(period.step, ZONE))
        assert (found.value.value, found.value.details) == (
            stored[period.start][0],
            stored[period.start][3],
        )


async def test_packed_hours_give_what_observations_give(conn: AsyncConnection[Any], ids: Ids) -> None:
    """A rain gauge of 10 s: steps take the day before from packed hours; a late value makes one forgotten."""
    gauge = ids["rain_gauge-193", "rainfall"]
    await conn.execute("UPDATE datastreams SET sampling_interval_s = 10 WHERE id = %s", [gauge])
    begin, late = START - 25 * HOUR, slice(9000, 9010)
    measured = list(np.round(np.random.default_rng(5).gamma(0.1, 0.2, 30 * 360), 2))
    for part in (slice(0, late.start), slice(late.stop, None)):
        await copy_in(conn, rows(gauge, begin + timedelta(seconds=10 * (part.start)), measured[part], 10))
    chosen = select(["rain_24h"])
    for n in range(4):
        await compute(conn, chosen, START + n * HOUR, START + (n + 1) * HOUR, areas=["193"])
    packed = dict(await fetch(conn, "SELECT hour, length(observations) FROM packed_hours"))
    assert [packed[begin + n * HOUR] // OBSERVATION.itemsize for n in (1, 23, 25, 28)] == [360, 360, 350, 360]
    await _rain_equals_observations(conn)

    await copy_in(conn, rows(gauge, begin + timedelta(seconds=10 * late.start), measured[late], 10))
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [gauge, START])
    await recompute_late(conn, START + 4 * HOUR + SETTLE)
    await _rain_equals_observations(conn)
    packed = dict(await fetch(conn, "SELECT hour, length(observations) FROM packed_hours"))
    assert packed[START] // OBSERVATION.itemsize == 360


async def _rain_equals_observations(conn: AsyncConnection[Any]) -> None:
    indicator = INDICATORS["rain_24h"]
    stored = await current(conn, "rain_24h", "193")
    assert len([each for each in stored.values() if each[0]]) == 24
    for period in periods(indicator, START, START + 4 * HOUR, ZONE):
        async with conn.transaction():
            found = await examine(conn, indicator, "193", period)
        expected = stored[period.start]
        assert (found.value.value, found.value.details) == (expected[0], expected[3])


async def test_a_long_run_flags_what_it_reads(conn: AsyncConnection[Any], ids: Ids) -> None:
    sound, pm = ids["sound_meter-193", "sound_laeq"], ids["air_station-193", "pm2_5"]
    await copy_in(conn, rows(sound, START, [500.0] * 60, 60))
    await copy_in(conn, rows(pm, START, [5000.0] * 12, 300))
    history = History(tuple(select(["laeq_1h"])), START, START + HOUR)
    await compute_history(conn, history, START, lambda _: None)
    assert await fetch(conn, "SELECT DISTINCT datastream_id FROM observation_flags") == [(sound,)]
    await compute_history(conn, replace(history, indicators=tuple(select([]))), START, lambda _: None)
    assert len(await fetch(conn, "SELECT DISTINCT datastream_id FROM observation_flags")) == 2
