"""Which of the fixed MQTT client ids this process has: claimed by a PostgreSQL advisory lock.

A broker's queue hangs on a client id, and Mosquitto gives a member of a shared subscription its share even
while it is away. So ids are fixed, a process takes a free one, and another takes it over when it dies.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

import psycopg
import structlog
from psycopg.pq import TransactionStatus

from storage.errors import StorageError, is_transient
from storage.pool import connect, cut, cut_after

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

log = structlog.get_logger(__name__)

# The kernel closes the connection of a process that dies: who is started in its place finds the id free soon.
_FIRST_WAIT_S, _TOLD_AFTER_S, _MAX_WAIT_S = 0.1, 0.4, 1.0
_WATCH_EVERY_S = 1.0
#: a database that takes longer to answer has lost the claim
_ANSWER_S = 10.0
# Without these the server would keep the lock of a machine that vanished for two hours.
_KEEPALIVE = "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3"
_LOCK = "SELECT pg_try_advisory_lock(hashtext('halong.ingest'), hashtext(%s))"
_NAME = "SELECT set_config('application_name', 'halong ingest claim ' || %s, false)"


class Claim:
    """A client id that no other process has as long as the connection lives; an async context manager."""

    def __init__(self, client_id: str, conn: AsyncConnection[Any]) -> None:
        self.client_id = client_id
        self._conn = conn

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        # Closing ends the session, and with it the lock.
        await self._conn.close()

    async def check(self) -> None:
        """Ask the database whether the claim lives.

        Raises:
            psycopg.OperationalError: it is lost.
        """
        with cut_after(_ANSWER_S, self._conn):
            await self._conn.execute("SELECT 1")

    def abandon(self) -> None:
        """Cut the connection if it waits for an answer: psycopg takes 10 s to cancel a query."""
        if self._conn.pgconn.transaction_status == TransactionStatus.ACTIVE:
            cut(self._conn)

    async def lost(self) -> None:
        """Wait until the claim is lost: its connection ends, or the database does not answer on it."""
        try:
            while True:
                # Waits on the socket: a server that ends the connection is noticed at once.
                async for _ in self._conn.notifies(timeout=_WATCH_EVERY_S):
                    pass
                await self.check()
        except (OSError, psycopg.Error) as error:
            log.warning(
                "the claim's database connection is lost, stopping until an id is claimed again",
                action="claim_lost",
                client_id=self.client_id,
                error=str(error).strip(),
            )


async def claim(url: str, ids: Sequence[str], stop: asyncio.Event) -> Claim | None:
    """Claim the first free id, however long that takes; None when `stop` is set before.

    Raises:
        psycopg.Error: what is wrong with the database will not pass by itself.
    """
    while not stop.is_set():
        try:
            if found := await _stand_by(url, ids, stop):
                return found
        except (StorageError, psycopg.Error, OSError) as error:
            if not (isinstance(error, StorageError) or is_transient(error)):
                raise
            log.warning("no claim without the database, trying again", action="claim_retry", error=str(error))
            await _sleep(stop, _MAX_WAIT_S)
    return None


async def claim_now(url: str, client_id: str) -> Claim | None:
    """Claim one id; None if another process has it.

    Raises:
        StorageError, psycopg.Error: the database cannot be used.
    """
    async with AsyncExitStack() as stack:
        conn = await stack.enter_async_context(await connect(url, name="halong ingest standby"))
        found = await _first_free(conn, [client_id])
        if found:
            stack.pop_all()
    return found


async def _stand_by(url: str, ids: Sequence[str], stop: asyncio.Event) -> Claim | None:
    wait = _FIRST_WAIT_S
    async with AsyncExitStack() as stack:
        conn = await stack.enter_async_context(await connect(url, name="halong ingest standby"))
        while not (found := await _first_free(conn, ids)):
            if wait == _TOLD_AFTER_S:
                log.info("all ids are taken, standing by", action="claim_standby", ids=list(ids))
            await _sleep(stop, wait)
            if stop.is_set():
                return None
            wait = min(2 * wait, _MAX_WAIT_S)
        log.info("claimed a client id", action="claimed", client_id=found.client_id)
        stack.pop_all()  # the connection lives on with the claim
    return found


async def _first_free(conn: AsyncConnection[Any], ids: Sequence[str]) -> Claim | None:
    with cut_after(_ANSWER_S, conn):
        for client_id in ids:
            cursor = await conn.execute(_LOCK, [client_id])
            if await cursor.fetchone() == (True,):
                await conn.execute(_KEEPALIVE)
                await conn.execute(_NAME, [client_id])
                return Claim(client_id, conn)
    return None


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
