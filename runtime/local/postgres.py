"""A PostgreSQL server with TimescaleDB on loopback, as a child process."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from devices.credentials import new_password
from runtime.local.errors import LocalServiceError
from runtime.local.process import ServerProcess, ServiceUser, free_port, run_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runtime.local.provision import Binaries

SUPERUSER: Final = "halong"
_FAST_SHUTDOWN: Final = signal.SIGINT
_START_SECONDS: Final = 60.0


def server_settings(port: int, *, durable: bool) -> dict[str, str]:
    """Return the settings that the server is started with.

    Args:
        port: TCP port on 127.0.0.1; there is no Unix socket, whose path may be 107 bytes long at most.
        durable: False switches fsync and full-page writes off: for tests, whose data may be lost.
    """
    fast = {} if durable else {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "100",
        "shared_preload_libraries": "timescaledb",
        "timescaledb.telemetry_level": "off",
        "max_locks_per_transaction": "256",  # a query over a hypertable locks each of its chunks
        "max_wal_size": "2GB",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **fast,
    }


class LocalPostgres:
    """A PostgreSQL server on 127.0.0.1; a context manager that starts and stops it.

    Its folder holds `data`, `superuser.password` (random, mode 0600) and `postgres.log`.
    """

    def __init__(
        self,
        binaries: Binaries,
        folder: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Describe a server.

        Args:
            binaries: from `provision()`.
            folder: created at the first start, for the server's user alone.
            port: None takes 5432, or another one while 5432 is taken.
            durable: False for tests only: faster, and a crash of the machine may lose data.
            settings: PostgreSQL settings beside or instead of `server_settings()`.
        """
        self.folder = folder.absolute()
        self.port = port or free_port(5432)
        self.data_dir = self.folder / "data"
        self.password_file = self.folder / "superuser.password"
        self._is_port_given, self._is_port_known = port is not None, False
        self._durable = durable
        self._settings = dict(settings or {})
        self._bin = binaries.postgres_bin
        self._user = ServiceUser.choose("postgres", "nobody")
        log_file = self.folder / "postgres.log"
        self._process = ServerProcess("PostgreSQL", log_file, self._user, _FAST_SHUTDOWN)

    @property
    def is_running(self) -> bool:
        """Whether the server lives."""
        return self._process.is_running

    @property
    def pid(self) -> int | None:
        """The server's process id, None unless it lives."""
        return self._process.pid

    def start(self) -> None:
        """Create the data folder if there is none, start the server and wait until it takes connections.

        Raises:
            LocalServiceError: it does not start within a minute; with the end of its log.
        """
        if self.is_running:
            return
        self._create_data_dir()
        self._require_no_server()
        deadline = time.monotonic() + _START_SECONDS
        while not self._try_to_start(deadline):
            # After a crash its last children may hold shared memory, or somebody was faster with the port.
            time.sleep(0.2)
            if not (self._is_port_given or self._is_port_known):
                self.port = free_port(self.port)
        self._is_port_known = True

    def stop(self) -> None:
        """Shut down fast: sessions are ended, transactions rolled back, nothing committed is lost."""
        self._process.stop()

    def kill(self) -> None:
        """End all of the server at once with SIGKILL, as a crash would."""
        self._process.kill()

    def dsn(self, dbname: str = SUPERUSER) -> str:
        """Return the superuser's address of `dbname` (postgresql://…)."""
        password = quote(self.password_file.read_text().strip(), safe="")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def ensure_database(self, name: str = SUPERUSER) -> str:
        """Create the database `name` if there is none, and return its address."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _create_data_dir(self) -> None:
        if (self.data_dir / "PG_VERSION").is_file():
            return
        self._user.make_folder(self.folder)
        if not self.password_file.exists():
            self._user.write_file(self.password_file, new_password())
        partial = self.folder / "data.partial"
        shutil.rmtree(partial, ignore_errors=True)
        options = ["-U", SUPERUSER, "-A", "scram-sha-256", "--locale=C.UTF-8", "-E", "UTF8"]
        quick = [] if self._durable else ["--no-sync"]
        pwfile = f"--pwfile={self.password_file}"
        run_as(
            self._user, [self._bin / "initdb", "-D", partial, pwfile, *options, *quick], self._environment()
        )
        partial.rename(self.data_dir)

    def _require_no_server(self) -> None:
        """Tell a server that lives on this data folder from the process id of one that crashed.

        Raises:
            LocalServiceError: a server runs on this data folder.
        """
        file = self.data_dir / "postmaster.pid"
        try:
            pid, rest = file.read_text().split("\n", 1)
            program = Path(f"/proc/{int(pid)}/comm").read_text().strip()
        except (OSError, ValueError):
            return
        if program == "postgres":
            raise LocalServiceError(
                f"PostgreSQL already runs on {self.data_dir} (process {pid}): stop it, or choose another "
                "folder with HALONG_STATE_DIR."
            )
        # Another program got the id since. PostgreSQL takes its parent's id for a stale one, and still checks
        # the rest of the file, which leads to shared memory that orphans of the crash may hold.
        file.write_text(f"{os.getpid()}\n{rest}")

    def _try_to_start(self, deadline: float) -> bool:
        """Start and wait; False if it ended for a reason that passes."""
        settings = server_settings(self.port, durable=self._durable) | self._settings
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process.start([self._bin / "postgres", "-D", self.data_dir, *options], self._environment())
        while not self._accepts():
            if time.monotonic() > deadline:
                self._process.kill()
                raise LocalServiceError(f"PostgreSQL takes no connection. {self._process.last_words()}")
            if not self.is_running:
                return self._retry_or_raise()
            time.sleep(0.05)
        return True

    def _retry_or_raise(self) -> bool:
        words = self._process.last_words()
        may_pass = "could not bind" in words and (self._is_port_known or not self._is_port_given)
        if "still in use" in words or may_pass:
            return False
        raise LocalServiceError(f"PostgreSQL did not start. {words}")

    def _accepts(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return self.is_running

    def _environment(self) -> dict[str, str]:
        """Point a C library of our own at its own C.UTF-8; its format may differ from the machine's."""
        locales = self._bin.parents[2] / "locale"
        return {"LC_ALL": "C.UTF-8", **({"LOCPATH": str(locales)} if (locales / "C.utf8").is_dir() else {})}
