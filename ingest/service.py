"""The ingest service: it claims a client id, runs its pipeline, and drains it at the end."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from devices.catalog import LiveCatalog
from ingest import metrics
from ingest.broker_stats import BrokerStats
from ingest.claim import Claim, claim
from ingest.deferral import Deferral
from ingest.downlink import Downlink
from ingest.drain import drain_surplus
from ingest.feedback import Feedback
from ingest.formats.format import formats
from ingest.metrics_table import Recorder
from ingest.mqtt import Subscription
from ingest.pipeline import WRITERS, Pipeline
from ingest.shares import client_ids, is_host, share_of
from ingest.sparkplug import table as sparkplug_table
from ingest.sparkplug.host import HostSubscription
from ingest.sparkplug.sessions import Sessions
from ingest.unknown_queue import UnknownQueue
from ingest.writer import Writer
from storage.errors import is_transient
from storage.pool import first_line, open_pool

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: SIGTERM: what was taken is committed and acknowledged within this time, or left with the broker; closing
#: connections takes the rest of the 10 s that operators are promised
DRAIN_S = 6.0
#: how soon a task that has not ended is cancelled again
_CANCEL_AGAIN_S = 0.5
# What a process that was suspended in a transaction has locked must not stop the others; nor must those
# which wait for one another where PostgreSQL cannot see it, because of their turns.
_SESSION = "-c idle_in_transaction_session_timeout=60000 -c lock_timeout=10000"


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
        formats()  # to import all decoders takes 60 ms, which the first message need not wait for
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
    settings = shared.settings
    url, broker = settings.require_database_url(), settings.require_mqtt_url()
    subscription = _subscription(settings, held.client_id)
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
        beside.append(asyncio.create_task(Downlink(settings, held.client_id).run(), name="downlink"))
    try:
        await _pipe(shared, held, subscription, stop)
    finally:
        await _cancel(beside)


def _subscription(settings: Settings, client_id: str) -> Subscription:
    share, host_id = share_of(settings, client_id), settings.sparkplug_host_id
    kind = partial(HostSubscription, host_id=host_id) if is_host(settings, client_id) else Subscription
    return kind(
        settings.require_mqtt_url(),
        client_id=client_id,
        filters=share.filters,
        dropped=share.dropped,
        receive_maximum=settings.ingest_receive_maximum,
    )


async def _pipe(shared: _Shared, held: Claim, subscription: Subscription, stop: asyncio.Event) -> bool:
    """Store what a subscription takes until `stop` or the loss of the claim; tell if all of it was stored."""
    settings = shared.settings
    feedback = Feedback(
        settings.require_mqtt_url(),
        topic_root=settings.topic_root,
        client_id=held.client_id,
        processes=settings.ingest_processes,
    )
    writer = Writer(shared.pool)
    writers = [writer, *(writer.beside() for _ in range(1, WRITERS))]
    deferral = Deferral(settings, subscription, shared.pool, writer.beside())
    sessions = await _prepared(shared, writer, deferral)
    if sessions is None:
        return False
    pipe = Pipeline(settings, shared.catalog, subscription, feedback, deferral, sessions, writers)
    with structlog.contextvars.bound_contextvars(client_id=held.client_id):
        background = [
            asyncio.create_task(subscription.run(), name="subscription"),
            asyncio.create_task(feedback.run(), name="feedback"),
            asyncio.create_task(held.lost(), name="claim"),
            asyncio.create_task(pipe.store_deferred(), name="deferred"),
        ]
        if held.client_id == settings.ingest_client_id:
            queue = UnknownQueue(settings, shared.pool, shared.catalog, deferral)
            background.append(asyncio.create_task(queue.run(), name="unknown"))
        pipeline = [
            asyncio.create_task(pipe.gather(stop), name="gather"),
            *(asyncio.create_task(pipe.write(each), name="write") for each in writers),
        ]
    try:
        return await _until_drained(stop, pipeline, background)
    finally:
        subscription.stop()
        # To cancel a query takes psycopg 10 s where the database does not answer.
        for each in writers:
            each.abandon()
        deferral.abandon()
        held.abandon()
        await asyncio.wait(pipeline, timeout=0.1)
        await _cancel([*pipeline, *background])


async def _prepared(shared: _Shared, writer: Writer, deferral: Deferral) -> Sessions | None:
    """Read the marks, what waits and Sparkplug's sessions; None: the database went away after the claim."""
    try:
        await writer.prepare()
        await deferral.look()
        async with shared.pool.connection() as conn:
            return Sessions(await sparkplug_table.load(conn))
    except (psycopg.Error, PoolTimeout) as error:
        if not is_transient(error):
            raise
        log.warning("database away, claiming again", action="claim_retry", error=first_line(error))
        await asyncio.sleep(1)
    return None


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks until all have ended: Python 3.11's `asyncio.wait_for`, in libraries, may swallow it."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_CANCEL_AGAIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


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
