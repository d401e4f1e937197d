"""A Mosquitto broker as a child process: listeners for gateways, one on loopback for halong itself."""

from __future__ import annotations

import re
import signal
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from devices.credentials import new_password, password_hash
from devices.model import ALERT_READER, BROWSERS, PLATFORM_USER
from runtime.local.errors import LocalServiceError
from runtime.local.installed import mosquitto_version
from runtime.local.mosquitto_files import TlsPorts, acl_text, broker_config, passwords_text
from runtime.local.process import ATTEMPTS, ServerProcess, ServiceUser, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from runtime.local.provision import Binaries

_START_SECONDS: Final = 15.0
#: the client id of one of halong's own, in Mosquitto's log
_CONNECTED: Final = re.compile(rf"New client connected from \S+ as (\S+) \(.*u'{PLATFORM_USER}'\)")
_RELOADS_SAFELY: Final = (2, 1)
"""On SIGHUP older ones list a session that is away and fails the check twice among those that expire: once it
is back, they read freed memory, and end whoever stands there (pull request 3341 of Mosquitto)."""
_ALL_ADDRESSES: Final = ("0.0.0.0", "")  # noqa: S104 - recognised, not chosen


class LocalMosquitto:
    """A Mosquitto broker; a context manager that starts and stops it.

    Its folder holds `mosquitto.conf`, `passwords`, `acl`, `mosquitto.db`, `mosquitto.log`,
    `platform.password` (random, mode 0600), and with TLS what `tls` has.
    """

    def __init__(
        self,
        binaries: Binaries,
        folder: Path,
        *,
        gateway_port: int | None = None,
        platform_port: int | None = None,
        gateway_host: str = "127.0.0.1",
        passwords: Mapping[str, str] | None = None,
        topic_root: str = "city/v1",
        sources: Mapping[str, str] | None = None,
        alert_reader_password: str | None = None,
        bridge_password: str | None = None,
        tls: Mapping[str, str] | None = None,
        autosave_on_changes: bool = False,
        sessions: Iterable[str] = (),
    ) -> None:
        """Describe a broker.

        Args:
            binaries: from `provision()`.
            folder: created at the first start, for the broker's user alone.
            gateway_port: None takes 1883, or another one while 1883 is taken.
            platform_port: None takes a free one.
            gateway_host: the address on which gateways are listened for.
            passwords: gateway code -> `devices.credentials.password_hash(password)`.
            topic_root: prefix of every topic of the wire contract.
            sources: see `acl_text`.
            alert_reader_password: of the user `alerts`; None: it may not log in.
            bridge_password: of the user `browsers`; None: it may not log in.
            tls: files of `AuthorityFolder.for_broker`, for two further listeners, `tls_ports`; None: none.
            autosave_on_changes: see `broker_config`.
            sessions: client ids of halong's own: once all are back after a restart, a reload is enough.
        """
        self.folder = folder.absolute()
        self._given_ports = (gateway_port, platform_port)
        self.gateway_port, self.platform_port = gateway_port or free_port(1883), platform_port or free_port()
        self.gateway_host = gateway_host
        self.password_file = self.folder / "platform.password"
        self._passwords = dict(passwords or {})
        self._topic_root = topic_root
        self._sources = sources
        others = {ALERT_READER: alert_reader_password, BROWSERS: bridge_password}
        self._others = {name: password_hash(password) for name, password in others.items() if password}
        self._tls = dict(tls or {})
        self.tls_ports = TlsPorts(free_port(8883), free_port(8884)) if tls else None
        self._shut_out: tuple[str, ...] = ()
        self._second_users: dict[str, str] = {}
        self._sessions = frozenset(sessions)
        self._is_restored = False
        self._are_ports_known = False
        self._autosave_on_changes = autosave_on_changes
        self._program = binaries.mosquitto
        self._user = ServiceUser.choose("mosquitto", "postgres", "nobody")
        log_file = self.folder / "mosquitto.log"
        self._process = ServerProcess("Mosquitto", log_file, self._user, signal.SIGTERM)

    @property
    def is_running(self) -> bool:
        """Whether the broker lives."""
        return self._process.is_running

    @property
    def pid(self) -> int | None:
        """The broker's process id, None unless it lives."""
        return self._process.pid

    @property
    def gateway_url(self) -> str:
        """Where gateways connect, without a user: mqtt://host:port."""
        return f"mqtt://{self.gateway_host}:{self.gateway_port}"

    @property
    def platform_url(self) -> str:
        """Where halong's services connect: mqtt://halong:password@127.0.0.1:port; after the first start."""
        password = quote(self._platform_password(), safe="")
        return f"mqtt://{PLATFORM_USER}:{password}@127.0.0.1:{self.platform_port}"

    def start(self) -> None:
        """Write the broker's files, start it and wait until its listeners take connections.

        Where somebody was faster with a port, others are taken, unless clients may know it.

        Raises:
            LocalServiceError: it does not start; with the end of its log.
        """
        if self.is_running:
            return
        self._user.make_folder(self.folder)
        if not self.password_file.exists():
            self._user.write_file(self.password_file, new_password())
        self._is_restored = (self.folder / "mosquitto.db").exists()
        for _ in range(ATTEMPTS):
            self._write_files()
            self._process.start([self._program, "-c", self.folder / "mosquitto.conf"])
            if self._process.listens(*self._listeners(), seconds=_START_SECONDS):
                self._are_ports_known = True
                return
            self._choose_other_ports()
        raise LocalServiceError(f"Mosquitto did not start. {self._process.last_words()}")

    def reload(
        self,
        passwords: Mapping[str, str],
        *,
        tls: Mapping[str, str] | None = None,
        shut_out: Iterable[str] = (),
        second_users: Mapping[str, str] | None = None,
    ) -> None:
        """Admit exactly these gateways from here on; the broker reads its files again.

        Without a restart where a reload harms no session that is away (decision 092): halong's own of before
        its start are back, or it would lose what is published for them; and a Mosquitto before 2.1 has none
        that could fail the reload's check.

        Args:
            passwords: user name -> hash.
            tls: other files, with another list of revoked certificates; None: as they are.
            shut_out: see `acl_text`.
            second_users: see `acl_text`.
        """
        is_harmless = self._can_reload(passwords)
        self._passwords, self._shut_out = dict(passwords), tuple(shut_out)
        self._second_users = dict(second_users or {})
        self._tls |= tls or {}
        self._write_files()
        if is_harmless:
            self._process.send(signal.SIGHUP)
        else:
            self.stop()
            self.start()

    def last_words(self, lines: int = 20) -> str:
        """Return the end of the broker's log, for messages about what failed."""
        return self._process.last_words(lines)

    def stop(self) -> None:
        """Stop the broker; it saves its sessions and queues first."""
        self._process.stop()

    def kill(self) -> None:
        """End the broker at once with SIGKILL, as a crash would."""
        self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _platform_password(self) -> str:
        return self.password_file.read_text().strip()

    @cached_property
    def _version(self) -> tuple[int, ...]:
        return mosquitto_version(self._program)

    def _can_reload(self, passwords: Mapping[str, str]) -> bool:
        if self._version >= _RELOADS_SAFELY:
            return not self._is_restored or self._sessions_are_back()
        return (
            not self._is_restored
            and self._passwords.items() <= passwords.items()
            and not self._saw_certificates()
        )

    def _sessions_are_back(self) -> bool:
        come = set(_CONNECTED.findall(self._process.logged()))
        return bool(self._sessions) and self._sessions <= come

    def _saw_certificates(self) -> bool:
        """Whether anybody came to the listener for certificates, whose sessions have no password to check."""
        return (
            self.tls_ports is not None and f" on port {self.tls_ports.certificate}." in self._process.logged()
        )

    def _write_files(self) -> None:
        passwords = self._passwords | self._others | {PLATFORM_USER: password_hash(self._platform_password())}
        self._user.write_file(self.folder / "passwords", passwords_text(passwords))
        rules = acl_text(
            self._topic_root,
            sources=self._sources,
            shut_out=self._shut_out,
            second_users=self._second_users,
        )
        for name, text in ({"acl": rules} | self._tls).items():
            self._user.write_file(self.folder / name, text)
        self._user.write_file(self.folder / "mosquitto.conf", self._config())

    def _config(self) -> str:
        return broker_config(
            self.folder,
            gateway_port=self.gateway_port,
            platform_port=self.platform_port,
            tls=self.tls_ports,
            gateway_host=self.gateway_host,
            user=self._user.name,
            autosave_on_changes=self._autosave_on_changes,
        )

    def _listeners(self) -> list[tuple[str, int]]:
        loopback = "127.0.0.1"
        gateway_host = loopback if self.gateway_host in _ALL_ADDRESSES else self.gateway_host
        ports = (self.gateway_port, *(self.tls_ports or ()))
        return [*((gateway_host, port) for port in ports), (loopback, self.platform_port)]

    def _choose_other_ports(self) -> None:
        if self._are_ports_known:
            return
        gateway, platform = self._given_ports
        self.gateway_port, self.platform_port = gateway or free_port(), platform or free_port()
        self.tls_ports = self.tls_ports and TlsPorts(free_port(), free_port())
