"""How many messages and readings a second ingest stores and acknowledges, beside its limits."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING

import structlog

from bench.city import DEVICES, Bench, City, messages, now_ms, rows
from bench.publisher import forget_session, publish
from bench.watch import Database, cpu_by_part, since, wait_until, watching
from ingest.mqtt import Subscription
from storage.observations import copy_in
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from subprocess import Popen

    import numpy as np
    from numpy.typing import NDArray

#: gateways of DEVICES datastreams each: 5,000 datastreams
GATEWAYS = 50
BATCH_ROWS = 20_000
#: messages of a run at scale 1
BATCHES = 10_000
SINGLES = 60_000
CATCH_UP_S = 300.0
#: The registry expects a reading a second of each datastream, and the benches send fifty times as many. The
#: rate is watched as always, but nothing is put off.
FULL_SPEED = {"HALONG_INGEST_RATE_FACTOR": "10000"}


@dataclass(frozen=True)
class Passage:
    """Messages that went through: a second, and processor seconds of each part."""

    messages_per_s: float
    cpu: dict[str, float]


def pass_through(
    bench: Bench, city: City, made: Sequence[tuple[str, bytes]], stored: int, **settings: str
) -> Passage:
    """Publish messages as fast as the broker takes them, until the commit of the last.

    Args:
        bench: the services.
        city: where ingest stores them.
        made: topics and payloads.
        stored: how many observations they must add.
        settings: of ingest, as HALONG_… variables, beside FULL_SPEED.

    Raises:
        RuntimeError: something was refused by the broker, or another number of observations was stored.
    """
    settings = FULL_SPEED | settings
    with watching(city.url) as database, bench.ingest(city.url, **settings) as process:
        wait_until_listening(bench, database, process)
        heard, before = database.heard(), database.stored()
        cpu, began = cpu_by_part(bench, process.pid), time.perf_counter()
        refused = asyncio.run(publish(bench.broker.platform_url, made))
        wait_until(lambda: database.heard() - heard >= len(made), CATCH_UP_S, process)
        seconds = time.perf_counter() - began
        cpu = since(cpu, cpu_by_part(bench, process.pid))
        found = database.stored() - before
    if refused:
        raise RuntimeError(f"{refused} of {len(made)} messages were refused by the broker")
    if found != stored:
        raise RuntimeError(f"{found} rows were stored instead of {stored}")
    return Passage(len(made) / seconds, cpu)


def wait_until_listening(bench: Bench, database: Database, process: Popen[bytes]) -> None:
    """Wait until ingest has subscribed and stored a first message; before, the broker refuses it (0x10)."""
    heard = database.heard()
    probe = [("city/v1/g0/up/status", b'{"online": true}')]
    wait_until(lambda: asyncio.run(publish(bench.broker.platform_url, probe)) == 0, alive=process)
    wait_until(lambda: database.heard() > heard, alive=process)


def batch100(bench: Bench, scale: float, *, gateways: int = GATEWAYS, **settings: str) -> Passage:
    """Pass messages of DEVICES readings through a city of its own."""
    count = round(BATCHES * scale)
    with bench.city(gateways) as city:
        return pass_through(bench, city, messages(gateways, count, DEVICES), count * DEVICES, **settings)


def single(bench: Bench, scale: float, **settings: str) -> Passage:
    """Pass messages of one reading through a city of its own."""
    count = round(SINGLES * scale)
    with bench.city(GATEWAYS) as city:
        return pass_through(bench, city, messages(GATEWAYS, count, 1), count, **settings)


def duplicates20(bench: Bench, scale: float) -> Passage:
    """The same as batch100 with every fifth message sent twice, right after itself."""
    count = round(BATCHES * scale)
    with bench.city(GATEWAYS) as city:
        made = messages(GATEWAYS, count, DEVICES, repeat=0.2)
        return pass_through(bench, city, made, count * DEVICES)


def rate(bench: Bench, name: str, scale: float) -> float:
    """Messages a second of "batch100" or "single": as measured in this run, or else measured once."""
    if name not in bench.rates:
        passage = batch100(bench, scale) if name == "batch100" else single(bench, scale)
        bench.rates[name] = passage.messages_per_s
    return bench.rates[name]


def copy_limit(bench: Bench, scale: float, *, gateways: int = GATEWAYS) -> float:
    """Rows a second of sorted binary COPY of the same rows into the same hypertable, alone."""
    with bench.city(gateways) as city:
        parts = batches(city, round(BATCHES * scale))
        return sum(map(len, parts)) / asyncio.run(copy_all(city.url, parts))


def batches(city: City, count: int) -> list[NDArray[np.void]]:
    """The observations of `count` messages of DEVICES readings, in batches of BATCH_ROWS."""
    every = BATCH_ROWS // DEVICES
    start = now_ms()
    return [rows(city.ids, min(every, count - i), first=i, start_ms=start) for i in range(0, count, every)]


async def copy_all(url: str, parts: Sequence[NDArray[np.void]]) -> float:
    """Copy batches in, each with a commit of its own; return the seconds."""
    async with await connect(url) as conn:
        began = time.perf_counter()
        for part in parts:
            await copy_in(conn, part)
        return time.perf_counter() - began


def client_limit(bench: Bench, scale: float) -> float:
    """Messages a second that the same client library takes and acknowledges: no decoding, no database."""
    made = messages(GATEWAYS, round(SINGLES * scale), 1)
    return len(made) / asyncio.run(_receive(bench.broker.platform_url, made))


async def _receive(url: str, made: list[tuple[str, bytes]]) -> float:
    async with subscribed(url, "bench-limit", "city/v1/+/up/observations") as subscription:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
            await asyncio.get_running_loop().run_in_executor(generator, warm_up)
            began, seen = time.perf_counter(), 0
            sending = generator.submit(publish_all, url, made)
            while seen < len(made):
                taken = await subscription.take(1000, 5.0)
                seen += len(taken)
                subscription.ack(taken)
            seconds = time.perf_counter() - began
            sending.result()
    return seconds


@asynccontextmanager
async def subscribed(url: str, client_id: str, topic_filter: str) -> AsyncIterator[Subscription]:
    """Subscribe with ingest's own client; the session ends with the block."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    subscription = Subscription(url, client_id=client_id, filters=[topic_filter], receive_maximum=2000)
    running = asyncio.create_task(subscription.run())
    await subscription.subscribed.wait()
    yield subscription
    subscription.stop()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await forget_session(url, client_id)


def warm_up() -> None:
    """Start the generator's process before the clock runs."""


def publish_all(url: str, made: list[tuple[str, bytes]]) -> int:
    """Publish messages from a process of its own."""
    return asyncio.run(publish(url, made))
