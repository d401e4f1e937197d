"""Connections for what reads page after page."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool


def lent(
    pool: AsyncConnectionPool[Any], held: AsyncConnection[Any] | None
) -> AbstractAsyncContextManager[AsyncConnection[Any]]:
    """Return the connection that is held already, or else one of the pool's for as long as it is used."""
    return pool.connection() if held is None else nullcontext(held)
