"""Identities live: from a command to the broker, by the follower and compose's start file, over TLS."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiomqtt
import psycopg
import pytest

from devices.identities import UnknownGatewayError, set_password
from devices.registry import import_profile
from devices.rotation import RotationError, end_rotation, rotate
from runtime.settings import settings
from storage.pool import connect
from tests.integration.city import small_city
from tests.integration.composed import StartedBroker
from tests.integration.terminal import typed
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from runtime.local.provision import Binaries

Connection = psycopg.AsyncConnection[Any]
UP = "city/v1/{}/up/observations"
#: the client that is cut off ends here
ENDED = (aiomqtt.MqttError, TimeoutError)


@dataclass
class Town:
    """gw-1 and gw-2 with passwords, `halong broker follow`, and a broker that reads what it writes."""

    broker: StartedBroker
    passwords: dict[str, str]

    async def certificate(self, code: str) -> ssl.SSLContext:
        folder = self.broker.folder / "certificates"
        await typed("ca", "issue", code, "--out", str(folder))
        context = self._tls()
        context.load_cert_chain(folder / f"{code}.pem", folder / f"{code}.key")
        return context

    def by_certificate(self, context: ssl.SSLContext) -> aiomqtt.Client:
        return _client(self.broker.certificate_port, tls_context=context)

    def by_password(self, user: str, password: str = "") -> aiomqtt.Client:
        given = {"username": user, "password": password or self.passwords[user]}
        return _client(self.broker.password_port, tls_context=self._tls(), **given)

    def platform(self) -> aiomqtt.Client:
        return _client(self.broker.platform_port, username="halong", password="platform secret")

    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.broker.folder / "ca.pem")


def _client(port: int, **options: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, **options)


@pytest.fixture
async def town(
    conn: Connection, database_url: str, binaries: Binaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    passwords = {}
    for code in ("gw-1", "gw-2"):
        await import_profile(conn, small_city(code))
        passwords[code] = await set_password(conn, code)
    broker = StartedBroker(binaries, tmp_path)
    environment = {
        "HALONG_DATABASE_URL": database_url,
        "HALONG_MQTT_URL": f"mqtt://halong:platform%20secret@127.0.0.1:{broker.platform_port}",
        "HALONG_BROKER_DIR": str(tmp_path),
        "HALONG_CA_DIR": str(tmp_path / "ca"),
        "HALONG_CA_PASSPHRASE": "a long passphrase",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    town = Town(broker, passwords)
    await typed("ca", "init")
    await typed("ca", "server", "--name", "127.0.0.1")
    with _following(tmp_path / "sessions"):
        broker.start()
        assert await asyncio.to_thread(broker.becomes, broker.platform_port, "halong", "platform secret")
        yield town
        broker.stop()
    broker.log.close()
    settings.cache_clear()


@contextmanager
def _following(last: Path) -> Iterator[None]:
    """Run the follower; it has written everything when `last` is there."""
    command = [sys.executable, "-m", "runtime.cli", "broker", "follow"]
    with subprocess.Popen(command) as process:
        try:
            deadline = time.monotonic() + 90
            while not last.exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            ended = process.wait(60)
        assert ended == 0


async def until(client: Callable[[], aiomqtt.Client], *, may: bool) -> None:
    """Wait until a client may log in, or may no longer."""
    async with asyncio.timeout(60):
        while await _logs_in(client()) is not may:
            await asyncio.sleep(0.1)


async def _logs_in(client: aiomqtt.Client) -> bool:
    try:
        async with client:
            return True
    except aiomqtt.MqttError:
        return False


async def is_cut_off(client: aiomqtt.Client, topic: str) -> None:
    """Publish until the broker ends the connection."""
    async with asyncio.timeout(60):
        try:
            while True:
                await client.publish(topic, b"still there", qos=1)
                await asyncio.sleep(0.1)
        except aiomqtt.MqttError:
            return


@asynccontextmanager
async def cut_off(client: aiomqtt.Client) -> AsyncIterator[aiomqtt.Client]:
    """A client that ends in being cut off; what else fails while it is there is told."""
    await client.__aenter__()
    yield client
    with suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)


@asynccontextmanager
async def undisturbed(town: Town) -> AsyncIterator[None]:
    """A neighbour's connection, which must be the same one all the time."""
    async with (
        town.platform() as halong,
        heard(halong, UP.format("gw-2")) as said,
        town.by_password("gw-2") as neighbour,
    ):
        yield
        await neighbour.publish(UP.format("gw-2"), b"undisturbed", qos=1)
        assert await next_of(said) == (UP.format("gw-2"), b"undisturbed")


@pytest.mark.attack("speak or listen for others by the second user name of a rotation", "does not arrive")
async def test_two_passwords_are_valid_during_a_rotation_and_the_old_one_ends(town: Town) -> None:
    async with (
        undisturbed(town),
        town.platform() as halong,
        heard(halong, "city/v1/gw-1/#", "city/v1/gw-1~2/#", "spBv1.0/#") as said,
        cut_off(town.by_password("gw-1")) as old,
    ):
        user, secret = (
            line.split()[-1] for line in (await typed("gateways", "rotate", "gw-1")).splitlines()[:2]
        )
        assert user == "gw-1~2"
        await until(lambda: town.by_password(user, secret), may=True)
        async with town.by_password(user, secret) as new, heard(new, "#", "city/v1/gw-1/down/#") as down:
            foreign = (UP.format("gw-1~2"), "city/v1/gw-1~2/up/status", "city/v1/gw-1/down/command")
            for topic in (*foreign, "spBv1.0/g/NDATA/gw-1~2", "spBv1.0/g/NDATA/gw-2"):
                await new.publish(topic, b"foreign", qos=1)
            for topic in (UP.format("gw-1"), "spBv1.0/g/NDATA/gw-1"):
                await new.publish(topic, b"new", qos=1)
            await old.publish(UP.format("gw-1"), b"old", qos=1)
            assert [await next_of(said) for _ in range(3)] == [
                (UP.format("gw-1"), b"new"),
                ("spBv1.0/g/NDATA/gw-1", b"new"),
                (UP.format("gw-1"), b"old"),
            ]
            for code in ("gw-2", "gw-1~2", "gw-1"):
                await halong.publish(f"city/v1/{code}/down/command", code.encode(), qos=1)
            assert await next_of(down) == ("city/v1/gw-1/down/command", b"gw-1")
            assert "gw-1~2 alone" in await typed("gateways", "rotate", "gw-1", "--end")
            await is_cut_off(old, UP.format("gw-1"))
            await until(lambda: town.by_password("gw-1"), may=False)
            await new.publish("city/v1/gw-1/up/status", b"new", qos=1)
            while (await next_of(said))[0] != "city/v1/gw-1/up/status":
                pass


async def test_a_rotation_ends_by_itself(town: Town, conn: Connection) -> None:
    at = datetime.now(UTC)
    given = await rotate(conn, "gw-1", at=at, until=at + timedelta(seconds=6))
    async with undisturbed(town), cut_off(town.by_password("gw-1")) as old:
        await until(lambda: town.by_password(given.user_name, given.password), may=True)
        await is_cut_off(old, UP.format("gw-1"))
        await until(lambda: town.by_password("gw-1"), may=False)
    assert await _logs_in(town.by_password(given.user_name, given.password))


async def test_user_names_take_turns_and_a_rotation_may_be_taken_back(conn: Connection) -> None:
    await import_profile(conn, small_city("gw-1"))
    at = datetime.now(UTC)
    end = at + timedelta(days=1)

    async def rotated() -> str:
        return (await rotate(conn, "gw-1", at=at, until=end)).user_name

    with pytest.raises(UnknownGatewayError, match="'gw-9' is not registered"):
        await rotate(conn, "gw-9", at=at, until=end)
    assert await rotated() == "gw-1", "it had none"
    with pytest.raises(RotationError, match="has not two passwords"):
        await end_rotation(conn, "gw-1", at=at, keep_old=False)
    assert await rotated() == "gw-1~2"
    with pytest.raises(RotationError, match="has two passwords, the older one until"):
        await rotated()
    assert await end_rotation(conn, "gw-1", at=at, keep_old=True) == "gw-1"
    assert await rotated() == "gw-1~2"
    assert await end_rotation(conn, "gw-1", at=at, keep_old=False) == "gw-1~2"
    assert await rotated() == "gw-1"
    given = await rotate(conn, "gw-1", at=end, until=end + timedelta(days=1))
    assert given.user_name == "gw-1~2", "the old one has ended"


@pytest.mark.attack(
    "come back after being disabled, by password or certificate", "refused, cut within seconds"
)
async def test_a_disabled_gateway_is_cut_off_and_refused_until_it_is_enabled(town: Town) -> None:
    own = await town.certificate("gw-1")
    async with undisturbed(town):
        async with cut_off(town.by_password("gw-1")) as by_password:
            assert "gw-1 is disabled" in await typed("gateways", "disable", "gw-1")
            await is_cut_off(by_password, UP.format("gw-1"))
        await until(lambda: town.by_password("gw-1"), may=False)
        await until(lambda: town.by_certificate(own), may=False)
        assert "was disabled already" in await typed("gateways", "disable", "gw-1")
        await typed("gateways", "enable", "gw-1")
        await until(lambda: town.by_password("gw-1"), may=True)
        await until(lambda: town.by_certificate(own), may=True)
        async with cut_off(town.by_certificate(own)) as again:
            await typed("gateways", "disable", "gw-1")
            await is_cut_off(again, UP.format("gw-1"))


@pytest.mark.attack("come back after a revocation, by password or certificate", "refused, cut within seconds")
async def test_a_revoked_gateway_is_cut_off_and_refused_for_good(town: Town) -> None:
    own = await town.certificate("gw-1")
    async with undisturbed(town):
        async with cut_off(town.by_certificate(own)) as thief:
            assert "would end 1 passwords, 1 cert" in await typed("gateways", "revoke", "gw-1", "--dry-run")
            assert "ended 1 passwords, 1 certificates" in await typed("gateways", "revoke", "gw-1")
            await is_cut_off(thief, UP.format("gw-1"))
        await until(lambda: town.by_certificate(own), may=False)
        assert not await _logs_in(town.by_password("gw-1"))
        secret = (await typed("gateways", "password", "gw-1")).strip()
        await until(lambda: town.by_password("gw-1", secret), may=True)
        assert not await _logs_in(town.by_certificate(own))


async def test_a_password_is_no_reason_to_read_the_registry_again(
    conn: Connection, database_url: str
) -> None:
    await import_profile(conn, small_city("gw-1"))
    async with await connect(database_url) as listener:
        await listener.execute("LISTEN halong_registry")
        await listener.execute("LISTEN halong_identities")
        await set_password(conn, "gw-1")
        told = [note.channel async for note in listener.notifies(timeout=1)]
    assert set(told) == {"halong_identities"}


async def test_files_that_are_right_are_left_alone(town: Town) -> None:
    names = ("passwords", "acl", "ended", "sessions", "crl.pem", "ca.pem", "server.pem", "server.key")
    files = [town.broker.folder / name for name in names]
    before = [file.stat().st_mtime_ns for file in files]
    assert "written: nothing" in await typed("broker", "files")
    assert [file.stat().st_mtime_ns for file in files] == before
