"""Observations out of the database: pages, files and points of a chart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from api import downsample
from api.lending import lent
from api.queries import observations as queries
from api.tables import observations as tables
from storage.observations import to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import pyarrow as pa
    from numpy.typing import NDArray
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.downsample import Method
    from api.queries import Row
    from api.queries.observations import Rollup, Span

#: rows that are read at once for a file; sums may have to be computed from hundreds of observations each
_BATCH: Final = {"none": 65_536, "hour": 8_192, "day": 1_024}
#: expected observations up to which a chart is drawn from them, and above from hours
_DRAWN_FROM_OBSERVATIONS: Final = 500_000


@dataclass(frozen=True)
class Reading:
    """Which rows are read: of datastreams, which are ordered by id, in a period."""

    streams: Sequence[Row]
    span: Span
    rollup: Rollup

    @property
    def expected(self) -> int:
        """How many observations there should be by the datastreams' sampling intervals."""
        seconds = (self.span.end - self.span.start).total_seconds()
        return round(seconds * sum(1 / int(each["sampling_interval_s"]) for each in self.streams))

    @property
    def rows(self) -> int:
        """How many rows there should be."""
        hours = (self.span.end - self.span.start).total_seconds() / 3600
        sums = {"hour": round(hours), "day": round(hours / 24)}
        return sums[self.rollup] * len(self.streams) if self.rollup in sums else self.expected


async def page(
    conn: AsyncConnection[Any], reading: Reading, after: tuple[int, datetime] | None, limit: int
) -> pa.RecordBatch:
    """Return rows by (datastream, time) after a key, `limit` at most, as a batch of the rollup's table."""
    ids = [each["id"] for each in reading.streams]
    rows = await queries.page(conn, reading.rollup, ids, reading.span, after=after, limit=limit)
    if reading.rollup != "none":
        return tables.summed(reading.rollup, rows, reading.streams, reading.span.zone)
    flags = await queries.flags(conn, rows)
    return await asyncio.to_thread(tables.raw, rows, flags, reading.streams)


async def batches(
    pool: AsyncConnectionPool[Any], reading: Reading, first: AsyncConnection[Any] | None = None
) -> Batches:
    """Yield all rows by (datastream, time); connections are used as in `api.answers.by_key`."""
    after, limit = None, _BATCH[reading.rollup]
    while True:
        async with lent(pool, first) as conn:
            batch = await page(conn, reading, after, limit)
        first = None
        if len(batch):
            yield batch
        if len(batch) < limit:
            return
        after = key_of_last(batch)


def key_of_last(batch: pa.RecordBatch) -> tuple[int, datetime]:
    """Return datastream and time of a batch's last row."""
    last = len(batch) - 1
    return batch["datastream"][last].as_py(), to_datetime(batch["time"][last].value)


def drawn_from(reading: Reading, method: Method) -> str:
    """Return what a chart is made of: observations, or of long periods what is known of their hours."""
    if reading.expected <= _DRAWN_FROM_OBSERVATIONS:
        return "observations"
    return "hourly extremes" if method is downsample.Method.MINMAX else "hourly means"


async def points(
    pool: AsyncConnectionPool[Any],
    reading: Reading,
    number: int,
    method: Method,
    first: AsyncConnection[Any] | None = None,
) -> Batches:
    """Yield at most `number` points of each datastream, a batch a datastream; connections as in `batches`."""
    source = drawn_from(reading, method)
    for stream in reading.streams:
        async with lent(pool, first) as conn:
            rows = await queries.samples(conn, source, stream["id"], reading.span)
        first = None
        yield _drawn(rows, stream, number, method)


def _drawn(rows: NDArray[np.void], stream: Row, number: int, method: Method) -> pa.RecordBatch:
    times, values = (np.ascontiguousarray(rows[name]) for name in ("time", "value"))
    return tables.sampled(rows[downsample.chosen(times, values, number, method)], stream)
