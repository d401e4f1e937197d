"""One gateway sends all that it can beside good ones: nothing is lost; what the others wait is printed."""

from __future__ import annotations

import asyncio
import json
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.faults.conftest import FULL, register_all
from tests.faults.inputs import NOW_MS, Probe, assert_stored, expect_often, platform_client, until_heard
from tests.integration.test_ingest import gateway_client

if TYPE_CHECKING:
    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

NEIGHBOURS = 100 if FULL else 10
#: messages of the flooder, and how many a second it sends where its rate is bounded (one a second is usual)
FLOOD, RATE = (100_000, 1_000) if FULL else (15_000, 1_000)

#: lines for one mosquitto_pub: with 100,000 at once it does not end (packet identifiers have 16 bits)
MOST_AT_ONCE = 20_000


async def test_flood_of_one_gateway_takes_nothing_from_the_others(
    conn: AsyncConnection[Any],
    broker: Broker,
    binaries: Binaries,
    settings: Settings,
    ingest: Ingest,
    gateway_code: str,
) -> None:
    neighbours = [f"{gateway_code}-{i}" for i in range(NEIGHBOURS)]
    probed = f"{gateway_code}-probe"
    ids = await register_all(conn, gateway_code, probed, *neighbours)
    await expect_often(conn, probed)
    lines = [
        json.dumps({"seq": i + 1, "readings": [{"time": NOW_MS - i, "pm10": i % 2000}]}).encode() + b"\n"
        for i in range(FLOOD)
    ]
    bounded = lines[: FLOOD // 5]
    expected: dict[tuple[int, int], float] = {}
    async with ingest, gateway_client(broker, probed) as client, platform_client(broker) as platform:
        streams = {code: ids[code, "pm10"] for code in neighbours}
        usual = asyncio.create_task(send_usually(platform, streams, expected))
        probes = [Probe(probed, ids[probed, "pm10"], client, settings) for _ in range(3)]
        for probe, flood, rate in zip(probes, ([], bounded, lines), (0, RATE, 0), strict=True):
            over = asyncio.Event()
            good = asyncio.create_task(probe.until(over, at_least=50))
            for start in range(0, len(flood), MOST_AT_ONCE):
                some = flood[start : start + MOST_AT_ONCE]
                await mosquitto_pub(binaries, broker, gateway_code, some, rate)
            over.set()
            await good
        usual.cancel()
        await asyncio.gather(usual, return_exceptions=True)
        await until_heard(conn, gateway_code, len(bounded) + len(lines))
    words = (
        "without the flood",
        f"beside {RATE} messages a second",
        "beside all that mosquitto_pub can send",
    )
    for probe, word in zip(probes, words, strict=True):
        print(f"{word}: good readings committed after {probe.summary()}")
    expected |= {(ids[gateway_code, "pm10"], (NOW_MS - i) * 1000): float(i % 2000) for i in range(FLOOD)}
    for probe in probes:
        expected |= probe.expected
    await assert_stored(conn, expected)


async def send_usually(
    platform: aiomqtt.Client, streams: dict[str, int], expected: dict[tuple[int, int], float]
) -> None:
    """Let each gateway send one reading a second until cancelled."""
    for number, (gateway, stream) in enumerate(cycle(streams.items())):
        time_ms, value = NOW_MS - 7_200_000 + number, float(number % 2000)
        payload = json.dumps({"readings": [{"time": time_ms, "pm10": value}]})
        expected[stream, time_ms * 1000] = value
        # Noted and sent as one: the end of the test comes between two messages.
        await asyncio.shield(platform.publish(f"city/v1/{gateway}/up/observations", payload, qos=1))
        await asyncio.sleep(1 / len(streams))


async def mosquitto_pub(
    binaries: Binaries, broker: Broker, gateway: str, lines: list[bytes], rate: int
) -> None:
    """Publish lines with a client that is no code of ours, `rate` a second or (0) as fast as it can."""
    url = urlsplit(broker.gateway_url)
    process = await asyncio.create_subprocess_exec(
        binaries.mosquitto_pub, "-h", str(url.hostname), "-p", str(url.port), "-V", "5", "-q", "1", "-l",
        "-i", gateway, "-u", gateway, "-P", broker.add_gateway(gateway),
        "-t", f"city/v1/{gateway}/up/observations", stdin=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    step = rate // 50 or len(lines)
    for start in range(0, len(lines), step):
        process.stdin.write(b"".join(lines[start : start + step]))
        await process.stdin.drain()
        await asyncio.sleep(0.02)
    process.stdin.close()
    assert await process.wait() == 0
