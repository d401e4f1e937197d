"""Gateways' passwords: set in the database as hashes, and handed to the broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devices.credentials import new_password, password_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import AsyncConnection


class UnknownGatewayError(LookupError):
    """The gateway is not registered."""


async def password_hashes(conn: AsyncConnection[Any]) -> dict[str, str]:
    """Return code -> password hash of every gateway that may log in."""
    cursor = await conn.execute(
        "SELECT code, password_hash FROM gateways WHERE enabled AND password_hash IS NOT NULL"
    )
    return dict(await cursor.fetchall())


async def set_password(conn: AsyncConnection[Any], gateway: str) -> str:
    """Give a gateway a random password and return it: only its hash is kept.

    Raises:
        UnknownGatewayError: no such gateway.
    """
    passwords = await set_passwords(conn, [gateway])
    if gateway not in passwords:
        raise UnknownGatewayError(f"gateway {gateway!r} is not registered: see `halong devices list`")
    return passwords[gateway]


async def set_passwords(conn: AsyncConnection[Any], gateways: Iterable[str]) -> dict[str, str]:
    """Give each registered gateway of `gateways` a random password and return code -> password."""
    passwords = {gateway: new_password() for gateway in gateways}
    known = await store_hashes(conn, {code: password_hash(p) for code, p in passwords.items()})
    return {code: passwords[code] for code in known}


async def store_hashes(conn: AsyncConnection[Any], hashes: Mapping[str, str]) -> set[str]:
    """Store password hashes by gateway code and return the codes of those that are registered."""
    cursor = await conn.execute(
        "UPDATE gateways g SET password_hash = h.hash FROM unnest(%s::text[], %s::text[]) AS h (code, hash) "
        "WHERE g.code = h.code RETURNING g.code",
        [list(hashes), list(hashes.values())],
    )
    return {row[0] for row in await cursor.fetchall()}
