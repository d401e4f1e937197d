"""The newest value of every indicator and area, kept in memory and read again only where it has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from api.changes import values_of
from api.queries import indicators as queries
from api.stand_ins import Extent
from storage.columns import instants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from psycopg_pool import AsyncConnectionPool

    from api.changes import Counts
    from api.queries.indicators import Stored

Extents = Mapping[tuple[str, int], Extent]


@dataclass(frozen=True)
class Newest:
    """The newest values of one state of the database: of each indicator, rows of NEWEST by area."""

    parts: Mapping[str, Stored]

    @cached_property
    def rows(self) -> Stored:
        """All of them, by indicator and area."""
        return _joined(self.parts[code] for code in sorted(self.parts))

    def of(self, indicators: Collection[str], areas: Sequence[int]) -> Stored:
        """Return those of some indicators and areas, by indicator and area."""
        codes = sorted(self.parts.keys() & set(indicators))
        is_all = len(codes) == len(self.parts)
        rows = self.rows if is_all else _joined(self.parts[code] for code in codes)
        return rows[np.isin(rows["area_id"], areas)]

    def extents(self, indicators: Iterable[str]) -> Extents:
        """Return from which step to which one each series of some indicators is stored."""
        return {
            (code, area): Extent(first, last)
            for code in indicators
            if code in self.parts
            for area, first, last in _extents(self.parts[code])
        }

    def replaced(self, indicators: Iterable[str], rows: Stored) -> Newest:
        """Return them with `rows`, by indicator, in the place of what there is of some indicators."""
        codes, starts = np.unique(rows["indicator"], return_index=True)
        bounds = pairwise([*starts.tolist(), len(rows)])
        found = {code: rows[start:end] for code, (start, end) in zip(codes.tolist(), bounds, strict=True)}
        gone = set(indicators)
        return Newest({code: part for code, part in self.parts.items() if code not in gone} | found)


def after(rows: Stored, key: tuple[str, int] | None) -> Stored:
    """Return the rows after a key: indicator, area's id."""
    if key is None:
        return rows
    code, area = key
    same = (rows["indicator"] == code) & (rows["area_id"] > area)
    return rows[np.asarray(same | (rows["indicator"] > code))]


def _joined(parts: Iterable[Stored]) -> Stored:
    return queries.Stored.joined(parts, queries.NEWEST)


def _extents(rows: Stored) -> Iterable[tuple[int, Any, Any]]:
    return zip(rows["area_id"].tolist(), instants(rows["since"]), instants(rows["time"]), strict=True)


class NewestValues:
    """Gives the newest values; what has changed is read again first."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._newest = Newest({})
        self._counts: Counts | None = None
        #: how often the values of each indicator had changed before they were read
        self._read: dict[str, int] = {}
        self._reading = asyncio.Lock()

    async def since(self, counts: Counts, indicators: Collection[str]) -> Newest:
        """Return values that are as new as counts of changes, or newer; `indicators`: all that there are."""
        if counts is not self._counts:
            async with self._reading:
                changes = counts.of(values_of(indicators))
                await self._read_again(dict(zip(indicators, changes, strict=True)))
                self._counts = counts
        return self._newest

    async def _read_again(self, changes: Mapping[str, int]) -> None:
        stale = [code for code, count in changes.items() if self._read.get(code, -1) < count]
        if not stale:
            return
        async with self._pool.connection() as conn:
            rows = await queries.newest_values(conn, stale)
        self._newest = self._newest.replaced(stale, rows)
        self._read |= {code: changes[code] for code in stale}
