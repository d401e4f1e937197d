"""What a viewer may see and do: acts in that one's name, with a key that is looked up anew each time."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from api import reach
from storage.actor import act_as

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.reach import Caller, Reach
    from api.rights import Right

    Pool = AsyncConnectionPool[AsyncConnection[Any]]


class Desk:
    """Reads and acts for one viewer."""

    def __init__(
        self,
        pool: Callable[[], Pool],
        viewer: Caller,
        anew: Callable[[], Awaitable[Caller | None]],
        reached: Reach,
        *,
        sees: Callable[[Right], bool],
        publishes: bool,
    ) -> None:
        """Take who looks, how that one is looked up anew, what that one reaches.

        `sees`: whether that one may see what takes a right. `publishes`: whether alerts are told to the
        broker's readers.
        """
        self._pool, self._anew, self._reached = pool, anew, reached
        self.viewer, self.sees, self.publishes = viewer, sees, publishes

    @property
    def reach(self) -> Reach:
        """What the viewer reaches."""
        return self._reached

    @asynccontextmanager
    async def reading(self, right: Right) -> AsyncIterator[AsyncConnection[Any]]:
        """Lend a connection to read what takes a right, on which queries are cut to what the viewer reaches.

        Raises:
            PermissionError: the viewer may not see that.
            psycopg.Error: the database cannot be used.
        """
        if not self.sees(right):
            raise PermissionError
        async with self._connection() as conn:
            yield conn

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        with reach.within(self._reached):
            async with self._pool().connection(timeout=3.0) as conn:
                yield conn

    @asynccontextmanager
    async def acting(self, right: Right) -> AsyncIterator[tuple[AsyncConnection[Any], Caller]]:
        """Lend a transaction in the viewer's name.

        Raises:
            PermissionError: the viewer may not, or may not any longer.
            psycopg.Error: the database cannot be used.
        """
        caller = await self._anew()
        if caller is None or not caller.may(right):
            raise PermissionError
        async with self._connection() as conn, conn.transaction():
            await act_as(conn, caller.actor)
            yield conn, caller
