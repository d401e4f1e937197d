"""How fast the console opens, and how many may be open: `make bench-console`.

A city of 17 times the simulated one (5,270 things, 14,569 datastreams, 493 gateways, 13 districts) with two
days of data and alerts is served by one process, as `halong api` runs it.

First a headless Chromium opens the map: until districts have their colours and gateways stand on the screen.
The limit is the same browser with the same files of the same server, not run, and the finished page painted.

Then consoles are open for a while: each loads the page and follows it over socket.io and WebSocket as a
browser does, from one other process; none draws. A value is committed each second, a sixtieth of the gateways
is heard and as many datastreams measure. Told is how long after its commit the last console got a value or a
newer one: consoles read each four seconds. The limit of processor and telling is one console, of memory and
of the API's latency none. The last line printed is one JSON object, {name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import psutil

from bench import console_paint
from bench.api import serving
from bench.city import services
from bench.console_city import COMMITS_A_S, COPIES, INDICATOR, change, prepare
from bench.console_clients import look
from bench.figure import Figure, out, show, steps
from bench.http_load import waits
from bench.watch import cpu_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from multiprocessing.process import BaseProcess
    from multiprocessing.queues import Queue

    from numpy.typing import NDArray

    from bench.city import Bench

CONSOLES = 50
SECONDS = 40
_LATEST = f"/v1/indicators/values/latest?indicator={INDICATOR}"
_ASKED_A_S = 20.0
#: for what is committed last to be told
_AFTER_S = 12.0
#: the districts that consoles look at in turn
_AREAS = ("193", "194", "195", "196", "198", "199", "200", "201", "202", "203", "204", "205", "206", "207")
_SPAWN = get_context("spawn")


@dataclass(frozen=True)
class Seen:
    """What consoles cost: ms from commit to the last of them, processor %, MB, ms of the API's answers."""

    told: NDArray[np.float64]
    server: float
    database: float
    memory: float
    answers: NDArray[np.float64]


def measure(bench: Bench, runs: int, consoles: int, seconds: int, copies: int) -> dict[str, Figure]:
    """Fill a database and measure painting and open consoles.

    Args:
        bench: running services.
        runs: of painting.
        consoles: that are open at a time.
        seconds: for which they are.
        copies: of the profile's city.
    """
    url = bench.postgres.ensure_database("console")
    things = prepare(url, copies)
    out.print(f"{things:,} things; {consoles} consoles by socket.io over WebSocket for {seconds} s")
    settings = {"HALONG_API_RATE_LIMIT": "0"}
    with serving(["runtime.cli", "api"], bench, url, **settings) as address:
        found = console_paint.figures(address, runs) if runs else {}
        if consoles:
            size, seen = round(seconds * COMMITS_A_S), []
            for turn, count in enumerate(steps((0, 1, consoles), "looking")):
                numbers = range(turn * size, (turn + 1) * size)
                seen.append(_beside(bench, url, address, count, numbers))
            found |= _open(*seen, consoles)
    return found


def _open(none: Seen, one: Seen, all_: Seen, consoles: int) -> dict[str, Figure]:
    found = {}
    for share in (50, 99):
        told, alone = (float(np.percentile(each.told, share)) for each in (all_, one))
        what = f"ms from commit to the last of {consoles} consoles; limit: to one alone"
        found[f"told_p{share}_ms"] = Figure([told], [alone], what if share == 50 else "")
    what = "processor of one core, %, limit: one console"
    found["server_cpu"] = Figure([all_.server], [one.server], f"the API process's share of {what}")
    found["database_cpu"] = Figure([all_.database], [one.database], f"the database's share of {what}")
    found["memory_mb"] = Figure(
        [all_.memory], [none.memory], "MB of the API process; limit: without consoles"
    )
    for share in (50, 99):
        took, bare = (float(np.percentile(each.answers, share)) for each in (all_, none))
        what = f"ms of {_LATEST}, {_ASKED_A_S:g}/s on schedule; limit: without consoles"
        found[f"latest_p{share}_ms"] = Figure([took], [bare], what if share == 50 else "")
    return found


def _beside(bench: Bench, url: str, address: str, consoles: int, numbers: range) -> Seen:
    process = _serving(address)
    with _looking(address, consoles, numbers.stop) as told, ProcessPoolExecutor(2, mp_context=_SPAWN) as pool:
        pool.submit(time.sleep, 0).result()  # its start is not the server's
        time.sleep(_AFTER_S / 2)
        began = time.monotonic(), cpu_seconds(process.pid), cpu_seconds(bench.postgres.pid)
        changing = pool.submit(change, url, numbers)
        asking = pool.submit(waits, address, _LATEST, _ASKED_A_S, len(numbers) / COMMITS_A_S)
        committed, answers = changing.result(), asking.result()
        took = time.monotonic() - began[0]
        server = (cpu_seconds(process.pid) - began[1]) / took * 100
        database = (cpu_seconds(bench.postgres.pid) - began[2]) / took * 100
        memory = process.memory_info().rss / 1e6
        time.sleep(_AFTER_S)
    last = told[0][:, numbers.start :].max(axis=0) if consoles else committed
    if not np.isfinite(last).all():
        raise RuntimeError(f"{np.isinf(last).sum()} of {len(numbers)} changes were not told to every console")
    return Seen((last - committed) * 1000, server, database, memory, answers)


@contextmanager
def _looking(address: str, consoles: int, numbers: int) -> Iterator[list[NDArray[np.float64]]]:
    """Keep consoles open, and give at the end what they were told, shape (consoles, numbers)."""
    told: list[NDArray[np.float64]] = []
    if not consoles:
        yield told
        return
    queries = [f"indicator={INDICATOR}&area={_AREAS[n % len(_AREAS)]}&lang={'vi' if n % 2 else 'en'}"
               for n in range(consoles)]  # fmt: skip
    looking, over = _SPAWN.Queue(), _SPAWN.Event()
    process = _SPAWN.Process(target=look, args=(address, queries, numbers, looking, over))
    process.start()
    try:
        _next(looking, process)
        yield told
        over.set()
        told.append(_next(looking, process))
    finally:
        over.set()
        process.join(30)


def _next(looking: Queue[Any], process: BaseProcess) -> Any:
    """Return what a process tells next.

    Raises:
        RuntimeError: it has ended.
    """
    while True:
        try:
            return looking.get(timeout=1)
        except Empty:
            if not process.is_alive():
                raise RuntimeError("the consoles have ended; their words stand above") from None


def _serving(address: str) -> psutil.Process:
    """Return the process that listens at an address."""
    port = urlsplit(address).port
    pids = [c.pid for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.laddr.port == port]
    return psutil.Process(pids[0])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="make bench-console", description=__doc__, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=5, help="of painting (default 5; 0: none)")
    parser.add_argument(
        "--consoles", type=int, default=CONSOLES, help=f"that are open (default {CONSOLES}; 0: none)"
    )
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"that they are (default {SECONDS})")
    parser.add_argument("--copies", type=int, default=COPIES, help=f"of the city (default {COPIES})")
    parser.add_argument("--keep", type=Path, help="folder that is kept, and not filled again the next time")
    options, began = parser.parse_args(arguments), psutil.getloadavg()
    with services(options.keep) as bench:
        found = measure(bench, options.runs, options.consoles, options.seconds, options.copies)
    show(found, began)


_EXAMPLES = """\
examples:
  make bench-console                                                    about five minutes
  make bench-console ARGS="--runs 1 --consoles 5 --seconds 5 --copies 1"   quickly: does it work?
Each needs an otherwise idle machine, and Chromium.
"""

if __name__ == "__main__":
    main()
