"""LoRaWAN network servers end to end: their messages, a real broker and its rules, a real TimescaleDB."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from devices.credentials import password_hash
from devices.model import PLATFORM_USER, DeviceModel, FieldMapping
from devices.registry import datastream_ids, import_profile, list_things
from ingest.formats.network_servers import Uplink, encode_chirpstack, encode_things_stack
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.process import free_port
from tests.conftest import REPOSITORY, make_settings
from tests.integration.city import small_city
from tests.integration.test_ingest import ingesting, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from runtime.settings import Settings

    Connection = AsyncConnection[Any]

CHIRPSTACK, THINGS_STACK = "lns-1", "lns-2"
SOURCES = {CHIRPSTACK: "application/#", THINGS_STACK: "v3/city@ttn/devices/#"}
APPLICATION = "application/17c82e96/device/a84041000181c061/event"
DEVICES = "v3/city@ttn/devices/bridge-2"
MODEL = DeviceModel(
    code="dust-1",
    name="Dust",
    fields={"pm25": FieldMapping(property="pm2_5", unit="mg/m3", factor=1000.0)},
    ignored=("battery",),
)
FIRST = datetime.now(UTC).replace(microsecond=123456)


def seconds_later(seconds: int) -> datetime:
    return datetime.fromtimestamp(FIRST.timestamp() - 60 + seconds, UTC)


def nanoseconds(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}789Z"


@pytest.fixture(scope="module")
def servers_broker(binaries: Binaries, scratch: Path) -> Iterator[LocalMosquitto]:
    """A broker that knows both network servers as sources, and a gateway that is none."""
    passwords = {code: password_hash(f"{code} sesame") for code in (*SOURCES, "gw-1")}
    folder = scratch / "mosquitto-lorawan"
    with LocalMosquitto(
        binaries, folder, gateway_port=free_port(), passwords=passwords, sources=SOURCES
    ) as broker:
        yield broker


@pytest.fixture
def lorawan_settings(database_url: str, servers_broker: LocalMosquitto) -> Settings:
    return make_settings(
        database_url=database_url, mqtt_url=servers_broker.platform_url, lorawan_sources=SOURCES
    )


@pytest.fixture
async def ids(conn: Connection) -> dict[tuple[str, str], int]:
    """Both servers in the registry, with one device each; only ChirpStack's has a model."""
    city = small_city("gw-1")
    gateway, thing = city.gateways[0], city.gateways[0].things[0]
    bridge_1 = replace(thing, code="bridge-1", model="dust-1", dev_eui="a84041000181c061")
    bridge_2 = replace(thing, code="bridge-2", dev_eui="a84041000181c062")
    servers = (
        replace(gateway, code=CHIRPSTACK, things=(bridge_1,)),
        replace(gateway, code=THINGS_STACK, things=(bridge_2,)),
    )
    await import_profile(conn, replace(city, device_models=(MODEL,), gateways=servers))
    return await datastream_ids(conn)


def client(broker: LocalMosquitto, name: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        broker.gateway_port,
        username=name,
        password=f"{name} sesame",
        identifier=name,
        protocol=aiomqtt.ProtocolVersion.V5,
    )


def platform(broker: LocalMosquitto) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        broker.platform_port,
        identifier="listener",
        username=PLATFORM_USER,
        password=broker.password_file.read_text(),
        protocol=aiomqtt.ProtocolVersion.V5,
    )


async def stored(conn: Connection) -> set[tuple[int, datetime, float]]:
    return set(await rows(conn, "SELECT datastream_id, time, value FROM observations"))


async def rows(conn: Connection, query: str) -> list[tuple[Any, ...]]:
    return await (await conn.execute(query.encode())).fetchall()


def chirpstack(time: datetime, **decoded: Any) -> bytes:
    return encode_chirpstack(Uplink(("a84041000181c061",), nanoseconds(time), decoded))


def things_stack(time: datetime, **decoded: Any) -> bytes:
    return encode_things_stack(Uplink(("a84041000181c062", "bridge-2"), nanoseconds(time), decoded))


def chirpstack_event(**event: Any) -> bytes:
    head = {"time": nanoseconds(FIRST), "deviceInfo": {"devEui": "a84041000181c061"}}
    return json.dumps(head | event).encode()


def things_stack_event(**event: Any) -> bytes:
    return json.dumps({"end_device_ids": {"device_id": "bridge-2"}} | event).encode()


async def test_uplinks_of_both_servers_are_stored_and_other_events_are_heard(
    conn: Connection,
    lorawan_settings: Settings,
    servers_broker: LocalMosquitto,
    ids: dict[tuple[str, str], int],
) -> None:
    one, two = seconds_later(1), seconds_later(2)
    again = json.loads(chirpstack(one, pm25={"value": 0.0312, "unit": "mg/m3"}, battery=92))
    again["rxInfo"] = [{"gatewayId": "another"}]
    async with (
        ingesting(lorawan_settings),
        client(servers_broker, CHIRPSTACK) as first,
        client(servers_broker, THINGS_STACK) as second,
    ):
        for event, payload in (
            ("join", chirpstack_event(devAddr="00189440")),
            ("up", chirpstack(one, pm25={"value": 0.0312, "unit": "mg/m3"}, battery=92)),
            ("ack", chirpstack_event(acknowledged=True, fCntDown=3)),
            ("up", json.dumps(again).encode()),
            ("up", chirpstack(two, pm25=0.04)),
        ):
            await first.publish(f"{APPLICATION}/{event}", payload, qos=1)
        for event, payload in (
            ("join", things_stack_event(join_accept={"session_key_id": "AX"})),
            ("up", things_stack(one, pm2_5=7.5, pm10="8")),
            ("down/ack", things_stack_event(downlink_ack={"f_cnt": 11})),
            ("up", things_stack(two, pm2_5=8)),
        ):
            await second.publish(f"{DEVICES}/{event}", payload, qos=1)
        expected = {
            (ids["bridge-1", "pm2_5"], one, 31.2),
            (ids["bridge-1", "pm2_5"], two, 40.0),
            (ids["bridge-2", "pm2_5"], one, 7.5),
            (ids["bridge-2", "pm2_5"], two, 8.0),
        }

        async def is_stored() -> bool:
            return await stored(conn) == expected

        await until(is_stored)
    heard = "SELECT g.code, s.messages FROM gateway_status s JOIN gateways g ON g.id = s.gateway_id"
    assert dict(await rows(conn, heard)) == {CHIRPSTACK: 5, THINGS_STACK: 4}
    refused = await rows(conn, "SELECT gateway, topic, reason, at, stored FROM refusals")
    assert refused == [
        (
            THINGS_STACK,
            f"{DEVICES}/up",
            "value_not_finite",
            "$.uplink_message.decoded_payload.pm10",
            False,
        )
    ]


async def test_two_processes_share_what_a_server_publishes(
    conn: Connection,
    lorawan_settings: Settings,
    servers_broker: LocalMosquitto,
    ids: dict[tuple[str, str], int],
) -> None:
    both = lorawan_settings.model_copy(update={"ingest_processes": 2})
    times = [seconds_later(number) for number in range(20)]
    async with ingesting(both), ingesting(both), client(servers_broker, CHIRPSTACK) as server:
        for number, time in enumerate(times):
            await server.publish(f"{APPLICATION}/up", chirpstack(time, pm25=number), qos=1)

        async def are_stored() -> bool:
            return len(await stored(conn)) == len(times)

        await until(are_stored)
    assert {(id_, time) for id_, time, _ in await stored(conn)} == {
        (ids["bridge-1", "pm2_5"], time) for time in times
    }
    assert await rows(conn, "SELECT max(messages) FROM gateway_status") == [(len(times),)]


async def test_a_new_model_is_known_without_a_restart(
    conn: Connection,
    lorawan_settings: Settings,
    servers_broker: LocalMosquitto,
    ids: dict[tuple[str, str], int],
) -> None:
    time = seconds_later(1)
    async with ingesting(lorawan_settings), client(servers_broker, CHIRPSTACK) as server:
        await conn.execute(
            """UPDATE device_models SET fields = '{"dust": {"property": "pm10", "offset": 1}}'"""
        )

        async def is_stored() -> bool:
            await server.publish(f"{APPLICATION}/up", chirpstack(time, dust=1), qos=1)
            await asyncio.sleep(0.1)
            return await stored(conn) == {(ids["bridge-1", "pm10"], time, 2.0)}

        await until(is_stored)


async def test_a_server_writes_its_own_topics_alone(servers_broker: LocalMosquitto) -> None:
    allowed = [f"{APPLICATION}/up", f"city/v1/{CHIRPSTACK}/up/status", f"{DEVICES}/up"]
    async with platform(servers_broker) as listener, client(servers_broker, CHIRPSTACK) as first:
        for topics in ("application/#", "applications/#", "v3/#", "city/#"):
            await listener.subscribe(topics, qos=1)
        for topic in (f"{DEVICES}/up", "v3/other", "city/v1/gw-1/up/observations", "applications/1"):
            await first.publish(topic, b"{}", qos=1)
        for topic in allowed[:2]:
            await first.publish(topic, b"{}", qos=1)
        async with client(servers_broker, "gw-1") as gateway:
            await gateway.publish(f"{APPLICATION}/up", b"{}", qos=1)
        async with client(servers_broker, THINGS_STACK) as second:
            await second.publish(f"{APPLICATION}/up", b"{}", qos=1)
            await second.publish(allowed[2], b"{}", qos=1)
        async with asyncio.timeout(40):
            assert [(await anext(listener.messages)).topic.value for _ in allowed] == allowed


async def test_devices_are_listed_with_model_and_dev_eui(
    conn: Connection, ids: dict[tuple[str, str], int]
) -> None:
    assert len(ids) == 4
    assert await list_things(conn, CHIRPSTACK) == [
        (CHIRPSTACK, "bridge-1", "air_station", "dust-1", "a84041000181c061", "pm10 pm2_5", "")
    ]


class BridgedMosquitto(LocalMosquitto):
    """A broker with the bridge of docs/lorawan.md, but for the address and the user of the far broker."""

    far: LocalMosquitto

    def _config(self) -> str:
        told = (REPOSITORY / "docs" / "lorawan.md").read_text("utf-8")
        bridge = told.split("```text\n")[1].split("```")[0].replace("bridge_capath /etc/ssl/certs\n", "")
        for old, new in (
            ("eu1.cloud.thethings.network:8883", f"127.0.0.1:{self.far.platform_port}"),
            ("remote_username city@ttn", f"remote_username {PLATFORM_USER}"),
            ("NNSXS.the-api-key", self.far.password_file.read_text()),
        ):
            assert old in bridge
            bridge = bridge.replace(old, new)
        return super()._config() + bridge


@pytest.fixture
async def bridged(
    binaries: Binaries, scratch: Path, gateway_code: str
) -> AsyncIterator[tuple[LocalMosquitto, aiomqtt.Client]]:
    """A broker with a bridge, and a connection to the far broker."""
    far = LocalMosquitto(binaries, scratch / f"far-{gateway_code}", gateway_port=free_port())
    near = BridgedMosquitto(
        binaries, scratch / f"near-{gateway_code}", gateway_port=free_port(), sources=SOURCES
    )
    near.far = far
    with far, near:
        async with platform(far) as publisher:
            yield near, publisher


async def test_a_bridge_brings_what_the_things_stack_publishes(
    conn: Connection,
    database_url: str,
    bridged: tuple[LocalMosquitto, aiomqtt.Client],
    ids: dict[tuple[str, str], int],
) -> None:
    near, publisher = bridged
    settings = make_settings(database_url=database_url, mqtt_url=near.platform_url, lorawan_sources=SOURCES)
    time = seconds_later(1)
    async with ingesting(settings):

        async def is_stored() -> bool:
            await publisher.publish(f"{DEVICES}/up", things_stack(time, pm2_5=7.5), qos=0)
            await asyncio.sleep(0.1)
            return await stored(conn) == {(ids["bridge-2", "pm2_5"], time, 7.5)}

        await until(is_stored)
