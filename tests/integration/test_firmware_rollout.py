"""Firmware from the key to the gateways: signed, offered in stages, halted where they do not come back."""

from __future__ import annotations

import asyncio
import json
import subprocess
from base64 import b64decode
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from api.queries import firmware as queries
from api.reach import EVERYTHING, within
from devices import configs, rollouts
from devices.firmware import manifest
from devices.registry import import_profile
from devices.rollouts import Plan, RolloutError
from storage.pool import connect
from tests.integration.city import register, small_city
from tests.integration.test_commands import gateway
from tests.integration.test_configs import move_away
from tests.integration.test_ingest import heard, ingesting, until
from tests.integration.test_simulated_gateway import (
    chosen,  # noqa: F401  (a fixture)
    city,  # noqa: F401  (a fixture)
    running,
)

if TYPE_CHECKING:
    from pathlib import Path

    import aiomqtt
    from psycopg import AsyncConnection

    from devices.model import Gateway, Profile
    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.integration.terminal import Halong

    Connection = AsyncConnection[Any]

pytestmark = pytest.mark.usefixtures("quick_downlink")


@pytest.fixture
def halong(halong: Halong) -> Halong:
    """`halong firmware`."""
    return partial(halong, "firmware")


@pytest.fixture
async def added(halong: Halong, tmp_path: Path) -> str:
    """A version that is signed and may be offered."""
    (tmp_path / "gateway.bin").write_bytes(b"firmware" * 1000)
    await halong("key", "--out", tmp_path / "firmware.key")
    where = ("--url", "https://fw.example/1.5.0.bin", "--key", tmp_path / "firmware.key")
    told = await halong("add", "1.5.0", tmp_path / "gateway.bin", *where, "--by", "Minh")
    assert "firmware 1.5.0: 8,000 bytes" in told
    return "1.5.0"


def plan(version: str) -> Plan:
    return Plan(version=version, stages=[50, 100], settle_s=600, max_failed=20, by="Minh")


async def later(conn: Connection) -> None:
    """Let the time to settle pass for what has happened to gateways so far."""
    await conn.execute(
        """UPDATE rollout_gateways
           SET offered_at = offered_at - interval '1 hour', ended_at = ended_at - interval '1 hour'"""
    )


async def reports(client: aiomqtt.Client, code: str, firmware: str) -> None:
    status = {"online": True, "firmware": firmware}
    await client.publish(f"city/v1/{code}/up/status", json.dumps(status), qos=1, retain=True)


async def state_of(conn: Connection, number: int) -> dict[str, Any]:
    with within(EVERYTHING):
        found = await queries.rollout(conn, number)
    assert found is not None
    return found


async def reaches(conn: Connection, number: int, **expected: Any) -> dict[str, Any]:
    async def is_so() -> bool:
        return expected.items() <= (await state_of(conn, number)).items()

    await until(is_so)
    return await state_of(conn, number)


async def test_openssl_verifies_what_was_signed(
    conn: Connection, halong: Halong, added: str, tmp_path: Path
) -> None:
    """As a gateway would, with the public part alone."""
    release = await rollouts.release(conn, added)
    assert release is not None
    (tmp_path / "manifest").write_bytes(manifest(added, 8000, release.sha256))
    (tmp_path / "signature").write_bytes(b64decode(release.signature))
    key = tmp_path / "firmware.key"
    assert key.stat().st_mode & 0o777 == 0o600
    verify = ["openssl", "pkeyutl", "-verify", "-rawin", "-inkey", key, "-in", tmp_path / "manifest"]
    done = subprocess.run([*verify, "-sigfile", tmp_path / "signature"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    digest = subprocess.run(["sha256sum", tmp_path / "gateway.bin"], capture_output=True, check=True).stdout
    assert digest.decode().startswith(release.sha256)
    assert "gateways trust that key" in await halong("key", "--out", key, fails=True)


async def test_a_version_is_one_file(halong: Halong, added: str, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"x")
    where = ("--url", "https://fw.example/x", "--key", tmp_path / "firmware.key")
    told = await halong("add", added, tmp_path / "other.bin", *where, fails=True)
    assert "another file needs another version" in told
    (tmp_path / "no.key").write_text("no key")
    where = ("--url", "https://fw.example/x", "--key", tmp_path / "no.key")
    told = await halong("add", "2", tmp_path / "other.bin", *where, fails=True)
    assert "no private key can be read" in told


async def test_it_is_offered_stage_by_stage_until_all_have_it(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str, added: str
) -> None:
    codes = [f"{gateway_code}-{each}" for each in "ab"]
    cities = [small_city(each) for each in codes]
    await import_profile(conn, replace(cities[0], gateways=tuple(each.gateways[0] for each in cities)))
    for each in codes:
        broker.add_gateway(each, f"secret-{each}")
    async with ingesting(settings), gateway(broker, codes[0]) as one, gateway(broker, codes[1]) as two:
        clients = dict(zip(codes, (one, two), strict=True))
        for code, client in clients.items():
            await reports(client, code, "1.4.2")
        number = await rollouts.begin(conn, plan(added))
        with pytest.raises(RolloutError, match="no gateway is left"):
            await rollouts.begin(conn, plan(added))
        first, second = [row["gateway"] for row in (await state_of(conn, number))["gateways"]]
        offer = (await heard(clients[first], "config"))["firmware"]
        release = await rollouts.release(conn, added)
        assert release is not None
        assert offer == release.offer()
        assert (await reaches(conn, number, offered=1))["waiting"] == 1
        await reports(clients[first], first, added)
        await reaches(conn, number, stage=1, updated=1)
        await later(conn)
        assert (await heard(clients[second], "config"))["firmware"] == offer
        assert (await reaches(conn, number, stage=2, updated=1))["offered"] == 1
        await reports(clients[second], second, added)
        await reaches(conn, number, updated=2, state="running")
        await later(conn)
        done = await reaches(conn, number, state="done")
    assert (done["updated"], done["failed"]) == (2, 0)
    with within(EVERYTHING):
        counted = {row["version"]: row["gateways"] for row in await queries.inventory(conn)}
    assert counted == {added: 2}


async def test_it_halts_when_a_gateway_does_not_come_back_and_takes_the_offer_back(
    conn: Connection, settings: Settings, broker: Broker, admitted: str, added: str, halong: Halong
) -> None:
    async with ingesting(settings):
        async with gateway(broker, admitted) as client:
            await reports(client, admitted, "1.4.2")
            await until_reported(conn, "1.4.2")
            number = await rollouts.begin(conn, plan(added))
            assert "firmware" in await heard(client, "config")
            gone = {"online": False}
            await client.publish(f"city/v1/{admitted}/up/status", json.dumps(gone), qos=1, retain=True)
        await until_offline(conn)
        await later(conn)
        halted = await reaches(conn, number, state="halted")
        assert halted["reason"] == "1 of 1 gateways failed"
        (found,) = await configs.configured(conn, admitted)
        assert (found.version, found.config, found.note) == (2, {}, f"roll-out {number}")
    shown = await halong("rollouts", str(number))
    assert [word for word in ("halted", "it did not come back", admitted, "1.4.2") if word not in shown] == []


async def until_offline(conn: Connection) -> None:
    async def is_offline() -> bool:
        rows = await conn.execute("SELECT online FROM gateway_status")
        return await rows.fetchall() == [(False,)]

    await until(is_offline)


async def until_reported(conn: Connection, version: str) -> None:
    async def is_reported() -> bool:
        rows = await conn.execute("SELECT firmware FROM gateway_status")
        return [version] == [each for (each,) in await rows.fetchall()]

    await until(is_reported)


async def test_it_is_stopped_by_hand(conn: Connection, gateway_code: str, added: str, halong: Halong) -> None:
    await registered(conn, gateway_code)
    dry = await halong("roll-out", added, "--stages", "100", "--dry-run")
    assert dry.strip() == f"stage 1 (up to 100 %): 1 gateways: {gateway_code}"
    with within(EVERYTHING):
        assert await queries.rollouts(conn) == []
    begun = await halong("roll-out", added, "--stages", "100", "--by", "Lan")
    assert begun.strip() == f"roll-out 1 of {added} to 1 gateways, in stages of 1"
    await rollouts.advance(conn)
    assert "1 offers are taken back" in await halong("stop", "1", "--by", "Lan")
    (found,) = await configs.configured(conn, gateway_code)
    assert (found.version, found.config) == (2, {})
    assert "stopped by Lan" in await halong("rollouts")
    assert "no roll-out 1 runs" in await halong("stop", "1", fails=True)
    listed = await halong("list")
    assert [word for word in ("1.4.2", added, "Minh", "https://fw.example") if word not in listed] == []


async def test_a_simulated_gateway_takes_it_on(
    conn: Connection, settings: Settings, broker: Broker, tmp_path: Path, added: str,
    city: Profile, chosen: Gateway,  # noqa: F811  (fixtures)
) -> None:  # fmt: skip
    await import_profile(conn, replace(city, gateways=(chosen,)))
    password = broker.add_gateway(chosen.code)
    async with ingesting(settings), running(city, chosen, broker.gateway_url, password, tmp_path):
        await until_reported(conn, "halong-simulator")
        number = await rollouts.begin(conn, plan(added))
        await reaches(conn, number, updated=1)
        await later(conn)
        await reaches(conn, number, state="done")


async def registered(conn: Connection, code: str) -> None:
    """Have one gateway, which is online."""
    await register(conn, code)
    await conn.execute(
        """INSERT INTO gateway_status (gateway_id, online, firmware, status_at, last_seen)
           SELECT id, true, '1.4.2', now(), now() FROM gateways"""
    )


async def test_a_configuration_that_cannot_be_changed_is_a_failure(
    conn: Connection, gateway_code: str, added: str
) -> None:
    await registered(conn, gateway_code)
    await configs.change(conn, gateway_code, {"settings": {"a": "x" * 32_700}}, by="Minh")
    number = await rollouts.begin(conn, plan(added))
    await rollouts.advance(conn)
    (row,) = (await state_of(conn, number))["gateways"]
    assert row["state"] == "failed"
    assert "its configuration cannot be changed" in row["reason"]
    await rollouts.advance(conn)
    assert (await state_of(conn, number))["state"] == "halted"


async def test_an_offer_is_taken_back_though_a_device_has_left_its_gateway(
    conn: Connection, gateway_code: str, added: str
) -> None:
    await registered(conn, gateway_code)
    device = f"{gateway_code}-aq"
    wanted = {"devices": {device: {"intervals": {"pm2_5": 60}}}}
    await configs.change(conn, gateway_code, wanted, by="Minh")
    number = await rollouts.begin(conn, plan(added))
    await rollouts.advance(conn)
    await move_away(conn, device)
    await conn.execute("UPDATE gateway_status SET online = false, status_at = now()")
    await later(conn)
    await rollouts.advance(conn)
    assert (await state_of(conn, number))["state"] == "halted"
    (found,) = await configs.configured(conn, gateway_code)
    assert (found.version, found.config) == (3, wanted)


async def test_an_offer_that_cannot_be_taken_back_is_told_and_not_counted(
    conn: Connection, gateway_code: str, added: str
) -> None:
    await registered(conn, gateway_code)
    number = await rollouts.begin(conn, plan(added))
    await rollouts.advance(conn)
    await conn.execute("""UPDATE desired_configs SET config = '{"sampling": 5, "firmware": {}}'""")
    with capture_logs() as told:
        assert await rollouts.stop(conn, number, "Lan") == 0
    assert [(each["action"], each["gateway"]) for each in told] == [("offer_stays", gateway_code)]


async def test_two_that_begin_at_once_share_no_gateway(
    conn: Connection, database_url: str, gateway_code: str, added: str
) -> None:
    await register(conn, gateway_code)
    async with await connect(database_url) as other:
        async with conn.transaction():
            await rollouts.begin(conn, plan(added))
            second = asyncio.create_task(rollouts.begin(other, plan(added)))
            await asyncio.wait([second], timeout=1)
        with pytest.raises(RolloutError, match="no gateway is left"):
            await second
