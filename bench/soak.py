"""Ingest's memory over minutes at half of its greatest rate, after a flood: `python -m bench.soak`.

Ten minutes store about 100 million observations: 11 GB of disk. It fails if memory passes 200 MB, if it rises
in the second half, or if what is stored is not what was acknowledged.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import numpy as np
import psutil
from rich.box import SIMPLE
from rich.table import Table

from bench import open_loop, throughput
from bench.city import DEVICES, services
from bench.figure import err, out
from bench.watch import wait_until, watching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.city import Bench

PEAK_MB = 200
#: a slope that would add a tenth of the bound in an hour is noise of the allocator
FLAT_MB_A_MINUTE = PEAK_MB / 10 / 60
#: it begins with so many times the rate, for so many seconds
_BURST, _BURST_S = 4, 15


@dataclass(frozen=True)
class Soak:
    """Ingest's memory in MB, sampled each second, shape (seconds,), and what became of the messages."""

    memory: NDArray[np.float64]
    acked: int
    refused: int
    stored: int

    @property
    def slope(self) -> float:
        """MB a minute over the second half, by least squares."""
        last = self.memory[len(self.memory) // 2 :]
        return float(np.polyfit(np.arange(len(last)) / 60, last, 1)[0])

    def faults(self) -> list[str]:
        """What is not as it should be."""
        found = []
        if self.memory.max() > PEAK_MB:
            found.append(f"memory reached {self.memory.max():.0f} MB, more than {PEAK_MB}")
        if self.slope > FLAT_MB_A_MINUTE:
            found.append(f"memory rises by {self.slope:.2f} MB a minute in the second half")
        if self.stored != self.acked * DEVICES:
            found.append(f"{self.acked * DEVICES} readings were acknowledged, {self.stored} are stored")
        return found


def soak(bench: Bench, rate: float, seconds: float) -> Soak:
    """Publish `rate` messages of DEVICES readings a second, after a flood, and watch ingest's memory."""
    memory, url = [], bench.broker.platform_url
    with (
        bench.city(throughput.GATEWAYS) as city,
        watching(city.url) as database,
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        bench.ingest(city.url, **throughput.FULL_SPEED) as process,
    ):
        throughput.wait_until_listening(bench, database, process)
        pool.submit(throughput.warm_up).result()
        heard, ingest = database.heard(), psutil.Process(process.pid)

        def send(rate: float, seconds: float) -> open_loop.Sent:
            plan = open_loop.Plan(rate, DEVICES, throughput.GATEWAYS, time.time() + 1, seconds)
            sending: Future[open_loop.Sent] = pool.submit(open_loop.run, url, plan)
            while not sending.done():
                memory.append(ingest.memory_info().rss / 1e6)
                time.sleep(1)
            return sending.result()

        # What ingest needs at most it needs at once, and keeps: a rise after that would be a leak.
        burst = send(rate * _BURST, _BURST_S)
        wait_until(lambda: database.heard() - heard >= burst.acked, throughput.CATCH_UP_S, process)
        sent = send(rate, seconds)
        acked, refused = burst.acked + sent.acked, burst.refused + sent.refused
        wait_until(lambda: database.heard() - heard >= acked, throughput.CATCH_UP_S, process)
        return Soak(np.array(memory), acked, refused, database.stored())


def show(found: Soak) -> None:
    """Print memory by minute, and as the last line one JSON object."""
    table = Table("minute", "least MB", "median MB", "greatest MB", box=SIMPLE)
    for minute, start in enumerate(range(0, len(found.memory), 60), 1):
        each = found.memory[start : start + 60]
        table.add_row(str(minute), *(f"{f(each):.1f}" for f in (np.min, np.median, np.max)))
    out.print(table)
    out.print(
        f"acknowledged {found.acked:,} messages, refused {found.refused:,}, stored {found.stored:,} readings"
    )
    out.print(f"second half: {found.slope:+.3f} MB a minute (flat: up to {FLAT_MB_A_MINUTE:.2f})")
    peak = {"ours": round(float(found.memory.max()), 1), "limit": PEAK_MB}
    print(json.dumps({"soak_peak_mb": peak | {"ratio": round(peak["ours"] / PEAK_MB, 3)}}))


def main() -> None:
    """Run the soak."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long (default 10)")
    parser.add_argument(
        "--rate", type=float, help="messages of 100 readings a second; default: half of batch100"
    )
    options = parser.parse_args()
    with services() as bench:
        rate = options.rate or throughput.rate(bench, "batch100", 1.0) / 2
        err.print(f"{rate:,.0f} messages of {DEVICES} readings a second for {options.minutes:g} minutes")
        found = soak(bench, rate, options.minutes * 60)
    show(found)
    if faults := found.faults():
        raise SystemExit("; ".join(faults))


if __name__ == "__main__":
    main()
