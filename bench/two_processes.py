"""Two ingest processes on the shared subscription, beside one on the same machine.

A second process can only help where a processor core is free: the output says how many were.
`python -m bench.two_processes --runs 3 --scale 0.3`
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil

from bench.city import DEVICES, Bench, City, messages, services
from bench.figure import Figure, show, steps
from bench.publisher import forget_session, publish
from bench.throughput import BATCHES, CATCH_UP_S, FULL_SPEED, GATEWAYS, SINGLES, wait_until_listening
from bench.watch import Database, wait_until, watching

if TYPE_CHECKING:
    from collections.abc import Sequence

PROCESSES = 2
AIM = "≥ 1.3 where a core is free"
_CLAIMS = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE application_name LIKE 'halong ingest claim %' AND datname = current_database()"
)
#: between a claim and the subscription that follows it, s
_SUBSCRIBE_S = 1.0


@dataclass
class Compared:
    """Messages a second of one and of two processes, run by run, and the cores that were idle beside one."""

    readings: int
    one: list[float] = field(default_factory=list)
    two: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)

    def figure(self) -> Figure:
        """Readings a second; the limit is one process."""
        idle, cores = statistics.median(self.idle), psutil.cpu_count() or 1
        free = "a core was free" if idle >= 1 else "no core was free"
        what = (
            f"{self.readings} readings a message, readings/s; limit: one process. {free.capitalize()}: "
            f"beside one process {idle:.1f} of {cores} cores were idle"
        )
        one, two = ([rate * self.readings for rate in rates] for rates in (self.one, self.two))
        return Figure(two, one, what, AIM)


def figures(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Measure messages of 100 readings and of one, with one process and with two in turn."""
    kinds = {
        "two_processes_batch100": (DEVICES, round(BATCHES * scale)),
        "two_processes_single": (1, round(SINGLES * scale)),
    }
    found = {name: Compared(readings) for name, (readings, _) in kinds.items()}
    for _ in steps(range(runs), "two processes"):
        for name, (readings, count) in kinds.items():
            rate, idle = pass_through(bench, count, readings, 1)
            found[name].one.append(rate)
            found[name].idle.append(idle)
            rate, _ = pass_through(bench, count, readings, PROCESSES)
            found[name].two.append(rate)
    return {name: each.figure() for name, each in found.items()}


def pass_through(bench: Bench, count: int, readings: int, processes: int) -> tuple[float, float]:
    """Publish messages as fast as the broker takes them, until the commit of the last.

    Returns:
        Messages a second, and how many cores of the machine were idle meanwhile.

    Raises:
        RuntimeError: something was refused by the broker, or another number of observations was stored.
    """
    with bench.city(GATEWAYS) as city, watching(city.url) as database, ExitStack() as stack:
        made = messages(GATEWAYS, count, readings)
        start(bench, city, database, processes, stack)
        heard, before = database.heard(), database.stored()
        idle, began = _idle_seconds(), time.perf_counter()
        refused = asyncio.run(publish(bench.broker.platform_url, made))
        wait_until(lambda: database.heard() - heard >= len(made), CATCH_UP_S)
        seconds = time.perf_counter() - began
        idle = _idle_seconds() - idle
        stored = database.stored() - before
    if refused or stored != count * readings:
        raise RuntimeError(f"{refused} messages refused, {stored} of {count * readings} readings stored")
    return len(made) / seconds, idle / seconds


def start(bench: Bench, city: City, database: Database, processes: int, stack: ExitStack) -> None:
    """Start so many ingest processes, which end with the stack, and wait until they listen."""
    for number in range(1, processes):
        stack.callback(_forget, bench, f"ingest-{number}")
    settings = FULL_SPEED | {"HALONG_INGEST_PROCESSES": str(processes)}
    started = [stack.enter_context(bench.ingest(city.url, **settings)) for _ in range(processes)]
    wait_until(lambda: database.number(_CLAIMS) == processes, alive=started[-1])
    time.sleep(_SUBSCRIBE_S)
    wait_until_listening(bench, database, started[0])


def _forget(bench: Bench, client_id: str) -> None:
    asyncio.run(forget_session(bench.broker.platform_url, client_id))


def _idle_seconds() -> float:
    return psutil.cpu_times().idle


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(prog="python -m bench.two_processes", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of messages")
    options = parser.parse_args(arguments)
    began = psutil.getloadavg()
    with services() as bench:
        found = figures(bench, options.runs, options.scale)
    show(found, began)


if __name__ == "__main__":
    main()
