"""A server as a child process: its own user, log and process group, and never an orphan."""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import chain, cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

from runtime.local.errors import LocalServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ATTEMPTS: Final = 4
"""How often a server is started: each time, somebody may be faster with a port."""

# The kernel sends the death signal when the *thread* that started the child ends, so one thread that lives
# as long as this process starts them all.
_SPAWNER: Final = ThreadPoolExecutor(1, thread_name_prefix="local-services")

_LOG_TAIL_BYTES: Final = 4096
#: below those that Linux, macOS and BSD give to connections
_PORTS: Final = range(20_000, 32_768)
_TRIED: Final = 50
#: in the log of a server whose port is taken; Mosquitto gives no reason for one of WebSocket
_TAKEN: Final = ("Address already in use", "Unable to create websockets listener")


class PopenUser(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True)
class ServiceUser:
    """The user that a server runs as."""

    name: str
    uid: int
    gid: int

    @classmethod
    def choose(cls, *names: str) -> ServiceUser:
        """Return the first of `names` that this machine knows; without root, whoever runs this process.

        Raises:
            LocalServiceError: none of them exists.
        """
        if os.geteuid() != 0:
            return cls(_own_name(), os.geteuid(), os.getegid())
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        for name in names:
            if name in known:
                return cls(name, known[name].pw_uid, known[name].pw_gid)
        raise LocalServiceError(
            f"None of the users {', '.join(names)} exists: create one, or run as no root."
        )

    @property
    def is_other(self) -> bool:
        """Whether this is another user than the one who runs this process."""
        return self.uid != os.geteuid()

    def make_folder(self, path: Path) -> None:
        """Create a missing `path` for this user alone, and those above it for everyone to enter.

        Raises:
            LocalServiceError: a folder above it can't be entered by this user.
        """
        for folder in reversed(path.parents):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(0o755)
        self._require_reachable(path.parent)
        if not path.is_dir():
            path.mkdir(mode=0o700)
            self._own(path)

    def write_file(self, path: Path, text: str) -> None:
        """Write `text` into `path` in one step, readable for this user alone."""
        partial = path.with_name(f"{path.name}.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        self._own(partial)
        partial.replace(path)

    def popen_options(self) -> PopenUser:
        """Return what `subprocess` needs to run a program as this user."""
        return PopenUser(user=self.uid, group=self.gid, extra_groups=[]) if self.is_other else PopenUser()

    def _own(self, path: Path) -> None:
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def _require_reachable(self, path: Path) -> None:
        if not self.is_other:
            return
        for folder in reversed([path, *path.parents]):
            status = folder.stat()
            if not status.st_mode & 0o001 and status.st_uid != self.uid:
                raise LocalServiceError(
                    f"User {self.name}, who runs the server, can't enter {folder}: choose another place for "
                    "the data with HALONG_STATE_DIR."
                )


class ServerProcess:
    """One server program running as a child; a killed parent takes it along (Linux)."""

    def __init__(self, name: str, log_file: Path, user: ServiceUser, death_signal: signal.Signals) -> None:
        """Describe a server.

        Args:
            name: as it stands in messages.
            log_file: takes its output; appended to.
            user: who it runs as.
            death_signal: sent by `stop`, and by the kernel when this process dies.
        """
        self.name = name
        self.log_file = log_file
        self._user = user
        self._death_signal = death_signal
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def is_running(self) -> bool:
        """Whether the server lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """The server's process id, None unless it lives."""
        return self._process.pid if self._process is not None and self.is_running else None

    def start(self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> None:
        """Start `command`; its readiness is the caller's to find out."""
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        self._process = _SPAWNER.submit(self._spawn, command, environment or {}).result()

    def listens(self, *listeners: tuple[str, int], seconds: float) -> bool:
        """Wait until all `listeners` (host, port) take connections; False if one of the ports is taken.

        Raises:
            LocalServiceError: it ended for another reason, or took longer; with the end of its log.
        """
        deadline = time.monotonic() + seconds
        # What takes connections may be the server that has the port, while this one is about to end.
        while not (all(takes_connections(*each) for each in listeners) and self.is_running):
            if not self.is_running or time.monotonic() > deadline:
                self.kill()
                if any(words in self.logged() for words in _TAKEN):
                    return False
                raise LocalServiceError(f"{self.name} did not start. {self.last_words()}")
            time.sleep(0.02)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the server itself.

        Raises:
            LocalServiceError: it does not run.
        """
        if self._process is None or not self.is_running:
            raise LocalServiceError(f"{self.name} does not run. {self.last_words()}")
        self._process.send_signal(number)

    def stop(self, *, grace: float = 30.0) -> None:
        """Stop the server cleanly, by force after `grace` seconds; nothing happens if it does not run."""
        if self._process is None or not self.is_running:
            return
        self._process.send_signal(self._death_signal)
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server and its own children at once with SIGKILL, as a crash would."""
        if self._process is None or not self.is_running:
            return
        children = _children(self._process.pid)
        self._process.kill()
        for pid in children:
            _kill(pid)
        self._process.wait()

    def logged(self) -> str:
        """Return what the server has logged since its last start."""
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def last_words(self, lines: int = 6) -> str:
        """Return the end of the log since the last start in one line, for error messages."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - _LOG_TAIL_BYTES))
                tail = log.read().decode(errors="replace").splitlines()[-lines:]
        except OSError:
            tail = []
        return f"{self.log_file} ends: {' | '.join(tail) or 'nothing logged'}"

    def _spawn(
        self, command: Sequence[str | Path], environment: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                [*death_signal_prefix(self._death_signal), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C reaches halong alone, which then stops its children
                **self._user.popen_options(),
            )


def free_port(preferred: int = 0) -> int:
    """Return `preferred` if nothing listens on that loopback port, else a free one.

    It is none of those that the system gives to connections, if one is left: a server that starts again would
    find it taken. Nor is it given again before all others, but somebody else may be faster with it.
    """
    others = chain(islice(_all_ports(), _TRIED), [0])
    for port in chain([preferred], others) if preferred else others:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise LocalServiceError("No free TCP port on 127.0.0.1: end a program that listens there.")


@cache
def _all_ports() -> Iterator[int]:
    return cycle(random.sample(_PORTS, len(_PORTS)))


def takes_connections(host: str, port: int) -> bool:
    """Tell whether something listens on a TCP port."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def run_as(user: ServiceUser, command: Sequence[str | Path], environment: Mapping[str, str]) -> None:
    """Run a program to its end as `user`.

    Raises:
        LocalServiceError: it failed; with the last lines it wrote.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, **environment},
        **user.popen_options(),
    )
    if done.returncode:
        words = " | ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        raise LocalServiceError(f"{Path(command[0]).name} failed as user {user.name}: {words}")


def death_signal_prefix(number: signal.Signals) -> list[str]:
    """Return the words before a command that let the kernel send it `number` when its parent dies."""
    # setpriv (util-linux) asks for the signal after the change of user, which would clear it.
    setpriv = shutil.which("setpriv", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    return [setpriv, "--pdeathsig", number.name.removeprefix("SIG"), "--"] if setpriv else []


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # gone with its parent
        os.kill(pid, signal.SIGKILL)


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
