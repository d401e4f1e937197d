"""Lists that the work view alone shows: read while somebody has it open, once for all of the same reach."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from dashboards.console import queries
from dashboards.console.kept import Kept

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


class Worklists:
    """The lists of one reach; each is None until it could be read once."""

    def __init__(self, pool: Callable[[], Pool], reached: Reach) -> None:
        """Take how to get at the pool, and what is read."""

        def kept(pace_s: float, read: Read) -> Kept[list[Row]]:
            return Kept(pool, reached, pace_s, lambda conn, _before: read(conn))

        self._commands = {
            open_alone: kept(_COMMANDS_S, partial(_commands, open_alone=open_alone))
            for open_alone in (True, False)
        }
        self._troubled = kept(_TROUBLED_S, lambda conn: queries.troubled(conn, MOST))
        self._flagged = kept(_FLAGGED_S, lambda conn: queries.flagged(conn, MOST))

    async def commands(self, *, open_alone: bool) -> list[Row] | None:
        """Return the newest commands, one more than are shown where there are more."""
        return await self._commands[open_alone].get()

    async def troubled(self) -> list[Row] | None:
        """Return gateways that are not heard or flap."""
        return await self._troubled.get()

    async def flagged(self) -> list[Row] | None:
        """Return datastreams with flagged observations."""
        return await self._flagged.get()

    def forget_commands(self) -> None:
        """Have commands read again: somebody has sent or cancelled one."""
        for each in self._commands.values():
            each.forget()


async def _commands(conn: AsyncConnection[Any], *, open_alone: bool) -> list[Row]:
    return await queries.commands(conn, open_alone=open_alone, limit=MOST + 1)


class AllWorklists:
    """The lists of each reach that somebody looks with."""

    def __init__(self, pool: Callable[[], Pool]) -> None:
        """Take how to get at the pool."""
        self._pool = pool
        self._lists: dict[Reach, Worklists] = {}

    def of(self, reached: Reach) -> Worklists:
        """Return the lists of a reach."""
        return self._lists.setdefault(reached, Worklists(self._pool, reached))
