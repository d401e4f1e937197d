"""Sessions of people who are logged in by their browser: 256 random bits, stored as a hash."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from api.queries import sessions as queries
from api.reach import Caller
from api.rights import Role
from devices.credentials import secret_hash
from storage.actor import act_as

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection


async def begin(conn: AsyncConnection[Any], caller: Caller, hours: int) -> str:
    """Note that a person is logged in for so long, and return what its browser is to keep."""
    text = secrets.token_urlsafe(32)
    session = {
        "hash": secret_hash(text),
        "subject": caller.id,
        "name": caller.name,
        "roles": [caller.role, *caller.further],
        "areas": None if caller.areas is None else list(caller.areas),
        "hours": hours,
    }
    async with conn.transaction():
        await act_as(conn, "sessions that are over")
        await queries.forget_ended(conn)
    async with conn.transaction():
        await act_as(conn, caller.actor)
        await queries.insert(conn, session)
    return text


async def find(conn: AsyncConnection[Any], text: str) -> Caller | None:
    """Return who is logged in by what a browser has sent; None: nobody."""
    row = await queries.by_hash(conn, secret_hash(text))
    return None if row is None else _caller(row)


async def end(conn: AsyncConnection[Any], text: str) -> None:
    """Log out."""
    caller = await find(conn, text)
    if caller is not None:
        async with conn.transaction():
            await act_as(conn, caller.actor)
            await queries.end(conn, secret_hash(text))


def _caller(row: Mapping[str, Any]) -> Caller:
    role, *further = map(Role, row["roles"])
    return Caller(
        kind="person",
        id=row["subject"],
        name=row["name"],
        role=role,
        further=tuple(further),
        areas=None if row["areas"] is None else tuple(row["areas"]),
        expires=row["expires_at"],
    )
