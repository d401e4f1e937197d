"""Connections to TimescaleDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from storage.errors import StorageError, address

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

# UTC on the wire: local days are cut with an explicit time zone, never with the session's.
_OPTIONS = "-c timezone=UTC"


async def connect(url: str, *, name: str = "halong") -> AsyncConnection[TupleRow]:
    """Open one connection in autocommit mode, with session time zone UTC.

    Raises:
        StorageError: the server refuses or cannot be reached.
    """
    try:
        return await AsyncConnection.connect(
            url, autocommit=True, application_name=name, options=_OPTIONS, connect_timeout=10
        )
    except psycopg.OperationalError as error:
        raise StorageError(
            f"no connection to the database at {address(url)}: {first_line(error)}; "
            "is it running, and are user and password in HALONG_DATABASE_URL right?"
        ) from error


def open_pool(
    url: str,
    *,
    name: str = "halong",
    min_size: int = 1,
    max_size: int = 4,
    timeout: float = 10.0,
    options: str = "",
) -> AsyncConnectionPool[AsyncConnection[TupleRow]]:
    """Return a pool to be used as an async context manager; connections are in autocommit mode.

    A connection that the server closed is found out and replaced before it is lent.
    `options` are further settings of each session, such as `-c statement_timeout=30000`.
    """
    session = f"{_OPTIONS} {options}".rstrip()
    kwargs: dict[str, Any] = {"autocommit": True, "application_name": name, "options": session}
    return AsyncConnectionPool(
        url,
        kwargs=kwargs,
        min_size=min_size,
        max_size=max_size,
        timeout=timeout,
        # Attempts to connect come ever more rarely, up to minutes apart; who asks next begins anew.
        reconnect_timeout=timeout,
        name=name,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().partition("\n")[0]
