"""Ingest end to end: a gateway's client, a real broker, a real TimescaleDB."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiomqtt
import psycopg
import pytest
from structlog.testing import capture_logs

from ingest import metrics, service
from tests.conftest import changed
from tests.integration.city import register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from prometheus_client import Counter

    from runtime.settings import Settings
    from tests.conftest import Broker

Connection = psycopg.AsyncConnection[Any]
NOW_MS = int(time.time() * 1000)


@asynccontextmanager
async def ingesting(settings: Settings) -> AsyncIterator[asyncio.Event]:
    """Run ingest as long as the block lasts, then stop it gracefully."""
    stop, ready = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(service.run(settings, stop, on_ready=ready.set))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    try:
        if task.done():
            task.result()
        yield stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)


@asynccontextmanager
async def gateway_client(broker: Broker, code: str) -> AsyncIterator[aiomqtt.Client]:
    url = urlsplit(broker.gateway_url)
    async with aiomqtt.Client(
        url.hostname or "",
        url.port or 0,
        username=code,
        password=broker.add_gateway(code),
        identifier=code,
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe(f"city/v1/{code}/down/#", qos=1)
        yield client


async def send(client: aiomqtt.Client, code: str, *readings: dict[str, Any], **head: Any) -> None:
    await client.publish(f"city/v1/{code}/up/observations", json.dumps(head | {"readings": readings}), qos=1)


async def heard(client: aiomqtt.Client, kind: str) -> dict[str, Any]:
    """The next message of a kind that the gateway is told."""
    async with asyncio.timeout(60):
        async for message in client.messages:
            if message.topic.value.endswith(f"/down/{kind}"):
                return json.loads(message.payload)  # type: ignore[no-any-return, arg-type]
    raise AssertionError


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await check():
            await asyncio.sleep(0.02)


async def counts(counter: Counter, at_least: float) -> bool:
    return metrics.value(counter) >= at_least


async def stored(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute(
        "SELECT datastream_id, (extract(epoch FROM time) * 1000)::bigint, value, quality "
        "FROM observations ORDER BY 1, 2"
    )
    return await cursor.fetchall()


async def test_what_is_published_is_stored_and_told(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    device = f"{gateway_code}-aq"
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(
            client,
            gateway_code,
            {"device": device, "time": NOW_MS, "pm2_5": 31.2, "pm10": 48},
            {"time": NOW_MS, "pm10": 5},
            seq=1,
        )
        assert await heard(client, "committed") == {"seq": 1}
    assert await stored(conn) == sorted(
        [
            (ids[device, "pm2_5"], NOW_MS, 31.2, 0),
            (ids[device, "pm10"], NOW_MS, 48.0, 0),
            (ids[gateway_code, "pm10"], NOW_MS, 5.0, 0),
        ]
    )


async def test_refusal_is_stored_and_told_and_its_neighbours_live(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(
            client,
            gateway_code,
            {"time": NOW_MS, "pm2_5": 31200},
            {"time": NOW_MS, "pm10": None},
            {"time": NOW_MS + 1, "pm10": 7},
            seq=1,
        )
        told = await heard(client, "rejected")
    assert {k: told[k] for k in ("seq", "reason", "at", "count", "stored")} == {
        "seq": 1,
        "reason": "value_not_finite",
        "at": "$.readings[1].pm10",
        "count": 2,
        "stored": False,
    }
    assert await stored(conn) == sorted(
        [(ids[gateway_code, "pm2_5"], NOW_MS, 31200.0, 1), (ids[gateway_code, "pm10"], NOW_MS + 1, 7.0, 0)]
    )
    cursor = await conn.execute(
        "SELECT reason, at, detail, count, stored, seq, payload FROM refusals "
        "WHERE gateway = %s ORDER BY reason",
        [gateway_code],
    )
    not_finite, out_of_range = await cursor.fetchall()
    assert out_of_range[:6] == (
        "value_out_of_range", "$.readings[0].pm2_5", "pm2_5 = 31200 ug/m3 is above 1000", 1, True, 1,
    )  # fmt: skip
    assert not_finite[:2] == ("value_not_finite", "$.readings[1].pm10")
    assert json.loads(not_finite[6])["seq"] == 1


@pytest.mark.parametrize(
    "payload", [b"\xff\x00", b'{"readings": [{"time": 1, "a\\u0000b": "\\ud800"}]}', b""]
)
async def test_hostile_bytes_become_refusals_with_the_whole_payload(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str, payload: bytes
) -> None:
    await register(conn, gateway_code)

    async def refused() -> bool:
        cursor = await conn.execute("SELECT payload FROM refusals WHERE gateway = %s", [gateway_code])
        return [row[0] for row in await cursor.fetchall()] == [payload]

    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await client.publish(f"city/v1/{gateway_code}/up/observations", payload, qos=1)
        await until(refused)


async def test_sent_twice_is_stored_once_and_the_first_value_stays(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        for seq, value in enumerate([1.0, 2.0, 1.0], start=1):
            # The second and third come in one batch with each other or alone: both ways must hold.
            await send(client, gateway_code, {"time": NOW_MS, "pm10": value}, seq=seq)
        await until_committed(client, 3)
    assert [row[2] for row in await stored(conn)] == [1.0]


async def test_missing_numbers_are_told_until_they_come_or_are_given_up(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(client, gateway_code, seq=1)
        assert await heard(client, "committed") == {"seq": 1}
        await send(client, gateway_code, seq=5)
        assert await heard(client, "committed") == {"seq": 1, "missing": [[2, 4]]}
        await send(client, gateway_code, seq=3)
        assert await heard(client, "committed") == {"seq": 1, "missing": [[2, 2], [4, 4]]}
        await send(client, gateway_code, seq=6, oldest=5)
        assert await heard(client, "committed") == {"seq": 6}


async def test_status_and_its_history(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    topic = f"city/v1/{gateway_code}/up/status"

    async def history() -> list[tuple[Any, ...]]:
        cursor = await conn.execute("SELECT online, firmware FROM gateway_status_history ORDER BY time")
        return await cursor.fetchall()

    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        online = {"online": True, "firmware": "1.4.2", "started": "2026-11-22T08:00:00+07:00"}
        for message in (online, online, {"online": False}):
            await client.publish(topic, json.dumps(message), qos=1)

        async def went_offline() -> bool:
            return await history() == [(True, "1.4.2"), (False, "1.4.2")]

        await until(went_offline)
    cursor = await conn.execute("SELECT online, firmware, started IS NOT NULL, messages FROM gateway_status")
    assert await cursor.fetchone() == (False, "1.4.2", True, 2)


async def test_gateway_registered_while_ingest_runs_is_known(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await register(conn, gateway_code)

        async def one_stored() -> bool:
            await send(client, gateway_code, {"time": NOW_MS, "pm10": 1})
            return len(await stored(conn)) == 1

        await until(one_stored)


async def test_rows_that_the_database_refuses_become_refusals_and_the_rest_is_stored(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    await conn.execute("ALTER TABLE observations ADD CHECK (value <> 13)")
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(client, gateway_code, *({"time": NOW_MS + i, "pm10": i} for i in range(20)), seq=1)
        told = await heard(client, "rejected")
        assert (told["reason"], told["count"]) == ("not_storable", 1)
    assert [row[2] for row in await stored(conn)] == [float(i) for i in range(20) if i != 13]


async def test_batch_is_kept_while_the_database_is_locked_away(
    conn: Connection,
    settings: Settings,
    broker: Broker,
    gateway_code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await register(conn, gateway_code)
    monkeypatch.setattr("ingest.service._SESSION", "-c lock_timeout=100")
    tried = metrics.value(metrics.WRITE_RETRIES)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        async with conn.transaction():
            await conn.execute("LOCK TABLE observations IN EXCLUSIVE MODE")
            await send(client, gateway_code, {"time": NOW_MS, "pm10": 1}, seq=1)
            await until(lambda: counts(metrics.WRITE_RETRIES, tried + 2))
        assert await heard(client, "committed") == {"seq": 1}
    assert len(await stored(conn)) == 1


async def test_stop_commits_what_was_taken(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    slow = changed(settings, ingest_batch_age_ms=60_000)
    with capture_logs() as logged:
        await take_and_stop(conn, slow, broker, gateway_code)
    assert len(await stored(conn)) == 50
    assert "drain_timeout" not in [each.get("action") for each in logged]


async def take_and_stop(conn: Connection, settings: Settings, broker: Broker, gateway: str) -> None:
    async with ingesting(settings), gateway_client(broker, gateway) as client:
        taken = metrics.value(metrics.RECEIVED)
        for i in range(50):
            await send(client, gateway, {"time": NOW_MS + i, "pm10": i})
        await until(lambda: counts(metrics.RECEIVED, taken + 50))
        assert await stored(conn) == []


async def test_what_came_while_ingest_was_away_is_stored_after_its_return(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    async with gateway_client(broker, gateway_code) as client:
        async with ingesting(settings):
            await send(client, gateway_code, {"time": NOW_MS, "pm10": 0}, seq=1)
            assert await heard(client, "committed") == {"seq": 1}
        for i in range(1, 3001):  # more than the broker's default queue and than the Receive Maximum
            await send(client, gateway_code, {"time": NOW_MS + i, "pm10": 1}, seq=i + 1)
        async with ingesting(settings):
            await until_committed(client, 3001)
    assert len(await stored(conn)) == 3001


async def until_committed(client: aiomqtt.Client, seq: int) -> None:
    while (await heard(client, "committed"))["seq"] < seq:
        pass
