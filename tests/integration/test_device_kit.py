"""`halong device …` beside a running ingest, as an engineer runs it: in a process of its own."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from devices import commands
from devices.commands import NewCommand
from ingest import downlink
from tests.conftest import changed
from tests.integration.city import register
from tests.integration.test_commands import read_command
from tests.integration.test_ingest import gateway_client, ingesting, send
from tests.processes import environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker


@dataclass
class Done:
    code: int
    out: str
    err: str

    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@asynccontextmanager
async def starting(
    settings: Settings, *arguments: str, **changes: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "runtime.cli", "device", *arguments,
        env=environment(settings, COLUMNS="80", **changes), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def device(settings: Settings, *arguments: str, **changes: str) -> Done:
    async with starting(settings, *arguments, **changes) as process:
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return Done(process.returncode or 0, out.decode(), err.decode())


@pytest.fixture
async def city(conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str) -> Settings:
    await register(conn, gateway_code)
    return changed(settings, gateway_mqtt_url=broker.gateway_url)


async def test_a_gateway_by_hand_hears_what_is_committed(
    city: Settings, conn: AsyncConnection[Any], broker: Broker, gateway_code: str
) -> None:
    password = broker.add_gateway(gateway_code)
    async with ingesting(city):
        options = ("--as", gateway_code, "--every", "0.2", "--count", "3", "--seq", "1")
        done = await device(city, "simulate", *options, HALONG_GATEWAY_PASSWORD=password)
    assert done.code == 0, done.out + done.err
    assert done.out.count("PUBACK     0x00 the broker has it") == 3
    assert "everything up to 3" in done.out
    cursor = await conn.execute("SELECT count(*) FROM observations")
    assert await cursor.fetchone() == (12,)


@pytest.mark.parametrize("form", ["senml-json", "senml-cbor"])
async def test_other_formats_by_hand(
    city: Settings, conn: AsyncConnection[Any], broker: Broker, gateway_code: str, form: str
) -> None:
    password = broker.add_gateway(gateway_code)
    async with ingesting(city):
        options = ("--as", gateway_code, "--count", "1", "--seq", "1", "--format", form)
        done = await device(city, "simulate", *options, HALONG_GATEWAY_PASSWORD=password)
    assert done.code == 0, done.out + done.err
    cursor = await conn.execute("SELECT count(*) FROM observations")
    assert await cursor.fetchone() == (4,)


async def test_a_refusal_on_purpose_is_told(city: Settings, broker: Broker, gateway_code: str) -> None:
    password = broker.add_gateway(gateway_code)
    options = ("--as", gateway_code, "--count", "1", "--bad", "time_invalid")
    async with ingesting(city):
        done = await device(city, "simulate", *options, HALONG_GATEWAY_PASSWORD=password)
    assert done.code == 0, done.out + done.err
    assert "rejected   time_invalid at $.readings[0].time (not stored): " in done.out


async def test_each_refusal_is_told_and_a_broken_message_is_committed_by_its_number(
    city: Settings, broker: Broker, gateway_code: str
) -> None:
    password = broker.add_gateway(gateway_code)
    options = ("--as", gateway_code, "--every", "0.1", "--count", "3", "--seq", "1", "--bad", "not_decodable")
    async with ingesting(city):
        done = await device(city, "simulate", *options, HALONG_GATEWAY_PASSWORD=password)
    assert done.code == 0, done.out + done.err
    assert [f"not_decodable at $ (seq {seq}, not stored)" in done.out for seq in (1, 2, 3)] == [True] * 3
    assert "everything up to 3" in done.out


async def test_what_the_broker_denies_is_told(city: Settings, broker: Broker, gateway_code: str) -> None:
    password = broker.add_gateway(gateway_code)
    root = changed(city, topic_root="town/v1")  # the broker lets nobody write there
    options = ("--as", gateway_code, "--count", "1")
    done = await device(root, "simulate", *options, HALONG_GATEWAY_PASSWORD=password)
    assert done.code == 1
    assert "0x87 not authorised" in done.out
    wrong = await device(city, "simulate", *options, HALONG_GATEWAY_PASSWORD="wrong")
    assert wrong.code == 2
    assert "refuses" in wrong.err


async def test_live_messages_are_checked_beside_ingest(
    city: Settings, broker: Broker, gateway_code: str
) -> None:
    options = ("check", "--live", "--json", "--count", "2", "--gateway", gateway_code)
    async with gateway_client(broker, gateway_code) as client, starting(city, *options) as process:
        assert process.stderr
        while b"listening" not in await asyncio.wait_for(process.stderr.readline(), 60):
            pass
        now = time.time_ns() // 1_000_000
        await send(client, gateway_code, {"device": f"{gateway_code}-aq", "time": now, "pm2_5": 31.2})
        await send(client, gateway_code, {"device": f"{gateway_code}-aq", "time": now, "pm25": 31.2})
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    good, bad = Done(process.returncode or 0, out.decode(), "").documents()
    assert process.returncode == 1
    assert (good["ok"], good["readings"][0]["becomes"], good["readings"][0]["unit"]) == (
        True,
        "stored",
        "ug/m3",
    )
    assert [(e["reason"], e["at"]) for e in bad["problems"]] == [("unknown_property", "$.readings[0].pm25")]
    assert bad["corrected"][0]["example"]["pm2_5"] == 31.2


async def test_silence_is_not_taken_for_success(city: Settings, gateway_code: str) -> None:
    done = await device(city, "check", "--live", "--timeout", "0.5", "--gateway", gateway_code)
    assert done.code == 2
    assert "0 of 1 messages came within 0.5 s" in done.err


async def test_a_command_is_shown_and_answered(
    conn: AsyncConnection[Any],
    city: Settings,
    broker: Broker,
    gateway_code: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downlink, "_LOOK_S", 0.1)
    monkeypatch.setattr(downlink, "_ABSENT_S", 0.1)
    password = broker.add_gateway(gateway_code)
    played = ("simulate", "--as", gateway_code, "--every", "0.5", "--count", "8")
    async with ingesting(city), starting(city, *played, HALONG_GATEWAY_PASSWORD=password) as process:
        limits = {"expires_in": timedelta(minutes=1), "timeout": timedelta(minutes=1)}
        new = NewCommand(gateway=gateway_code, command="calibrate", by="Minh", **limits)
        number = await commands.create(conn, new)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        found = await read_command(conn, number)
    assert process.returncode == 0, err.decode()
    assert "command    calibrate {}" in out.decode()
    assert "response   done" in out.decode()
    assert found["state"] == "done"
