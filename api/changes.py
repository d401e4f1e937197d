"""How often what is answered from has changed: the cheap question before every expensive one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from api.queries import known as queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg_pool import AsyncConnectionPool

#: topics of `data_changes` besides the values of each indicator
AREAS, DECLARATIONS = "areas", "declarations"


def values_of(indicators: Iterable[str]) -> tuple[str, ...]:
    """Return the topics of these indicators' values."""
    return tuple(f"values:{code}" for code in indicators)


@dataclass(frozen=True)
class Counts:
    """The table `data_changes` at one instant."""

    changes: Mapping[str, int] = field(default_factory=dict)
    changed_at: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All changes together; as counts only rise, an equal total means equal counts."""
        return sum(self.changes.values())

    def of(self, topics: Iterable[str]) -> tuple[int, ...]:
        """Return the counts of some topics."""
        return tuple(self.changes.get(topic, 0) for topic in topics)


class Changes:
    """Reads the counts of changes; those who ask while a read is under way share the next one.

    A read that had begun before a question may have missed what was committed before it; the next one cannot.
    """

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self._counts = Counts()
        self._total = -1
        self._running: asyncio.Task[Counts] | None = None
        self._next: asyncio.Task[Counts] | None = None

    async def counts(self) -> Counts:
        """Return counts that hold everything that was committed before the call."""
        if self._next is None:
            self._next = asyncio.create_task(self._read_after(self._running), name="api.changes")
        return await asyncio.shield(self._next)

    async def _read_after(self, running: asyncio.Task[Counts] | None) -> Counts:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        async with self._pool.connection() as conn:
            if await queries.total(conn) != self._total:
                rows = await queries.counts(conn)
                self._counts = Counts(
                    {row["topic"]: row["changes"] for row in rows},
                    {row["topic"]: row["changed_at"] for row in rows},
                )
                self._total = self._counts.total
        return self._counts
