"""What the database tells on a channel (NOTIFY), read at the start and again after each word of a change."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import structlog

from runtime.until_stopped import is_ending
from storage.errors import StorageError, is_transient
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

log = structlog.get_logger(__name__)

_RETRY_S = 1.0


class Begun(NamedTuple):
    """A connection that listens, and after how many seconds to read again (None: when told)."""

    conn: AsyncConnection[Any]
    again: float | None


@dataclass(frozen=True)
class Channel:
    """A channel, and the reading of what it tells of."""

    url: str
    channel: str
    #: what is read, as it stands in the log and, after `halong `, in pg_stat_activity
    name: str
    #: returns after how many seconds to read again without being told, None: never
    read: Callable[[AsyncConnection[Any]], Awaitable[float | None]]
    #: changes come in bursts: what follows within so many seconds is part of the same reading
    settle_s: float

    async def begin(self) -> Begun:
        """Connect, listen and read for the first time.

        Raises:
            StorageError, psycopg.Error: the database cannot be read.
        """
        conn = await connect(self.url, name=f"halong {self.name}")
        try:
            # LISTEN comes first: a change between the two is told, one before it is read.
            await conn.execute(f"LISTEN {self.channel}".encode())
            return Begun(conn, await self.read(conn))
        except BaseException:
            await conn.close()
            raise

    async def follow(self, begun: Begun | None = None) -> None:
        """Read whenever something changes, until cancelled; a lost connection is made anew."""
        while not is_ending():
            try:
                conn, again = begun or await self.begin()
                async with conn:
                    await self._follow(conn, again)
            except (StorageError, OSError, psycopg.Error) as error:
                if isinstance(error, psycopg.Error) and not is_transient(error):
                    raise
                log.warning(
                    f"{self.name} cannot be followed, trying again",
                    action=f"{self.name}_retry",
                    error=str(error),
                )
            begun = None
            await asyncio.sleep(_RETRY_S)

    async def _follow(self, conn: AsyncConnection[Any], again: float | None) -> None:
        while not is_ending():
            async for _ in conn.notifies(timeout=again, stop_after=1):
                pass
            async for _ in conn.notifies(timeout=self.settle_s):
                pass
            again = await self.read(conn)
