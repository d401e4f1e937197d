"""Packed months are what is stored, however that changes, and are found out of date in the same snapshot."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics.indicator import INDICATORS
from analytics.packing import pack_calm
from analytics.results import Reason, Value
from analytics.values import lock, store, write_catalogue
from api import stored_values
from api.queries import indicators as queries
from api.stand_ins import Series
from devices import profiles, registry
from storage import packed_values
from storage.migrate import migrate, migrations
from storage.pool import connect, one_state
from tests.integration.city import batch

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CODES = ("rain_1h", "vn_aqi_d", "vn_aqi_h")
START = datetime(2026, 1, 20, tzinfo=UTC)
DAYS = 100
NOTHING = timedelta(0)


class Unit:
    """What of an area the queries look at."""

    def __init__(self, id_: int) -> None:
        self.id = id_


@pytest.fixture
async def areas(conn: AsyncConnection[Any]) -> list[int]:
    """Three areas with 100 days of values; the third has none of one indicator, and none in March."""
    await registry.import_profile(conn, profiles.load("quang_ninh"))
    await write_catalogue(conn, INDICATORS.values())
    rows = await (await conn.execute("SELECT id FROM areas WHERE reporting ORDER BY id LIMIT 3")).fetchall()
    ids = [row[0] for row in rows]
    for code in CODES:
        hours = range(0, DAYS * 24, 24 if code == "vn_aqi_d" else 5)
        await put(conn, code, [START + timedelta(hours=hour) for hour in hours], ids, seed=1)
    await conn.execute(
        """DELETE FROM indicator_values
           WHERE area_id = %s AND (indicator = 'rain_1h' OR time BETWEEN %s AND %s)""",
        [ids[2], datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, 23, tzinfo=UTC)],
    )
    return ids


async def put(conn: Any, code: str, times: list[datetime], areas: list[int], seed: int) -> None:
    """Store values as analytics does: some of them missing with a reason, some in classes."""
    chance = random.Random(seed)
    rows = []
    for time in times:
        for area in areas:
            number = None if chance.random() < 0.1 else round(chance.uniform(-5, 200), 3)
            reason = Reason.NO_STATION if number is None else None
            category = chance.choice([None, "good", "tốt, \"'{}"])
            details = {"station": f"aq-{chance.randrange(9)}", "Trạm": [1.5, None]}
            rows.append(
                (INDICATORS[code], area, time, Value(number, chance.random(), reason, category, details))
            )
    async with conn.transaction():
        await lock(conn, [INDICATORS[code]])
        await store(conn, batch(rows))


def asked(areas: list[int], chance: random.Random) -> list[Series]:
    """Some series in the order in which the API asks for them, their bounds anywhere."""
    found = []
    for code in CODES:
        for area in areas:
            if chance.random() < 0.8:
                first, length = chance.uniform(-20, DAYS), chance.choice([0.3, 7, 31, 60, 365])
                start = START + timedelta(days=first)
                found.append(Series(code, Unit(area), start, start + timedelta(days=length)))  # type: ignore[arg-type]
    return found


def told(rows: Any) -> list[Any]:
    return list(zip(*(column.tolist() for column in rows.arrays.values()), strict=True))


async def assert_equal(conn: AsyncConnection[Any], areas: list[int], seed: int = 1) -> None:
    """What is read with packed months is, column by column, what is read row by row."""
    chance = random.Random(seed)
    for _ in range(12):
        series, limit = asked(areas, chance), chance.choice([1, 7, 100, 1_500, 10_001])
        fields = chance.choice([queries.FIELDS, ("value",), ("category", "reason", "details")])
        whole = await queries.values(conn, series, fields, as_of=None, limit=limit)
        found = await stored_values.values(conn, series, fields, as_of=None, limit=limit)
        assert list(found.arrays) == list(whole.arrays)
        assert [each.dtype for each in found.arrays.values()] == [
            each.dtype for each in whole.arrays.values()
        ]
        assert str(told(found)) == str(told(whole))  # as text: a value that is NaN equals none


async def months(conn: AsyncConnection[Any]) -> int:
    """How many months are packed as they are at present."""
    cursor = await conn.execute("SELECT count(*) FROM value_months WHERE packed = changes")
    ((count,),) = await cursor.fetchall()
    return int(count)


async def test_packed_is_what_is_read_row_by_row(conn: AsyncConnection[Any], areas: list[int]) -> None:
    await assert_equal(conn, areas)
    assert await pack_calm(conn, NOTHING, 60) == await months(conn) == 3 * 4
    assert await pack_calm(conn, NOTHING, 60) == 0
    for seed in range(5):
        await assert_equal(conn, areas, seed)


async def test_rows_come_from_packed_months(
    conn: AsyncConnection[Any], areas: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    await pack_calm(conn, NOTHING, 60)
    await put(conn, "vn_aqi_d", [START + timedelta(days=DAYS - 1)], areas, seed=2)
    parts: list[Series] = []
    real = queries.values

    async def noted(conn: Any, series: Any, *arguments: Any, **named: Any) -> Any:
        parts.extend(series)
        return await real(conn, series, *arguments, **named)

    monkeypatch.setattr(queries, "values", noted)
    series = [Series("vn_aqi_d", Unit(area), START, START + timedelta(days=DAYS)) for area in areas]  # type: ignore[arg-type]
    rows = await stored_values.values(conn, series, queries.FIELDS, as_of=None, limit=10_000)
    april = datetime(2026, 4, 1, tzinfo=UTC)
    assert [(each.unit.id, each.start, each.end) for each in parts] == [
        (area, april, START + timedelta(days=DAYS)) for area in areas
    ]
    assert len(rows) == 3 * DAYS - 31


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE indicator_values SET (value, reason) = (7, NULL) WHERE time::date = '2026-02-05'",
        "UPDATE indicator_values SET superseded_at = now() WHERE area_id = 2 AND time < '2026-02-01'",
        "UPDATE indicator_values SET time = time - interval '10 s' WHERE time = '2026-03-01'",
        "UPDATE indicator_values SET details = '{}' WHERE indicator = 'vn_aqi_d'",
        "DELETE FROM indicator_values WHERE time >= '2026-02-25' AND time < '2026-03-02'",
        "DELETE FROM indicator_values WHERE indicator = 'vn_aqi_h'",
        "TRUNCATE indicator_values",
        "DELETE FROM value_months WHERE month = '2026-03-01'",
        "DELETE FROM value_months",
    ],
)
async def test_changes_by_hand_are_seen_at_once(
    conn: AsyncConnection[Any], areas: list[int], statement: Any
) -> None:
    await pack_calm(conn, NOTHING, 60)
    packed = await months(conn)
    await conn.execute(statement)
    assert await months(conn) < packed
    await assert_equal(conn, areas)
    await pack_calm(conn, NOTHING, 60)
    await assert_equal(conn, areas)


async def test_revisions_of_late_data_are_seen_at_once(conn: AsyncConnection[Any], areas: list[int]) -> None:
    await pack_calm(conn, NOTHING, 60)
    for day in (3, 40, 41, 90):
        await put(conn, "vn_aqi_d", [START + timedelta(days=day)], areas, seed=day)
        await assert_equal(conn, areas)
    assert await months(conn) == 3 * 4 - 3  # of vn_aqi_d: January, March twice, April
    assert await pack_calm(conn, NOTHING, 60) == 3
    await assert_equal(conn, areas)


async def test_only_what_is_calm_is_packed(conn: AsyncConnection[Any], areas: list[int]) -> None:
    assert await pack_calm(conn) == 0
    await conn.execute(
        "UPDATE value_months SET changed_at = now() - interval '2 hours' WHERE indicator = 'vn_aqi_d'"
    )
    assert await pack_calm(conn) == 4
    await assert_equal(conn, areas)


async def test_what_is_being_written_is_passed_over(
    conn: AsyncConnection[Any], areas: list[int], database_url: str
) -> None:
    async with await connect(database_url) as writer:
        async with writer.transaction():
            await writer.execute(
                "UPDATE indicator_values SET value = 1, reason = NULL WHERE time >= '2026-03-01'"
            )
            assert await pack_calm(conn, NOTHING, 60) == 2 * 3  # January and February
            await assert_equal(conn, areas)
        await assert_equal(conn, areas)
    assert await pack_calm(conn, NOTHING, 60) == 2 * 3
    await assert_equal(conn, areas)


async def test_no_snapshot_has_a_packed_month_that_is_out_of_date(
    conn: AsyncConnection[Any], areas: list[int], database_url: str
) -> None:
    """Three write, one packs, one compares both within one snapshot, all at once."""
    stop, compared = asyncio.Event(), 0

    async def write(seed: int, code: str) -> None:
        async with await connect(database_url) as own:
            for turn in range(12):
                times = [START + timedelta(days=(7 * turn + each) % DAYS) for each in range(3)]
                await put(own, code, times, areas, seed + turn)

    async def keep_packing() -> None:
        async with await connect(database_url) as own:
            while not stop.is_set():
                if not await packed_values.pack(own, NOTHING):
                    await asyncio.sleep(0.001)

    async def compare() -> None:
        nonlocal compared
        series = [
            Series(code, Unit(area), START, START + timedelta(days=DAYS))  # type: ignore[arg-type]
            for code in ("rain_1h", "vn_aqi_d")
            for area in areas
        ]
        while not stop.is_set():
            async with one_state(conn):
                found = await packed_values.read(conn, queries.of_series(series), queries.FIELDS, 10**6)
                whole = await queries.values(conn, series, queries.FIELDS, as_of=None, limit=10**6)
            there = set(found.months)
            of = zip(whole["series"].tolist(), whole["time"].tolist(), strict=True)
            inside = [(place, datetime(time.year, time.month, 1, tzinfo=UTC)) in there for place, time in of]
            expected = [row for row, is_in in zip(told(whole), inside, strict=True) if is_in]
            names = list(whole.arrays)
            rows = list(zip(*(found.rows[name].tolist() for name in names), strict=True))
            assert str(rows) == str(expected)
            compared += len(rows) > 0

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(keep_packing())
        tasks.create_task(compare())
        async with asyncio.TaskGroup() as writers:
            for seed, code in ((1_000, "vn_aqi_d"), (2_000, "vn_aqi_d"), (3_000, "rain_1h")):
                writers.create_task(write(seed, code))
        stop.set()
    assert compared


async def test_values_from_before_the_migration_are_packed(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = migrations()
    monkeypatch.setattr(
        "storage.migrate.migrations", lambda: [m for m in every if not m.name.startswith("0033")]
    )
    await migrate(empty_database_url)
    async with await connect(empty_database_url) as conn:
        await registry.import_profile(conn, profiles.load("quang_ninh"))
        await write_catalogue(conn, INDICATORS.values())
        cursor = await conn.execute("SELECT id FROM areas WHERE reporting ORDER BY id LIMIT 2")
        areas = [row[0] for row in await cursor.fetchall()]
        await put(conn, "vn_aqi_d", [START + timedelta(days=day) for day in range(DAYS)], areas, seed=1)
        monkeypatch.setattr("storage.migrate.migrations", lambda: every)
        await migrate(empty_database_url)
        assert await pack_calm(conn, NOTHING, 60) == 4
        await assert_equal(conn, areas)
