"""How old a reading is when it is committed, at half of the greatest rates, open loop.

A reading's age counts from the time at which it was to be sent, so that every wait is in it. The generator,
which needs processor time of the same machine, is a process of its own; what it took is printed.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np

from bench import open_loop, throughput
from bench.city import DEVICES, now_ms, rows
from bench.commits import Commits, latencies
from bench.figure import Figure, out, steps
from bench.watch import watching
from runtime.settings import Settings
from storage.observations import copy_in
from storage.pool import connect

if TYPE_CHECKING:
    from bench.city import Bench, City
    from bench.watch import Database

SECONDS = 8.0
#: of the beginning, in which processes warm up, and which counts for nothing
WARM_UP_S = 1.0
_COMMITS = 20
AGE_MS = int(Settings.model_fields["ingest_batch_age_ms"].default)


@dataclass(frozen=True)
class Freshness:
    """Milliseconds from publish to commit, the least possible ones, and what the generator was at."""

    p50: float
    p99: float
    limit: float
    rows_a_commit: float
    sent: open_loop.Sent


def figures(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Freshness of messages of 100 readings and of one."""
    return _figures(bench, runs, scale, readings=DEVICES) | _figures(bench, runs, scale, readings=1)


def _figures(bench: Bench, runs: int, scale: float, *, readings: int) -> dict[str, Figure]:
    kind, name = ("single", "freshness_single") if readings == 1 else ("batch100", "freshness")
    rate = throughput.rate(bench, kind, scale) / 2
    words = f"ms from publish to commit, {rate:,.0f} messages/s of {readings}; limit: batch age + bare commit"
    p50, p99 = Figure(what=words, aim="< 50 ms"), Figure(aim="< 250 ms")
    seconds = WARM_UP_S + max(1.0, SECONDS * scale)
    each: list[Freshness] = []
    for _ in steps(range(runs), name):
        run = freshness(bench, rate, readings, seconds=seconds)
        p50.add(run.p50, run.limit)
        p99.add(run.p99, run.limit)
        each.append(run)
    cpu = statistics.median(r.sent.cpu_s for r in each) / seconds
    lag = statistics.median(r.sent.worst_lag_s for r in each) * 1000
    size = statistics.median(r.rows_a_commit for r in each)
    out.print(
        f"{name}: {size:,.0f} rows a commit; the generator took {cpu:.0%} of a core and was up to "
        f"{lag:.0f} ms late (counted as latency)"
    )
    return {f"{name}_p50_ms": p50, f"{name}_p99_ms": p99}


def freshness(
    bench: Bench, rate: float, readings: int, *, seconds: float, age_ms: int = AGE_MS, **settings: str
) -> Freshness:
    """Send `rate` messages a second of `readings` readings, and see how old each is when it is committed.

    Args:
        bench: the services.
        rate: messages a second.
        readings: readings a message.
        seconds: how long, WARM_UP_S included.
        age_ms: HALONG_INGEST_BATCH_AGE_MS.
        settings: further ones of ingest, as HALONG_… variables.
    """
    settings = throughput.FULL_SPEED | {"HALONG_INGEST_BATCH_AGE_MS": str(age_ms)} | settings
    with bench.city(throughput.GATEWAYS) as city:
        with watching(city.url) as database, bench.ingest(city.url, **settings) as process:
            throughput.wait_until_listening(bench, database, process)
            commits, plan, sent = _send(bench, database, rate, readings, seconds)
            sample = city.ids[:, ::readings].ravel().tolist()  # one datastream of each message
            seen = latencies(database, commits, sample, plan.start + WARM_UP_S)
        size = len(seen.seconds) * readings / seen.commits
        p50, p99 = np.percentile(seen.seconds * 1000, [50, 99])
        return Freshness(float(p50), float(p99), age_ms + asyncio.run(_bare_commit(city, size)), size, sent)


def _send(
    bench: Bench, database: Database, rate: float, readings: int, seconds: float
) -> tuple[Commits, open_loop.Plan, open_loop.Sent]:
    commits, url = Commits(), bench.broker.platform_url
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(throughput.warm_up).result()
        heard = database.heard()
        plan = open_loop.Plan(rate, readings, throughput.GATEWAYS, time.time() + 0.5, seconds)
        sending: Future[open_loop.Sent] = pool.submit(open_loop.run, url, plan)
        deadline = time.monotonic() + seconds + throughput.CATCH_UP_S

        def is_over() -> bool:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    "ingest does not keep up with half of its rate: is the machine overloaded?"
                )
            return sending.done() and database.heard() - heard >= plan.count

        commits.watch(database, is_over)
        return commits, plan, sending.result()


async def _bare_commit(city: City, size: float) -> float:
    """Milliseconds of one COPY of `size` rows with its commit, on a machine that does nothing else."""
    count, start, spent = max(1, round(size / DEVICES)), now_ms(), []
    async with await connect(city.url) as conn:
        for number in range(_COMMITS):
            batch = rows(city.ids, count, first=number * count, start_ms=start)[: max(1, round(size))]
            began = time.perf_counter()
            await copy_in(conn, batch)
            spent.append((time.perf_counter() - began) * 1000)
    return statistics.median(spent)
