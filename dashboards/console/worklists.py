"""Lists that the work view alone shows: read while somebody has it open, once for all of the same reach."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg

from api import reach
from dashboards.console import queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.queries import Row
    from api.reach import Reach

    Pool = AsyncConnectionPool[AsyncConnection[Any]]
    Read = Callable[[AsyncConnection[Any]], Awaitable[list[Row]]]

#: how many rows of each list are shown
MOST: Final = 100
#: how long what was read is shown again, s; commands are under way for seconds
_COMMANDS_S, _TROUBLED_S, _FLAGGED_S = 3.0, 10.0, 30.0
_CONNECTION_TIMEOUT_S: Final = 3.0


@dataclass(frozen=True)
class _Kept:
    rows: list[Row] | None
    until: float


class Worklists:
    """The lists of one reach; each is None until it could be read once."""

    def __init__(self, pool: Callable[[], Pool], reached: Reach) -> None:
        """Take how to get at the pool, and what is read."""
        self._pool, self._reached = pool, reached
        self._kept: dict[str, _Kept] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def commands(self, *, open_alone: bool) -> list[Row] | None:
        """Return the newest commands, one more than are shown where there are more."""
        name = "commands_open" if open_alone else "commands_all"
        return await self._read(
            name, _COMMANDS_S, lambda conn: queries.commands(conn, open_alone=open_alone, limit=MOST + 1)
        )

    async def troubled(self) -> list[Row] | None:
        """Return gateways that are not heard or flap."""
        return await self._read("troubled", _TROUBLED_S, lambda conn: queries.troubled(conn, MOST))

    async def flagged(self) -> list[Row] | None:
        """Return datastreams with flagged observations."""
        return await self._read("flagged", _FLAGGED_S, lambda conn: queries.flagged(conn, MOST))

    def forget_commands(self) -> None:
        """Have commands read again: somebody has sent or cancelled one."""
        self._kept.pop("commands_open", None)
        self._kept.pop("commands_all", None)

    async def _read(self, name: str, lasts_s: float, read: Read) -> list[Row] | None:
        """Return a list; while the database is away the one that was read last, and it is asked as seldom."""
        async with self._locks[name]:
            kept = self._kept.get(name)
            if kept is not None and time.monotonic() < kept.until:
                return kept.rows
            try:
                rows: list[Row] | None = await self._ask(read)
            except (psycopg.Error, OSError):
                rows = kept.rows if kept is not None else None
            self._kept[name] = _Kept(rows, time.monotonic() + lasts_s)
            return rows

    async def _ask(self, read: Read) -> list[Row]:
        with reach.within(self._reached):
            async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                return await read(conn)


class AllWorklists:
    """The lists of each reach that somebody looks with."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        """Take how to get at the pool."""
        self._pool = pool
        self._lists: dict[Reach, Worklists] = {}

    def of(self, reached: Reach) -> Worklists:
        """Return the lists of a reach."""
        return self._lists.setdefault(reached, Worklists(self._pool, reached))
