"""Packets by which one client would take the broker from the others."""

from __future__ import annotations

import socket

import aiomqtt
import mqtt5
import pytest

from tests.attacks.mqtt.conftest import OBSERVATIONS, City, answer
from tests.listening import heard, next_of


async def test_a_packet_above_the_limit_ends_its_connection_alone(city: City) -> None:
    async with (
        city.platform() as halong,
        heard(halong, "city/#") as topics,
        city.by_password("gw-2") as neighbour,
    ):
        with pytest.raises(aiomqtt.MqttError):
            async with city.by_password("gw-1") as gateway:
                await gateway.publish(OBSERVATIONS.format("gw-1"), bytes(2 << 20), qos=1)
        await neighbour.publish(OBSERVATIONS.format("gw-2"), b"well", qos=1)
        assert await next_of(topics) == (OBSERVATIONS.format("gw-2"), b"well")


def test_a_length_of_256_mib_is_not_waited_for(city: City) -> None:
    """Neither before the log-in nor after it: the broker goes by the length that is announced."""
    announced = b"\xff\xff\xff\x7f"
    connect = mqtt5.ConnectPacket("x", username="gw-1", password=b"gw-1 sesame", clean_start=True).write()
    for first in (b"", connect):
        with (
            socket.create_connection(("127.0.0.1", city.password_port), timeout=20) as raw,
            city.tls().wrap_socket(raw, server_hostname="localhost") as line,
        ):
            line.sendall(first)
            assert not first or line.recv(1000)
            line.sendall((b"\x30" if first else b"\x10") + announced + bytes(100))
            while line.recv(1000):
                pass
    assert answer(city.password_port, city.tls(), username="gw-2", password=b"gw-2 sesame") == "SUCCESS"


async def test_retained_messages_are_three_at_most_below_its_own_up(city: City) -> None:
    async with city.by_password("gw-1") as gateway:
        for number in range(500):
            await gateway.publish(f"city/v1/gw-1/up/flood-{number}", b"x", qos=1, retain=True)
            await gateway.publish(f"city/v1/gw-1/up/status/{number}", b"x", qos=1, retain=True)
        for kind in ("observations", "status", "response"):
            await gateway.publish(f"city/v1/gw-1/up/{kind}", b"x", qos=1, retain=True)
    async with city.platform() as halong, heard(halong, "city/#", "city/v1/end") as topics:
        await halong.publish("city/v1/end", b"", qos=1)
        found = []
        while "city/v1/end" not in found:
            found.append((await next_of(topics))[0])
    kept = {f"city/v1/gw-1/up/{kind}" for kind in ("observations", "status", "response")}
    assert set(found) == kept | {"city/v1/end"}


async def test_ten_thousand_subscriptions_hold_up_nobody(city: City) -> None:
    async with (
        city.platform() as halong,
        heard(halong, "city/#") as topics,
        city.by_password("gw-1") as gateway,
        city.by_password("gw-2") as neighbour,
    ):
        for hundred in range(100):
            filters = [(f"city/v1/gw-1/down/{hundred}/{each}/#", 1) for each in range(100)]
            await gateway.subscribe(filters)  # type: ignore[arg-type]
        await neighbour.publish(OBSERVATIONS.format("gw-2"), b"well", qos=1)
        assert await next_of(topics) == (OBSERVATIONS.format("gw-2"), b"well")
