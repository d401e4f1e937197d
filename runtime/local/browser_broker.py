"""The Mosquitto that browsers reach, as a child process, beside the gateways' one."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, Self

from devices.credentials import new_password, password_hash
from devices.model import PLATFORM_USER
from runtime.dynamic_security import users_text
from runtime.local.browser_files import browser_config
from runtime.local.errors import LocalServiceError
from runtime.local.process import ATTEMPTS, ServerProcess, ServiceUser, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runtime.local.provision import Binaries

_START_SECONDS: Final = 15.0
_PLUGIN: Final = "mosquitto_dynamic_security.so"
_FOLDERS: Final = ("lib/*-linux-*", "lib", "lib64")


class BrowserBroker:
    """A Mosquitto with a WebSocket listener; a context manager that starts and stops it.

    Its users are those of MQTT tokens, and end with it.
    """

    def __init__(
        self,
        binaries: Binaries,
        folder: Path,
        *,
        gateways: tuple[str, int],
        bridge_password: str,
        topic_root: str = "city/v1",
        port: int | None = None,
        tls: Mapping[str, str] | None = None,
    ) -> None:
        """Describe it.

        Args:
            binaries: from `provision()`.
            folder: created at the first start, for the broker's user alone.
            gateways: host and port of the gateways' broker; with TLS where `tls` is given.
            bridge_password: of its user `browsers`.
            topic_root: prefix of every topic of the wire contract.
            port: None takes 8083, or another one while 8083 is taken.
            tls: server.pem, server.key and ca.pem as texts, None: without TLS.

        Raises:
            LocalServiceError: this Mosquitto came without its dynamic security plugin.
        """
        self.folder = folder.absolute()
        self._given_port = port
        self.port, self._control_port = port or free_port(8083), free_port()
        self._gateways, self._topic_root, self._tls = gateways, topic_root, dict(tls or {})
        self._bridge_password, self._password = bridge_password, new_password()
        self._program, self._library = binaries.mosquitto, _library(binaries.mosquitto)
        self._user = ServiceUser.choose("mosquitto", "postgres", "nobody")
        log_file = self.folder / "mosquitto.log"
        self._process = ServerProcess("Mosquitto for browsers", log_file, self._user, signal.SIGTERM)

    @property
    def url(self) -> str:
        """Where browsers connect."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}/"

    @property
    def control_url(self) -> str:
        """Where halong changes users; another password at each start of this process."""
        return f"mqtt://{PLATFORM_USER}:{self._password}@127.0.0.1:{self._control_port}"

    @property
    def pid(self) -> int | None:
        """The broker's process id, None unless it lives."""
        return self._process.pid

    def start(self) -> None:
        """Write its files, start it and wait until it takes connections.

        Where somebody was faster with a port, others are taken.

        Raises:
            LocalServiceError: it does not start; with the end of its log.
        """
        for _ in range(ATTEMPTS):
            self._write_files()
            self._process.start([self._program, "-c", self.folder / "mosquitto.conf"])
            listeners = [("127.0.0.1", port) for port in (self.port, self._control_port)]
            if self._process.listens(*listeners, seconds=_START_SECONDS):
                return
            self.port, self._control_port = self._given_port or free_port(), free_port()
        raise LocalServiceError(f"It did not start. {self._process.last_words()}")

    def _write_files(self) -> None:
        self._user.make_folder(self.folder)
        users = users_text(PLATFORM_USER, password_hash(self._password))
        files = {"mosquitto.conf": self._config(), "dynamic-security.json": users} | self._tls
        for name, text in files.items():
            self._user.write_file(self.folder / name, text)

    def stop(self) -> None:
        """Stop the broker."""
        self._process.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _config(self) -> str:
        config = browser_config(
            self.folder,
            library=self._library,
            port=self.port,
            control_port=self._control_port,
            gateways=self._gateways,
            topic_root=self._topic_root,
            tls=bool(self._tls),
            user=self._user.name,
        )
        return f"{config}remote_password {self._bridge_password}\n"


def _library(mosquitto: Path) -> Path:
    """Return the plugin beside a program such as /usr/sbin/mosquitto.

    Raises:
        LocalServiceError: there is none.
    """
    for folder in _FOLDERS:
        for found in mosquitto.parents[1].glob(f"{folder}/{_PLUGIN}"):
            return found
    raise LocalServiceError(
        f"{mosquitto} has no {_PLUGIN} beside it, which Debian's package mosquitto brings along."
    )
