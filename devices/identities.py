"""Gateways' passwords: set in the database as hashes, and kept in files for those who log in with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from devices.credentials import new_password, password_hash, password_matches
from devices.model import HOW_TO_REGISTER, is_reserved, reserved_text
from runtime.whole_files import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from psycopg import AsyncConnection


class UnknownGatewayError(LookupError):
    """The gateway is not registered."""


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


async def locked(conn: AsyncConnection[Any], gateway: str) -> int:
    """Return a gateway's id, and keep others from changing its identities until the transaction ends.

    Raises:
        UnknownGatewayError: no such gateway, or one that may not log in under its code.
    """
    if is_reserved(gateway):
        raise UnknownGatewayError(reserved_text(gateway))
    cursor = await conn.execute("SELECT id FROM gateways WHERE code = %s FOR UPDATE", [gateway])
    row = await cursor.fetchone()
    if row is None:
        raise UnknownGatewayError(f"gateway {gateway!r} is not registered: {HOW_TO_REGISTER}")
    return int(row[0])


async def set_password(conn: AsyncConnection[Any], gateway: str) -> str:
    """Give a gateway a random password in place of all it has, and return it: only its hash is kept.

    Raises:
        UnknownGatewayError: no such gateway, or one that may not log in under its code.
    """
    password = new_password()
    async with conn.transaction():
        await locked(conn, gateway)
        await store_hashes(conn, {gateway: password_hash(password)})
    return password


async def store_hashes(conn: AsyncConnection[Any], hashes: Mapping[str, str]) -> None:
    """Store password hashes of registered gateways, by code, each in place of all that the gateway has."""
    await conn.execute(
        """
        WITH other AS (
            DELETE FROM gateway_passwords p USING gateways g
            WHERE g.id = p.gateway_id AND g.code = ANY(%(codes)s) AND p.slot <> 1)
        INSERT INTO gateway_passwords (gateway_id, slot, hash)
        SELECT g.id, 1, h.hash
        FROM unnest(%(codes)s::text[], %(hashes)s::text[]) AS h (code, hash)
        JOIN gateways g ON g.code = h.code
        ON CONFLICT (gateway_id, slot)
        DO UPDATE SET hash = excluded.hash, created_at = now(), valid_to = NULL""",
        {"codes": list(hashes), "hashes": list(hashes.values())},
    )


async def admit(conn: AsyncConnection[Any], passwords: Mapping[str, str]) -> None:
    """Let gateways log in with the passwords of `passwords`, by code; a hash that matches already stays.

    Raises:
        UnknownGatewayError: some are not registered; the others are admitted.
    """
    cursor = await conn.execute(
        """
        SELECT g.code, p.hash
        FROM gateways g LEFT JOIN gateway_passwords p
            ON p.gateway_id = g.id AND p.slot = 1 AND p.valid_to IS NULL
        WHERE g.code = ANY(%s)""",
        [list(passwords)],
    )
    stored: dict[str, str | None] = dict(await cursor.fetchall())
    other = {code for code, hashed in stored.items() if _other(passwords[code], hashed)}
    if other:
        await store_hashes(conn, {code: password_hash(passwords[code]) for code in other})
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
