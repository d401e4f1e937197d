"""Connections that a pool lends: none that its server has ended, and without a question each time."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from psycopg import AsyncConnection

from storage import pool as pools
from storage.pool import open_pool

if TYPE_CHECKING:
    import pytest
    from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[Any]


async def lend(pool: AsyncConnectionPool[Any]) -> int:
    """Lend a connection, do nothing with it, and tell which process of the server it has."""
    async with pool.connection() as conn:
        pid: int = conn.info.backend_pid
        return pid


async def last_asked(conn: Connection, pid: int) -> datetime:
    cursor = await conn.execute("SELECT query_start FROM pg_stat_activity WHERE pid = %s", [pid])
    (time,) = await cursor.fetchone() or (None,)
    assert isinstance(time, datetime)
    return time


async def test_a_connection_that_the_server_ended_a_moment_ago_is_not_lent(
    conn: Connection, database_url: str
) -> None:
    async with open_pool(database_url, max_size=1) as pool:
        pid = await lend(pool)
        assert await lend(pool) == pid
        # It waits until the process has ended.
        await conn.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        async with pool.connection() as another:
            assert another.info.backend_pid != pid
            cursor = await another.execute("SELECT 1")
            assert await cursor.fetchone() == (1,)


async def test_a_connection_is_asked_again_after_a_while_alone(
    conn: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_pool(database_url, max_size=1) as pool:
        monkeypatch.setattr(pools, "_TRUSTED_S", 600)
        pid = await lend(pool)
        asked = await last_asked(conn, pid)
        assert await lend(pool) == pid
        assert await last_asked(conn, pid) == asked
        monkeypatch.setattr(pools, "_TRUSTED_S", 0)
        assert await lend(pool) == pid
        assert await last_asked(conn, pid) > asked
