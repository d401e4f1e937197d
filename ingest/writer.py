"""One batch, one transaction: observations, refusals, late hours and what gateways said. Then the acks."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import structlog

from ingest import deferred, metrics
from ingest.answers import write_answers
from ingest.marks import HighWaterMarks, first_of_each_key
from ingest.records import write_heard, write_refusals, write_statuses
from ingest.sparkplug import table as sparkplug_sessions
from ingest.turns import OutOfTurn, Turn
from storage.errors import is_transient
from storage.observations import copy_sorted, merge_in, queue_late
from storage.pool import cut, cut_after, first_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from ingest.batch import Batch
    from ingest.sequence import Committed

    Store = Callable[[AsyncConnection[Any], "Plan"], Awaitable[int]]
    Take = Callable[[AsyncConnection[Any]], Awaitable[Batch | None]]

log = structlog.get_logger(__name__)

_MAX_BACKOFF_S = 5.0
# A database that has not stored a batch in this time is taken for one that does not answer; each time it was
# not long enough it doubles, so that a batch that does take long is stored in the end.
_PATIENCE_S, _MAX_PATIENCE_S = 60.0, 600.0
# Analytics computes a step when it has ended and settled; what comes after that is late.
_STEP = timedelta(minutes=10)
_SETTLE = timedelta(seconds=60)


@dataclass(frozen=True)
class Outcome:
    """What a commit did: rows stored, rows that were stored before, and each gateway's committed numbers."""

    stored: int
    duplicates: int
    committed: dict[str, Committed] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """A batch to be written, and its place among those that are written at the same time.

    `fresh` are OBSERVATION rows that nobody has stored, as far as the marks know, sorted; `rest` the others.
    """

    batch: Batch
    turn: Turn
    fresh: NDArray[np.void]
    rest: NDArray[np.void]


class Writer:
    """Writes batches, one after the other; another one `beside` it may write at the same time."""

    def __init__(
        self, pool: AsyncConnectionPool[AsyncConnection[Any]], marks: HighWaterMarks | None = None
    ) -> None:
        self._pool = pool
        self._marks = marks or HighWaterMarks()
        self._patience = _PATIENCE_S
        self._conn: AsyncConnection[Any] | None = None
        self._is_abandoned = False

    async def prepare(self) -> None:
        """Read the high-water marks."""
        async with self._pool.connection() as conn:
            await self._marks.load(conn)

    def plan(self, batch: Batch, turn: Turn) -> Plan:
        """Tell rows that can be copied straight in from those that must be merged; the marks rise at once.

        Batches must be planned in the order of their turns: then no row is fresh in two of them, and what
        one copies never waits for the other.
        """
        rows = first_of_each_key(batch.rows)
        is_fresh = self._marks.fresh(rows)
        self._marks.raise_to(rows)
        if is_fresh.all():
            return Plan(batch, turn, rows, rows[:0])
        return Plan(batch, turn, rows[is_fresh], rows[~is_fresh])

    async def write(self, plan: Plan) -> Outcome:
        """Store a batch, however long the database is away, and commit when its turn has come.

        A transient error keeps the batch and tries the same one again: the broker would re-send it only after
        a reconnect. Rows that the database refuses for good become refusals.

        Raises:
            psycopg.Error: an error that is neither transient nor the fault of a row.
        """
        backoff, again = 0.05, False
        self._patience = _PATIENCE_S
        while True:
            begin = time.monotonic()
            try:
                return await self._write_once(plan, again=again)
            except (psycopg.Error, OSError) as error:
                if self._is_abandoned or not is_transient(error):
                    raise
                log.warning(
                    "database away, keeping the batch",
                    action="write_retry",
                    error=first_line(error),
                    retry_s=backoff,
                )
                metrics.WRITE_RETRIES.inc()
            if time.monotonic() - begin >= self._patience:
                self._patience = min(self._patience * 2, _MAX_PATIENCE_S)
            _forget_verdicts(plan.batch)
            await asyncio.sleep(backoff)
            # The commit may have happened although its answer was lost.
            backoff, again = min(backoff * 2, _MAX_BACKOFF_S), True

    def beside(self) -> Writer:
        """Return another writer, which may write at the same time and has the same marks."""
        return Writer(self._pool, self._marks)

    async def move(self, take: Take, *, carefully: bool) -> tuple[Batch, Outcome] | None:
        """Store the batch that `take` makes of what it deletes, in one transaction; None if it finds nothing.

        Args:
            take: called in the open transaction.
            carefully: isolate rows that the database refuses, which otherwise fail the whole.

        Raises:
            psycopg.Error: nothing was stored, and nothing deleted.
        """
        async with self._pool.connection() as conn, self._patiently(conn), conn.transaction():
            batch = await take(conn)
            if batch is None:
                return None
            store = self._store_carefully if carefully else self._store_fast
            outcome = await _store_all(conn, self.plan(batch, Turn()), store, again=False)
        return batch, outcome

    def abandon(self) -> None:
        """Try no more, and cut the connection of a batch under way: its database may never answer."""
        self._is_abandoned = True
        if self._conn:
            cut(self._conn)

    async def _write_once(self, plan: Plan, *, again: bool) -> Outcome:
        try:
            return await self._commit(plan, self._store_fast, again=again)
        except OutOfTurn:
            await plan.turn.come()
            return await self._write_once(plan, again=again)
        except psycopg.Error as error:
            if is_transient(error):
                raise
        # A row was stored before by somebody else, or is refused by the database: with savepoints, which the
        # usual path does without, everything but such rows is stored.
        return await self._commit(plan, self._store_carefully, again=again)

    async def _commit(self, plan: Plan, store: Store, *, again: bool) -> Outcome:
        async with self._pool.connection() as conn, self._patiently(conn), conn.transaction():
            return await _store_all(conn, plan, store, again=again)

    @asynccontextmanager
    async def _patiently(self, conn: AsyncConnection[Any]) -> AsyncIterator[None]:
        self._conn = conn
        try:
            with cut_after(self._patience, conn):
                yield
        finally:
            self._conn = None

    async def _store_fast(self, conn: AsyncConnection[Any], plan: Plan) -> int:
        """Copy what is newer than the marks straight in, and merge the rest."""
        late_before = _late_before(datetime.now(UTC))
        if len(plan.fresh):
            await copy_sorted(conn, plan.fresh)
            await queue_late(conn, plan.fresh, late_before)
        await plan.turn.come_soon()
        return len(plan.fresh) + (await merge_in(conn, plan.rest, late_before) if len(plan.rest) else 0)

    async def _store_carefully(self, conn: AsyncConnection[Any], plan: Plan) -> int:
        await plan.turn.come_soon()
        batch = plan.batch
        return await self._isolate(conn, batch, np.arange(len(batch.rows)), _late_before(datetime.now(UTC)))

    async def _isolate(
        self, conn: AsyncConnection[Any], batch: Batch, indices: NDArray[np.intp], late_before: datetime
    ) -> int:
        """Store all rows but those that the database refuses, found by halving; these become refusals."""
        try:
            async with conn.transaction():
                return await merge_in(conn, batch.rows[indices], late_before)
        except psycopg.Error as error:
            if is_transient(error):
                raise
            if len(indices) == 1:
                owner = batch.entries[batch.owners[indices[0]]]
                owner.resolved.refuse(
                    "not_storable", "$", f"the database refuses a reading: {first_line(error)}"
                )
                return 0
        half = len(indices) // 2
        stored = await self._isolate(conn, batch, indices[:half], late_before)
        return stored + await self._isolate(conn, batch, indices[half:], late_before)


def _forget_verdicts(batch: Batch) -> None:
    """Take back what an attempt that did not come to its COMMIT has refused: the next one may store it."""
    for entry in batch.entries:
        for reason in ("not_storable", "unknown_command"):
            entry.resolved.refusals.pop(reason, None)


async def _store_all(conn: AsyncConnection[Any], plan: Plan, store: Store, *, again: bool) -> Outcome:
    batch = plan.batch
    stored = await store(conn, plan) if len(batch.rows) else 0
    await plan.turn.come_soon()
    entries = batch.eventful()
    await write_answers(conn, entries)
    await write_refusals(conn, entries, again=again)
    await deferred.put(conn, entries, again=again)
    known = await write_heard(conn, batch)
    await write_statuses(conn, entries)
    await sparkplug_sessions.put(conn, entries)
    return Outcome(stored, len(batch.rows) - stored, known)


def _late_before(now: datetime) -> datetime:
    settled = now - _SETTLE
    return settled - (settled - datetime.min.replace(tzinfo=UTC)) % _STEP
