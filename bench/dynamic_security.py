"""A Mosquitto with the dynamic security plugin and a role for each gateway: what files are compared with."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import time
from typing import TYPE_CHECKING, Any

import aiomqtt

from devices.credentials import new_password, password_hash
from runtime.dynamic_security import DEFAULTS
from runtime.local.process import free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runtime.local.provision import Binaries

_CONTROL = "$CONTROL/dynamic-security/v1"


class DynamicSecurity:
    """The broker, as whoever runs the bench, on a port of its own; changed over MQTT."""

    def __init__(self, binaries: Binaries, folder: Path, hashes: Mapping[str, str]) -> None:
        """Write its files.

        Args:
            binaries: of Debian's package, which has the plugin.
            folder: its files; made.
            hashes: gateway code -> password hash of the form that the password file has.
        """
        folder.mkdir()
        self.port, self._password = free_port(), new_password()
        self._library = next(binaries.mosquitto.parents[1].rglob("mosquitto_dynamic_security.so"))
        self._conf, self._binary = folder / "mosquitto.conf", binaries.mosquitto
        config = folder / "dynamic-security.json"
        config.write_text(json.dumps(self._config(hashes)))
        config.chmod(0o600)
        self._conf.write_text(
            f"user root\nlistener {self.port} 127.0.0.1\nplugin {self._library}\n"
            f"plugin_opt_config_file {config}\nset_tcp_nodelay true\nlog_type error\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        environment = {"LD_LIBRARY_PATH": str(self._library.parent)}
        self._process = subprocess.Popen([self._binary, "-c", self._conf], env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise TimeoutError("Mosquitto with dynamic security did not start")

    def stop(self) -> None:
        """Stop it."""
        if self._process:
            self._process.terminate()
            self._process.wait(30)

    async def add(self) -> None:
        """Admit the gateway `newcomer`, and wait for the answer."""
        client = {"username": "newcomer", "password": "newcomer sesame", "roles": [{"rolename": "newcomer"}]}
        commands = [
            {"command": "createRole", **_role("newcomer")},
            {"command": "createClient", **client},
        ]
        protocol = aiomqtt.ProtocolVersion.V5
        async with aiomqtt.Client(
            "127.0.0.1", self.port, username="admin", password=self._password, protocol=protocol
        ) as admin:
            await admin.subscribe(f"{_CONTROL}/response")
            await admin.publish(_CONTROL, json.dumps({"commands": commands}), qos=1)
            answer = await asyncio.wait_for(anext(aiter(admin.messages)), 60)
            told = json.loads(bytes(answer.payload))
            if any("error" in each for each in told["responses"]):
                raise RuntimeError(f"the broker refused: {told}")

    def _config(self, hashes: Mapping[str, str]) -> dict[str, Any]:
        rights = ("publishClientSend", "publishClientReceive", "subscribePattern")
        admin = {"rolename": "admin", "acls": [_acl(each, "$CONTROL/dynamic-security/#") for each in rights]}
        users = {**hashes, "admin": password_hash(self._password)}
        return {
            "defaultACLAccess": DEFAULTS,
            "clients": [_user(name, hashed) for name, hashed in users.items()],
            "roles": [admin, *(_role(code) for code in hashes)],
        }


def _user(name: str, hashed: str) -> dict[str, Any]:
    _, _, iterations, salt, derived = hashed.split("$")
    secret = {"password": derived, "salt": salt, "iterations": int(iterations)}
    return {"username": name, **secret, "roles": [{"rolename": name}]}


def _role(code: str) -> dict[str, Any]:
    written = [_acl("publishClientSend", f"city/v1/{code}/up/{kind}") for kind in ("observations", "status")]
    return {"rolename": code, "acls": [*written, _acl("subscribePattern", f"city/v1/{code}/down/#")]}


def _acl(kind: str, topic: str) -> dict[str, Any]:
    return {"acltype": kind, "topic": topic, "priority": 0, "allow": True}
