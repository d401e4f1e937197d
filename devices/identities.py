"""Gateways' passwords: set in the database as hashes, and handed to the broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from devices.credentials import new_password, password_hash, password_matches
from devices.model import is_reserved, reserved_text
from runtime.whole_files import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from psycopg import AsyncConnection


class UnknownGatewayError(LookupError):
    """The gateway is not registered."""


async def password_hashes(conn: AsyncConnection[Any]) -> dict[str, str]:
    """Return code -> password hash of every gateway that may log in; none has the name of another user."""
    cursor = await conn.execute(
        "SELECT code, password_hash FROM gateways WHERE enabled AND password_hash IS NOT NULL"
    )
    return {code: hashed for code, hashed in await cursor.fetchall() if not is_reserved(code)}


async def require_no_gateway(conn: AsyncConnection[Any], user: str) -> None:
    """Refuse a name for the platform's user at the broker that is a gateway's: it would have its rights.

    Raises:
        UnknownGatewayError: a gateway of that code is registered.
    """
    cursor = await conn.execute("SELECT FROM gateways WHERE code = %s", [user])
    if cursor.rowcount and not is_reserved(user):
        raise UnknownGatewayError(
            f"the user {user!r} of HALONG_MQTT_URL is a gateway's code: give it another name"
        )


async def set_password(conn: AsyncConnection[Any], gateway: str) -> str:
    """Give a gateway a random password and return it: only its hash is kept.

    Raises:
        UnknownGatewayError: no such gateway, or one that may not log in under its code.
    """
    if is_reserved(gateway):
        raise UnknownGatewayError(reserved_text(gateway))
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


async def admit(conn: AsyncConnection[Any], passwords: Mapping[str, str]) -> None:
    """Let gateways log in with the passwords of `passwords`, by code; a hash that matches already stays.

    Raises:
        UnknownGatewayError: some are not registered; the others are admitted.
    """
    cursor = await conn.execute(
        "SELECT code, password_hash FROM gateways WHERE code = ANY(%s)", [list(passwords)]
    )
    stored: dict[str, str | None] = dict(await cursor.fetchall())
    await store_hashes(
        conn, {c: password_hash(passwords[c]) for c, h in stored.items() if _other(passwords[c], h)}
    )
    if unknown := sorted(passwords.keys() - stored.keys()):
        raise UnknownGatewayError(
            f"{len(unknown)} of {len(passwords)} gateways are not registered, such as {unknown[0]!r}: "
            "import their profile first, with `halong devices import`"
        )


def _other(password: str, hashed: str | None) -> bool:
    return hashed is None or not password_matches(password, hashed)


def kept_passwords(file: Path, gateways: Iterable[str]) -> dict[str, str]:
    """Return code -> password of `gateways`, kept in a JSON file of mode 0600.

    A gateway that the file does not have gets a random password there; whatever it has stays in it.
    """
    known: dict[str, str] = json.loads(file.read_text("utf-8")) if file.exists() else {}
    passwords = {code: known.get(code) or new_password() for code in gateways}
    # Replaced as a whole: an interruption must not lose the only copy of a password.
    replace(file, json.dumps(known | passwords, indent=1))
    return passwords
