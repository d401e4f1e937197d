"""Who comes back to a stream gets what was missed, once and in order, or is told that it is gone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devices import registry
from storage.pool import connect
from tests.integration.api.streams import (
    HOUR,
    LAEQ,
    following,
    get,
    measure,
    serving,
    told,
    write,
)

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def test_observations_that_came_meanwhile_are_told_to_who_comes_back(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    ids = await registry.datastream_ids(city)
    query = f"event=observation&datastream={ids['ha-long-rain-1', 'rainfall']}"
    async with serving(database_url) as address, following(address, query) as client:
        await measure(city, ids["ha-long-rain-1", "rainfall"], (0, 1))
        seen = (await client.next()).id
    await measure(city, ids["ha-long-rain-1", "rainfall"], (1, 2), (200, 3))
    async with serving(database_url) as address, following(address, query, last_event_id=seen) as client:
        await measure(city, ids["ha-long-rain-1", "rainfall"], (201, 4))
        assert [(await client.next()).data["value"] for _ in range(3)] == [2, 3, 4]


async def test_what_commits_out_of_order_is_told_once_to_everybody(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    """Numbers that are given out before the commit would lose the transaction that commits last.

    Of two indicators: writers of one wait for each other.
    """
    both = f"{LAEQ}&indicator=humidex"
    async with await connect(database_url) as slow, following(address, both) as client:
        async with slow.transaction():
            await write(slow, 1)
            await write(city, 2, indicator="humidex")
            second = await client.next("value")
            assert second.data["value"] == 2
            async with following(address, both, last_event_id=second.id) as back:
                assert back.last_id == second.id
                slow_is_open = await get(address, "/v1/indicators/laeq_1h/values?area=193")
                assert slow_is_open["items"] == []
        first = await client.next("value")
        assert first.data["value"] == 1
        async with following(address, both, last_event_id=second.id) as back:
            assert await told(back, 1) == [1]
    assert int(first.id) > int(second.id)


async def test_who_comes_back_hears_what_was_missed_once_and_in_order_from_any_process(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    async with serving(database_url) as one, serving(database_url) as two:
        async with following(one, LAEQ) as client, following(two, LAEQ) as other:
            await write(city, 1)
            seen = await client.next("value")
            assert await other.next("value") == seen
        for value in (2, 3, 4):
            await write(city, value)
        async with following(two, LAEQ, last_event_id=seen.id) as client:
            missed = [await client.next() for _ in range(3)]
        async with following(one, f"{LAEQ}&after={seen.id}") as client:
            assert [await client.next() for _ in range(3)] == missed
    assert [each.data["value"] for each in missed] == [2, 3, 4]
    await write(city, 5)
    async with (
        serving(database_url) as three,
        following(three, LAEQ, last_event_id=missed[1].id) as client,
    ):
        assert await told(client, 2) == [4, 5]


async def test_writers_by_the_dozen_and_clients_that_come_and_go(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    """Everyone who comes back with what it saw last hears each of 200 values once."""
    expected = {float(n) for n in range(200)}

    async def write_some(first: int) -> None:
        async with await connect(database_url) as conn:
            for n in range(first, 200, 8):
                async with conn.transaction():
                    await write(conn, n, area=("193", "194", "22")[n % 3], at=HOUR - timedelta(minutes=n))
                    await asyncio.sleep(n % 5 / 500)

    async def follow(patience: int) -> list[float]:
        heard, seen = [], start
        while len(heard) < len(expected):
            async with following(address, LAEQ, last_event_id=seen) as client:
                for _ in range(min(patience, len(expected) - len(heard))):
                    event = await client.next()
                    assert event.name == "value"
                    heard.append(event.data["value"])
                    seen = event.id
        return heard

    async with following(address, LAEQ) as client:
        start = client.last_id
    *_, steady, hasty = await asyncio.gather(*(write_some(n) for n in range(8)), follow(200), follow(7))
    assert steady == hasty
    assert sorted(steady) == sorted(expected)


@pytest.mark.parametrize("unknown", ["1", "999999999999"])
async def test_who_comes_back_too_late_is_told_to_load_anew(
    database_url: str, city: AsyncConnection[Any], unknown: str
) -> None:
    # Before the API numbers its first event.
    await city.execute("SELECT setval(pg_get_serial_sequence('live_events', 'position'), 5000)")
    async with serving(database_url) as address:
        await write(city, 1)
        async with following(address, LAEQ) as client:
            await write(city, 2)
            while (await client.next("value")).data["value"] != 2:
                pass  # the first one may be told only now
        async with following(address, LAEQ, last_event_id=unknown) as client:
            reset = await client.next()
            await write(city, 3)
            assert await told(client, 1) == [3]
    assert reset.name == "reset"
    assert reset.id == reset.data["cursor"]


async def test_a_lost_connection_to_the_database_loses_nothing(
    address: str, database_url: str, city: AsyncConnection[Any]
) -> None:
    async with following(address, LAEQ) as client:
        await write(city, 1)
        assert await told(client, 1) == [1]
        for value in (2, 3):
            await city.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name = 'halong api live'"
            )
            await write(city, value)
            assert await told(client, 1) == [value]


async def test_what_was_thrown_away_unheard_is_not_passed_over_in_silence(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    """Without an API for a day the outbox is cut; who then comes back must not believe that nothing was."""
    async with serving(database_url) as address, following(address, LAEQ) as client:
        await write(city, 1)
        seen = (await client.next("value")).id
    await write(city, 2)
    await city.execute("UPDATE live_outbox SET written_at = written_at - interval '25 hours'")
    await write(city, 3)
    async with (
        serving(database_url) as address,
        following(address, LAEQ, last_event_id=seen) as client,
    ):
        assert (await client.next()).name == "reset"


async def test_without_follow_a_stream_ends_with_what_is_there(
    address: str, city: AsyncConnection[Any]
) -> None:
    async with following(address, f"{LAEQ}&follow=false") as client:
        assert await client.read() is None
        start = client.last_id
    await write(city, 1)
    async with following(address, LAEQ, last_event_id=start) as client:
        await client.next("value")
    async with following(address, f"{LAEQ}&follow=false&after={start}") as client:
        event = await client.read()
        assert event is not None
        assert event.data["value"] == 1
        assert await client.read() is None
