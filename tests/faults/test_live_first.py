"""Live first: a gateway above its rate waits and is told, all of it is stored; others do not wait for it."""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import asynccontextmanager
from itertools import cycle
from typing import TYPE_CHECKING, Any

from bench.publisher import publish
from tests.conftest import changed
from tests.faults.conftest import FULL, register_all, until
from tests.faults.inputs import (
    DAY_MS,
    NOW_MS,
    Probe,
    assert_stored,
    expect_often,
    late_hours,
    platform_client,
    refusals,
    send_all,
    until_heard,
)
from tests.integration.test_ingest import gateway_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

    Expected = dict[tuple[int, int], float]

HOUR_MS = 3_600_000
#: the flooder's messages of 50 readings, sent as fast as they are acknowledged
FLOOD = 20_000 if FULL else 2_000
READINGS = 50
#: messages of 20 readings, a minute apart, of each of the gateways that were cut off for two days
REPLAYING = 20
REPLAY_MESSAGES = 144
#: The aim is twice the usual latency. A machine that does other things beside adds this to a single figure;
#: the figures themselves are printed, and measured by bench/live_first.py.
NOISE_MS = 150.0


def flood(count: int) -> list[bytes]:
    """Numbered messages; each tenth has a reading that is refused besides."""
    made = []
    for number in range(count):
        readings = [{"time": time, "pm10": value(time)} for time in times(number)]
        bad = [{"time": NOW_MS, "pm10": None}] if number % 10 == 0 else []
        made.append(json.dumps({"seq": number + 1, "readings": readings + bad}).encode())
    return made


def times(number: int) -> range:
    first = NOW_MS - DAY_MS + number * READINGS
    return range(first, first + READINGS)


def value(time_ms: int) -> float:
    return (time_ms * 7919 % 15_991) / 8


def expected_of(count: int, stream: int) -> Expected:
    return {(stream, time * 1000): value(time) for number in range(count) for time in times(number)}


async def waiting(conn: AsyncConnection[Any]) -> int:
    cursor = await conn.execute("SELECT count(*) FROM deferred_messages")
    ((count,),) = await cursor.fetchall()
    return int(count)


async def probe_beside(probe: Probe, disturbance: Any, at_least: int) -> None:
    """Probe while something else goes on."""
    over = asyncio.Event()
    probing = asyncio.create_task(probe.until(over, at_least))
    await disturbance
    over.set()
    await probing


async def nothing() -> None:
    pass


@asynccontextmanager
async def held_up(conn: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Let no batch commit within the block: each writes gateway_status before."""
    async with conn.transaction():
        await conn.execute("LOCK TABLE gateway_status IN EXCLUSIVE MODE")
        yield


async def test_a_flood_is_limited_and_told_and_the_others_do_not_wait_for_it(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, ingest: Ingest, gateway_code: str
) -> None:
    good, probed = [f"{gateway_code}-{i}" for i in range(100)], f"{gateway_code}-probe"
    ids = await register_all(conn, gateway_code, probed, *good)
    await expect_often(conn, probed)
    usual: Expected = {}
    async with (
        ingest,
        gateway_client(broker, probed) as client,
        platform_client(broker) as platform,
        listening(platform, gateway_code) as told,
    ):
        sending = asyncio.create_task(send_usually(platform, {g: ids[g, "pm10"] for g in good}, usual))
        alone, beside = (Probe(probed, ids[probed, "pm10"], client, settings) for _ in range(2))
        await probe_beside(alone, nothing(), 40)
        async with held_up(conn):  # however fast the machine is
            flooding = asyncio.create_task(send_all(broker, gateway_code, flood(FLOOD)))
            await until(lambda: ingest.count("deferred", gateway_code) > 0)
        await probe_beside(beside, flooding, 20)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await until_heard(conn, gateway_code, FLOOD)
        refused = await refusals(conn, gateway_code)
        await until(lambda: told["committed"][-1:] == [{"seq": FLOOD}])
        assert await waiting(conn) == 0
    print(f"good readings committed alone after {alone.summary()}, beside the flood after {beside.summary()}")
    assert ingest.count("deferred", gateway_code) >= 1
    assert ingest.count("deferred", f"{gateway_code}-") == 0
    limited = [each for each in told["rejected"] if each["reason"] == "rate_limited"]
    assert {(each["stored"], each["count"] > 0) for each in limited} == {(True, True)}
    # What waits has come: told as missing, it would be sent again.
    assert [each for each in told["committed"] if "missing" in each] == []
    assert refused == {"value_not_finite": (FLOOD // 10, FLOOD // 10)}
    if FULL:
        assert_close(alone, beside)
    every = expected_of(FLOOD, ids[gateway_code, "pm10"]) | usual | alone.expected | beside.expected
    await assert_stored(conn, every)


async def test_a_replay_of_two_days_is_stored_and_its_hours_queued_and_live_readings_do_not_wait_for_it(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, ingest: Ingest, gateway_code: str
) -> None:
    cut_off, live = [f"{gateway_code}-{i}" for i in range(REPLAYING)], f"{gateway_code}-live"
    ids = await register_all(conn, live, *cut_off)
    await expect_often(conn, live)
    start = (NOW_MS - 2 * DAY_MS - HOUR_MS) // HOUR_MS * HOUR_MS
    late = range(start, start + 2 * DAY_MS, 60_000)
    made = [
        (f"city/v1/{gateway}/up/observations", buffered(late[first : first + 20]))
        for first in range(0, len(late), 20)
        for gateway in cut_off
    ]
    assert len(made) == REPLAYING * REPLAY_MESSAGES

    async def replay() -> None:
        assert await publish(broker.platform_url, made, client_id=gateway_code) == 0

    async with ingest, gateway_client(broker, live) as client:
        alone, beside = (Probe(live, ids[live, "pm10"], client, settings) for _ in range(2))
        await probe_beside(alone, nothing(), 40)
        await probe_beside(beside, replay(), 20)
        for gateway in cut_off:
            await until_heard(conn, gateway, REPLAY_MESSAGES)
        queued = await late_hours(conn)
    print(
        f"live readings committed alone after {alone.summary()}, beside the replay after {beside.summary()}"
    )
    assert ingest.count("deferred") >= 1
    if FULL:
        assert_close(alone, beside)
    streams = [ids[gateway, "pm10"] for gateway in cut_off]
    hours = sorted({time // HOUR_MS * HOUR_MS for time in late})
    assert queued == sorted((stream, hour) for stream in streams for hour in hours)
    every = {(stream, time * 1000): value(time) for stream in streams for time in late}
    await assert_stored(conn, every | alone.expected | beside.expected)


async def test_killed_while_it_stores_what_was_deferred(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    moments, killed_while_waiting = random.Random(20261122), 0
    async with ingest:
        async with held_up(conn):  # however fast the machine is
            sending = asyncio.create_task(send_all(broker, gateway_code, flood(FLOOD)))
            await until(lambda: ingest.count("deferred", gateway_code) > 0)
        for _ in range(30 if FULL else 4):

            async def some_wait() -> bool:
                return await waiting(conn) > 0 or sending.done()

            await until(some_wait)
            await asyncio.sleep(moments.uniform(0.0, 0.2))
            ingest.kill()
            killed_while_waiting += await waiting(conn) > 0
            await ingest.start()
        await sending

        async def all_stored() -> bool:
            cursor = await conn.execute("SELECT received_seq::text FROM gateway_status")
            return await cursor.fetchone() == (f"{{[1,{FLOOD + 1})}}",) and await waiting(conn) == 0

        await until(all_stored, 300)
        refused = await refusals(conn, gateway_code)
    assert killed_while_waiting
    assert refused == {"value_not_finite": (FLOOD // 10, FLOOD // 10)}
    await assert_stored(conn, expected_of(FLOOD, ids[gateway_code, "pm10"]))
    print(f"killed {ingest.lives - 1} times, {killed_while_waiting} of them while messages waited: 0 lost")


#: Notes what waits whenever something is deferred.
NOTE_BYTES = """
CREATE TABLE noted (bytes bigint);
CREATE FUNCTION note_bytes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO noted SELECT sum(octet_length(payload)) FROM deferred_messages; RETURN NULL;
END $$;
CREATE TRIGGER note_bytes AFTER INSERT ON deferred_messages EXECUTE FUNCTION note_bytes()"""


async def test_beyond_the_bound_the_broker_holds_it(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    await conn.execute(NOTE_BYTES.encode())
    ingest.settings = changed(ingest.settings, ingest_deferred_mb=1)
    async with ingest:
        await send_all(broker, gateway_code, flood(FLOOD))
        await until_heard(conn, gateway_code, FLOOD)
    cursor = await conn.execute("SELECT max(bytes) FROM noted")
    ((most,),) = await cursor.fetchall()
    print(f"up to {most:,} bytes waited")
    assert 0 < most <= 1 << 20
    await assert_stored(conn, expected_of(FLOOD, ids[gateway_code, "pm10"]))


def buffered(instants: range) -> bytes:
    return json.dumps({"readings": [{"time": time, "pm10": value(time)} for time in instants]}).encode()


def assert_close(alone: Probe, beside: Probe) -> None:
    usual, disturbed = (sorted(p.latencies_ms)[len(p.latencies_ms) // 2] for p in (alone, beside))
    assert disturbed <= 2 * usual + NOISE_MS


@asynccontextmanager
async def listening(platform: aiomqtt.Client, gateway: str) -> AsyncIterator[dict[str, list[Any]]]:
    """Collect what a gateway is told, by the kind of message, as long as the block lasts."""
    told: dict[str, list[Any]] = {"rejected": [], "committed": []}
    await platform.subscribe(f"city/v1/{gateway}/down/#", qos=1)

    async def listen() -> None:
        async for message in platform.messages:
            told[message.topic.value.rpartition("/")[2]].append(json.loads(message.payload))  # type: ignore[arg-type]

    task = asyncio.create_task(listen())
    yield told
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def send_usually(platform: aiomqtt.Client, streams: dict[str, int], expected: Expected) -> None:
    """Let each gateway send a reading a second until cancelled."""
    for number, (gateway, stream) in enumerate(cycle(streams.items())):
        time_ms = NOW_MS - 7_200_000 + number
        payload = json.dumps({"readings": [{"time": time_ms, "pm10": value(time_ms)}]})
        expected[stream, time_ms * 1000] = value(time_ms)
        # Noted and sent as one: the end of the test comes between two messages.
        await asyncio.shield(platform.publish(f"city/v1/{gateway}/up/observations", payload, qos=1))
        await asyncio.sleep(1 / len(streams))
