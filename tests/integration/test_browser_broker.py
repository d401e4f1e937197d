"""The broker for browsers outside the demo: its start file and settings of compose.yaml, over TLS."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import ssl
import subprocess
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from api import keys
from api.app import create_app
from devices.credentials import password_hash
from devices.identities import set_password
from runtime.broker_client import Publisher, client
from runtime.dynamic_security import ControlError, control
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.process import free_port
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.composed import DEPLOY
from tests.integration.terminal import typed
from tests.integration.test_broker_follow import UP, Town, cut_off, town
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import psycopg

    from runtime.local.provision import Binaries

__all__ = ["town"]
SECRET, BRIDGE = "browser secret", "bridge's secret"


@dataclass(frozen=True)
class Browsers:
    """Where the broker for browsers is, and what it starts from."""

    folder: Path
    work: Path
    port: int
    control_port: int

    @property
    def control_url(self) -> str:
        return f"mqtt://halong:{SECRET.replace(' ', '%20')}@127.0.0.1:{self.control_port}"

    def said(self) -> str:
        return (self.work / "log").read_text()

    @asynccontextmanager
    async def started(self, binaries: Binaries, gateways_port: int) -> AsyncIterator[None]:
        """Run it as compose.yaml does."""
        conf = self.work / "browsers.conf"
        conf.write_text(self._conf(binaries, gateways_port))
        environment = {
            "PATH": f"{binaries.mosquitto.parent}:{os.environ['PATH']}",
            "HALONG_IDENTITIES_SECONDS": "0.1",
            "HALONG_BROWSER_BRIDGE_PASSWORD": BRIDGE,
        }
        command = ["sh", DEPLOY / "start-browsers", conf, self.folder]
        with (
            (self.work / "log").open("w") as log,
            subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
        ):
            try:
                await self._answers()
                yield
            finally:
                process.send_signal(signal.SIGTERM)
                ended = process.wait(60)
            assert ended == 0

    async def _answers(self) -> None:
        async with asyncio.timeout(60):
            while True:
                try:
                    async with control(self.control_url) as broker:
                        assert await broker.users() == ["halong"]
                        return
                except ControlError:
                    await asyncio.sleep(0.1)

    def _conf(self, binaries: Binaries, gateways_port: int) -> str:
        library = next(binaries.mosquitto.parents[1].glob("lib/*/mosquitto_dynamic_security.so"))
        text = (DEPLOY / "browsers.conf").read_text()
        for old, new in (
            ("/usr/lib/mosquitto_dynamic_security.so", str(library)),
            ("/tmp/browsers", str(self.work / "own")),
            ("listener 8084", f"listener {self.port} 127.0.0.1"),
            ("listener 1885", f"listener {self.control_port} 127.0.0.1"),
            ("broker:8883", f"127.0.0.1:{gateways_port}"),
        ):
            assert old in text
            text = text.replace(old, new)
        return f"user root\n{text}"


@pytest.fixture(autouse=True)
def browsers(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Browsers:
    """What `halong broker follow` and the API are told of it."""
    found = Browsers(
        tmp_path_factory.mktemp("browsers"), tmp_path_factory.mktemp("work"), free_port(), free_port()
    )
    for name, value in {
        "HALONG_BROWSER_MQTT_URL": f"wss://127.0.0.1:{found.port}/mqtt",
        "HALONG_BROWSER_BROKER_URL": found.control_url,
        "HALONG_BROWSER_BROKER_DIR": str(found.folder),
        "HALONG_BROWSER_BRIDGE_PASSWORD": BRIDGE,
    }.items():
        monkeypatch.setenv(name, value)
    return found


async def token(conn: psycopg.AsyncConnection[Any]) -> tuple[str, dict[str, Any]]:
    """Return the prefix of a key of the whole city, and the token that the API gives it."""
    key, made = await keys.create(conn, "duty desk", "operator")
    app = create_app(Settings())
    async with (
        app.router.lifespan_context(app),
        client_of(app, authorization=f"Bearer {key}") as http,
    ):
        answer = await http.post("/v1/mqtt-tokens", json={})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return made.prefix, found


def browser(found: Browsers, given: dict[str, Any]) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        found.port,
        transport="websockets",
        websocket_path="/mqtt",
        tls_context=ssl.create_default_context(cafile=found.folder / "ca.pem"),
        protocol=aiomqtt.ProtocolVersion.V5,
        username=given["user_name"],
        password=given["password"],
    )


async def test_what_gateways_publish_comes_to_browsers_over_tls_until_the_key_is_revoked(
    town: Town,
    conn: psycopg.AsyncConnection[Any],
    browsers: Browsers,
    binaries: Binaries,
) -> None:
    async with browsers.started(binaries, town.broker.password_port):
        prefix, given = await token(conn)
        assert given["url"] == f"wss://127.0.0.1:{browsers.port}/mqtt"
        async with (
            cut_off(browser(browsers, given)) as listener,
            heard(listener, *given["topics"]) as said,
            town.by_password("gw-1") as gateway,
        ):
            async with asyncio.timeout(60):  # its bridge comes up meanwhile
                while said.empty():
                    await gateway.publish(UP.format("gw-1"), b"over TLS", qos=1)
                    await asyncio.sleep(0.2)
            assert await next_of(said) == (UP.format("gw-1"), b"over TLS")
            await keys.revoke(conn, prefix)
            async with asyncio.timeout(60):
                while not re.search(r"Client browser-\S+ .*disconnected", browsers.said()):
                    await asyncio.sleep(0.1)
        with pytest.raises(aiomqtt.MqttError):
            await browser(browsers, given).__aenter__()


async def test_another_certificate_is_shown_within_seconds(
    town: Town,
    conn: psycopg.AsyncConnection[Any],
    browsers: Browsers,
    binaries: Binaries,
) -> None:
    def shown() -> str:
        return ssl.get_server_certificate(("127.0.0.1", browsers.port))

    async def shows_another(certificate: str) -> bool:
        with suppress(OSError):  # it starts again
            return await asyncio.to_thread(shown) != certificate
        return False

    async with browsers.started(binaries, town.broker.password_port):
        _, given = await token(conn)
        before = await asyncio.to_thread(shown)
        await typed("ca", "server", "--name", "127.0.0.1")
        await set_password(conn, "gw-2")  # the follower looks
        async with asyncio.timeout(60):
            while not await shows_another(before):
                await asyncio.sleep(0.2)
        async with browser(browsers, given) as listener:  # the token is valid still
            await listener.subscribe(given["topics"][0])
    assert "the certificate has changed" in browsers.said()


@pytest.mark.attack(
    "go on from the broker for browsers, taken over, to the gateways' one",
    "hears two topics, publishes nothing",
)
async def test_whoever_has_the_bridges_password_hears_what_browsers_may_hear_and_no_more(
    binaries: Binaries, scratch: Path
) -> None:
    given = {"passwords": {"gw-1": password_hash("its secret")}, "bridge_password": BRIDGE}
    with LocalMosquitto(binaries, scratch / "gateways-of-a-bridge", **given) as gateways:  # type: ignore[arg-type]
        attacking = Publisher(
            "127.0.0.1", gateways.gateway_port, username="browsers", password=BRIDGE, identifier="ingest-0",
            protocol=aiomqtt.ProtocolVersion.V5,
        )  # fmt: skip
        async with (
            client(gateways.platform_url, "ingest-0") as halong,
            attacking,
            heard(attacking, "#", "$SYS/#", "city/v1/gw-1/down/#") as said,
            heard(halong, "#") as told,
        ):
            for topic in (UP.format("gw-1"), UP.format("browsers"), "spBv1.0/g/NBIRTH/browsers", "x"):
                with pytest.raises(aiomqtt.MqttError, match="0x87"):
                    await attacking.deliver(topic, b"forged")
            for topic in ("city/v1/gw-1/down/command", "city/v1/browsers/down/x", "city/v1/gw-1/up/response"):
                await halong.publish(topic, b"secret", qos=1)
            await halong.publish(UP.format("gw-1"), b"last", qos=1)
            assert await next_of(said) == (UP.format("gw-1"), b"last")
            assert [(await next_of(told))[1] for _ in range(4)] == [b"secret"] * 3 + [b"last"], (
                "not taken over"
            )


def test_without_its_files_it_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "conf").write_text(f"plugin_opt_config_file {tmp_path}/own/dynamic-security.json\n")
    command = ["sh", DEPLOY / "start-browsers", tmp_path / "conf", tmp_path]
    assert subprocess.run(command, check=False, timeout=20, capture_output=True).returncode == 1
