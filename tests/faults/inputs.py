"""What gateways send, sent as fast as it is acknowledged, and what has become of it."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.publisher import publish
from runtime.broker_client import client
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

NOW_MS = int(time.time() * 1000)
DAY_MS = 86_400_000


async def send_all(
    broker: Broker, gateway: str, payloads: Iterable[bytes], kind: str = "observations", password: str = ""
) -> None:
    """Publish as a gateway with QoS 1; every PUBACK must say 0x00."""
    password = password or broker.add_gateway(gateway)
    host = urlsplit(broker.gateway_url).netloc
    topic = f"city/v1/{gateway}/up/{kind}"
    messages = ((topic, payload) for payload in payloads)
    assert await publish(f"mqtt://{gateway}:{password}@{host}", messages, client_id=gateway) == 0


async def heard(conn: AsyncConnection[Any], gateway: str) -> int:
    """How many messages of a gateway are committed."""
    cursor = await conn.execute(
        "SELECT messages FROM gateway_status JOIN gateways g ON g.id = gateway_id WHERE code = %s", [gateway]
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def until_heard(conn: AsyncConnection[Any], gateway: str, messages: int, seconds: float = 60) -> None:
    """Wait until so many messages are committed, as long as more come; `seconds` without one is an error."""
    newest, deadline = -1, 0.0
    while (number := await heard(conn, gateway)) < messages:
        if number > newest:
            newest, deadline = number, time.monotonic() + seconds
        assert time.monotonic() < deadline, f"{number} of {messages} messages, no more for {seconds:.0f} s"
        await asyncio.sleep(0.05)
    assert number == messages


async def refusals(conn: AsyncConnection[Any], gateway: str) -> dict[str, tuple[int, int]]:
    """Messages refused and readings refused, by reason."""
    cursor = await conn.execute(
        "SELECT reason, count(*), sum(count) FROM refusals WHERE gateway = %s GROUP BY reason", [gateway]
    )
    return {reason: (messages, int(readings)) for reason, messages, readings in await cursor.fetchall()}


async def late_hours(conn: AsyncConnection[Any]) -> list[tuple[int, int]]:
    """The queue of late hours as (datastream, ms since 1970 UTC), sorted."""
    cursor = await conn.execute(
        "SELECT datastream_id, (extract(epoch FROM hour) * 1000)::bigint FROM late_hours ORDER BY 1, 2"
    )
    return await cursor.fetchall()


async def assert_stored(
    conn: AsyncConnection[Any],
    expected: dict[tuple[int, int], float],
    others: Mapping[tuple[int, int], set[float]] | None = None,
) -> None:
    """Compare with every observation stored, by (datastream, µs since 1970 UTC); `expected` is used up.

    `others`: further values that were sent for the same; which one is stored first is not known where a
    gateway is above its rate.
    """
    others = others or {}
    async with conn.transaction(), conn.cursor(name="every_observation") as cursor:
        cursor.itersize = 10_000
        await cursor.execute(
            "SELECT datastream_id, (extract(epoch FROM time) * 1000000)::bigint, value FROM observations"
        )
        async for stream, time_us, value in cursor:
            key = stream, time_us
            wanted = {expected.pop(key)} if key in expected else set()
            assert value in wanted | others.get(key, set()), (stream, time_us, value)
    assert not expected, f"{len(expected)} are not stored, for example {next(iter(expected.items()))}"


async def expect_often(conn: AsyncConnection[Any], gateway: str) -> None:
    """Let the registry expect a reading a second of each datastream: a `Probe` is then below its rate."""
    await conn.execute(
        "UPDATE datastreams SET sampling_interval_s = 1 WHERE thing_id IN "
        "(SELECT t.id FROM things t JOIN gateways g ON g.id = t.gateway_id WHERE g.code = %s)",
        [gateway],
    )


def platform_client(broker: Broker) -> aiomqtt.Client:
    return client(broker.platform_url, f"test-{secrets.token_hex(4)}")


@dataclass
class Probe:
    """A good gateway that sends one reading, waits until it is committed, and sends the next."""

    gateway: str
    stream: int
    client: aiomqtt.Client
    settings: Settings
    expected: dict[tuple[int, int], float] = field(default_factory=dict)
    latencies_ms: list[float] = field(default_factory=list)

    async def until(self, done: asyncio.Event, at_least: int) -> None:
        """Probe until `done` and so many times at least."""
        async with await connect(self.settings.require_database_url()) as conn:
            while not done.is_set() or len(self.latencies_ms) < at_least:
                await self._once(conn)
                await asyncio.sleep(0.01)

    async def _once(self, conn: AsyncConnection[Any]) -> None:
        time_us, value = time.time_ns() // 1_000_000 * 1000, len(self.latencies_ms) % 1000 / 8
        payload = json.dumps({"readings": [{"time": time_us // 1000, "pm10": value}]})
        begin = time.perf_counter()
        await self.client.publish(f"city/v1/{self.gateway}/up/observations", payload, qos=1)
        while not await self._is_committed(conn, time_us):
            await asyncio.sleep(0.001)
        self.latencies_ms.append((time.perf_counter() - begin) * 1000)
        self.expected[self.stream, time_us] = value

    async def _is_committed(self, conn: AsyncConnection[Any], time_us: int) -> bool:
        cursor = await conn.execute(
            "SELECT FROM observations WHERE datastream_id = %s AND time = to_timestamp(%s / 1e6)",
            [self.stream, time_us],
        )
        return cursor.rowcount == 1

    def summary(self) -> str:
        """Median, 99th percentile and greatest latency."""
        ordered = sorted(self.latencies_ms)
        middle, p99, most = median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1]
        return f"{middle:.0f} ms median, {p99:.0f} ms p99, {most:.0f} ms at most ({len(ordered)} readings)"
