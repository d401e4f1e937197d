"""Connections to TimescaleDB."""

from __future__ import annotations

import asyncio
import math
import os
import select
import socket
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool

from storage.actor import session_option
from storage.errors import StorageError, address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from psycopg.rows import TupleRow

# UTC on the wire: local days are cut with an explicit time zone, never with the session's.
# The server, too, must find out that a client has vanished: what that one left locked would wait for hours.
_OPTIONS = (
    "-c timezone=UTC -c client_connection_check_interval=5000 -c tcp_user_timeout=20000 "
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
)
# A server that vanishes without a word (a cable, a firewall, a machine) is found out by TCP itself: what is
# sent and not acknowledged ends the connection after 20 s, and an idle one is probed (libpq: keepalives).
_TCP: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 20_000,
}
#: how long an idle connection may take to answer before it is lent, s
_CHECK_S = 5.0
#: how long it is taken to be there after it did, s
_TRUSTED_S = 1.0
#: when it did, by `time.monotonic`
_answered: WeakKeyDictionary[AsyncConnection[Any], float] = WeakKeyDictionary()


async def connect(url: str, *, name: str = "halong") -> AsyncConnection[TupleRow]:
    """Open one connection in autocommit mode, with session time zone UTC.

    Raises:
        StorageError: the server refuses or cannot be reached.
    """
    try:
        return await AsyncConnection.connect(
            url, autocommit=True, application_name=name, options=_OPTIONS + session_option(), **_TCP
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
    kwargs: dict[str, Any] = {"autocommit": True, "application_name": name, "options": session, **_TCP}
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
        check=_check,
    )


async def _check(conn: AsyncConnection[TupleRow]) -> None:
    """Ask a connection for an answer, unless it gave one a moment ago and its server has said nothing since.

    A server that goes away closes its connections: that is there to be read, and costs no round trip to see.
    """
    now = time.monotonic()
    if now - _answered.get(conn, -math.inf) < _TRUSTED_S and not _has_word(conn):
        return
    with cut_after(_CHECK_S, conn):
        await AsyncConnectionPool.check_connection(conn)
    _answered[conn] = now


def _has_word(conn: AsyncConnection[TupleRow]) -> bool:
    watched = select.poll()
    watched.register(conn.fileno(), select.POLLIN)
    return bool(watched.poll(0))


@contextmanager
def cut_after(seconds: float, conn: AsyncConnection[Any]) -> Iterator[None]:
    """Cut a connection whose server has not done with the block in so many seconds.

    For a server that hangs, or that something on the way keeps up the appearance of: TCP does not find these
    out. What waits for it then gets the OperationalError of a lost connection, which is transient.
    """
    timer = asyncio.get_running_loop().call_later(seconds, cut, conn)
    try:
        yield
    finally:
        timer.cancel()


@asynccontextmanager
async def one_state(conn: AsyncConnection[Any]) -> AsyncIterator[None]:
    """See one state of the database in all queries of the block: what is committed meanwhile is not in it."""
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    try:
        async with conn.transaction():
            yield
    finally:
        # One that was lost in the block has an error of its own to tell.
        if conn.info.transaction_status is TransactionStatus.IDLE:
            await conn.set_isolation_level(None)


async def bounded(conn: AsyncConnection[Any], work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Do work on a connection; if it takes longer or is cancelled, cut the connection.

    Cancelled by itself, psycopg would wait for a server that does not answer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            cut(conn)
        await asyncio.gather(task, return_exceptions=True)
    task.result()


def cut(conn: AsyncConnection[Any]) -> None:
    """End a connection as if the network had done it; what waits for an answer gets an OperationalError."""
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(conn.fileno())) as link:
        link.shutdown(socket.SHUT_RDWR)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text."""
    return str(error).strip().partition("\n")[0]
