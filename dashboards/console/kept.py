"""What is read at a pace of its own, once for all who look with the same reach."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import psycopg

from api.reach import within
from dashboards.console import queries
from dashboards.console.points import KINDS, Points, read_points

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.queries import Row
    from api.reach import Reach

    Pool = AsyncConnectionPool[AsyncConnection[Any]]

T = TypeVar("T")

_CONNECTION_TIMEOUT_S: Final = 3.0
#: a reading older than so many times its pace is waited for
_OLD_PACES: Final = 3
_WATER_PACE_S: Final = 12.0
_MOST_STATIONS: Final = 200


class Kept(Generic[T]):
    """The newest reading, taken when somebody asks and the last one is old."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        reach: Reach,
        pace_s: float,
        read: Callable[[AsyncConnection[Any], T | None], Awaitable[T]],
    ) -> None:
        """Take what reads (connection, the reading before) and for how long a reading is good."""
        self._pool, self._reach, self._pace_s, self._read = pool, reach, pace_s, read
        self._reading: asyncio.Task[None] | None = None
        self._read_at = -math.inf
        self._found: T | None = None
        #: whether the database did not answer when it was asked last
        self.is_away = False

    def forget(self) -> None:
        """Have it read again, whenever it was read last; what is being read may be older than this."""
        self._found, self._read_at, self._reading = None, -math.inf, None

    async def get(self) -> T | None:
        """Return the newest reading; the last one there was while the database is away, None without any.

        Where the last one is a little old it is returned at once, and the next caller gets what is read now.
        """
        age = time.monotonic() - self._read_at
        if self._reading is None and age >= self._pace_s:
            self._reading = asyncio.create_task(self._try(), name="console.kept")
        if self._reading is not None and (self._found is None or age >= _OLD_PACES * self._pace_s):
            await asyncio.shield(self._reading)
        return self._found

    async def _try(self) -> None:
        found, is_away = None, False
        try:
            with within(self._reach):
                async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                    found = await self._read(conn, self._found)
        except (psycopg.Error, OSError):
            is_away = True
        finally:
            if self._reading is asyncio.current_task():
                self._read_at, self._reading, self.is_away = time.monotonic(), None, is_away
                self._found = self._found if found is None else found


class MapReadings:
    """What lies on the map besides the areas: things and gateways by kind, and stations of water."""

    def __init__(self, pool: Callable[[], Pool], reach: Reach) -> None:
        """Take how to get at the pool, and what is read."""
        self.points: Mapping[str, Kept[Points]] = {
            name: Kept(pool, reach, kind.pace_s, read_points(kind)) for name, kind in KINDS.items()
        }
        self.water: Kept[list[Row]] = Kept(pool, reach, _WATER_PACE_S, _read_water)


async def _read_water(conn: AsyncConnection[Any], _before: list[Row] | None) -> list[Row]:
    return await queries.water(conn, _MOST_STATIONS)
