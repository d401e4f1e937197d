"""What the running services have done so far: heard, stored, processor time."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from subprocess import Popen

    from bench.city import Bench

_POLL_S = 0.02


class Database:
    """One connection that the benches watch a city's database through: a new one costs the server 5 ms."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def number(self, statement: str) -> int:
        """Return the only number of a query, 0 for NULL."""
        row = self.conn.execute(statement.encode()).fetchone()
        return int(row[0] or 0) if row else 0

    def heard(self) -> int:
        """Messages whose transaction has committed, sent twice or once."""
        return self.number("SELECT sum(messages) FROM gateway_status")

    def stored(self) -> int:
        """Observations in the table."""
        return self.number("SELECT count(*) FROM observations")


@contextmanager
def watching(url: str) -> Iterator[Database]:
    """Open a connection to watch a database through."""
    with psycopg.connect(url, autocommit=True) as conn:
        yield Database(conn)


def wait_until(check: Callable[[], bool], seconds: float = 120, alive: Popen[bytes] | None = None) -> None:
    """Wait until a check holds.

    Raises:
        TimeoutError: it does not within `seconds`.
        RuntimeError: the process that it depends on has ended.
    """
    deadline = time.monotonic() + seconds
    while not check():
        if alive and alive.poll() is not None:
            raise RuntimeError(f"a service ended with code {alive.returncode}; its words stand above")
        if time.monotonic() > deadline:
            raise TimeoutError(f"the bench waited {seconds:g} s in vain: is the machine overloaded?")
        time.sleep(_POLL_S)


def cpu_by_part(bench: Bench, ingest: int | None = None) -> dict[str, float]:
    """Processor seconds so far of broker, database and ingest (by its process id), children included."""
    pids = {"broker": bench.broker.pid, "ingest": ingest, "database": bench.postgres.pid}
    return {part: cpu_seconds(pid) for part, pid in pids.items() if pid}


def cpu_seconds(pid: int) -> float:
    """Processor seconds so far of a process and its children, the ended ones included."""
    while True:
        process = psutil.Process(pid)
        with suppress(psutil.NoSuchProcess):  # a child that ends between two looks would count twice or not
            living = sum(sum(c.cpu_times()[:2]) for c in process.children(recursive=True))
            own = process.cpu_times()
            return own.user + own.system + own.children_user + own.children_system + living


def since(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """What each part took in between."""
    return {part: after[part] - before[part] for part in after}
