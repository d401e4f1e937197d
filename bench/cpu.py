"""Processor time per reading by part, beside the bare parts: what each service must do at the least.

The bare parts carry the same readings: the broker alone to a subscriber that decodes them into columns
without a check (typed msgspec, dictionary, `np.fromiter`), and COPY of the same rows in the same batches.
A core's work takes longer while its neighbour is busy (shared caches and memory), so that the bare COPY,
whose client mostly waits, runs beside a process that decodes payloads all the time.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain
from multiprocessing import get_context
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bench import throughput
from bench.city import DEVICES, Bench, messages
from bench.figure import Figure, out, steps
from bench.publisher import publish
from bench.watch import cpu_by_part, since, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Reading(msgspec.Struct):
    device: str
    time: int
    pm2_5: float


class _Message(msgspec.Struct):
    readings: list[_Reading]


def figures(bench: Bench, runs: int, scale: float) -> dict[str, Figure]:
    """Processor microseconds a reading of batch100: the sum, and each part."""
    readings = round(throughput.BATCHES * scale) * DEVICES
    found = {part: Figure(what=f"of it {what}") for part, what in _PARTS.items()}
    total = Figure(
        what="processor µs a reading of broker, ingest and database; limit: bare parts", aim="≤ 1.3"
    )
    for _ in steps(range(runs), "cpu"):
        ours = throughput.batch100(bench, scale).cpu
        bare = _bare(bench, scale)
        for part, figure in found.items():
            figure.add(ours[part] / readings * 1e6, bare[part] / readings * 1e6)
        total.add(sum(ours.values()) / readings * 1e6, sum(bare.values()) / readings * 1e6)
    quiet = _copy(bench, scale)["database"] / readings * 1e6
    out.print(
        f"bare COPY takes the database {np.median(found['database'].limit):.2f} processor µs a row while the "
        f"other core is busy, as here, and {quiet:.2f} in one run while it is idle"
    )
    return {"cpu_us_per_reading": total} | {f"cpu_us_{part}": figure for part, figure in found.items()}


_PARTS = {
    "broker": "the broker; limit: it moves the same messages to a bare subscriber",
    "ingest": "ingest; limit: codec, msgspec into columns, numpy, and COPY's client",
    "database": "the database; limit: sorted binary COPY of the same rows, the other core kept busy",
}


def _bare(bench: Bench, scale: float) -> dict[str, float]:
    """Processor seconds of each bare part."""
    subscriber = _subscribe(bench, scale)
    with _busy_neighbour():
        copy = _copy(bench, scale)
    return {
        "broker": subscriber["broker"],
        "ingest": subscriber["ingest"] + copy["client"],
        "database": copy["database"],
    }


def _copy(bench: Bench, scale: float) -> dict[str, float]:
    with bench.city(throughput.GATEWAYS) as city:
        parts = throughput.batches(city, round(throughput.BATCHES * scale))
        before, own = cpu_by_part(bench), time.process_time()
        asyncio.run(throughput.copy_all(city.url, parts))
        return since(before, cpu_by_part(bench)) | {"client": time.process_time() - own}


def _subscribe(bench: Bench, scale: float) -> dict[str, float]:
    """Processor seconds of the broker and of a subscriber in its own process."""
    made = messages(throughput.GATEWAYS, round(throughput.BATCHES * scale), DEVICES)
    url = bench.broker.platform_url
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(throughput.warm_up).result()
        decoding = pool.submit(decode_all, url, len(made))
        probe = [("city/v1/g0/up/status", b"")]
        wait_until(lambda: asyncio.run(publish(url, probe)) == 0)
        before = cpu_by_part(bench)
        asyncio.run(publish(url, made))
        seconds = decoding.result()
        spent = since(before, cpu_by_part(bench))
    return {"broker": spent["broker"], "ingest": seconds}


def decode_all(url: str, count: int) -> float:
    """Take, decode into columns and acknowledge `count` messages; return this process's processor seconds."""
    return asyncio.run(_decode_all(url, count))


async def _decode_all(url: str, count: int) -> float:
    ids = {f"g{g}-d{d}": g * DEVICES + d for g in range(throughput.GATEWAYS) for d in range(DEVICES)}
    async with throughput.subscribed(url, "bench-bare", "city/v1/+/up/+") as subscription:
        began, seen = time.process_time(), 0
        while seen < count:
            taken = await subscription.take(throughput.BATCH_ROWS // DEVICES, 1.0)
            payloads = [each.payload for each in taken if each.payload]
            seen += len(payloads)
            columns(payloads, ids)
            subscription.ack(taken)
        return time.process_time() - began


def columns(payloads: list[bytes], ids: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decode payloads into datastream ids, times and values, each of shape (readings,), unchecked."""
    decode = msgspec.json.Decoder(_Message).decode
    readings = list(chain.from_iterable(decode(payload).readings for payload in payloads))
    count = len(readings)
    return (
        np.fromiter([ids[r.device] for r in readings], "i4", count),
        np.fromiter([r.time for r in readings], "i8", count) * 1000,
        np.fromiter([r.pm2_5 for r in readings], "f8", count),
    )


@contextmanager
def _busy_neighbour() -> Iterator[None]:
    """Keep one core busy with decoding."""
    process = get_context("spawn").Process(target=decode_forever, daemon=True)
    process.start()
    try:
        time.sleep(0.3)  # the process starts
        yield
    finally:
        process.terminate()
        process.join()


def decode_forever() -> None:
    """Decode the same payloads until killed."""
    payloads = [payload for _, payload in messages(1, 100, DEVICES)]
    ids = {f"g0-d{d}": d for d in range(DEVICES)}
    while True:
        columns(payloads, ids)
