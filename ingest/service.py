"""The whole story of ingest: deliveries -> decode -> resolve -> batch -> write -> ack."""

from __future__ import annotations

import asyncio
import gc
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from devices.catalog import LiveCatalog
from ingest import metrics
from ingest.batch import Batch, Batcher, Entry
from ingest.broker_stats import BrokerStats
from ingest.claim import Claim, claim
from ingest.deferral import Deferral
from ingest.drain import drain_surplus
from ingest.feedback import Feedback
from ingest.metrics_table import Recorder
from ingest.mqtt import Delivery, Subscription
from ingest.resolve import TimeLimits
from ingest.shares import client_ids, share_of
from ingest.understand import understand
from ingest.writer import Writer
from storage.errors import is_transient
from storage.observations import to_microseconds
from storage.pool import first_line, open_pool

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from ingest.writer import Outcome
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: deliveries understood between two turns of the writer: about a millisecond's work
_TAKE = 8
#: how soon a batch that is due is handed to a writer that has become free
_WRITER_POLL_S = 0.002
#: SIGTERM: what was taken is committed and acknowledged within this time, or left with the broker; closing
#: connections takes the rest of the 10 s that operators are promised
DRAIN_S = 6.0
#: what a process that was suspended in a transaction has locked must not stop the others
_SESSION = "-c idle_in_transaction_session_timeout=60000"


@dataclass(frozen=True)
class _Shared:
    """What the pipelines of one process have in common."""

    settings: Settings
    pool: AsyncConnectionPool[AsyncConnection[Any]]
    catalog: LiveCatalog


async def run(settings: Settings, stop: asyncio.Event, *, on_ready: Callable[[], None] | None = None) -> None:
    """Ingest until `stop` is set; then commit and acknowledge what was taken.

    It begins when a client id is free, and begins again when the claim to it is lost.

    Raises:
        StorageError, psycopg.Error: the database cannot be used at the start.
    """
    url, _ = settings.require_database_url(), settings.require_mqtt_url()
    sessions = open_pool(url, name="halong ingest", options=_SESSION)
    async with sessions as pool, LiveCatalog(url).following() as catalog:
        shared = _Shared(settings, pool, catalog)
        _spare_the_collector()
        while held := await claim(url, client_ids(settings), stop):
            async with held:
                await _serve(shared, held, stop, on_ready)
        await pool.close(timeout=1.0)  # by default it waits 5 s for a database that does not answer


def _spare_the_collector() -> None:
    """Let the cyclic collector run rarely: messages become no cycles, and the registry is there to stay."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _serve(
    shared: _Shared, held: Claim, stop: asyncio.Event, on_ready: Callable[[], None] | None
) -> None:
    """Ingest under a claimed id, until `stop` or until the claim is lost."""
    settings, share = shared.settings, share_of(shared.settings, held.client_id)
    url, broker = settings.require_database_url(), settings.require_mqtt_url()
    subscription = Subscription(
        broker,
        client_id=held.client_id,
        filters=share.filters,
        dropped=share.dropped,
        receive_maximum=settings.ingest_receive_maximum,
    )
    broker_stats = BrokerStats(
        broker,
        client_id=held.client_id,
        queue_limit=settings.broker_queue_bytes,
        alarm_share=settings.broker_queue_alarm,
    )
    recorder = Recorder(url, client_id=held.client_id, broker=broker_stats)
    metrics.IN_FLIGHT.set_function(lambda: subscription.in_flight)
    beside = [
        asyncio.create_task(_tell_ready(subscription, on_ready), name="ready"),
        asyncio.create_task(broker_stats.run(), name="broker stats"),
        asyncio.create_task(recorder.run(), name="metrics"),
    ]
    if held.client_id == settings.ingest_client_id:
        beside.append(asyncio.create_task(drain_surplus(settings, partial(_pipe, shared)), name="drain"))
    try:
        await _pipe(shared, held, subscription, stop)
    finally:
        await _cancel(beside)


async def _pipe(shared: _Shared, held: Claim, subscription: Subscription, stop: asyncio.Event) -> bool:
    """Store what a subscription takes until `stop` or the loss of the claim; tell if all of it was stored."""
    settings = shared.settings
    feedback = Feedback(
        settings.require_mqtt_url(),
        topic_root=settings.topic_root,
        client_id=held.client_id,
        processes=settings.ingest_processes,
    )
    # One batch is written while the next one is gathered; a third would only hide that the database is slow.
    batches: asyncio.Queue[Batch | None] = asyncio.Queue(maxsize=1)
    writer = Writer(shared.pool)
    deferral = Deferral(settings, subscription, shared.pool, writer.beside())
    if not await _prepared(writer, deferral):
        return False
    with structlog.contextvars.bound_contextvars(client_id=held.client_id):
        background = [
            asyncio.create_task(subscription.run(), name="subscription"),
            asyncio.create_task(feedback.run(), name="feedback"),
            asyncio.create_task(held.lost(), name="claim"),
            asyncio.create_task(_store_deferred(deferral, shared, feedback), name="deferred"),
        ]
        pipeline = [
            asyncio.create_task(_gather(shared, subscription, deferral, batches, stop), name="gather"),
            asyncio.create_task(_write(batches, writer, subscription, deferral, feedback), name="write"),
        ]
    try:
        return await _until_drained(stop, pipeline, background)
    finally:
        subscription.stop()
        # To cancel a query takes psycopg 10 s where the database does not answer.
        writer.abandon()
        deferral.abandon()
        held.abandon()
        await asyncio.wait(pipeline, timeout=0.1)
        await _cancel([*pipeline, *background])


async def _prepared(writer: Writer, deferral: Deferral) -> bool:
    """Read the marks and what waits; tell whether it is done, or the database went away after the claim."""
    try:
        await writer.prepare()
        await deferral.look()
    except (psycopg.Error, PoolTimeout) as error:
        if not is_transient(error):
            raise
        log.warning("database away, claiming again", action="claim_retry", error=first_line(error))
        await asyncio.sleep(1)
        return False
    return True


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _gather(
    shared: _Shared,
    subscription: Subscription,
    deferral: Deferral,
    batches: asyncio.Queue[Batch | None],
    stop: asyncio.Event,
) -> None:
    """Take deliveries, understand them and put closed batches on the queue, until `stop`."""
    settings, catalog = shared.settings, shared.catalog
    deliveries = min(settings.ingest_batch_deliveries, settings.ingest_receive_maximum)
    batcher = Batcher(
        max_rows=settings.ingest_batch_rows,
        max_deliveries=deliveries,
        max_age=settings.ingest_batch_age_ms / 1000,
    )
    while not stop.is_set():
        await asyncio.sleep(0)  # the writer's turn: take() does not wait while deliveries are there
        taken = await subscription.take(_TAKE, _patience(batcher, batches))
        metrics.RECEIVED.inc(len(taken))
        now, registry, limits = time.monotonic(), catalog.current, time_limits(settings)
        for delivery in taken:
            entry = deferral.admit(delivery, registry, now) or understand(
                delivery, registry, settings.topic_root, limits
            )
            if full := batcher.add(entry, now):
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
    batches: asyncio.Queue[Batch | None],
    writer: Writer,
    subscription: Subscription,
    deferral: Deferral,
    feedback: Feedback,
) -> None:
    """Store batches; acknowledge each after its commit, then tell the gateways."""
    while batch := await batches.get():
        began = time.monotonic()
        outcome = await writer.write(batch)
        subscription.ack([entry.delivery for entry in batch.entries])
        _tell(batch, outcome, began, deferral=deferral, feedback=feedback)
        deferral.committed(batch, feedback)


async def _store_deferred(deferral: Deferral, shared: _Shared, feedback: Feedback) -> None:
    """Store what is deferred when there is time for it."""

    def understand_later(delivery: Delivery, came: datetime) -> Entry:
        limits = time_limits(shared.settings, came)
        return understand(delivery, shared.catalog.current, shared.settings.topic_root, limits)

    await deferral.run(understand_later, partial(_tell, deferral=deferral, feedback=feedback))


def _tell(batch: Batch, outcome: Outcome, began: float, *, deferral: Deferral, feedback: Feedback) -> None:
    """Count a batch that is committed, and tell its gateways."""
    metrics.count_batch(batch, outcome, began)
    feedback.tell_committed(deferral.known(outcome.committed))
    for entry in batch.entries:
        if entry.resolved.refusals:
            metrics.count_refusals(entry)
            feedback.tell_rejected(entry)


def time_limits(settings: Settings, came: datetime | None = None) -> TimeLimits:
    """Return the times that are acceptable in what came at a time, or comes at this moment."""
    present = to_microseconds(came) if came else time.time_ns() // 1000
    oldest = present - settings.retention_days * 86_400_000_000
    return TimeLimits(oldest, present + settings.future_tolerance_s * 1_000_000)


async def _tell_ready(subscription: Subscription, on_ready: Callable[[], None] | None) -> None:
    await subscription.subscribed.wait()
    if on_ready:
        on_ready()


async def _until_drained(
    stop: asyncio.Event, pipeline: list[asyncio.Task[None]], background: list[asyncio.Task[None]]
) -> bool:
    """Wait for `stop` and then for the pipeline to end, at most DRAIN_S; a lost claim or an error ends it.

    Returns:
        Whether all that was taken is committed and acknowledged.
    """
    stopped = asyncio.create_task(stop.wait())
    watched: set[asyncio.Task[None] | asyncio.Task[bool]] = {*pipeline, *background}
    try:
        await asyncio.wait({stopped, *watched}, return_when=asyncio.FIRST_COMPLETED)
        failed = next((t for t in watched if t.done() and t.exception()), None)
        if failed:
            failed.result()
        if not stop.is_set():
            return False  # the claim is lost
        _, late = await asyncio.wait(pipeline, timeout=DRAIN_S)
        if late:
            log.warning("stopped before all was committed; the broker keeps it", action="drain_timeout")
        return all(task.done() and not task.exception() for task in pipeline)
    finally:
        stopped.cancel()
