"""How fast ingest is, beside the limits measured in the same run.

Run it with `make bench-ingest`. The machine is shared between broker, ingest, database and generator, as in
life; each limit runs alone. Figures are medians; the spread is printed beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING

import psutil
import psycopg
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.city import DEVICES, Bench, messages, rows, services
from bench.publisher import forget_session, publish
from ingest.mqtt import Subscription
from storage.observations import copy_in
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable

out = Console(highlight=False)
GATEWAYS = 50
BATCH_ROWS = 20_000


def copy_limit(bench: Bench, count: int, run: int) -> float:
    """Rows a second of sorted binary COPY of the same rows into the same hypertable, alone."""
    url, ids = bench.database(f"limit_{run}", GATEWAYS)
    parts = [rows(ids, BATCH_ROWS // DEVICES, first=i) for i in range(0, count, BATCH_ROWS // DEVICES)]

    async def copy() -> float:
        async with await connect(url) as conn:
            began = time.perf_counter()
            for part in parts:
                await copy_in(conn, part)
            return time.perf_counter() - began

    return sum(map(len, parts)) / asyncio.run(copy())


def ingest_rate(
    bench: Bench, name: str, count: int, readings: int, *, repeat: float = 0.0
) -> tuple[float, dict[str, float]]:
    """Messages a second from the first PUBLISH to the commit of the last, and processor seconds by part."""
    url, _ = bench.database(name, GATEWAYS)
    made = messages(GATEWAYS, count, readings, repeat=repeat)
    with bench.ingest(url) as process:
        _wait_until(lambda: _connected(url))
        time.sleep(0.5)
        before = _cpu(bench, process.pid)
        began = time.perf_counter()
        refused = asyncio.run(publish(bench.broker.platform_url, made))
        _wait_until(lambda: _heard(url) >= len(made))
        seconds = time.perf_counter() - began
        after = _cpu(bench, process.pid)
    if refused:
        raise RuntimeError(f"{refused} of {len(made)} messages were refused by the broker")
    stored = _count(url)
    if stored != count * readings:
        raise RuntimeError(f"{stored} rows are stored instead of {count * readings}")
    return len(made) / seconds, {part: after[part] - before[part] for part in after}


def client_limit(bench: Bench, count: int) -> float:
    """Messages a second that the same client library takes and acknowledges: no decoding, no database."""
    made = messages(GATEWAYS, count, 1)

    async def receive() -> float:
        subscription = Subscription(
            bench.broker.platform_url,
            client_id="bench-limit",
            filters=["city/v1/+/up/observations"],
            receive_maximum=2000,
        )
        running = asyncio.create_task(subscription.run())
        await subscription.subscribed.wait()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
            await asyncio.get_running_loop().run_in_executor(generator, _warm_up)
            began, seen = time.perf_counter(), 0
            sending = generator.submit(_publish, bench.broker.platform_url, made)
            while seen < len(made):
                taken = await subscription.take(1000, 5.0)
                seen += len(taken)
                subscription.ack(taken)
            seconds = time.perf_counter() - began
            sending.result()
        subscription.stop()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await forget_session(bench.broker.platform_url, "bench-limit")
        return seconds

    return count / asyncio.run(receive())


def _warm_up() -> None:
    """Start the generator's process before the clock runs."""


def _publish(url: str, made: list[tuple[str, bytes]]) -> int:
    return asyncio.run(publish(url, made))


def _query(url: str, statement: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute(statement.encode()).fetchone()
    return int(row[0] or 0) if row else 0


def _connected(url: str) -> bool:
    listening = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'halong catalog'"
    return _query(url, f"{listening} AND datname = current_database()") > 0


def _heard(url: str) -> int:
    return _query(url, "SELECT sum(messages) FROM gateway_status")


def _count(url: str) -> int:
    return _query(url, "SELECT count(*) FROM observations")


def _wait_until(check: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError("the bench waited in vain: is the machine overloaded?")
        time.sleep(0.02)


def _cpu(bench: Bench, ingest: int) -> dict[str, float]:
    """Processor seconds so far of each part, its children included."""
    pids = {"broker": bench.broker.pid, "ingest": ingest, "database": bench.postgres.pid}
    return {part: _seconds(psutil.Process(pid)) for part, pid in pids.items() if pid}


def _seconds(process: psutil.Process) -> float:
    own = process.cpu_times()
    living = sum(sum(c.cpu_times()[:2]) for c in process.children(recursive=True))
    return own.user + own.system + own.children_user + own.children_system + living


@dataclass
class Figure:
    """What was measured of one name: ours and the limit, run by run."""

    ours: list[float] = field(default_factory=list)
    limit: list[float] = field(default_factory=list)

    @property
    def summary(self) -> dict[str, float]:
        """Medians, and their ratio."""
        ours, limit = statistics.median(self.ours), statistics.median(self.limit)
        return {"ours": round(ours, 1), "limit": round(limit, 1), "ratio": round(ours / limit, 3)}


def measure(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Measure everything `runs` times, limits and ours in turn, so that a drift of the machine hits both."""
    batch, single = int(10_000 * scale), int(60_000 * scale)
    found = {name: Figure() for name in NAMES}
    parts: dict[str, list[float]] = {}
    for run in track(range(runs), "measuring", console=Console(stderr=True)):
        limit = copy_limit(bench, batch, run)
        rate, cpu = ingest_rate(bench, f"batch_{run}", batch, DEVICES)
        for part, seconds in cpu.items():
            parts.setdefault(part, []).append(seconds / (batch * DEVICES) * 1e6)
        found["batch100_rows_per_s"].limit.append(limit)
        found["batch100_rows_per_s"].ours.append(rate * DEVICES)
        found["cpu_us_per_reading"].ours.append(sum(cpu.values()) / (batch * DEVICES) * 1e6)
        found["cpu_us_per_reading"].limit.append(1e6 / limit)
        rate, _ = ingest_rate(bench, f"duplicates_{run}", batch, DEVICES, repeat=0.2)
        found["duplicates20"].ours.append(rate * DEVICES)
        found["duplicates20"].limit.append(found["batch100_rows_per_s"].ours[-1])
        rate, _ = ingest_rate(bench, f"single_{run}", single, 1)
        found["single_msgs_per_s"].ours.append(rate)
        found["single_msgs_per_s"].limit.append(client_limit(bench, single))
    medians = ", ".join(f"{part} {statistics.median(each):.2f}" for part, each in parts.items())
    out.print(f"processor µs a reading by part: {medians}")
    return found


NAMES = {
    "batch100_rows_per_s": "messages of 100 readings; limit: binary COPY alone",
    "duplicates20": "the same with 20 % sent twice, readings/s; limit: the row above",
    "single_msgs_per_s": "messages of one reading; limit: take and acknowledge alone",
    "cpu_us_per_reading": "processor µs of broker, ingest and database; limit: COPY's wall µs",
}


def show(found: dict[str, Figure]) -> None:
    """Print a table and, as the last line, one JSON object."""
    table = Table("name", "what", "ours", "limit", "ratio", "spread of ours")
    for name, figure in found.items():
        s = figure.summary
        spread = f"{min(figure.ours):,.1f} to {max(figure.ours):,.1f}"
        table.add_row(name, NAMES[name], f"{s['ours']:,}", f"{s['limit']:,}", f"{s['ratio']}", spread)
    out.print(table)
    load = ", ".join(f"{each:.1f}" for each in psutil.getloadavg())
    out.print(f"load averages of the machine at the end: {load}")
    print(json.dumps({name: figure.summary for name, figure in found.items()}))


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of messages")
    options = parser.parse_args()
    with services() as bench:
        show(measure(bench, options.runs, options.scale))


if __name__ == "__main__":
    main()
