"""What a flood and a replay cost the others: age of live readings at their commit, alone and beside them.

Run it with `python -m bench.live_first`. A hundred live gateways send what the registry expects of them, open
loop; beside them one gateway sends a hundred times that, then all that the broker takes for a while, and at
last twenty send a buffer of 48 hours as fast as it is acknowledged. The limit of each figure is the same
without them.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count, islice
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import psutil

from bench import open_loop, throughput
from bench.city import DEVICES, messages, now_ms, observations_topic, services
from bench.commits import Commits, latencies
from bench.figure import Figure, out, show, steps
from bench.watch import wait_until, watching

if TYPE_CHECKING:
    from subprocess import Popen

    from bench.city import Bench, City
    from bench.watch import Database

#: gateways with one message of DEVICES readings a second, which is what the registry expects
LIVE = 100
FLOODER = LIVE
REPLAYING = range(LIVE + 1, LIVE + 21)
SECONDS = 20.0
#: in which processes warm up, and which counts for nothing
WARM_UP_S = 2.0
REPLAY_H = 48
#: messages of a replaying gateway at scale 1: one each four minutes of its buffer
REPLAY_MESSAGES = 720
_TIME = 1_111_111_111_111
((_, _PAYLOAD),) = messages(1, 1, DEVICES, start_ms=_TIME)
_WAITING = "SELECT count(*) FROM deferred_messages"


@dataclass(frozen=True)
class Seen:
    """Live readings' milliseconds from publish to commit, and what the others sent meanwhile."""

    p50: float
    p99: float
    others: int
    #: messages that waited when the live ones had ended, and seconds until the last of them was stored
    waiting: int
    seconds: float


def figures(bench: Bench, runs: int, scale: float, **settings: str) -> dict[str, Figure]:
    """Median and 99th percentile beside a flood and a replay, each beside the same without."""
    found = {f"live_{name}_{p}_ms": Figure(aim="ratio ≤ 2") for name in DISTURBANCES for p in ("p50", "p99")}
    for _ in steps(range(runs), "live_first"):
        alone = beside(bench, "", scale, **settings)
        for name, words in DISTURBANCES.items():
            seen = beside(bench, name, scale, **settings)
            found[f"live_{name}_p50_ms"].add(seen.p50, alone.p50)
            found[f"live_{name}_p99_ms"].add(seen.p99, alone.p99)
            out.print(
                f"beside {words}: {seen.others:,} messages, of which {seen.waiting:,} were stored in the "
                f"{seen.seconds:.1f} s after the live ones had ended"
            )
    for name, words in DISTURBANCES.items():
        found[f"live_{name}_p50_ms"].what = f"ms from publish to commit of live readings beside {words}"
    return found


DISTURBANCES = {
    "flood100": "one gateway that sends a hundred times its rate",
    "flood": "one gateway that sends all that the broker takes for a fifth of the time",
    "replay": f"{len(REPLAYING)} gateways that send a buffer of {REPLAY_H} h",
}


def beside(bench: Bench, name: str, scale: float, **settings: str) -> Seen:
    """Send live readings, and what is named beside them.

    Args:
        bench: the services.
        name: of DISTURBANCES; empty: nothing.
        scale: share of the usual time.
        settings: of ingest, as HALONG_… variables.
    """
    seconds = WARM_UP_S + SECONDS * scale
    with (
        bench.city(REPLAYING.stop) as city,
        watching(city.url) as database,
        bench.ingest(city.url, **settings) as process,
        ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool,
    ):
        throughput.wait_until_listening(bench, database, process)
        for warm in [pool.submit(throughput.warm_up) for _ in range(2)]:
            warm.result()
        url, start = bench.broker.platform_url, time.time() + 1.0
        live = open_loop.Plan(LIVE, DEVICES, LIVE, start, seconds)
        sending = pool.submit(open_loop.run, url, live)
        others: Future[int] | None = pool.submit(DISTURB[name], url, start, seconds, scale) if name else None
        seen = _watch(database, city, live, sending, process)
        return _until_stored(database, seen, live, others)


def _watch(
    database: Database,
    city: City,
    live: open_loop.Plan,
    sending: Future[open_loop.Sent],
    process: Popen[bytes],
) -> tuple[float, float]:
    commits, deadline = Commits(), time.monotonic() + live.seconds + throughput.CATCH_UP_S
    sample = city.ids[:LIVE, 0].tolist()
    ids = ",".join(map(str, sample))
    stored = f"SELECT count(*) FROM observations WHERE datastream_id IN ({ids})"  # noqa: S608  (numbers)

    asked = iter((False, True))  # one look more: the last commit must be seen by the watch, too

    def is_over() -> bool:
        if time.monotonic() > deadline or process.poll() is not None:
            raise TimeoutError(
                "live readings are not stored: has ingest ended, or is the machine overloaded?"
            )
        return sending.done() and database.number(stored) >= live.count and next(asked)

    commits.watch(database, is_over)
    sent = sending.result()
    if sent.refused:
        raise RuntimeError(f"{sent.refused} live messages were refused by the broker")
    times = latencies(database, commits, sample, live.start + WARM_UP_S).seconds * 1000
    p50, p99 = np.percentile(times, [50, 99])
    return float(p50), float(p99)


def _until_stored(
    database: Database, seen: tuple[float, float], live: open_loop.Plan, others: Future[int] | None
) -> Seen:
    began, waiting = time.perf_counter(), database.number(_WAITING)
    sent = others.result() if others else 0
    wait_until(lambda: database.heard() >= live.count + sent, throughput.CATCH_UP_S)
    wait_until(lambda: database.number(_WAITING) == 0)
    if (stored := database.stored()) != (live.count + sent) * DEVICES:
        raise RuntimeError(f"{stored} readings are stored instead of {(live.count + sent) * DEVICES}")
    return Seen(*seen, sent, waiting, time.perf_counter() - began)


def flood(url: str, start: float, seconds: float, _scale: float) -> int:
    """Send all that the broker takes for a fifth of the time, as one gateway; return how many messages."""
    instants, sent = count(_long_ago()), 0
    _until(start + WARM_UP_S)
    while time.time() < start + WARM_UP_S + seconds / 5:
        sent += _send(url, [_message(FLOODER, instant) for instant in islice(instants, 1000)])
    return sent


def flood100(url: str, start: float, seconds: float, _scale: float) -> int:
    """Send a hundred messages a second as one gateway, of which the registry expects one."""
    instants = count(_long_ago())
    for tick in range(int(seconds) * 10):
        _until(start + tick / 10)
        _send(url, [_message(FLOODER, instant) for instant in islice(instants, 10)])
    return int(seconds) * 100


def replay(url: str, start: float, _seconds: float, scale: float) -> int:
    """Send the buffers of all replaying gateways as fast as they are acknowledged."""
    span, number = REPLAY_H * 3_600_000, max(1, round(REPLAY_MESSAGES * scale))
    instants = range(now_ms() - span, now_ms(), span // number)[:number]
    made = [_message(gateway, instant) for instant in instants for gateway in REPLAYING]
    _until(start + WARM_UP_S)
    return _send(url, made)


DISTURB = {"flood": flood, "flood100": flood100, "replay": replay}


def _message(gateway: int, instant: int) -> tuple[str, bytes]:
    payload = _PAYLOAD.replace(b'"g0-', b'"g%d-' % gateway).replace(b"%d" % _TIME, b"%d" % instant)
    return observations_topic(gateway), payload


def _until(instant: float) -> None:
    time.sleep(max(0.0, instant - time.time()))


def _send(url: str, made: list[tuple[str, bytes]]) -> int:
    if refused := throughput.publish_all(url, made):
        raise RuntimeError(f"{refused} of {len(made)} messages were refused by the broker")
    return len(made)


def _long_ago() -> int:
    return now_ms() - 86_400_000


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help=f"share of {SECONDS:g} s a measurement")
    parser.add_argument(
        "--factor", type=float, default=10.0, help="HALONG_INGEST_RATE_FACTOR; 0: no deferral"
    )
    options = parser.parse_args()
    began = psutil.getloadavg()
    with services() as bench:
        found = figures(bench, options.runs, options.scale, HALONG_INGEST_RATE_FACTOR=str(options.factor))
    show(found, began)


if __name__ == "__main__":
    main()
