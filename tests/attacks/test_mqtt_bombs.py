"""Packets that cost the broker or ingest more than they cost who sends them."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import cbor2
import mqtt5
import psutil
import pytest
import zstandard

from ingest.shares import client_ids, share_of
from tests.attacks.http.wire import Wire, wire
from tests.conftest import make_settings
from tests.faults.ingesting import MEMORY_MB, Ingest
from tests.faults.inputs import platform_client
from tests.integration.city import register
from tests.integration.test_ingest import gateway_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

_MIB = 1 << 20
#: CONNECT (MQTT 5, 3.1) that says it is 256 MiB long, the largest length there is (1.5.5)
_LONG_CONNECT = b"\x10\xff\xff\xff\x7f\x00\x04MQTT\x05"
_CONNECT = b"\x10\x0d\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x00"
#: DISCONNECT, packet too large (3.14.2.1)
_TOO_LARGE = b"\xe0\x01\x95"
#: what who is curious subscribes to
EVERYTHING = (
    "#", "+/#", "city/#", "city/v1/#", "city/v1/+/down/#", "city/v1/alerts/#", "$SYS/#", "spBv1.0/#",
    "halong/#", "$share/x/#", "$share/ingest/city/v1/+/up/observations",
)  # fmt: skip


@asynccontextmanager
async def neighbour(broker: Broker, code: str) -> AsyncIterator[Callable[[], Any]]:
    """Another gateway, whose message is acknowledged whenever it is asked for one."""
    async with gateway_client(broker, code) as client:

        async def publish() -> None:
            await asyncio.wait_for(client.publish(f"city/v1/{code}/up/status", b"{}", qos=1), 60)

        await publish()
        yield publish


@asynccontextmanager
async def attacker(broker: Broker, code: str) -> AsyncIterator[Wire]:
    """A gateway that is logged in and writes its packets itself."""
    password = broker.add_gateway(code)
    async with wire(broker.gateway_url) as connection:
        login = mqtt5.ConnectPacket(client_id=code, username=code, password=password.encode())
        async with asyncio.timeout(60):
            await connection.send(login.write())
            _, length = await connection.reader.readexactly(2)
            answer = await connection.reader.readexactly(length)
        assert answer[1] == 0  # CONNACK, success (3.2.2.2)
        yield connection


@pytest.mark.attack(
    "packets of MQTT that are none: 256 MiB long, a length without end, another protocol, garbage",
    "the connection ends; the broker and its other gateways live on",
)
@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (_LONG_CONNECT, b"\0" * 65536),
        (b"\x10\xff\xff\xff\xff\xff\xff", b""),
        (_CONNECT, b""),
        (b"GET / HTTP/1.1\r\nHost: halong\r\n\r\n", b""),
        (b"\x30\xff\xff\xff\x7f", b"\0" * 65536),
        (b"\xf0\x00", b""),
        (b"\x00" * 100, b""),
    ],
    ids=["long", "length", "anonymous", "http", "publish", "auth", "zeros"],
)
async def test_no_packets(broker: Broker, gateway_code: str, begin: bytes, more: bytes) -> None:
    pid = broker.server.pid
    async with neighbour(broker, gateway_code) as publish, wire(broker.gateway_url) as attacking:
        await attacking.send(begin)
        sent = 0
        while more and sent < 64 * _MIB and await attacking.send(more):
            sent += len(more)
        assert sent < 64 * _MIB
        assert len(await attacking.rest()) < 100
        await publish()
    assert broker.server.pid == pid


@pytest.mark.attack(
    "messages above the limit of 1 MiB, by a gateway with an account",
    "its connection ends before the message is taken; the others' go on",
)
@pytest.mark.parametrize("size", [_MIB + 100, 64 * _MIB])
async def test_large_packets(broker: Broker, gateway_code: str, size: int) -> None:
    bad = f"{gateway_code}-bad"
    process = psutil.Process(broker.server.pid)
    async with neighbour(broker, gateway_code) as publish, attacker(broker, bad) as attacking:
        before = process.memory_info().rss
        topic = f"city/v1/{bad}/up/observations".encode()
        length = bytes(size >> shift & 0x7F | (0x80 if shift < 21 else 0) for shift in (0, 7, 14, 21))
        await attacking.send(b"\x32" + length + len(topic).to_bytes(2) + topic + b"\x00\x01\x00")
        sent = 0
        while sent < size and await attacking.send(b"x" * 65536):
            sent += 65536
        assert await attacking.rest() in {b"", _TOO_LARGE}
        await publish()
        assert process.memory_info().rss - before < 16 * _MIB


@pytest.mark.attack("10,000 subscriptions of one gateway", "cost the others nothing that is seen")
async def test_many_subscriptions(broker: Broker, gateway_code: str) -> None:
    bad = f"{gateway_code}-bad"
    async with neighbour(broker, gateway_code) as publish, gateway_client(broker, bad) as attacking:
        for start in range(0, 10_000, 500):
            filters = [(f"city/v1/+/{n}/#", 1) for n in range(start, start + 500)]
            await attacking.subscribe(filters)  # type: ignore[arg-type]
            await publish()


@pytest.mark.attack(
    "subscriptions to everything: wildcards, $SYS, shared ones, Sparkplug, another's topics, kept messages",
    "nothing of another is heard",
)
async def test_wildcards(broker: Broker, gateway_code: str) -> None:
    bad, good = f"{gateway_code}-bad", f"{gateway_code}-good"
    async with (
        platform_client(broker) as halong,
        gateway_client(broker, good) as client,
        gateway_client(broker, bad) as attacking,
    ):  # fmt: skip
        kept = f"city/v1/{good}/down/config"
        await halong.publish(kept, b"kept", qos=1, retain=True)
        for topic in (*EVERYTHING, f"city/v1/{good}/#"):
            await attacking.subscribe(topic, qos=1)
        await client.publish(f"city/v1/{good}/up/observations", b"secret", qos=1)
        await halong.publish("city/v1/alerts/193", b"secret", qos=1)
        await halong.publish(f"city/v1/{good}/down/committed", b"secret", qos=1)
        await halong.publish(f"city/v1/{bad}/down/committed", b"last", qos=1)
        heard = []
        async with asyncio.timeout(60):
            async for message in attacking.messages:
                heard.append(str(message.topic))
                if message.payload == b"last":
                    break
        await halong.publish(kept, b"", qos=1, retain=True)
    # Whether Sparkplug's host is there is said to everyone.
    assert {topic for topic in heard if not topic.startswith("spBv1.0/STATE/")} == {
        f"city/v1/{bad}/down/committed"
    }


@pytest.mark.attack(
    "a gateway that joins the shared subscription of several ingest processes", "takes no message from them"
)
async def test_shared_subscription(broker: Broker, gateway_code: str) -> None:
    """Mosquitto's ACL file gives everyone every subscription; but a share has a name that nobody guesses."""
    bad, settings = f"{gateway_code}-bad", make_settings(mqtt_url=broker.platform_url, ingest_processes=2)
    share = next(each for each in share_of(settings, client_ids(settings)[1]).filters if "$share" in each)
    assert share.endswith("/city/v1/+/up/observations")
    async with (
        platform_client(broker) as ingest,
        gateway_client(broker, gateway_code) as client,
        gateway_client(broker, bad) as attacking,
    ):
        await ingest.subscribe(share, qos=1)
        for name in ("ingest", "halong", settings.ingest_client_id, f"{settings.ingest_client_id}-0"):
            await attacking.subscribe(f"$share/{name}/city/v1/+/up/observations", qos=1)
        for number in range(20):
            await client.publish(f"city/v1/{gateway_code}/up/observations", str(number), qos=1)
        heard = []
        async with asyncio.timeout(10):
            async for message in ingest.messages:
                heard.append(int(message.payload))  # type: ignore[arg-type]
                if len(heard) == 20:
                    break
    assert heard == list(range(20))


def bombs() -> dict[str, bytes]:
    """Payloads of some kilobytes that are much more, or take long, when they are read."""
    zeros = b"0" * (512 * _MIB)
    return {
        "gzip": gzip.compress(zeros, 9)[: _MIB - 1000],
        "zstd": zstandard.compress(zeros, 19),
        "gzip in gzip": gzip.compress(gzip.compress(zeros, 9), 9),
        "deep JSON": b"[" * 900_000,
        "deep CBOR": b"\x81" * 900_000,
        "CBOR of 2^64 items": b"\x9b" + b"\xff" * 8,
        "CBOR of bytes of 2^63": b"\x5b" + b"\x7f" * 8,
        "digits": b'{"readings": [{"time": ' + b"9" * 900_000 + b"}]}",
        "names": json.dumps({"readings": [{f"p{n}": 1 for n in range(60_000)}]}).encode(),
        "shared CBOR": cbor2.dumps([[["x" * 9] * 99] * 99] * 9),
    }


@pytest.mark.attack(
    "bombs by a gateway with an account: gzip, zstd, deep JSON and CBOR, lengths, digits, names",
    "refused; ingest stays below 200 MB and stores what others send meanwhile",
)
@pytest.mark.slow
async def test_bombs(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str, tmp_path: Path
) -> None:
    ids = await register(conn, gateway_code)
    sent = bombs()
    async with (
        Ingest(settings, tmp_path / "ingest.log") as ingest,
        gateway_client(broker, gateway_code) as client,
    ):
        for number, bomb in enumerate(sent.values(), 1):
            await client.publish(f"city/v1/{gateway_code}/up/observations", bomb, qos=1)
            good = {"seq": number, "readings": [{"time": int(time.time() * 1000) + number, "pm10": number}]}
            await client.publish(f"city/v1/{gateway_code}/up/observations", json.dumps(good), qos=1)
        async with asyncio.timeout(90):
            while len(rows := await _values(conn, ids[gateway_code, "pm10"])) < len(sent):
                await asyncio.sleep(0.2)
        assert ingest.lives == 1
    assert rows == [float(number) for number in range(1, len(sent) + 1)]
    assert ingest.peak_mb < MEMORY_MB
    refused = await (await conn.execute("SELECT count(DISTINCT payload) FROM refusals")).fetchone()
    assert refused == (len(sent),)


async def _values(conn: AsyncConnection[Any], datastream: int) -> list[float]:
    cursor = await conn.execute(
        "SELECT value FROM observations WHERE datastream_id = %s ORDER BY time", [datastream]
    )
    return [row[0] for row in await cursor.fetchall()]
