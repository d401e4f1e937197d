"""Streams (/v1/live): from the commit of values to a thousand clients of one API process.

Run it with `python -m bench.live` or `make bench-live`. Values are committed in an open loop, as analytics
commit them; each client is a connection of its own in another process. The limit is the same server with as
many clients and as many equal events that it makes itself, without a database.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
import psutil

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Value
from bench import live_constant
from bench.city import services
from bench.figure import Figure, out, show, steps
from bench.live_clients import listen
from bench.live_constant import VALUES
from bench.watch import cpu_seconds, wait_until
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from subprocess import Popen

    from numpy.typing import NDArray

    from analytics.indicator import Indicator
    from bench.city import Bench

CLIENTS = 1000
#: commits a second, and values of each
COMMITS_A_S = 4.0
SECONDS = 15.0
#: of the beginning, in which processes warm up, and which counts for nothing
WARM_UP_S = 2.0
_INDICATOR = "laeq_1h"
_LIVE = "/v1/live"


@dataclass(frozen=True)
class Load:
    """How many clients, for how long, and how many commits a second."""

    clients: int
    seconds: float
    rate: float

    @property
    def commits(self) -> int:
        """All of them."""
        return round(self.seconds * self.rate)


@dataclass(frozen=True)
class Seen:
    """Milliseconds from commit to client, and what the server took."""

    p50: float
    p99: float
    cpu_us: float
    kb_a_client: float
    worst_lag_ms: float


def figures(bench: Bench, runs: int, load: Load) -> dict[str, Figure]:
    """Latency, processor time and memory, each beside the server that makes its events itself."""
    rate = f"{load.rate:g} commits/s of {VALUES} values, {load.clients:,} clients"
    found = {
        "live_p50_ms": Figure(what=f"ms from commit to client, {rate}; limit: without a database"),
        "live_p99_ms": Figure(),
        "live_cpu_us": Figure(what="processor µs of the API process for an event sent to one client"),
        "live_kb_a_client": Figure(what="KB of the API process for a client that is connected"),
    }
    for _ in steps(range(runs), "live"):
        ours, limit = _ours(bench, load), _limit(load)
        for figure, name in zip(found.values(), ("p50", "p99", "cpu_us", "kb_a_client"), strict=True):
            figure.add(getattr(ours, name), getattr(limit, name))
        out.print(f"the generator was up to {ours.worst_lag_ms:.0f} ms late (not counted as latency)")
    return found


def _ours(bench: Bench, load: Load) -> Seen:
    with bench.city(1) as city, _api(bench, city.url) as (port, process):
        return _measure(_LIVE, port, process, load, lambda: asyncio.run(_commit(city.url, load)))


def _limit(load: Load) -> Seen:
    with _constant(load) as (port, process):
        return _measure(live_constant.PATH, port, process, load, lambda: _wait(load))


def _wait(load: Load) -> tuple[NDArray[np.float64], float]:
    time.sleep(load.seconds)
    return np.empty(0), 0.0


def _measure(
    path: str,
    port: int,
    process: Popen[bytes],
    load: Load,
    work: Callable[[], tuple[NDArray[np.float64], float]],
) -> Seen:
    before = psutil.Process(process.pid).memory_info().rss
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        listening = pool.submit(listen, port, path, load.clients, load.seconds + WARM_UP_S + 3)
        wait_until(lambda: _clients(port) >= load.clients, 60, process)
        size = psutil.Process(process.pid).memory_info().rss - before
        time.sleep(WARM_UP_S)
        began = cpu_seconds(process.pid)
        committed, lag = work()
        spent = cpu_seconds(process.pid) - began
        heard = listening.result()
    # Ours count their commits; what the other server makes carries its own time.
    sent = committed[heard[0].astype(int)] if len(committed) else heard[0]
    latency = (heard[1] - sent) * 1000
    events = load.commits * VALUES * load.clients
    if len(committed) and len(latency) != events:
        raise RuntimeError(f"{len(latency):,} events came instead of {events:,}")
    p50, p99 = np.percentile(latency, [50, 99])
    return Seen(float(p50), float(p99), spent / events * 1e6, size / load.clients / 1024, lag * 1000)


def _clients(port: int) -> int:
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        found = re.search(rb"^halong_api_live_clients ([0-9.]+)", answer.read(), re.MULTILINE)
    return int(float(found[1])) if found else 0


async def _commit(url: str, load: Load) -> tuple[NDArray[np.float64], float]:
    """Commit values 0, 1, 2 … in an open loop; return when each was committed, and the worst delay."""
    committed, late, declared = np.zeros(load.commits * VALUES), 0.0, INDICATORS[_INDICATOR]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    async with await connect(url) as conn:
        begin = time.monotonic()
        for number in range(load.commits):
            due = begin + number / load.rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            late = max(late, time.monotonic() - due)
            first = number * VALUES
            async with conn.transaction():
                await values.store(conn, _values(declared, hour, range(first, first + VALUES)))
            committed[first : first + VALUES] = time.monotonic()
    return committed, late


async def _values(declared: Indicator, hour: datetime, numbers: range) -> AsyncIterator[list[values.Row]]:
    yield [(declared, 1, hour - timedelta(seconds=n), Value(float(n), completeness=1.0)) for n in numbers]


@contextmanager
def _api(bench: Bench, url: str) -> Iterator[tuple[int, Popen[bytes]]]:
    asyncio.run(_prepare(url))
    port = _free_port()
    environment = bench.environment(url, HALONG_API_PORT=str(port), HALONG_API_PUBLIC="true")
    command = [sys.executable, "-m", "runtime.cli", "api", "--no-console"]
    with _running(command, environment, port) as process:
        yield port, process


async def _prepare(url: str) -> None:
    async with await connect(url) as conn:
        await values.write_catalogue(conn, [INDICATORS[_INDICATOR]])


@contextmanager
def _constant(load: Load) -> Iterator[tuple[int, Popen[bytes]]]:
    port = _free_port()
    command = [sys.executable, "-m", "bench.live_constant", str(port), str(load.rate)]
    with _running(command, dict(os.environ), port) as process:
        yield port, process


@contextmanager
def _running(command: list[str], environment: dict[str, str], port: int) -> Iterator[Popen[bytes]]:
    process = subprocess.Popen(command, env=environment)
    try:
        wait_until(lambda: _answers(port), 60, process)
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _answers(port: int) -> bool:
    try:
        return _clients(port) == 0
    except OSError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help=f"share of {SECONDS:g} s a measurement")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"connections (default {CLIENTS})")
    parser.add_argument("--rate", type=float, default=COMMITS_A_S, help="commits a second (default 4)")
    options = parser.parse_args()
    began = psutil.getloadavg()
    with services() as bench:
        load = Load(options.clients, SECONDS * options.scale, options.rate)
        found = figures(bench, options.runs, load)
    show(found, began)


if __name__ == "__main__":
    main()
