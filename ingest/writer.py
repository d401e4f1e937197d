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
from ingest.marks import HighWaterMarks, first_of_each_key
from ingest.sequence import MAX_GAPS, MAX_RANGES, Committed, committed
from storage.errors import is_transient
from storage.observations import copy_in, merge_in, queue_late
from storage.pool import cut, cut_after, first_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from ingest.batch import Batch, Entry
    from ingest.status import GatewayStatus

    Store = Callable[[AsyncConnection[Any], Batch], Awaitable[int]]
    Take = Callable[[AsyncConnection[Any]], Awaitable[Batch | None]]

log = structlog.get_logger(__name__)

_MAX_BACKOFF_S = 5.0
# A database that has not stored a batch in this time is taken for one that does not answer; each time it was
# not long enough it doubles, so that a batch that does take long is stored in the end.
_PATIENCE_S, _MAX_PATIENCE_S = 60.0, 600.0
# Analytics computes a step when it has ended and settled; what comes after that is late.
_STEP = timedelta(minutes=10)
_SETTLE = timedelta(seconds=60)

_COPY_REFUSALS = """
COPY refusals (gateway, topic, seq, reason, at, detail, count, stored, payload) FROM STDIN (FORMAT binary)"""
_REFUSAL_TYPES = ("text", "text", "int8", "text", "text", "text", "int4", "bool", "bytea")
# A message that may have come before must not be refused twice.
_REFUSE_ONCE = """
INSERT INTO refusals (gateway, topic, seq, reason, at, detail, count, stored, payload)
SELECT * FROM (VALUES (%s, %s, %s::bigint, %s, %s, %s, %s::int, %s::boolean, %s::bytea))
           AS v (gateway, topic, seq, reason, at, detail, count, stored, payload)
WHERE NOT EXISTS (
    SELECT FROM refusals r WHERE substr(sha256(r.payload), 1, 8) = substr(sha256(v.payload), 1, 8)
    AND r.payload = v.payload AND r.gateway = v.gateway AND r.topic = v.topic AND r.reason = v.reason
    AND r.time > now() - interval '14 days')"""
# A multirange is read out in ascending order.
_LOWEST = "(SELECT coalesce(range_agg(r), '{{}}') FROM (SELECT unnest({}) AS r LIMIT {}) AS lowest)"
_HEARD = f"""
INSERT INTO gateway_status AS s (gateway_id, last_seen, messages, received_seq)
SELECT id, coalesce(%s, now()), messages, seq::int8multirange
FROM unnest(%s::int[], %s::bigint[], %s::text[]) AS heard (id, messages, seq) ORDER BY id
ON CONFLICT (gateway_id) DO UPDATE SET last_seen = greatest(s.last_seen, excluded.last_seen),
    messages = s.messages + excluded.messages,
    received_seq = {_LOWEST.format("s.received_seq + excluded.received_seq", MAX_RANGES)}
RETURNING gateway_id, {_LOWEST.format("s.received_seq", MAX_GAPS + 1)}"""  # noqa: S608  (composed of constants)
# Several states may come in one transaction: each has its own time in the history.
_STATUS = """
WITH changed AS (
    INSERT INTO gateway_status AS s (gateway_id, online, firmware, started, status_at)
    VALUES (%s, %s, %s, %s, clock_timestamp())
    ON CONFLICT (gateway_id) DO UPDATE SET online = excluded.online, status_at = clock_timestamp(),
        firmware = coalesce(excluded.firmware, s.firmware), started = coalesce(excluded.started, s.started)
    WHERE s.online IS DISTINCT FROM excluded.online
       OR s.firmware IS DISTINCT FROM coalesce(excluded.firmware, s.firmware)
       OR s.started IS DISTINCT FROM coalesce(excluded.started, s.started)
    RETURNING gateway_id, status_at, online, firmware
)
INSERT INTO gateway_status_history (gateway_id, time, online, firmware)
SELECT * FROM changed ON CONFLICT DO NOTHING"""


@dataclass(frozen=True)
class Outcome:
    """What a commit did: rows stored, rows that were stored before, and each gateway's committed numbers."""

    stored: int
    duplicates: int
    committed: dict[str, Committed] = field(default_factory=dict)


class Writer:
    """Writes batches, one after the other."""

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

    async def write(self, batch: Batch) -> Outcome:
        """Store a batch, however long the database is away.

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
                return await self._write_once(batch, again=again)
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
            _forget_verdicts(batch)
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
            outcome = await _store_all(conn, batch, store, again=False)
        self._marks.raise_to(batch.rows)
        return batch, outcome

    def abandon(self) -> None:
        """Try no more, and cut the connection of a batch under way: its database may never answer."""
        self._is_abandoned = True
        if self._conn:
            cut(self._conn)

    async def _write_once(self, batch: Batch, *, again: bool) -> Outcome:
        try:
            return await self._commit(batch, self._store_fast, again=again)
        except psycopg.Error as error:
            if is_transient(error):
                raise
        # A row was stored before by somebody else, or is refused by the database: with savepoints, which the
        # usual path does without, everything but such rows is stored.
        return await self._commit(batch, self._store_carefully, again=again)

    async def _commit(self, batch: Batch, store: Store, *, again: bool) -> Outcome:
        async with self._pool.connection() as conn, self._patiently(conn), conn.transaction():
            outcome = await _store_all(conn, batch, store, again=again)
        self._marks.raise_to(batch.rows)
        return outcome

    @asynccontextmanager
    async def _patiently(self, conn: AsyncConnection[Any]) -> AsyncIterator[None]:
        self._conn = conn
        try:
            with cut_after(self._patience, conn):
                yield
        finally:
            self._conn = None

    async def _store_fast(self, conn: AsyncConnection[Any], batch: Batch) -> int:
        """Copy what is newer than the marks straight in, and merge the rest."""
        rows, late_before = first_of_each_key(batch.rows), _late_before(datetime.now(UTC))
        is_fresh = self._marks.fresh(rows)
        fresh, rest = (rows, rows[:0]) if is_fresh.all() else (rows[is_fresh], rows[~is_fresh])
        if len(fresh):
            await copy_in(conn, fresh)
            await queue_late(conn, fresh, late_before)
        return len(fresh) + (await merge_in(conn, rest, late_before) if len(rest) else 0)

    async def _store_carefully(self, conn: AsyncConnection[Any], batch: Batch) -> int:
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
        entry.resolved.refusals.pop("not_storable", None)


async def _store_all(conn: AsyncConnection[Any], batch: Batch, store: Store, *, again: bool) -> Outcome:
    stored = await store(conn, batch) if len(batch.rows) else 0
    await _write_refusals(conn, batch.entries, again=again)
    await deferred.put(conn, batch.entries, again=again)
    known = await _write_heard(conn, batch)
    await _write_statuses(conn, batch.entries)
    return Outcome(stored, len(batch.rows) - stored, known)


async def _write_refusals(conn: AsyncConnection[Any], entries: list[Entry], *, again: bool) -> None:
    first: list[tuple[object, ...]] = []
    repeated: list[tuple[object, ...]] = []
    for entry in entries:
        if entry.resolved.refusals:
            maybe_before = again or entry.delivery.duplicate or entry.delivery.retained
            rows = repeated if maybe_before else first
            rows.extend(_refusal_rows(entry))
    if first:
        async with conn.cursor() as cursor, cursor.copy(_COPY_REFUSALS) as copy:
            copy.set_types(_REFUSAL_TYPES)
            for row in first:
                await copy.write_row(row)
    if repeated:
        async with conn.cursor() as cursor:
            await cursor.executemany(_REFUSE_ONCE, repeated)


def _refusal_rows(entry: Entry) -> Iterable[tuple[object, ...]]:
    for r in entry.resolved.refusals.values():
        yield (
            entry.gateway,
            entry.delivery.topic,
            entry.resolved.seq,
            r.reason,
            _text(r.at),
            _text(r.detail),
            r.count,
            r.stored,
            entry.delivery.payload,
        )


def _text(text: str) -> str:
    # PostgreSQL's text holds neither NUL nor lone surrogates, and a payload may contain both.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def _write_heard(conn: AsyncConnection[Any], batch: Batch) -> dict[str, Committed]:
    codes: dict[int, str] = {}
    messages: dict[int, int] = {}
    numbers: dict[int, list[str]] = {}
    for entry in batch.entries:
        id_ = entry.resolved.gateway_id
        if id_ is None or entry.delivery.retained or (entry.status and not entry.status.online):
            continue
        codes[id_] = entry.gateway
        # A deferred message counts when it is stored.
        messages[id_] = messages.get(id_, 0) + (not entry.deferred)
        numbers.setdefault(id_, []).extend(_ranges(entry))
    if not codes:
        return {}
    sequences = [f"{{{','.join(numbers[i])}}}" for i in codes]
    cursor = await conn.execute(_HEARD, [batch.heard, list(codes), [messages[i] for i in codes], sequences])
    return {codes[i]: committed(seq) for i, seq in await cursor.fetchall() if numbers[i]}


def _ranges(entry: Entry) -> Iterable[str]:
    seq, oldest = entry.resolved.seq, entry.resolved.oldest
    if seq is not None:
        yield f"[{seq},{seq}]"
    if oldest:
        yield f"[0,{oldest})"  # the gateway has given up, or seen committed, everything below


async def _write_statuses(conn: AsyncConnection[Any], entries: list[Entry]) -> None:
    last: dict[int, GatewayStatus] = {}
    changes = []
    for entry in entries:
        id_, status = entry.resolved.gateway_id, entry.status
        if id_ is not None and status is not None and last.get(id_) != status:
            last[id_] = status
            firmware = None if status.firmware is None else _text(status.firmware)
            changes.append((id_, status.online, firmware, status.started))
    if changes:
        # Rows are locked in the order of ids, as in _HEARD: several processes must not wait for one another.
        changes.sort(key=lambda change: change[0])
        async with conn.cursor() as cursor:
            await cursor.executemany(_STATUS, changes)


def _late_before(now: datetime) -> datetime:
    settled = now - _SETTLE
    return settled - (settled - datetime.min.replace(tzinfo=UTC)) % _STEP
