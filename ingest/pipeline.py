"""Deliveries -> decode -> resolve -> batch -> write -> ack, for one subscription."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ingest import metrics
from ingest.batch import Batch, Batcher
from ingest.resolve import TimeLimits
from ingest.turns import Turns
from ingest.understand import understand
from storage.observations import to_microseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from devices.catalog import LiveCatalog
    from ingest.batch import Entry
    from ingest.deferral import Deferral
    from ingest.feedback import Feedback
    from ingest.mqtt import Delivery, Subscription
    from ingest.sparkplug.sessions import Sessions
    from ingest.writer import Outcome, Writer
    from runtime.settings import Settings

#: batches that are written at the same time: the rows of one are on their way while the other waits for its
#: commit. More would only hide that the database is slow.
WRITERS = 2
#: deliveries, and bytes, understood between two turns of the writers: about a millisecond's work
_TAKE, _TAKE_BYTES = 40, 40_000
#: how soon a batch that is due is handed to a writer that has become free
_WRITER_POLL_S = 0.002
#: how soon `stop` is noticed while nothing comes
_STOP_POLL_S = 0.5


@dataclass
class Pipeline:
    """The way of one subscription's messages into the database: `gather`, `write`, `store_deferred`."""

    settings: Settings
    catalog: LiveCatalog
    subscription: Subscription
    feedback: Feedback
    deferral: Deferral
    sessions: Sessions
    writers: Sequence[Writer]
    _batches: asyncio.Queue[Batch | None] = field(default_factory=lambda: asyncio.Queue(maxsize=1))
    _turns: Turns = field(default_factory=Turns)
    #: writers that are storing a batch
    _busy: int = 0

    async def gather(self, stop: asyncio.Event) -> None:
        """Take deliveries, understand them and hand closed batches to the writers, until `stop`."""
        settings, batches = self.settings, self._batches
        batcher = Batcher(
            max_rows=settings.ingest_batch_rows,
            max_deliveries=min(settings.ingest_batch_deliveries, settings.ingest_receive_maximum),
            max_age=settings.ingest_batch_age_ms / 1000,
        )
        while not stop.is_set():
            await asyncio.sleep(0)  # the writers' turn: take() does not wait while deliveries are there
            taken = await self.subscription.take(_TAKE, self._patience(batcher), _TAKE_BYTES)
            metrics.RECEIVED.inc(len(taken))
            now = time.monotonic()
            for entry in self._understood(taken, now):
                if full := batcher.add(entry, now):
                    await batches.put(full)
            is_due = batcher.due is not None and time.monotonic() >= batcher.due
            if is_due and self._has_turn and (aged := batcher.close()):
                await batches.put(aged)
        if rest := batcher.close():
            await batches.put(rest)
        for _ in self.writers:
            await batches.put(None)

    def _patience(self, batcher: Batcher) -> float:
        """Return for how many seconds the next delivery may be waited for."""
        if batcher.due is None:
            return _STOP_POLL_S
        left = min(batcher.due - time.monotonic(), _STOP_POLL_S)
        return max(0.0, left) if self._has_turn else max(_WRITER_POLL_S, left)

    @property
    def _has_turn(self) -> bool:
        """Whether a batch that is due is written at once; otherwise it grows on.

        Larger batches cost less a row: while messages wait to be taken, only full ones are written at a time.
        """
        under_way = self._busy + self._batches.qsize()
        return under_way == 0 or (under_way < len(self.writers) and not self.subscription.is_behind)

    def _understood(self, deliveries: list[Delivery], now: float) -> list[Entry]:
        settings, registry = self.settings, self.catalog.current
        root, sources = settings.topic_root, settings.lorawan_sources
        limits = time_limits(settings)
        return [
            self.deferral.admit(delivery, registry, now)
            or self.sessions.understand(delivery, registry, limits)
            or understand(delivery, registry, root, limits, sources)
            for delivery in deliveries
        ]

    async def write(self, writer: Writer) -> None:
        """Store batches; acknowledge each after its commit, in order; then tell the gateways."""
        while batch := await self._batches.get():
            self._busy += 1
            began, turn = time.monotonic(), self._turns.next()
            outcome = await writer.write(writer.plan(batch, turn))
            self.subscription.ack([entry.delivery for entry in batch.entries])
            turn.pass_on()
            self._busy -= 1
            self._tell(batch, outcome, began)
            self.deferral.committed(batch, self.feedback)

    async def store_deferred(self) -> None:
        """Store what is deferred when there is time for it."""

        def understand_later(delivery: Delivery, came: datetime) -> Entry:
            settings, limits = self.settings, time_limits(self.settings, came)
            sources = settings.lorawan_sources
            return understand(delivery, self.catalog.current, settings.topic_root, limits, sources)

        await self.deferral.run(understand_later, self._tell)

    def _tell(self, batch: Batch, outcome: Outcome, began: float) -> None:
        """Count a batch that is committed, and tell its gateways."""
        metrics.count_batch(batch, outcome, began)
        self.feedback.tell_committed(self.deferral.known(outcome.committed))
        for entry in batch.eventful():
            if entry.resolved.refusals:
                metrics.count_refusals(entry)
                self.feedback.tell_rejected(entry)
            if entry.sparkplug and entry.sparkplug.rebirth:
                self.feedback.ask_for_rebirth(entry.gateway, entry.sparkplug.rebirth)


def time_limits(settings: Settings, came: datetime | None = None) -> TimeLimits:
    """Return the times that are acceptable in what came at a time, or comes at this moment."""
    present = to_microseconds(came) if came else time.time_ns() // 1000
    oldest = present - settings.retention_days * 86_400_000_000
    return TimeLimits(oldest, present + settings.future_tolerance_s * 1_000_000)
