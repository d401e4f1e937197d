"""Sessions at the console: the table holds hashes, never what a browser has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

_COLUMNS: Final = "subject, name, roles, areas, created_at, expires_at"
_FORGET: Final = "DELETE FROM console_sessions WHERE expires_at <= now()"
_INSERT: Final = """
INSERT INTO console_sessions (hash, subject, name, roles, areas, expires_at)
VALUES (%(hash)s, %(subject)s, %(name)s, %(roles)s, %(areas)s, now() + make_interval(hours => %(hours)s))"""
_BY_HASH: Final = f"SELECT {_COLUMNS} FROM console_sessions WHERE hash = %(hash)s AND expires_at > now()"
_LIST: Final = f"SELECT {_COLUMNS} FROM console_sessions WHERE expires_at > now() ORDER BY created_at"
_END: Final = "DELETE FROM console_sessions WHERE hash = %(hash)s"
_END_ALL: Final = "DELETE FROM console_sessions WHERE subject = %(subject)s AND expires_at > now()"


async def insert(conn: AsyncConnection[Any], session: Mapping[str, Any]) -> None:
    """Store a session."""
    await conn.execute(_INSERT, session)


async def forget_ended(conn: AsyncConnection[Any]) -> None:
    """Delete the sessions that are over."""
    await conn.execute(_FORGET)


async def by_hash(conn: AsyncConnection[Any], digest: bytes) -> Row | None:
    """Return a session that is not over."""
    return await fetch_one(conn, _BY_HASH, {"hash": digest})


async def present(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every session that is not over, the oldest first."""
    return await fetch(conn, _LIST, {})


async def end(conn: AsyncConnection[Any], digest: bytes) -> None:
    """End a session."""
    await conn.execute(_END, {"hash": digest})


async def end_all(conn: AsyncConnection[Any], subject: str) -> int:
    """End the sessions of a person and return how many there were."""
    return (await conn.execute(_END_ALL, {"subject": subject})).rowcount
