"""Whether ingest stays as fast when the table is full and when the city is large.

`python -m bench.growth --rows 0 10 100` measures with 100 million observations too: 6 minutes and 11 GB of
disk more. Autovacuum and checkpoints run as they do in the demo.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
import psutil

from bench import throughput
from bench.city import DEVICES, Bench, City, messages, services
from bench.figure import Figure, out, show, steps
from bench.watch import watching
from storage.observations import OBSERVATION, copy_in
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DAY_US = 86_400_000_000
#: a day of 5,000 datastreams that are read each minute
_DAY_ROWS = 7_200_000
#: today's chunk, in which live data are stored, holds this share of the stored rows, at most a day's
_TODAY = 0.1
_BYTES_A_ROW = 130  # row, key and WAL that waits for a checkpoint
#: gateways of DEVICES datastreams each: 500, 5,000 and 50,000
_GATEWAYS = (5, 50, 500)


def figures(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """The batch100 figure with 10 million observations stored, and with few and many datastreams."""
    return rows_stored(bench, runs, scale, [10 * scale]) | datastreams(bench, runs, scale)


def rows_stored(bench: Bench, runs: int, scale: float, millions: Sequence[float]) -> dict[str, Figure]:
    """The batch100 figure with so many million observations stored, against none.

    Raises:
        RuntimeError: the disk is too small.
    """
    found = {
        m: Figure(what=f"batch100 with {m:g} million rows stored; limit: with none", aim="≥ 0.9")
        for m in millions
    }
    with ExitStack() as stack:
        cities = {m: stack.enter_context(bench.city(throughput.GATEWAYS)) for m in millions}
        for m, city in cities.items():
            _preload(city, round(m * 1e6))
        for _ in steps(range(runs), "growth: rows"):
            empty = throughput.batch100(bench, scale).messages_per_s * DEVICES
            for m, city in cities.items():
                found[m].add(_rate(bench, city, scale), empty)
        for m, city in cities.items():
            out.print(f"growth: {m:g} million rows: {_vacuums(city)} automatic vacuums of chunks during it")
    return {f"growth_{m:g}M_rows": figure for m, figure in found.items()}


def datastreams(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """The batch100 figure with 500 and with 50,000 datastreams, against 5,000."""
    few, usual, many = _GATEWAYS
    found = {
        g: Figure(what=f"batch100 with {g * DEVICES:,} datastreams; limit: with 5,000", aim="≥ 0.9")
        for g in (few, many)
    }
    copies = {g: throughput.copy_limit(bench, scale, gateways=g) for g in (few, usual, many)}
    for _ in steps(range(runs), "growth: datastreams"):
        base = throughput.batch100(bench, scale, gateways=usual).messages_per_s * DEVICES
        for gateways, figure in found.items():
            figure.add(throughput.batch100(bench, scale, gateways=gateways).messages_per_s * DEVICES, base)
    bare = ", ".join(f"{g * DEVICES:,}: {each:,.0f}" for g, each in copies.items())
    out.print(f"growth: bare COPY by number of datastreams, one run, rows/s: {bare}")
    return {f"growth_{g * DEVICES}_datastreams": figure for g, figure in found.items()}


def _rate(bench: Bench, city: City, scale: float) -> float:
    """Readings a second into a city that keeps what it has."""
    count = round(throughput.BATCHES * scale)
    made = messages(len(city.ids), count, DEVICES)
    return throughput.pass_through(bench, city, made, count * DEVICES).messages_per_s * DEVICES


def _preload(city: City, count: int) -> None:
    """Store `count` rows: a tenth today, the rest in full days before.

    Raises:
        RuntimeError: the disk is too small.
    """
    free = shutil.disk_usage("/tmp").free  # noqa: S108  (where services() keeps its folder)
    if free < 2 * count * _BYTES_A_ROW:
        raise RuntimeError(f"{free / 1e9:.0f} GB of disk are free, too few for {count:,} rows: choose fewer")
    if count:
        asyncio.run(_store(city, count))
        with watching(city.url) as database:
            database.conn.execute("CHECKPOINT")


async def _store(city: City, count: int) -> None:
    ids, began = city.ids.ravel(), time.perf_counter()
    async with await connect(city.url) as conn:
        spans = [span for span in _spans(count) if span[2]]  # fewer rows than datastreams: none of a span
        for rows in steps(spans, f"storing {count / 1e6:g} million rows"):
            start, seconds, each = rows
            times = start + np.arange(each) * (seconds // each)
            for some in np.array_split(ids, max(1, len(ids) * each // 100_000)):
                await copy_in(conn, _product(some, times))
    out.print(f"growth: stored {count:,} rows at {count / (time.perf_counter() - began):,.0f} rows/s")


def _spans(count: int, streams: int = throughput.GATEWAYS * DEVICES) -> Iterator[tuple[int, int, int]]:
    """Yield start and length in microseconds and the rows a datastream of each day, the oldest first."""
    present = int(time.time() * 1e6)
    midnight = present // _DAY_US * _DAY_US
    today = min(int(count * _TODAY), _DAY_ROWS)
    days = -(-(count - today) // _DAY_ROWS)
    for day in range(days, 0, -1):
        yield midnight - day * _DAY_US, _DAY_US, (count - today) // days // streams
    yield midnight, present - midnight, today // streams


def _product(ids: np.ndarray, times: np.ndarray) -> np.ndarray:
    """One row of each datastream and time, ordered by both."""
    made = np.empty((len(ids), len(times)), OBSERVATION)
    made["datastream_id"], made["time"] = ids[:, None], times[None, :]
    made["value"] = (made["time"] // 1000 % 4000) / 10
    made["quality"] = 0
    return made.reshape(-1)


def _vacuums(city: City) -> int:
    with watching(city.url) as database:
        return database.number(
            "SELECT sum(autovacuum_count) FROM pg_stat_user_tables WHERE schemaname = '_timescaledb_internal'"
        )


def main() -> None:
    """Run this part alone."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each figure (default 5)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of messages")
    parser.add_argument("--rows", type=float, nargs="*", default=[0, 10], help="millions of rows (0 10)")
    parser.add_argument("--no-datastreams", action="store_true", help="leave out 500 and 50,000 datastreams")
    options, began = parser.parse_args(), psutil.getloadavg()
    with services() as bench:
        found = rows_stored(bench, options.runs, options.scale, [m for m in options.rows if m])
        if not options.no_datastreams:
            found |= datastreams(bench, options.runs, options.scale)
    show(found, began)


if __name__ == "__main__":
    main()
