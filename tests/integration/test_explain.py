"""Explaining a stored value on a real TimescaleDB: computed again, and where it differs, said so."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analytics import values
from analytics.explain import NotStoredError, explain
from analytics.indicator import INDICATORS
from analytics.recompute import recompute_late
from analytics.run import compute
from analytics.schedule import SETTLE
from analytics.steps import Step
from analytics.values import UnknownAreaError
from storage.observations import OBSERVATION, copy_in
from tests.integration.city import register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

HOUR = timedelta(hours=1)
#: a local hour: 08 to 09 h of 22 November in Ha Long
STEP = datetime(2026, 11, 22, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY_END = datetime(2026, 11, 22, 17, tzinfo=UTC)
AQI = INDICATORS["vn_aqi_h"]
#: what a sensor's values stray from the mean of their hour; together nothing
UNREST = np.array([-1, 1, -0.6, 0.6, -0.8, 0.8, -0.3, 0.3, -0.9, 0.9, -0.5, 0.5])
#: newest hour first: the worked example of Decision 1459
OFFICIAL = (20.6, 19.6, 22.4, 20.3, 16.5, 19.0, 16.5, 19.5, 23.5, 20.5, 24.7, 26.9)


@pytest.fixture
async def ids(conn: AsyncConnection[Any]) -> dict[tuple[str, str], int]:
    """Datastream ids of the small city by (thing, observed property), with the catalogue written."""
    found = await register(conn, "gw-1")
    await values.write_catalogue(conn, INDICATORS.values())
    return found


def hours(datastream: int, newest_first: tuple[float, ...], end: datetime, unrest: float = 0.5) -> np.ndarray:
    """Twelve values with these means in each of the hours up to `end`."""
    rows = np.zeros(12 * len(newest_first), OBSERVATION)
    first = end - len(newest_first) * HOUR
    rows["datastream_id"] = datastream
    rows["time"] = int(first.timestamp()) * 1_000_000 + np.arange(len(rows)) * 300_000_000
    rows["value"] = np.repeat(newest_first[::-1], 12) + np.tile(unrest * UNREST, len(newest_first))
    return rows


async def stored_day(conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]) -> None:
    await copy_in(conn, hours(ids["gw-1-aq", "pm2_5"], OFFICIAL, STEP + HOUR))
    await compute(conn, [AQI], STEP, STEP + HOUR)


async def late(conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]) -> None:
    """The station's PM10 of the hour comes late, and is worse."""
    pm10 = ids["gw-1-aq", "pm10"]
    await copy_in(conn, hours(pm10, (180.0, 180.0), STEP + HOUR))
    await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [pm10, STEP])
    await recompute_late(conn, STEP + HOUR + SETTLE)


async def test_the_recomputed_value_is_the_stored_one_with_its_numbers(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await stored_day(conn, ids)
    found = await explain(conn, AQI, "193", STEP + timedelta(minutes=20))
    assert found.stored is not None
    assert (found.stored.value, found.recomputed.value, found.differences) == (41.0, 41.0, [])
    station, silent = sorted(found.stations, key=lambda s: s.value is None)
    assert station.code == "gw-1-aq"
    assert station.details["nowcast"]["pm2_5"] == {"value": 20.266, "w": 0.6134, "hours": 12}
    measured = {each.code: each for each in station.inputs}
    assert (measured["pm2_5"].good, measured["pm2_5"].expected, measured["pm2_5"].hours) == (144, 144.0, 12)
    assert (measured["pm10"].good, measured["pm10"].first) == (0, None)
    assert found.missing == {silent.code: "insufficient_data"}
    assert (found.area.name_vi, found.period.start) == ("Hạ Long", STEP)


async def test_every_kind_of_indicator_can_be_explained(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    """A month and a year are made of the one day that is stored: too few, and that too is explained.

    One year stands for all: they are computed alike, and each takes as long as everything else together.
    """
    await copy_in(conn, hours(ids["gw-1-aq", "pm2_5"], tuple(20.0 + h % 7 for h in range(48)), DAY_END))
    chosen = [i for i in INDICATORS.values() if i.step is not Step.YEAR or i.code == "pm2_5_year"]
    for step in Step:
        start = step.floor(STEP, ZONE)
        of_step = [i for i in chosen if i.step is step]
        await compute(conn, of_step, start, step.after(start, ZONE), areas=["193"])
    explained = {each.code: await explain(conn, each, "193", STEP) for each in chosen}
    # Where a day that was never computed has a value (an availability of 0), the month has to differ.
    same = [e for e in explained.values() if all(part.agrees for part in e.parts)]
    assert len(same) > 0.9 * len(explained)
    assert {e.indicator.code: e.differences for e in same if e.differences} == {}
    with_value = {code for code, e in explained.items() if e.recomputed.value is not None}
    assert {"vn_aqi_h", "pm2_5_24h", "pm2_5_d", "data_completeness", "iot_coverage"} <= with_value

    month = explained["pm2_5_month"]
    days = [part for part in month.parts if part.station == "gw-1-aq"]
    assert [part.label for part in days] == [f"2026-11-{day:02}" for day in range(1, 31)]
    before, day = [part for part in days if part.recomputed is not None]
    assert (day.label, day.agrees, day.value) == ("2026-11-22", True, explained["pm2_5_d"].recomputed.value)
    assert (before.label, before.agrees, before.value) == ("2026-11-21", False, None)
    assert month.recomputed.reason == "insufficient_data"


async def test_late_data_are_two_revisions_and_what_was_known_when(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await stored_day(conn, ids)
    await late(conn, ids)
    found = await explain(conn, AQI, "193", STEP)
    assert [(r.revision, r.value) for r in found.revisions] == [(1, 41.0), (2, 115.0)]
    assert (found.stored and found.stored.revision, found.differences) == (2, [])

    before = found.revisions[0].computed_at
    earlier = await explain(conn, AQI, "193", STEP, as_of=before)
    assert earlier.stored is not None
    assert (earlier.stored.value, earlier.recomputed.value) == (41.0, 115.0)
    assert "value" in earlier.differences
    assert earlier.why_different == "a later revision superseded it"
    unknown = await explain(conn, AQI, "193", STEP, as_of=before - HOUR)
    assert (unknown.stored, unknown.differences) == (None, [])


async def test_what_quality_control_has_flagged_is_told(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await stored_day(conn, ids)
    stuck = hours(ids["gw-1-aq", "pm10"], (180.0,) * 6, STEP + HOUR, unrest=0)
    await copy_in(conn, stuck)
    await conn.execute(
        "INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [ids["gw-1-aq", "pm10"], STEP]
    )
    await recompute_late(conn, STEP + HOUR + SETTLE)
    found = await explain(conn, AQI, "193", STEP)
    (pm10,) = [i for s in found.stations for i in s.inputs if s.code == "gw-1-aq" and i.code == "pm10"]
    assert pm10.flags["flat"] > 0
    assert pm10.suspect > 0
    assert found.differences == []


async def test_observations_that_came_since_are_told(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await stored_day(conn, ids)
    await copy_in(conn, hours(ids["gw-1-aq", "pm10"], (180.0, 180.0), STEP + HOUR))
    found = await explain(conn, AQI, "193", STEP)
    assert "value" in found.differences
    assert "observations" in found.why_different
    assert found.to_json()["equal"] is False


async def test_a_value_of_another_version_is_told(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    await stored_day(conn, ids)
    await conn.execute("UPDATE indicator_values SET version = 7")
    found = await explain(conn, AQI, "193", STEP)
    assert found.differences == ["version"]
    assert found.why_different == f"the formula was version 7, it is {AQI.version}"


async def test_what_is_not_stored_is_said_with_what_is(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    with pytest.raises(NotStoredError, match="halong indicators run vn_aqi_h --from 2026-11-22"):
        await explain(conn, AQI, "193", STEP)
    await stored_day(conn, ids)
    with pytest.raises(NotStoredError, match=r"begins at 2026-11-22T09:00:00\+07:00.*2026-11-22T08:00:00"):
        await explain(conn, AQI, "193", STEP + HOUR)
    with pytest.raises(UnknownAreaError, match="there is no area '999'"):
        await explain(conn, AQI, "999", STEP)
    newest = await explain(conn, AQI, "193", None)
    assert newest.period.start == STEP


async def test_of_a_step_that_runs_it_is_said_when_it_is_due(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    present = datetime.now(UTC)
    due = present.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1, seconds=90)
    told = due.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")).isoformat()
    for instant in (present, None):
        with pytest.raises(NotStoredError) as refused:
            await explain(conn, AQI, "193", instant)
        assert f"it is not computed yet, it is due at {told}" in str(refused.value)
        assert "halong" not in str(refused.value)
    await stored_day(conn, ids)
    with pytest.raises(NotStoredError, match="it is not computed yet"):
        await explain(conn, AQI, "193", present)


async def test_the_command_is_readable_in_both_languages(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    await stored_day(conn, ids)
    await late(conn, ids)
    shown = await halong(database_url, "vn_aqi_h", "193", "2026-11-22T08:00+07:00")
    assert "Ha Long (193) · 2026-11-22 08:00–09:00 (+07:00) · label 09:00" in shown
    assert "Recomputed from the observations: 115, equal to the stored value" in shown
    for words in ("nowcast.pm2_5.w 0.6134", "sub_indices.pm10 115", "Decision 1459/QĐ-TCMT", "in force"):
        assert words in shown
    shown = await halong(database_url, "vn_aqi_h", "193", "2026-11-22T08:00+07:00", "--lang", "vi")
    assert "Tính lại từ số liệu gốc: 115, đúng bằng giá trị đã lưu" in shown
    assert "Chỉ số chất lượng không khí giờ" in shown
    assert "chỉ số con.pm10 115" in shown


async def test_a_citation_has_the_hour_with_both_ends_and_figures_as_the_language_writes_them(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int]
) -> None:
    """One of the two stations is silent: half of the data is there."""
    mean = INDICATORS["pm2_5_24h"]
    await copy_in(conn, hours(ids["gw-1-aq", "pm2_5"], (34.719,) * 24, STEP + HOUR))
    await compute(conn, [mean], STEP, STEP + 2 * HOUR)
    cited = (await explain(conn, mean, "193", STEP)).cite_as
    assert cited
    assert ", 2026-11-22 08:00–09:00 (+07:00): 34.719 µg/m³, completeness 50 %, revision 1;" in cited.en
    assert ", 2026-11-22 08:00–09:00 (+07:00): 34,719 µg/m³, mức đủ dữ liệu 50 %, bản 1;" in cited.vi


async def test_a_citation_without_a_value_says_why_in_words(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    await copy_in(conn, hours(ids["gw-1-aq", "pm2_5"], OFFICIAL[-1:], STEP + HOUR))
    await compute(conn, [AQI], STEP, STEP + HOUR)
    cited = (await explain(conn, AQI, "193", STEP)).cite_as
    assert cited
    assert "(+07:00): no value: insufficient data, completeness" in cited.en
    assert "(+07:00): không có giá trị: không đủ dữ liệu, mức đủ dữ liệu" in cited.vi
    shown = await halong(database_url, "vn_aqi_h", "193", "2026-11-22T08:00+07:00", "--lang", "vi")
    assert "không có giá trị: không đủ dữ liệu" in shown
    assert "insufficient_data" not in shown


async def test_the_command_gives_json_and_fails_where_the_values_differ(
    conn: AsyncConnection[Any], ids: dict[tuple[str, str], int], database_url: str
) -> None:
    await stored_day(conn, ids)
    await copy_in(conn, hours(ids["gw-1-aq", "pm10"], (180.0, 180.0), STEP + HOUR))
    found = json.loads(await halong(database_url, "vn_aqi_h", "193", "latest", "--json", code=1))
    assert (found["equal"], found["stored"]["value"], found["recomputed"]["value"]) == (False, 41.0, 115.0)
    assert found["rule"]["clause"] == AQI.source.clause.en
    assert f"(vn_aqi_h version {AQI.version}; " in found["cite_as"]
    assert found["cite_as"].partition(": 41,")[2].startswith(" completeness ")
    assert "; halong, theo số liệu lúc 20" in found["cite_as_vi"]


async def halong(database_url: str, *arguments: str, code: int = 0) -> str:
    """Run `halong indicators explain` and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.cli", "indicators", "explain", *arguments,
        env={**os.environ, "HALONG_DATABASE_URL": database_url, "COLUMNS": "160"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == code, err.decode()
    return out.decode()
