"""The tables `ingest_metrics`, a row every ten seconds, and `arrivals`, for who reads only the database.

Nothing here may disturb ingest: a task and a connection of its own, and what cannot be written is told in
the log; the next row then covers the time of both.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
import structlog

from ingest import metrics
from ingest.arrivals import ARRIVALS, Arrivals
from ingest.histogram import quantile
from storage import arrivals
from storage.errors import StorageError
from storage.pool import bounded, connect, first_line
from storage.rows import fetch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow

    from ingest.broker_stats import BrokerStats

log = structlog.get_logger(__name__)

_EVERY_S: Final = 10.0
#: the first row comes sooner: it shows that ingest runs
_FIRST_S: Final = 1.0
#: gaps and late hours are counted over whole tables
_SURVEY_EVERY_S: Final = 60.0
_DROP_EVERY_S: Final = 86_400.0
#: a statement that takes longer is given up
_PATIENCE_S: Final = 5.0

_COUNTERS: Final = {
    "messages": metrics.RECEIVED,
    "observations": metrics.STORED,
    "duplicates": metrics.DUPLICATES,
    "refused": metrics.REFUSED,
    "retries": metrics.WRITE_RETRIES,
}
_HISTOGRAMS: Final = {
    "rows": metrics.BATCH_ROWS,
    "commit": metrics.COMMIT_SECONDS,
    "message": metrics.MESSAGE_SECONDS,
    "reading": metrics.READING_SECONDS,
}
_SURVEY: Final = """
SELECT (SELECT count(*)::int FROM gateway_gaps), (SELECT coalesce(sum(missing), 0)::bigint FROM gateway_gaps),
       (SELECT count(*) FROM late_hours)"""
_DROP: Final = "SELECT drop_chunks('ingest_metrics', older_than => interval '30 days')"
_INSERT: Final = """
INSERT INTO ingest_metrics (
    client_id, seconds, messages, observations, duplicates, refused, replayed, retries, batches, batch_rows,
    commit_p50_ms, commit_p99_ms, message_p50_ms, message_p99_ms, reading_p50_ms, reading_p99_ms, in_flight,
    broker_queue_bytes, broker_queue_messages, broker_queue_limit, broker_clients, broker_dropped,
    gateways_with_gaps, missing_seq, late_hours)
VALUES (
    %(client_id)s, %(seconds)s, %(messages)s, %(observations)s, %(duplicates)s, %(refused)s, %(replayed)s,
    %(retries)s, %(batches)s, %(batch_rows)s, %(commit_p50_ms)s, %(commit_p99_ms)s, %(message_p50_ms)s,
    %(message_p99_ms)s, %(reading_p50_ms)s, %(reading_p99_ms)s, %(in_flight)s, %(broker_queue_bytes)s,
    %(broker_queue_messages)s, %(broker_queue_limit)s, %(broker_clients)s, %(broker_dropped)s,
    %(gateways_with_gaps)s, %(missing_seq)s, %(late_hours)s)"""
# The newest row of each process, if it is not older than a minute, and what the broker dropped in an hour.
_NEWEST: Final = """
SELECT n.*, (SELECT coalesce(max(dropped), 0)::bigint FROM (
                 SELECT sum(broker_dropped) AS dropped FROM ingest_metrics
                 WHERE time > now() - interval '1 hour' GROUP BY client_id) d) AS dropped_1h
FROM (SELECT DISTINCT ON (client_id) * FROM ingest_metrics WHERE time > now() - interval '1 minute'
      ORDER BY client_id, time DESC) n
ORDER BY n.client_id"""


@dataclass(frozen=True)
class _Totals:
    """What was counted since the process started, at an instant."""

    at: float
    counters: dict[str, int]
    #: values in each bucket, shape (classes, buckets)
    counts: dict[str, NDArray[Any]]
    rows: float
    dropped: int


class Recorder:
    """Writes this process's rows."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        broker: BrokerStats,
        every_s: float = _EVERY_S,
        arrived: Arrivals = ARRIVALS,
    ) -> None:
        """Take the database's address, the ingest process's name, and who knows the broker's numbers."""
        self._url, self._client_id, self._broker, self._every_s = url, client_id, broker, every_s
        self._arrived = arrived
        self._last = self._totals()
        self._survey: dict[str, int] = {}
        self._surveyed_at = self._dropped_at = float("-inf")
        self._is_away = False

    async def run(self) -> None:
        """Write rows until cancelled, whatever becomes of the database."""
        await asyncio.sleep(min(_FIRST_S, self._every_s))
        while True:
            try:
                await self._record_while_connected()
            except (StorageError, psycopg.Error, OSError) as error:
                if not self._is_away:
                    self._is_away = True
                    log.warning("metrics are not stored", action="metrics_away", error=first_line(error))
            await asyncio.sleep(self._every_s)

    async def _record_while_connected(self) -> None:
        conn = await connect(self._url, name="halong ingest metrics")
        async with conn:
            while True:
                await bounded(conn, self._record(conn), _PATIENCE_S)
                self._is_away = False
                await asyncio.sleep(self._every_s)

    async def _record(self, conn: AsyncConnection[Any]) -> None:
        present = time.monotonic()
        if present >= self._surveyed_at + _SURVEY_EVERY_S:
            self._survey, self._surveyed_at = await _take_survey(conn), present
        totals = self._totals()
        await conn.execute(_INSERT, self._row(totals))
        self._last = totals
        await self._store_arrivals(conn, time.time())
        if present >= self._dropped_at + _DROP_EVERY_S:
            self._dropped_at = present
            await conn.execute(_DROP)

    async def _store_arrivals(self, conn: AsyncConnection[Any], at: float) -> None:
        counted = self._arrived.finished(at)
        await arrivals.store(conn, self._client_id, self._arrived.started, counted)
        self._arrived.forget(at)

    def _totals(self) -> _Totals:
        return _Totals(
            at=time.monotonic(),
            counters={name: metrics.total(counter) for name, counter in _COUNTERS.items()},
            counts={name: histogram.counts.copy() for name, histogram in _HISTOGRAMS.items()},
            rows=float(metrics.BATCH_ROWS.sums[0]),
            dropped=self._broker.dropped,
        )

    def _row(self, totals: _Totals) -> dict[str, object]:
        last = self._last
        counts = {name: totals.counts[name] - last.counts[name] for name in _HISTOGRAMS}
        batches = int(counts["rows"].sum())
        return {
            "client_id": self._client_id,
            "seconds": totals.at - last.at,
            "replayed": int(counts["reading"][1].sum()),
            "batches": batches,
            "batch_rows": (totals.rows - last.rows) / batches if batches else None,
            "in_flight": round(metrics.value(metrics.IN_FLIGHT)),
            **{name: totals.counters[name] - last.counters[name] for name in _COUNTERS},
            **_quantiles(counts),
            **self._broker_row(totals.dropped - last.dropped),
            "gateways_with_gaps": self._survey.get("gateways_with_gaps"),
            "missing_seq": self._survey.get("missing_seq"),
            "late_hours": self._survey.get("late_hours"),
        }

    def _broker_row(self, dropped: int) -> dict[str, int | None]:
        value = self._broker.value
        is_known = value(metrics.BROKER_DROPPED) is not None
        return {
            "broker_queue_bytes": value(metrics.BROKER_QUEUE_BYTES),
            "broker_queue_messages": value(metrics.BROKER_QUEUE_MESSAGES),
            "broker_queue_limit": self._broker.queue_limit,
            "broker_clients": value(metrics.BROKER_CLIENTS),
            "broker_dropped": dropped if is_known or dropped else None,
        }


def _quantiles(counts: dict[str, NDArray[Any]]) -> dict[str, float | None]:
    """Return the median and the 99th percentile of what is live, ms."""
    found: dict[str, float | None] = {}
    for name in ("commit", "message", "reading"):
        for percent in (50, 99):
            seconds = quantile(percent / 100, _HISTOGRAMS[name].bounds, counts[name][0])
            found[f"{name}_p{percent}_ms"] = None if seconds is None else seconds * 1000
    return found


async def _take_survey(conn: AsyncConnection[Any]) -> dict[str, int]:
    cursor = await conn.execute(_SURVEY)
    gateways, missing, late = await cursor.fetchone() or (0, 0, 0)
    metrics.GATEWAYS_WITH_GAPS.set(gateways)
    metrics.MISSING_SEQ.set(missing)
    metrics.LATE_HOURS.set(late)
    return {"gateways_with_gaps": gateways, "missing_seq": missing, "late_hours": late}


async def newest(conn: AsyncConnection[Any]) -> list[DictRow]:
    """Return the newest row of each ingest process that wrote one within a minute.

    Each also has `dropped_1h`: messages that the broker dropped in the last hour.
    """
    return await fetch(conn, _NEWEST)
