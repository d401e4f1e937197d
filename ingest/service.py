"""The whole story of ingest: deliveries -> decode -> resolve -> batch -> write -> ack."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import structlog

from devices.catalog import LiveCatalog
from ingest import metrics, status
from ingest.batch import Batch, Batcher, Entry
from ingest.feedback import Feedback
from ingest.formats import native
from ingest.formats.readings import Problem, Readings
from ingest.mqtt import Delivery, Subscription
from ingest.resolve import Resolved, TimeLimits, resolve
from ingest.topics import KINDS, parse_topic
from ingest.writer import Writer
from storage.pool import open_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from devices.catalog import Catalog
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: deliveries understood between two turns of the writer: about a millisecond's work
_TAKE = 8
#: how soon a batch that is due is handed to a writer that has become free
_WRITER_POLL_S = 0.002
#: SIGTERM: what was taken is committed and acknowledged within this time, or left with the broker; closing
#: connections takes the rest of the 10 s that operators are promised
DRAIN_S = 8.0


async def run(settings: Settings, stop: asyncio.Event, *, on_ready: Callable[[], None] | None = None) -> None:
    """Ingest until `stop` is set; then commit and acknowledge what was taken.

    Raises:
        StorageError, psycopg.Error: the database cannot be used at the start.
    """
    url, broker = settings.require_database_url(), settings.require_mqtt_url()
    subscription = Subscription(
        broker,
        client_id=settings.ingest_client_id,
        filters=[f"{settings.topic_root}/+/up/{kind}" for kind in KINDS],
        receive_maximum=settings.ingest_receive_maximum,
    )
    feedback = Feedback(broker, topic_root=settings.topic_root, client_id=settings.ingest_client_id)
    # One batch is written while the next one is gathered; a third would only hide that the database is slow.
    batches: asyncio.Queue[Batch | None] = asyncio.Queue(maxsize=1)
    async with open_pool(url, name="halong ingest") as pool, LiveCatalog(url).following() as catalog:
        writer = Writer(pool)
        await writer.prepare()
        background = [
            asyncio.create_task(subscription.run(), name="subscription"),
            asyncio.create_task(feedback.run(), name="feedback"),
            asyncio.create_task(_tell_ready(subscription, on_ready), name="ready"),
        ]
        pipeline = [
            asyncio.create_task(_gather(subscription, catalog, batches, settings, stop), name="gather"),
            asyncio.create_task(_write(batches, writer, subscription, feedback), name="write"),
        ]
        try:
            await _until_drained(stop, pipeline, background)
        finally:
            subscription.stop()
            for task in (*pipeline, *background):
                task.cancel()
            await asyncio.gather(*pipeline, *background, return_exceptions=True)


async def _gather(
    subscription: Subscription,
    catalog: LiveCatalog,
    batches: asyncio.Queue[Batch | None],
    settings: Settings,
    stop: asyncio.Event,
) -> None:
    """Take deliveries, understand them and put closed batches on the queue, until `stop`."""
    deliveries = min(settings.ingest_batch_deliveries, settings.ingest_receive_maximum)
    batcher = Batcher(
        max_rows=settings.ingest_batch_rows,
        max_deliveries=deliveries,
        max_age=settings.ingest_batch_age_ms / 1000,
    )
    while not stop.is_set():
        await asyncio.sleep(0)  # the writer's turn: take() does not wait while deliveries are there
        for delivery in await subscription.take(_TAKE, _patience(batcher, batches)):
            metrics.RECEIVED.inc()
            entry = understand(delivery, catalog.current, settings)
            if full := batcher.add(entry, time.monotonic()):
                await batches.put(full)
        # While the writer is busy a batch that is due grows on: larger batches cost less a row.
        is_due = batcher.due is not None and time.monotonic() >= batcher.due
        if is_due and batches.empty() and (aged := batcher.close()):
            await batches.put(aged)
    if rest := batcher.close():
        await batches.put(rest)
    await batches.put(None)


def _patience(batcher: Batcher, batches: asyncio.Queue[Batch | None]) -> float:
    """Return for how many seconds the next delivery may be waited for."""
    if batcher.due is None:
        return 0.5  # soon enough to notice `stop`
    left = batcher.due - time.monotonic()
    return max(0.0, left) if batches.empty() else max(_WRITER_POLL_S, left)


async def _write(
    batches: asyncio.Queue[Batch | None], writer: Writer, subscription: Subscription, feedback: Feedback
) -> None:
    """Store batches; acknowledge each after its commit, then tell the gateways."""
    while batch := await batches.get():
        metrics.IN_FLIGHT.set(len(batch.entries))
        metrics.BATCH_ROWS.observe(len(batch.rows))
        with metrics.COMMIT_SECONDS.time():
            outcome = await writer.write(batch)
        subscription.ack([entry.delivery for entry in batch.entries])
        metrics.IN_FLIGHT.set(0)
        metrics.STORED.inc(outcome.stored)
        metrics.DUPLICATES.inc(outcome.duplicates)
        feedback.tell_committed(outcome.committed)
        for entry in batch.entries:
            if entry.resolved.refusals:
                _count_refusals(entry)
                feedback.tell_rejected(entry)


def understand(delivery: Delivery, catalog: Catalog, settings: Settings) -> Entry:
    """Decode and resolve one delivery. Never raises: what is wrong with it becomes its refusals."""
    address = parse_topic(delivery.topic, settings.topic_root)
    if address is None:
        unknown = Resolved(None)
        unknown.refuse("unknown_gateway", "$", "the topic's gateway is no code: [a-z0-9][a-z0-9_.-]{0,63}")
        return Entry(delivery, delivery.topic.split("/")[-3][:64], unknown)
    if address.kind == "status":
        return _understand_status(delivery, address.gateway, catalog, settings)
    readings = native.decode(delivery.payload)
    return Entry(
        delivery, address.gateway, resolve(readings, address.gateway, catalog, time_limits(settings))
    )


def _understand_status(delivery: Delivery, gateway: str, catalog: Catalog, settings: Settings) -> Entry:
    told = status.decode(delivery.payload)
    problems = [told] if isinstance(told, Problem) else []
    resolved = resolve(Readings(problems=problems), gateway, catalog, time_limits(settings))
    return Entry(delivery, gateway, resolved, None if isinstance(told, Problem) else told)


def time_limits(settings: Settings) -> TimeLimits:
    """Return the times that are acceptable at this moment."""
    present = time.time_ns() // 1000
    oldest = present - settings.retention_days * 86_400_000_000
    return TimeLimits(oldest, present + settings.future_tolerance_s * 1_000_000)


def _count_refusals(entry: Entry) -> None:
    for refusal in entry.resolved.refusals.values():
        metrics.REFUSED.labels(refusal.reason).inc(refusal.count)


async def _tell_ready(subscription: Subscription, on_ready: Callable[[], None] | None) -> None:
    await subscription.subscribed.wait()
    if on_ready:
        on_ready()


async def _until_drained(
    stop: asyncio.Event, pipeline: list[asyncio.Task[None]], background: list[asyncio.Task[None]]
) -> None:
    """Wait for `stop` and then for the pipeline to end, at most DRAIN_S; a task that fails ends the wait."""
    stopped = asyncio.create_task(stop.wait())
    watched: set[asyncio.Task[None] | asyncio.Task[bool]] = {*pipeline, *background[:2]}
    try:
        await asyncio.wait({stopped, *watched}, return_when=asyncio.FIRST_COMPLETED)
        failed = next((t for t in watched if t.done() and t.exception()), None)
        if failed:
            failed.result()
        _, late = await asyncio.wait(pipeline, timeout=DRAIN_S)
        if late:
            log.warning("stopped before all was committed; the broker keeps it", action="drain_timeout")
    finally:
        stopped.cancel()
