"""Observations out of the database: pages, files and points of a chart."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from api import downsample
from api.lending import lent
from api.queries import observations as queries
from api.queries.observations import Part, day_from
from api.tables import observations as tables
from storage.observations import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
    """Which rows are read, in a period: of datastreams by id, each in the places where it stood, by time."""

    places: Sequence[Row]
    span: Span
    rollup: Rollup

    @cached_property
    def streams(self) -> Sequence[Row]:
        """The datastreams, each where it stood last."""
        return [list(rows)[-1] for _, rows in groupby(self.places, lambda row: row["id"])]

    @cached_property
    def parts(self) -> Sequence[Part]:
        """What is read of each datastream: time in places, one after the other, is one part."""
        cut = (self._cut(part) for part in _joined(self.places))
        return [part for part in cut if part.since < part.until]

    def _cut(self, part: Part) -> Part:
        """Return a part in whole days or hours: by their start, but of the hour of a move nothing is told."""
        if self.rollup == "none":
            return part
        since, until = _hour_from(part.since), part.until.replace(minute=0, second=0, microsecond=0)
        if part.since == self.span.start:
            since = self._first(part.since)
        if part.until == self.span.end:
            until = self._first(part.until)
        return Part(part.id, since, until)

    def _first(self, instant: datetime) -> datetime:
        return day_from(instant, self.span.zone) if self.rollup == "day" else instant

    @property
    def expected(self) -> int:
        """How many observations there should be by the datastreams' sampling intervals."""
        return round(sum(_seconds(each) / int(each["sampling_interval_s"]) for each in self.places))

    @property
    def rows(self) -> int:
        """How many rows there should be."""
        hours = sum(map(_seconds, self.places)) / 3600
        sums = {"hour": round(hours), "day": round(hours / 24)}
        return sums.get(self.rollup, self.expected)


def _joined(places: Sequence[Row]) -> Iterator[Part]:
    begun: Part | None = None
    for each in places:
        since = each["since"]
        if begun is not None and (begun.id, begun.until) == (each["id"], since):
            since = begun.since
        elif begun is not None:
            yield begun
        begun = Part(each["id"], since, each["until"])
    if begun is not None:
        yield begun


def _hour_from(instant: datetime) -> datetime:
    begun = instant.replace(minute=0, second=0, microsecond=0)
    return begun if begun == instant else begun + timedelta(hours=1)


def _seconds(place: Row) -> float:
    seconds: float = (place["until"] - place["since"]).total_seconds()
    return seconds


async def page(
    conn: AsyncConnection[Any], reading: Reading, after: tuple[int, datetime] | None, limit: int
) -> pa.RecordBatch:
    """Return rows by (datastream, time) after a key, `limit` at most, as a batch of the rollup's table."""
    rollup, zone = reading.rollup, reading.span.zone
    rows = await queries.page(conn, rollup, reading.parts, zone, after=after, limit=limit)
    if rollup != "none":
        return tables.summed(rollup, rows, reading.places, zone)
    flags = await queries.flags(conn, rows)
    return await asyncio.to_thread(tables.raw, rows, flags, reading.places)


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
    for id_, places in groupby(reading.places, lambda row: row["id"]):
        async with lent(pool, first) as conn:
            mine = [part for part in reading.parts if part.id == id_]
            rows = [await queries.samples(conn, source, part) for part in mine]
        first = None
        yield _drawn(np.concatenate(rows), list(places), number, method)


def _drawn(rows: NDArray[np.void], places: Sequence[Row], number: int, method: Method) -> pa.RecordBatch:
    times, values = (np.ascontiguousarray(rows[name]) for name in ("time", "value"))
    return tables.sampled(rows[downsample.chosen(times, values, number, method)], places)
