"""When rows became visible: the moment of commit as a reader of the database sees it.

`pg_xact_commit_timestamp` alone would be too early, PostgreSQL takes it before the WAL reaches the disk. So
a connection asks every two milliseconds which transactions are still running; a transaction's commit is the
first answer in which it no longer is.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from bench.watch import Database

_POLL_S = 0.002
_ROWS = """
SELECT xmin::text::bigint, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8,
       extract(epoch FROM time)::float8
FROM observations WHERE datastream_id = ANY(%s) AND time >= to_timestamp(%s)"""


@dataclass
class Commits:
    """Snapshots of the running transactions, in order: when, the first unused id, the running ones."""

    times: list[float] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)
    running: list[frozenset[int]] = field(default_factory=list)

    def watch(self, database: Database, is_over: Callable[[], bool]) -> None:
        """Take snapshots until `is_over`, which is asked ten times a second."""
        asked = time.monotonic()
        while True:
            row = database.conn.execute("SELECT pg_current_snapshot()::text", prepare=True).fetchone()
            _, bound, running = row[0].split(":") if row else ("", "0", "")
            self.times.append(time.time())
            self.bounds.append(int(bound))
            self.running.append(frozenset(map(int, running.split(","))) if running else frozenset())
            if time.monotonic() - asked > 0.1:
                if is_over():
                    return
                asked = time.monotonic()
            time.sleep(_POLL_S)

    def visible(self, transaction: int) -> float:
        """Return when a transaction was first seen to be over, in seconds since 1970.

        Raises:
            IndexError: it was still running when the watch ended.
        """
        index = bisect_right(self.bounds, transaction)
        while transaction in self.running[index]:
            index += 1
        return self.times[index]


@dataclass(frozen=True)
class Latencies:
    """Seconds from each sampled reading's `time` to its commit, shape (n,), and the number of commits."""

    seconds: NDArray[np.float64]
    commits: int


def latencies(database: Database, commits: Commits, datastreams: list[int], start: float) -> Latencies:
    """Return the latencies of the observations of `datastreams` from `start` (seconds since 1970) on."""
    found = np.array(database.conn.execute(_ROWS, [datastreams, start]).fetchall(), "f8")
    transactions, which = np.unique(found[:, 0], return_inverse=True)
    seen = np.array([commits.visible(int(each)) for each in transactions])[which]
    return Latencies(np.maximum(seen, found[:, 1]) - found[:, 2], len(transactions))
