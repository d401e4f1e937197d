"""Several ingest processes on a shared subscription: killed, doubled, halved, without their claim."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from ingest.drain import Draining
from storage.pool import connect
from tests.conftest import changed
from tests.faults.conftest import count, long, until
from tests.faults.ingesting import Ingest
from tests.processes import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.postgres import LocalPostgres
    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.faults.conftest import Traffic

    Connection = AsyncConnection[Any]
    Make = Callable[..., Ingest]

#: the server probes a silent connection after 5 s, three times in 9 s; the standby looks each second
VANISHED_S = 30


@pytest.fixture
def make(settings: Settings, tmp_path: Path) -> Make:
    """Makes one of so many ingest processes of the same installation."""

    def make_one(name: str, processes: int = 2, **changes: Any) -> Ingest:
        # The publishers send far above their rate; that is `test_input_flood`.
        changes = {"ingest_rate_factor": 0, **changes}
        each = changed(settings, ingest_processes=processes, **changes)
        return Ingest(each, tmp_path / f"{name}.log")

    return make_one


async def messages(conn: Connection) -> int:
    """Messages committed by all processes, those that came twice counted twice."""
    cursor = await conn.execute("SELECT coalesce(sum(messages), 0) FROM gateway_status")
    (number,) = await cursor.fetchone() or (0,)
    return int(number)


async def more(conn: Connection) -> None:
    """Wait until something more is stored."""
    before = await count(conn)

    async def stored() -> bool:
        return await count(conn) > before

    await until(stored)


async def has_session(settings: Settings, client_id: str) -> bool:
    probe = Draining(settings, client_id)
    await probe.greet(clean_start=False)
    return probe.session_present


def second_id(settings: Settings) -> str:
    return f"{settings.ingest_client_id}-1"


async def test_one_of_two_killed_and_both_killed(
    conn: Connection, traffic: Traffic, make: Make, full: bool
) -> None:
    moments = random.Random(4242)
    async with make("a") as one, make("b") as two:
        with traffic.flowing():
            for number in range(30 if full else 2):
                await more(conn)
                await asyncio.sleep(moments.uniform(0.0, 0.4))
                killed = [[one], [one, two], [two]][number % 3]
                for each in killed:
                    each.kill()
                await asyncio.sleep(moments.uniform(0.0, 0.4))
                for each in killed:
                    await each.start()
        await traffic.assert_stored(conn)
        ids = {each.newest("claimed", "client_id") for each in (one, two)}
    assert ids == {one.settings.ingest_client_id, second_id(one.settings)}
    print(f"{one.lives + two.lives} lives")


async def test_from_one_to_two_and_back(conn: Connection, traffic: Traffic, make: Make, full: bool) -> None:
    async with make("alone", processes=1) as alone:
        with traffic.flowing():
            for rounds in range(1, 6 if full else 2):
                await more(conn)
                await alone.stop()
                async with make("a") as first, make("b") as second:
                    await more(conn)
                    # What the broker gives the second id from here on waits in its queue.
                    second.kill()
                    await asyncio.sleep(0.5)
                    await first.stop()
                await alone.start()
                await until(lambda n=rounds: alone.count("drained") == n)
        await traffic.assert_stored(conn)
        assert not await has_session(alone.settings, second_id(alone.settings))


async def test_nothing_comes_twice_after_the_plain_subscription(
    conn: Connection, traffic: Traffic, make: Make
) -> None:
    async with make("one", processes=1):
        pass
    async with make("a"), make("b"):
        with traffic.flowing():
            await asyncio.sleep(1)
        await traffic.assert_stored(conn)
        assert await messages(conn) == traffic.acked


@long
async def test_a_standby_takes_over_the_id_of_one_that_died(
    conn: Connection, traffic: Traffic, make: Make
) -> None:
    async with make("a") as one, make("b") as two, AsyncExitStack() as later:
        spare = make("c")
        with traffic.flowing():
            await spare.start(wait=False)
            later.push_async_callback(spare.stop)
            await until(lambda: spare.count("claim_standby") > 0)
            two.kill()
            await until(lambda: spare.count("mqtt_subscribed") > 0, 5)
            await more(conn)
        await traffic.assert_stored(conn)
        assert spare.newest("claimed", "client_id") == two.newest("claimed", "client_id")
        assert one.lives == 1


@long
async def test_a_standby_takes_over_the_id_of_a_machine_that_vanished(
    conn: Connection, settings: Settings, traffic: Traffic, make: Make
) -> None:
    """Neither database nor broker hear of its end: PostgreSQL probes the connection that holds the lock."""
    database, broker = Proxy(str(settings.database_url)), Proxy(str(settings.mqtt_url))
    async with database.serving(), broker.serving(), AsyncExitStack() as later:
        far = make("far", processes=1, database_url=database.url, mqtt_url=broker.url)
        spare = make("spare", processes=1)
        async with far:
            with traffic.flowing():
                await spare.start(wait=False)
                later.push_async_callback(spare.stop)
                await until(lambda: spare.count("claim_standby") > 0)
                database.vanish()
                broker.vanish()
                began = time.monotonic()
                await until(lambda: spare.count("mqtt_subscribed") > 0, VANISHED_S)
                took = time.monotonic() - began
                await more(conn)
            far.kill()
            await traffic.assert_stored(conn)
        assert spare.newest("claimed", "client_id") == far.newest("claimed", "client_id")
    print(f"taken over after {took:.0f} s")


@long
async def test_a_second_process_by_mistake_stands_by(conn: Connection, traffic: Traffic, make: Make) -> None:
    async with make("a", processes=1) as one, AsyncExitStack() as later:
        other = make("b", processes=1)
        with traffic.flowing():
            await other.start(wait=False)
            later.push_async_callback(other.stop)
            await until(lambda: other.count("claim_standby") > 0)
            await asyncio.sleep(1)
        await traffic.assert_stored(conn)
        assert one.count("mqtt_subscribed") == 1
        assert one.count("mqtt_lost") == 0
        assert other.count("mqtt_subscribed") == 0


@long
async def test_claims_cut_and_taken_again(conn: Connection, traffic: Traffic, make: Make) -> None:
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name LIKE 'halong ingest claim %' AND datname = current_database()"
    )
    async with make("a") as one, make("b") as two:
        with traffic.flowing():
            for number in range(1, 11):
                await conn.execute(cut.encode())
                await until(lambda n=number: one.count("claim_lost") + two.count("claim_lost") == 2 * n)
                await until(lambda n=number: one.count("claimed") + two.count("claimed") == 2 * (n + 1))
                await more(conn)
        await traffic.assert_stored(conn)
        assert one.lives == two.lives == 1


@long
async def test_the_database_killed_under_two(
    durable_postgres: LocalPostgres, durable_url: str, durable_traffic: Traffic, make: Make
) -> None:
    changes = {"database_url": durable_url}
    async with make("a", **changes) as one, make("b", **changes) as two:
        with durable_traffic.flowing():
            for _ in range(10):
                await asyncio.to_thread(durable_postgres.kill)
                await asyncio.to_thread(durable_postgres.start)
                async with await connect(durable_url) as conn:
                    await more(conn)
        async with await connect(durable_url) as conn:
            await durable_traffic.assert_stored(conn)
        assert one.lives == two.lives == 1


@long
async def test_the_broker_restarted_under_two(
    conn: Connection, traffic: Traffic, make: Make, broker: Broker
) -> None:
    """Mosquitto forgets shared subscriptions: until one is back, a PUBACK says 0x10 and counts as none."""
    async with make("a") as one, make("b") as two:
        with traffic.flowing():
            for _ in range(5):
                await more(conn)
                await asyncio.to_thread(broker.server.stop)
                await asyncio.to_thread(broker.server.start)
                await more(conn)
        await traffic.assert_stored(conn)
        assert one.lives == two.lives == 1
    print(f"PUBACKs other than 0x00: {traffic.paho.refused}")
