"""Live first: what a gateway sends above its rate while others wait is kept, and stored after the others'.

All gateways share one queue at the broker, which takes acknowledgements only in the order of the messages
(MQTT 5, 4.6): none can be left waiting there without everybody waiting behind it. So a message goes into
`deferred_messages` as it came, in the transaction of the batch, and is acknowledged like the rest: that costs
a fraction of storing its readings. `Deferral.run` stores them when ingest has time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import time
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
import structlog
from msgspec.structs import replace

from ingest import deferred, metrics
from ingest.batch import Batcher, Entry
from ingest.mqtt import Delivery
from ingest.rate import READING_BYTES, Rates
from ingest.resolve import Resolved
from ingest.topics import up
from storage.errors import is_transient
from storage.pool import first_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from devices.catalog import Catalog
    from ingest.batch import Batch
    from ingest.deferred import Deferred
    from ingest.feedback import Feedback
    from ingest.mqtt import Subscription
    from ingest.rate import Bucket
    from ingest.sequence import Committed
    from ingest.writer import Outcome, Writer
    from runtime.settings import Settings

    #: decodes and resolves a delivery that came at a time
    Understand = Callable[[Delivery, datetime], Entry]
    #: counts what was stored, and tells the gateways; the last is when writing began, s of time.monotonic()
    OnStored = Callable[[Batch, Outcome, float], None]
    Pool = AsyncConnectionPool[AsyncConnection[Any]]

log = structlog.get_logger(__name__)

# Others wait when so many messages are not acknowledged yet, or one has waited so long to be taken. Usual
# traffic has less.
_BEHIND_MESSAGES, _BEHIND_S = 100, 0.05
# One transaction of what was deferred holds the processor and the rows of its gateway for about 20 ms while
# live messages come, and for up to 100 ms while none does.
_STEP_MESSAGES, _STEP_BYTES, _IDLE_STEP_BYTES = 1000, 256 << 10, 1 << 20
#: between two steps while others wait: it comes last, and it comes
_TRICKLE_S = 1.0
#: how often the table is looked at for what other processes have left there
_LOOK_S = 30.0
_RETRY_S = 1.0
#: so much must have gone through before the table's space is given back
_WORTH_TRUNCATING = 16 << 20


class Deferral:
    """Decides which deliveries are deferred, and stores them when ingest has time."""

    def __init__(self, settings: Settings, subscription: Subscription, pool: Pool, writer: Writer) -> None:
        """Set up for a subscription; `writer` is for what is stored later alone."""
        self._rates = Rates(settings.ingest_rate_factor, settings.topic_root)
        self._is_on = settings.ingest_rate_factor > 0
        self._root = settings.topic_root
        self._most_bytes = settings.ingest_deferred_mb << 20
        self._subscription = subscription
        self._pool = pool
        self._writer = writer
        #: messages by topic: to be put into the table; waiting there, as far as this process knows
        self._admitted: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._bytes = 0
        #: how often this process has put messages into the table
        self._puts = 0
        #: bytes that have gone through the table since it was truncated
        self._passed = 0
        self._news = asyncio.Event()

    def admit(self, delivery: Delivery, catalog: Catalog, now: float) -> Entry | None:
        """Return the entry of a delivery that is deferred, or None if it goes the ordinary way.

        A message is deferred if its gateway is above its rate while others wait. So is one that the broker
        sends again of a gateway of which something waits: its first copy may, and comes first then as well.

        Args:
            delivery: what came.
            catalog: the registry.
            now: seconds of the event loop's clock.
        """
        if not self._is_on or not delivery.topic.endswith("/up/observations"):
            return None
        bucket = self._rates.bucket(delivery.topic, catalog, now)
        is_allowed = bucket.spend(max(1.0, len(delivery.payload) / READING_BYTES), now)
        comes_again = delivery.duplicate and self._keeps(delivery.topic)
        if not comes_again and (is_allowed or not self._others_wait(delivery, now)):
            return None
        if delivery.retained or self._bytes + len(delivery.payload) > self._most_bytes:
            return None
        return self._defer(delivery, catalog, bucket)

    @property
    def waiting_bytes(self) -> int:
        """What waits, as far as this process knows, in bytes of payload."""
        return self._bytes

    def _keeps(self, topic: str) -> bool:
        return topic in self._waiting or topic in self._admitted

    def _others_wait(self, delivery: Delivery, now: float) -> bool:
        return self._subscription.in_flight > _BEHIND_MESSAGES or now - delivery.arrived > _BEHIND_S

    def _defer(self, delivery: Delivery, catalog: Catalog, bucket: Bucket) -> Entry | None:
        if bucket.gateway is None:
            return None
        if not self._keeps(delivery.topic):
            log.warning(
                "a gateway is above its rate while others wait, its messages are stored after theirs",
                action="deferred",
                gateway=bucket.gateway,
                readings_per_s=round(bucket.observed),
                allowed_per_s=round(bucket.allowed),
            )
        self._admitted[delivery.topic] += 1
        self._bytes += len(delivery.payload)
        known = catalog.gateways.get(bucket.gateway)
        return Entry(delivery, bucket.gateway, Resolved(known.id if known else None), deferred=bucket)

    def committed(self, batch: Batch, feedback: Feedback) -> None:
        """Count the deferred messages of a batch that is committed, and tell their gateways."""
        entries = batch.eventful()
        put = Counter(entry.delivery.topic for entry in entries if entry.deferred)
        if not put:
            return
        self._puts += 1
        self._waiting += put
        self._admitted -= put
        metrics.DEFERRED.inc(put.total())
        self._tell_waiting()
        for entry in entries:
            if entry.deferred and (count := put.pop(entry.delivery.topic, 0)):
                limited = Resolved(entry.resolved.gateway_id)
                limited.refuse("rate_limited", "$", _words(entry.deferred), stored=True, count=count)
                feedback.tell_rejected(replace(entry, resolved=limited))

    def _tell_waiting(self) -> None:
        metrics.DEFERRED_WAITING.set(self._waiting.total())
        if self._waiting:
            self._news.set()
        else:
            self._news.clear()

    def known(self, committed: dict[str, Committed]) -> dict[str, Committed]:
        """Return committed numbers without the gaps of gateways of which something waits.

        What waits has a number that is not read yet: told as missing, it would be sent again.
        """
        return {
            gateway: news._replace(missing=())
            if self._keeps(up(self._root, gateway, "observations"))
            else news
            for gateway, news in committed.items()
        }

    async def look(self) -> None:
        """Read what waits, also what other processes have left there.

        Raises:
            psycopg.Error: the database cannot be used.
        """
        puts = self._puts
        async with self._pool.connection() as conn:
            waiting = await deferred.waiting(conn)
            topics = await deferred.topics(conn)
        if puts == self._puts:  # or the answer is older than what this process knows
            self._bytes, self._waiting = waiting.bytes, Counter(topics)
            self._tell_waiting()

    async def run(self, understand: Understand, on_stored: OnStored) -> None:
        """Store what was deferred, oldest first, until cancelled; cut short, a step has not happened.

        Args:
            understand: decodes and resolves a delivery that came at a time.
            on_stored: counts and tells what was stored, after the commit.
        """
        carefully = False
        while True:
            await self._until_something_waits()
            began = time.monotonic()
            try:
                moved = await self._writer.move(partial(self._take, understand), carefully=carefully)
                if moved:
                    self._passed_on(moved[0])
                    on_stored(*moved, began)
                else:
                    await self._finish()
                    await asyncio.sleep(_RETRY_S)  # what waits is being stored by another process
                carefully = False
            except (psycopg.Error, OSError) as error:
                # As with live batches: an error that does not pass is the fault of a row, which is isolated.
                carefully = not carefully and not is_transient(error)
                log.warning("deferred messages wait on", action="deferred_retry", error=first_line(error))
                await asyncio.sleep(0.0 if carefully else _RETRY_S)
            await asyncio.sleep(self.pause(time.monotonic() - began))

    async def _until_something_waits(self) -> None:
        while not self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()
            if not self._waiting:
                with suppress(psycopg.Error, OSError):  # the writer tells of a database that is away
                    await self.look()

    def abandon(self) -> None:
        """Cut the connection of a step that is being stored: its database may never answer."""
        self._writer.abandon()

    def _passed_on(self, batch: Batch) -> None:
        size = sum(len(entry.delivery.payload) for entry in batch.entries)
        self._bytes = max(0, self._bytes - size)
        self._waiting -= Counter(entry.delivery.topic for entry in batch.entries)
        self._passed += size
        self._tell_waiting()

    async def _finish(self) -> None:
        """Correct the figures when nothing is left to be taken, and give the table's space back."""
        if self._passed > _WORTH_TRUNCATING:
            async with self._pool.connection() as conn:
                if await deferred.give_back_space(conn):
                    self._passed = 0
        await self.look()

    async def _take(self, understand: Understand, conn: AsyncConnection[Any]) -> Batch | None:
        """Take the oldest messages out of the table as a batch, in an open transaction."""
        size = _STEP_BYTES if self._subscription.in_flight else _IDLE_STEP_BYTES
        # To lock a row costs as much as to delete it: about so many fit.
        fit = size * self._waiting.total() // max(1, self._bytes)
        taken = await deferred.take(conn, messages=min(max(1, fit), _STEP_MESSAGES), size=size)
        batcher = Batcher(
            max_rows=sys.maxsize, max_deliveries=sys.maxsize, max_age=0.0, max_bytes=sys.maxsize
        )
        for each in taken:
            entry = understand(_delivery(each), each.arrived)
            batcher.add(replace(entry, heard=each.arrived), 0.0)
        batch = batcher.close()
        return dataclasses.replace(batch, heard=taken[0].arrived) if batch else None

    def pause(self, took: float) -> float:
        """Return for how many seconds live messages have the next turn after work that took some."""
        waiting = self._subscription.in_flight
        if waiting > _BEHIND_MESSAGES:
            return _TRICKLE_S
        return took if waiting else 0.0


def _delivery(message: Deferred) -> Delivery:
    return Delivery(
        topic=message.topic,
        payload=message.payload,
        content_type=message.content_type,
        duplicate=message.duplicate,
        retained=False,
        packet_id=None,
        epoch=0,
        arrived=time.monotonic(),  # how long it was kept says nothing of the way through ingest
    )


def _words(bucket: Bucket) -> str:
    return (
        f"about {bucket.observed:,.0f} readings a second, judged by size, are more than the "
        f"{bucket.allowed:,.0f} that this gateway may send while others wait: "
        "kept, and stored after theirs; do not send it again"
    )
