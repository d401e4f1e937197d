"""Sparkplug B end to end: edge nodes, a real broker, ingest and a real TimescaleDB."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import aiomqtt
import pytest

from ingest.formats.sparkplug import DataType, Metric, Payload, decode, encode
from ingest.sparkplug import table
from ingest.sparkplug.host import HostSubscription
from runtime.places import default_cache
from tests.integration.city import register
from tests.integration.test_ingest import ingesting, stored, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import mqtt5
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

VERSION = "0.6.1"
SCRIPT = Path(__file__).with_name("sparkplug_edge_node.py")
NOW_MS = int(time.time() * 1000)
Told = dict[str, Any]


@pytest.fixture(scope="session")
def pysparkplug() -> Path:
    """A Python with pysparkplug, which needs another paho-mqtt than halong does."""
    folder = default_cache() / f"pysparkplug-{VERSION}"
    python = folder / "bin" / "python"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    try:
        if not (folder / "ready").exists():
            subprocess.run(
                [*uv, "venv", "--clear", "--python", sys.executable, folder], check=True, timeout=60
            )
            subprocess.run(
                [*uv, "pip", "install", "--python", python, f"pysparkplug=={VERSION}"], check=True, timeout=90
            )
            (folder / "ready").touch()
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"no pysparkplug {VERSION} to be had: {error}")
    return python


class EdgeNode:
    """The edge node's process: what it is asked, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def running(cls, python: Path, broker: Broker, code: str) -> AsyncIterator[Self]:
        url = urlsplit(broker.gateway_url)
        process = await asyncio.create_subprocess_exec(
            python, SCRIPT, url.hostname or "", str(url.port), code, broker.add_gateway(code),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            yield cls(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def do(self, what: str, **arguments: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
        await self._process.stdin.drain()

    async def says(self, what: str) -> Told:
        assert self._process.stdout
        async with asyncio.timeout(60):
            while line := await self._process.stdout.readline():
                told: Told = json.loads(line)
                if told["what"] == what:
                    return told
        raise AssertionError(f"the edge node ended before it said {what}")

    def kill(self) -> None:
        self._process.kill()


async def values(conn: AsyncConnection[Any], datastream: int) -> list[float]:
    return [value for id_, _, value, _ in await stored(conn) if id_ == datastream]


async def online(conn: AsyncConnection[Any]) -> bool | None:
    cursor = await conn.execute("SELECT online FROM gateway_status")
    rows = await cursor.fetchall()
    return rows[0][0] if rows else None


async def until_online(conn: AsyncConnection[Any], expected: bool) -> None:
    async def check() -> bool:
        return await online(conn) is expected

    await until(check)


async def until_stored(conn: AsyncConnection[Any], datastream: int, value: float) -> None:
    async def check() -> bool:
        return value in await values(conn, datastream)

    await until(check)


async def until_fresh(conn: AsyncConnection[Any], gateway: str) -> None:
    async def check() -> bool:
        return not (await table.load(conn))[gateway].stale

    await until(check)


async def refused(conn: AsyncConnection[Any], gateway: str) -> list[tuple[str, str]]:
    """Reasons and places; the broker may still keep states of gateways of other tests."""
    cursor = await conn.execute(
        "SELECT reason, at FROM refusals WHERE gateway = %s ORDER BY time, reason", [gateway]
    )
    return await cursor.fetchall()


async def test_an_edge_node_of_another_implementation(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str, pysparkplug: Path
) -> None:
    ids = await register(conn, gateway_code)
    pm10, pm2_5 = ids[gateway_code, "pm10"], ids[f"{gateway_code}-aq", "pm2_5"]
    async with EdgeNode.running(pysparkplug, broker, gateway_code) as node:
        await node.says("connected")
        async with ingesting(settings):
            # It was born before ingest was there, and is asked for it at its first message.
            await node.do("data", alias=1, value=12)
            asked = await node.says("command")
            assert asked == {"what": "command", "name": "Node Control/Rebirth", "value": True, "qos": 0}
            await until_stored(conn, pm10, 48.5)  # births are values too
            await until_stored(conn, pm2_5, 31)
            await until_online(conn, True)
            await node.do("data", alias=2, value=33, device=True)
            await until_stored(conn, pm2_5, 33)
            # The number goes round twice, and no message is taken for one out of order.
            await node.do("run", count=600)
            await until_stored(conn, pm10, 599)
            assert {*map(float, range(600))} <= {*await values(conn, pm10)}
            assert not (await table.load(conn))[gateway_code].stale
        async with ingesting(settings):
            # Names by alias have lasted over the restart, and the number too.
            await node.do("data", alias=2, value=77, device=True)
            await until_stored(conn, pm2_5, 77)
            assert not (await table.load(conn))[gateway_code].stale
        await node.do("data", alias=1, value=1500)  # while ingest is away
        assert await node.says("did") is not None
        async with ingesting(settings):
            await node.do("data", alias=2, value=78, device=True)
            assert (await node.says("command"))["name"] == "Node Control/Rebirth"
            await until_stored(conn, pm2_5, 78)  # a gap loses what is missing, and nothing else
            await until_fresh(conn, gateway_code)
            await node.do("data", alias=1, value=79)
            await until_stored(conn, pm10, 79)
            node.kill()
            await until_online(conn, False)
    assert await refused(conn, gateway_code) == [("no_birth", "$.metrics[0]")]
    assert 1500 not in await values(conn, pm10)


@asynccontextmanager
async def edge_client(broker: Broker, code: str) -> AsyncIterator[aiomqtt.Client]:
    url = urlsplit(broker.gateway_url)
    async with aiomqtt.Client(
        url.hostname or "", url.port or 0, username=code, password=broker.add_gateway(code), identifier=code,
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:  # fmt: skip
        await client.subscribe(f"spBv1.0/+/NCMD/{code}", qos=1)
        await client.subscribe(f"city/v1/{code}/down/#", qos=1)
        yield client


async def publish(
    client: aiomqtt.Client, topic: str, *metrics: Metric, seq: int | None = None, **more: Any
) -> None:
    payload = encode(Payload(NOW_MS, seq, metrics))
    await client.publish(f"spBv1.0/city/{topic}", payload, qos=more.pop("qos", 1), **more)


async def told(client: aiomqtt.Client) -> tuple[str, bytes]:
    async with asyncio.timeout(60):
        message = await anext(client.messages)
    assert isinstance(message.payload, bytes)
    return message.topic.value, message.payload


BD_SEQ = Metric("bdSeq", None, NOW_MS, DataType.UINT64, 4)
PM10 = Metric("pm10", 1, NOW_MS, DataType.DOUBLE, 5.0)


async def test_data_before_a_birth_are_kept_as_refused_and_a_rebirth_is_asked_for(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    async with ingesting(settings), edge_client(broker, gateway_code) as client:
        await publish(client, f"NDATA/{gateway_code}", Metric(None, 1, NOW_MS, None, 5.0), seq=7)
        heard = dict([await told(client), await told(client)])
        rebirth = decode(heard[f"spBv1.0/city/NCMD/{gateway_code}"])
        assert isinstance(rebirth, Payload)
        assert [(m.name, m.value) for m in rebirth.metrics] == [("Node Control/Rebirth", True)]
        rejected = json.loads(heard[f"city/v1/{gateway_code}/down/rejected"])
        assert (rejected["reason"], rejected["at"]) == ("no_birth", "$.metrics[0]")
        assert await stored(conn) == []
        # It is not asked a second time so soon, and what is retained is no birth.
        await publish(client, f"NBIRTH/{gateway_code}", BD_SEQ, PM10, seq=0, retain=True)
        await client.publish(f"spBv1.0/city/NBIRTH/{gateway_code}", b"", qos=1, retain=True)
        await publish(client, f"NBIRTH/{gateway_code}", BD_SEQ, PM10, seq=0)
        await until_online(conn, True)
    assert ("no_birth", "$.metrics[0]") in await refused(conn, gateway_code)


async def test_a_death_of_another_session_does_not_count(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    async with ingesting(settings), edge_client(broker, gateway_code) as client:
        await publish(client, f"NBIRTH/{gateway_code}", BD_SEQ, PM10, seq=255)
        await until_online(conn, True)
        await publish(client, f"NDEATH/{gateway_code}", BD_SEQ._replace(value=3))
        await publish(client, f"NDATA/{gateway_code}", Metric(None, 1, NOW_MS + 1, None, 6.0), seq=0)
        await until_stored(conn, ids[gateway_code, "pm10"], 6.0)
        assert await online(conn) is True
        await publish(client, f"NDEATH/{gateway_code}", BD_SEQ)
        await until_online(conn, False)
    (session,) = (await table.load(conn)).values()
    assert (session.online, session.births) == (False, {})
    assert await refused(conn, gateway_code) == []


async def test_sessions_are_read_as_they_were_written(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    odd = Metric('a "b"\\\0/PM10', 2**64 - 1, NOW_MS, DataType.DOUBLE, 5.0)
    async with ingesting(settings), edge_client(broker, gateway_code) as client:
        await publish(client, f"NBIRTH/{gateway_code}", BD_SEQ, odd, seq=255)
        await publish(client, f"DBIRTH/{gateway_code}/{gateway_code}-aq", PM10, seq=0)
        await publish(client, f"NDATA/{gateway_code}", seq=1)

        async def check() -> bool:
            return [each.seq for each in (await table.load(conn)).values()] == [1]

        await until(check)
    session = (await table.load(conn))[gateway_code]
    assert (session.group, session.online, session.bd_seq, session.born) == ("city", True, 4, NOW_MS)
    assert session.births[""].by_alias[2**64 - 1].name == 'a "b"\\\ufffd/PM10'
    assert session.births[f"{gateway_code}-aq"].codes == {"pm10": "pm10"}


async def test_an_edge_node_speaks_for_itself_alone(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    async with (
        ingesting(settings),
        edge_client(broker, f"{gateway_code}-x") as other,
        edge_client(broker, gateway_code) as itself,
    ):
        await publish(itself, f"NBIRTH/{gateway_code}", BD_SEQ, PM10, seq=0)
        for kind in ("NBIRTH", "NDATA", "NDEATH"):
            await publish(other, f"{kind}/{gateway_code}", BD_SEQ, PM10._replace(timestamp=NOW_MS + 1), seq=1)
        # Its own comes through, and after those: it is no registered gateway's, which is refused.
        await publish(other, f"NDATA/{gateway_code}-x", seq=0)

        async def check() -> bool:
            return ("unknown_gateway", "$") in await refused(conn, f"{gateway_code}-x")

        await until(check)
        await publish(itself, f"NDATA/{gateway_code}", PM10._replace(timestamp=NOW_MS + 2, value=6.0), seq=1)
        await until_stored(conn, ids[gateway_code, "pm10"], 6.0)
    assert await values(conn, ids[gateway_code, "pm10"]) == [5.0, 6.0]
    assert await online(conn) is True
    assert not (await table.load(conn))[gateway_code].stale


async def test_the_host_says_when_it_is_there_and_the_broker_when_it_is_not(
    broker: Broker, gateway_code: str
) -> None:
    topic = f"spBv1.0/STATE/{gateway_code}"
    url = urlsplit(broker.platform_url)
    host = HostSubscription(
        broker.platform_url, host_id=gateway_code, client_id=f"host-{gateway_code}",
        filters=["spBv1.0/+/NDATA/x"], receive_maximum=10,
    )  # fmt: skip
    async with aiomqtt.Client(
        url.hostname or "", url.port or 0, username=url.username, password=url.password
    ) as observer:
        await observer.subscribe(topic, qos=1)

        async def state() -> tuple[bool, int]:
            heard = json.loads((await told(observer))[1])
            assert set(heard) == {"online", "timestamp"}
            return heard["online"], heard["timestamp"]

        running = asyncio.create_task(host.run())
        is_on, since = await state()
        assert is_on
        assert abs(since - time.time() * 1000) < 60_000
        assert host._protocol
        host._protocol._transport.abort()
        assert await state() == (False, since)  # the will has the birth's time
        is_on, again = await state()
        assert is_on
        assert again > since
        await host.subscribed.wait()
        await observer.publish(topic, b'{"online":false,"timestamp":1}', qos=1, retain=True)
        assert await state() == (False, 1)
        assert await state() == (True, again)
        host.stop()
        is_on, end = await state()
        assert not is_on
        assert end >= again
        await asyncio.wait_for(running, 60)
    async with aiomqtt.Client(
        url.hostname or "", url.port or 0, username=url.username, password=url.password
    ) as late:
        await late.subscribe(topic)
        message = await anext(late.messages)
        assert message.retain
        assert json.loads(message.payload)["online"] is False  # type: ignore[arg-type]
        await late.publish(topic, b"", qos=1, retain=True)


class LateHost(HostSubscription):
    """A host to which the broker's messages come at the latest moment, as on a slow network."""

    held: list[tuple[mqtt5.PublishPacket, int, float]]

    def deliver(self, packet: mqtt5.PublishPacket, epoch: int, arrived: float) -> bool:
        if self.subscribed.is_set():
            return super().deliver(packet, epoch, arrived)
        self.held.append((packet, epoch, arrived))
        return False


async def test_the_retained_state_of_an_earlier_life_gets_no_second_birth(
    broker: Broker, gateway_code: str
) -> None:
    topic = f"spBv1.0/STATE/{gateway_code}"
    url = urlsplit(broker.platform_url)
    host = LateHost(
        broker.platform_url, host_id=gateway_code, client_id=f"host-{gateway_code}",
        filters=["spBv1.0/+/NDATA/x"], receive_maximum=10,
    )  # fmt: skip
    host.held = []
    async with aiomqtt.Client(
        url.hostname or "", url.port or 0, username=url.username, password=url.password
    ) as observer:
        await observer.subscribe(topic, qos=1)

        async def is_online() -> bool:
            online: bool = json.loads((await told(observer))[1])["online"]
            return online

        await observer.publish(topic, b'{"online":false,"timestamp":1}', qos=1, retain=True)
        assert not await is_online()
        running = asyncio.create_task(host.run())
        assert await is_online()
        await host.subscribed.wait()
        for late in host.held:
            host.deliver(*late)
        # What is said against it while it is there is answered, after all that came before.
        await observer.publish(topic, b'{"online":false,"timestamp":2}', qos=1)
        assert [await is_online() for _ in range(2)] == [False, True]
        host.stop()
        assert not await is_online()
        await asyncio.wait_for(running, 60)
        await observer.publish(topic, b"", qos=1, retain=True)
