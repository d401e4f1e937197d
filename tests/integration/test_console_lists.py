"""What the console's work lists read: gateways in trouble, flagged values, and how often they ask."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from api.queries import fetch
from api.reach import within
from dashboards.console import queries
from dashboards.console.worklists import AllWorklists, Worklists
from devices import maintenance
from devices.installations import Place, move
from devices.liveness import FLAPPING_FROM
from devices.registry import datastream_ids, import_profile
from storage.pool import open_pool
from tests.integration.city import AREA, small_city

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

    Connection = AsyncConnection[Any]

NOW = datetime.now(UTC)
ELSEWHERE = replace(AREA, code="194", name_en="Mong Cai", name_vi="Móng Cái")
CODES = ("calm", "flaps", "steadier", "silent", "offline", "never", "planned", "foreign")


@pytest.fixture
async def city(conn: Connection) -> Connection:
    """Gateways of Hạ Long, and `foreign` of Móng Cái; none was heard yet."""
    profile = small_city("calm")
    gateways = [small_city(code).gateways[0] for code in CODES]
    things = tuple(replace(each, areas=("194",)) for each in gateways[-1].things)
    gateways[-1] = replace(gateways[-1], areas=("194",), things=things)
    await import_profile(conn, replace(profile, areas=(AREA, ELSEWHERE), gateways=tuple(gateways)))
    return conn


async def said(conn: Connection, code: str, *, seen_s: float, online: bool = True, told_s: float = 0) -> None:
    """A gateway was heard so long ago, and said so long ago whether it is online."""
    await conn.execute(
        "INSERT INTO gateway_status (gateway_id, online, firmware, status_at, last_seen) "
        "SELECT id, %s, '1.4.2', %s, %s FROM gateways WHERE code = %s",
        [online, NOW - timedelta(seconds=told_s), NOW - timedelta(seconds=seen_s), code],
    )


async def went(conn: Connection, code: str, *hours_ago: float) -> None:
    """A gateway went offline so long ago, and was back a minute later each time."""
    for hours in hours_ago:
        for minutes, online in ((0, False), (1, True)):
            at = NOW - timedelta(hours=hours) + timedelta(minutes=minutes)
            await conn.execute(
                "INSERT INTO gateway_status_history (gateway_id, time, online) "
                "SELECT id, %s, %s FROM gateways WHERE code = %s",
                [at, online, code],
            )


async def reach_of(conn: Connection, *codes: str) -> frozenset[int]:
    rows = await conn.execute("SELECT id FROM areas WHERE code = ANY(%s)", [list(codes)])
    return frozenset(number for (number,) in await rows.fetchall())


@pytest.fixture(autouse=True)
def _present(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on between the import of this module and its tests."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


async def test_who_is_in_trouble_since_when_the_worst_first(city: Connection) -> None:
    often = [2.0 + n for n in range(FLAPPING_FROM)]
    for code in ("calm", "flaps", "steadier"):
        await said(city, code, seen_s=10, told_s=60)
    await went(city, "flaps", *often)
    await went(city, "steadier", *often[1:], 25)
    await said(city, "silent", seen_s=3600, told_s=86_400)
    await said(city, "offline", seen_s=400, online=False, told_s=300)
    await said(city, "planned", seen_s=7200)
    await said(city, "foreign", seen_s=500_000)
    start, end = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    await maintenance.add(city, "gateway", "planned", start, end, reason="new mast", who="Lan")
    await maintenance.add(city, "gateway", "silent", end, end + timedelta(hours=1), reason="later", who="Lan")
    with within(await reach_of(city, "193")):
        found = await queries.troubled(city, 10)
    assert [each["code"] for each in found] == ["offline", "silent", "flaps", "never", "planned"]
    offline, silent, flaps, never, _planned = found
    assert offline["since"] == NOW - timedelta(seconds=300)
    assert silent["since"] == silent["last_seen"] + timedelta(seconds=2 * silent["heartbeat_s"])
    assert (flaps["state"], flaps["flaps"], flaps["offline"]) == ("online", True, FLAPPING_FROM)
    assert flaps["last_change"] == NOW - timedelta(hours=2) + timedelta(minutes=1)
    assert (never["state"], never["last_seen"], never["offline"]) == ("never_heard", None, 0)
    assert [each["maintained"] for each in found] == [False, False, False, False, True]
    assert {each["total"] for each in found} == {5}
    assert (silent["firmware"], silent["areas"]) == ("1.4.2", ["193"])
    with within(None):
        assert [each["total"] for each in await queries.troubled(city, 1)] == [6]


async def test_a_gateway_of_an_area_in_maintenance_is_so_too(city: Connection) -> None:
    await said(city, "silent", seen_s=3600)
    end = NOW + timedelta(hours=1)
    await maintenance.add(city, "area", "193", NOW - timedelta(hours=1), end, reason="storm", who="Lan")
    with within(None):
        found = {each["code"]: each["maintained"] for each in await queries.troubled(city, 10)}
    assert (found["silent"], found["foreign"]) == (True, False)


async def test_changes_of_a_day_are_found_by_an_index(
    city: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.execute(
        "INSERT INTO gateway_status_history (gateway_id, time, online) "
        "SELECT g.id, now() - n * interval '7 minutes', n / 2 * 2 = n "
        "FROM gateways g, generate_series(1, 5000) n WHERE g.code <> 'calm'"
    )
    await city.execute("ANALYZE gateway_status_history")
    monkeypatch.setattr(queries, "fetch", explained)
    with within(None):
        plan = await queries.troubled(city, 100)
    assert "gateway_status_history_time_idx" in str(plan)


async def explained(conn: Connection, statement: Any, values: Any) -> Any:
    return await fetch(conn, "EXPLAIN " + statement, values)


async def flag(conn: Connection, stream: tuple[str, str], flags: int, *minutes_ago: float) -> None:
    numbers = await datastream_ids(conn)
    for each in minutes_ago:
        await conn.execute(
            "INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version) "
            "VALUES (%s, %s, %s, true, 'a test')",
            [NOW - timedelta(minutes=each), numbers[stream], flags],
        )


async def test_flags_of_a_day_by_datastream_and_test(city: Connection) -> None:
    await flag(city, ("calm-aq", "pm2_5"), 8, 5, 20)
    await flag(city, ("calm-aq", "pm2_5"), 8 | 1, 50)
    await flag(city, ("calm-aq", "pm10"), 4, 10, 24 * 60 + 5)
    await flag(city, ("foreign-aq", "pm10"), 16, *range(1, 6))
    with within(None):
        found = await queries.flagged(city, 10)
    told = [(each["thing"], each["property"], each["bit"], each["flagged"]) for each in found]
    assert told == [
        ("foreign-aq", "pm10", 16, 5),
        ("calm-aq", "pm2_5", 8, 3),
        ("calm-aq", "pm10", 4, 1),
        ("calm-aq", "pm2_5", 1, 1),
    ]
    assert (found[1]["first"], found[1]["last"]) == (NOW - timedelta(minutes=50), NOW - timedelta(minutes=5))
    assert [each["areas"] for each in found] == [["194"], ["193"], ["193"], ["193"]]
    assert {(each["total"], each["counted"]) for each in found} == {(4, 9)}
    with within(await reach_of(city, "193")):
        assert {each["thing"] for each in await queries.flagged(city, 10)} == {"calm-aq"}
        assert [each["total"] for each in await queries.flagged(city, 1)] == [3]


async def test_flags_belong_to_where_a_thing_stood_then(city: Connection) -> None:
    await city.execute("UPDATE installations SET valid_from = '-infinity'")
    await flag(city, ("calm-aq", "pm10"), 4, 5, 600)
    there = Place(latitude=21.5, longitude=107.9, areas=("194",))
    async with city.transaction():
        await move(city, "calm-aq", there, NOW - timedelta(hours=1), now=NOW, who="Lan")
    with within(await reach_of(city, "194")):
        ((found),) = await queries.flagged(city, 10)
    assert (found["flagged"], found["first"]) == (1, NOW - timedelta(minutes=5))
    with within(await reach_of(city, "193")):
        assert [each["first"] for each in await queries.flagged(city, 10)] == [NOW - timedelta(minutes=600)]


async def test_of_very_many_flags_the_newest_are_counted(
    city: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_FLAGS", 3)
    await flag(city, ("calm-aq", "pm10"), 4, *range(1, 6))
    with within(None):
        ((found),) = await queries.flagged(city, 10)
    assert (found["flagged"], found["counted"]) == (3, 3)
    assert found["first"] == NOW - timedelta(minutes=3)


async def test_flags_of_a_day_are_found_by_an_index(
    city: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await city.execute(
        "INSERT INTO observation_flags (time, datastream_id, flags, excluded, rule_version) "
        "SELECT now() - n * interval '1 minute', d.id, 4, true, 'a test' "
        "FROM datastreams d, generate_series(1, 10000) n"
    )
    await city.execute("ANALYZE observation_flags")
    monkeypatch.setattr(queries, "fetch", explained)
    with within(None):
        plan = str(await queries.flagged(city, 100))
    assert "observation_flags_time_datastream_id_flags_idx" in plan
    assert "Seq Scan on _hyper" not in plan


@asynccontextmanager
async def lists(url: str, reached: frozenset[int] | None = None) -> AsyncIterator[Worklists]:
    async with open_pool(url) as pool:
        yield AllWorklists(lambda: pool).of(reached)


async def test_a_hundred_pages_cost_one_reading(
    city: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = count_of(monkeypatch, "troubled")
    async with lists(database_url) as shared:
        found = await asyncio.gather(*(shared.troubled() for _ in range(100)))
    assert len(asked) == 1
    assert {each["code"] for each in found[99] or ()} == set(CODES)


def count_of(monkeypatch: pytest.MonkeyPatch, name: str) -> list[None]:
    asked: list[None] = []
    wanted = getattr(queries, name)

    async def counted(*arguments: Any, **named: Any) -> Any:
        asked.append(None)
        return await wanted(*arguments, **named)

    monkeypatch.setattr(queries, name, counted)
    return asked


async def test_each_reach_has_lists_of_its_own(city: Connection, database_url: str) -> None:
    async with open_pool(database_url) as pool:
        every = AllWorklists(lambda: pool)
        own = every.of(await reach_of(city, "193"))
        assert own is every.of(await reach_of(city, "193"))
        assert "foreign" not in {each["code"] for each in await own.troubled() or ()}
        assert "foreign" in {each["code"] for each in await every.of(None).troubled() or ()}


async def test_a_database_that_is_away_is_asked_once_and_what_was_read_stays(
    city: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        asked.append(None)
        raise psycopg.OperationalError("away")

    asked: list[None] = []
    monkeypatch.setattr("dashboards.console.worklists._TROUBLED_S", 0.0)
    async with lists(database_url) as shared:
        monkeypatch.setattr(queries, "flagged", away)
        assert await asyncio.gather(*(shared.flagged() for _ in range(10))) == [None] * 10
        assert len(asked) == 1
        before = await shared.troubled()
        monkeypatch.setattr(queries, "troubled", away)
        assert await shared.troubled() == before
