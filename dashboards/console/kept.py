"""What is read at a pace of its own, once for all who look with the same reach."""

from __future__ import annotations

import asyncio
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
        self._lock, self._due = asyncio.Lock(), 0.0
        self._found: T | None = None
        #: whether the database did not answer when it was asked last
        self.is_away = False

    def forget(self) -> None:
        """Have it read again, whenever it was read last."""
        self._found, self._due = None, 0.0

    async def get(self) -> T | None:
        """Return the newest reading; the last one there was while the database is away, None without any."""
        async with self._lock:
            present = asyncio.get_running_loop().time()
            if present >= self._due:
                await self._try()
                self._due = present + self._pace_s
            return self._found

    async def _try(self) -> None:
        try:
            with within(self._reach):
                async with self._pool().connection(timeout=_CONNECTION_TIMEOUT_S) as conn:
                    self._found = await self._read(conn, self._found)
        except (psycopg.Error, OSError):
            self.is_away = True
        else:
            self.is_away = False


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
