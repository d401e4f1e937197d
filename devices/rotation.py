"""What becomes of a gateway's identities: a second password beside the first, an end of all, a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from devices.credentials import new_password, password_hash
from devices.enrolment import end_tokens
from devices.identities import locked
from devices.model import user_names

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection


class RotationError(ValueError):
    """The passwords that the gateway has do not allow this step."""


class Credential(NamedTuple):
    """What a gateway logs in with, and until when the password that it had before is valid beside it."""

    user_name: str
    password: str
    #: None: it had none
    until: datetime | None


class Revoked(NamedTuple):
    """How many identities of a gateway were ended."""

    passwords: int
    certificates: int


async def rotate(conn: AsyncConnection[Any], gateway: str, *, at: datetime, until: datetime) -> Credential:
    """Give a gateway another password, under the user name that it does not use; the old one ends at `until`.

    Raises:
        UnknownGatewayError: no such gateway.
        RotationError: it has two passwords already.
    """
    password = new_password()
    async with conn.transaction():
        gateway_id = await locked(conn, gateway)
        slots = await _slots(conn, gateway_id, at)
        if len(slots) > 1:
            end = min(filter(None, slots.values()))
            raise RotationError(
                f"{gateway!r} has two passwords, the older one until {end:%F %R} UTC: `halong gateways "
                f"rotate {gateway}` with --end ends it, with --cancel it takes the newer one back"
            )
        free = 2 if 1 in slots else 1
        await conn.execute(
            "UPDATE gateway_passwords SET valid_to = %s WHERE gateway_id = %s", [until, gateway_id]
        )
        await conn.execute(
            "INSERT INTO gateway_passwords (gateway_id, slot, hash) VALUES (%s, %s, %s)",
            [gateway_id, free, password_hash(password)],
        )
    return Credential(user_names(gateway)[free - 1], password, until if slots else None)


async def end_rotation(conn: AsyncConnection[Any], gateway: str, *, at: datetime, keep_old: bool) -> str:
    """End the older of two passwords, or with `keep_old` the newer one; return the user name that stays.

    Raises:
        UnknownGatewayError: no such gateway.
        RotationError: it has not two passwords.
    """
    async with conn.transaction():
        gateway_id = await locked(conn, gateway)
        if len(slots := await _slots(conn, gateway_id, at)) < 2:
            raise RotationError(f"{gateway!r} has not two passwords: nothing is being rotated")
        (stays,) = (slot for slot, valid_to in slots.items() if (valid_to is not None) is keep_old)
        await conn.execute(
            "DELETE FROM gateway_passwords WHERE gateway_id = %s AND slot <> %s", [gateway_id, stays]
        )
        await conn.execute("UPDATE gateway_passwords SET valid_to = NULL WHERE gateway_id = %s", [gateway_id])
    return user_names(gateway)[stays - 1]


async def revoke_all(
    conn: AsyncConnection[Any], gateway: str, *, at: datetime, by: str, reason: str, dry_run: bool = False
) -> Revoked:
    """End every password, certificate and token of a gateway, for good; with `dry_run` only count them.

    Raises:
        UnknownGatewayError: no such gateway.
    """
    async with conn.transaction(force_rollback=dry_run):
        gateway_id = await locked(conn, gateway)
        await end_tokens(conn, gateway_id)
        passwords = await conn.execute("DELETE FROM gateway_passwords WHERE gateway_id = %s", [gateway_id])
        certificates = await conn.execute(
            """
            UPDATE certificates SET revoked_at = %(at)s, revoked_by = %(by)s, reason = %(reason)s
            WHERE gateway = %(gateway)s AND revoked_at IS NULL AND not_after > %(at)s""",
            {"gateway": gateway, "at": at, "by": by, "reason": reason},
        )
    return Revoked(passwords.rowcount, certificates.rowcount)


async def set_enabled(conn: AsyncConnection[Any], gateway: str, *, enabled: bool) -> bool:
    """Let a gateway log in again, or no longer, and return whether that is another state than before.

    Raises:
        UnknownGatewayError: no such gateway.
    """
    async with conn.transaction():
        gateway_id = await locked(conn, gateway)
        cursor = await conn.execute(
            "UPDATE gateways SET enabled = %(enabled)s WHERE id = %(id)s AND enabled <> %(enabled)s",
            {"id": gateway_id, "enabled": enabled},
        )
    return cursor.rowcount == 1


async def _slots(conn: AsyncConnection[Any], gateway_id: int, at: datetime) -> dict[int, datetime | None]:
    """Return slot -> end of the passwords that are valid at `at`; those that have ended are removed."""
    await conn.execute(
        "DELETE FROM gateway_passwords WHERE gateway_id = %s AND valid_to <= %s", [gateway_id, at]
    )
    cursor = await conn.execute(
        "SELECT slot, valid_to FROM gateway_passwords WHERE gateway_id = %s", [gateway_id]
    )
    return dict(await cursor.fetchall())
