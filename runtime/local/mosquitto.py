"""A Mosquitto broker as a child process: one listener for gateways, one on loopback for halong itself."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from devices.credentials import new_password, password_hash
from runtime.local.errors import LocalServiceError
from runtime.local.process import ServerProcess, ServiceUser, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runtime.local.provision import Binaries

PLATFORM_USER: Final = "halong"
"""The user that halong's own services log in as; it may publish and read everything."""

ALERT_READER: Final = "alerts"
"""The user that consoles and sirens log in as; it may read alerts and nothing else."""

# Never the limit that is met: max_queued_bytes is. The default of 1000 drops the rest silently; with 0 (no
# limit) 2.0.16 drops everything and 2.0.21 disconnects a gateway after each PUBLISH that the ACL denies.
_MAX_QUEUED_MESSAGES: Final = 100_000_000

_START_SECONDS: Final = 15.0
_ALL_ADDRESSES: Final = ("0.0.0.0", "")  # noqa: S104 - recognised, not chosen


def broker_config(
    folder: Path,
    *,
    gateway_port: int,
    platform_port: int,
    gateway_host: str = "127.0.0.1",
    user: str = "mosquitto",
    autosave_on_changes: bool = False,
) -> str:
    """Return mosquitto.conf; the values are those that held when they were measured with Mosquitto 2.0.21.

    Users and rights are the same on both listeners: with per-listener ones, a session that comes back from
    the store after a restart on another port would belong to no listener, and its queue be denied.

    Args:
        folder: holds the password file, the ACL file and the persistent store.
        gateway_port: TCP port on `gateway_host` for gateways; a gateway's client id is its user name there,
            or it could take over the client id, and so the queue, of an ingest process.
        platform_port: TCP port on loopback for halong's services, which choose their client ids.
        gateway_host: the address that gateways reach.
        user: who the broker becomes if root starts it.
        autosave_on_changes: False saves the store every second (a crash loses up to a second of what waits,
            which a gateway sends again that goes by `down/committed`); True saves all of it at every change:
            a crash loses next to nothing, but 1,700 messages a second were measured instead of 17,000, and
            far fewer the more messages wait.
    """
    return f"""\
# Written by halong at each start; changes made here are lost.
user {user}
per_listener_settings false
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/acl

set_tcp_nodelay true
max_inflight_messages 2000
max_queued_messages {_MAX_QUEUED_MESSAGES}
max_queued_bytes 1073741824
max_packet_size 1048576
persistent_client_expiration 14d

persistence true
persistence_location {folder}/
autosave_on_changes {_word(autosave_on_changes)}
autosave_interval 1

log_dest stdout
log_type error
log_type warning
log_type notice
log_timestamp_format %Y-%m-%dT%H:%M:%S

listener {gateway_port} {gateway_host}
use_username_as_clientid true

listener {platform_port} 127.0.0.1
"""


def acl_text(
    topic_root: str = "city/v1",
    platform_user: str = PLATFORM_USER,
    sources: Mapping[str, str] | None = None,
) -> str:
    """Return the ACL file: a gateway writes below its own `up`, reads below its own `down`, and no more.

    As a Sparkplug edge node it writes its own births, deaths and data, and reads its own commands and which
    host applications are there.

    Args:
        topic_root: prefix of every topic of the wire contract.
        platform_user: the user of halong's own services.
        sources: gateways that are LoRaWAN network servers -> the topic filter that they also write.

    The user `alerts` reads every area's alerts, which halong alone writes.
    """
    servers = "".join(f"\nuser {code}\ntopic write {source}\n" for code, source in (sources or {}).items())
    return f"""\
pattern write {topic_root}/%u/up/#
pattern read {topic_root}/%u/down/#
{_sparkplug_patterns()}
{servers}
user {ALERT_READER}
topic read {topic_root}/alerts/#

user {platform_user}
topic readwrite #
topic read $SYS/#
"""


def _sparkplug_patterns() -> str:
    # No one filter is all of an edge node's topics: its id comes after the kind of message.
    node, device = ("NBIRTH", "NDEATH", "NDATA"), ("DBIRTH", "DDEATH", "DDATA")
    written = [*(f"+/{kind}/%u" for kind in node), *(f"+/{kind}/%u/+" for kind in device)]
    read = ("+/NCMD/%u", "+/DCMD/%u/+", "STATE/+")
    lines = [f"pattern write spBv1.0/{each}" for each in written]
    return "\n".join([*lines, *(f"pattern read spBv1.0/{each}" for each in read)])


class LocalMosquitto:
    """A Mosquitto broker; a context manager that starts and stops it.

    Its folder holds `mosquitto.conf`, `passwords`, `acl`, `mosquitto.db`, `mosquitto.log` and
    `platform.password` (random, mode 0600).
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
        autosave_on_changes: bool = False,
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
            autosave_on_changes: see `broker_config`.
        """
        self.folder = folder.absolute()
        self.gateway_port = gateway_port or free_port(1883)
        self.platform_port = platform_port or free_port()
        self.gateway_host = gateway_host
        self.password_file = self.folder / "platform.password"
        self._passwords = dict(passwords or {})
        self._topic_root = topic_root
        self._sources = sources
        self._reader = {ALERT_READER: password_hash(alert_reader_password)} if alert_reader_password else {}
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
        """Write the broker's files, start it and wait until both listeners take connections.

        Raises:
            LocalServiceError: it does not start; with the end of its log.
        """
        if self.is_running:
            return
        self._user.make_folder(self.folder)
        if not self.password_file.exists():
            self._user.write_file(self.password_file, new_password())
        self._write_files()
        self._process.start([self._program, "-c", self.folder / "mosquitto.conf"])
        self._wait_until_ready()

    def reload(self, passwords: Mapping[str, str]) -> None:
        """Admit exactly these gateways from here on; the broker reads its files again without a restart."""
        self._passwords = dict(passwords)
        self._write_files()
        self._process.send(signal.SIGHUP)

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

    def _write_files(self) -> None:
        passwords = self._passwords | self._reader | {PLATFORM_USER: password_hash(self._platform_password())}
        lines = "".join(f"{name}:{hashed}\n" for name, hashed in passwords.items())
        self._user.write_file(self.folder / "passwords", lines)
        self._user.write_file(self.folder / "acl", acl_text(self._topic_root, sources=self._sources))
        self._user.write_file(self.folder / "mosquitto.conf", self._config())

    def _config(self) -> str:
        return broker_config(
            self.folder,
            gateway_port=self.gateway_port,
            platform_port=self.platform_port,
            gateway_host=self.gateway_host,
            user=self._user.name,
            autosave_on_changes=self._autosave_on_changes,
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        loopback = "127.0.0.1"
        gateway_host = loopback if self.gateway_host in _ALL_ADDRESSES else self.gateway_host
        listeners = ((gateway_host, self.gateway_port), (loopback, self.platform_port))
        while not all(_takes_connections(host, port) for host, port in listeners):
            if not self.is_running or time.monotonic() > deadline:
                self._process.kill()
                raise LocalServiceError(f"Mosquitto did not start. {self._process.last_words()}")
            time.sleep(0.02)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _takes_connections(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
