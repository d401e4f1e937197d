"""Who may log in at the broker, who is shut out and whose connection ends, as the database knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devices import certificates
from devices.model import PLATFORM_USER, is_reserved, user_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

    from devices.authority import Revoked


@dataclass(frozen=True)
class BrokerIdentities:
    """What the broker is told of gateways."""

    #: user name -> hash
    passwords: Mapping[str, str]
    #: user names beside the gateway's code -> code
    second_users: Mapping[str, str]
    #: codes that have no right, not even with a certificate or while connected
    shut_out: tuple[str, ...] = ()
    #: a line `code why` for each reason to end a connection
    ended: tuple[str, ...] = ()
    #: certificates that are refused
    revoked: tuple[Revoked, ...] = ()
    #: when a password ends next
    ends_next: datetime | None = None


async def broker_identities(
    conn: AsyncConnection[Any], at: datetime, platform: str = PLATFORM_USER
) -> BrokerIdentities:
    """Read what the broker is to know at `at`; a gateway of the platform's own name has no password there."""
    passwords, second_users, ends = {}, {}, []
    for code, slot, hashed, valid_to in await _passwords(conn, at):
        if is_reserved(code) or code == platform:
            continue
        user = user_names(code)[slot - 1]
        passwords[user] = hashed
        if user != code:
            second_users[user] = code
        if valid_to is not None:
            ends.append(valid_to)
    return BrokerIdentities(
        passwords,
        second_users,
        tuple(await certificates.shut_out(conn, at)),
        tuple(await certificates.ended(conn, at)),
        tuple(await certificates.revoked(conn, at)),
        min(ends, default=None),
    )


async def _passwords(conn: AsyncConnection[Any], at: datetime) -> list[tuple[str, int, str, datetime | None]]:
    cursor = await conn.execute(
        """
        SELECT g.code, p.slot, p.hash, p.valid_to
        FROM gateway_passwords p JOIN gateways g ON g.id = p.gateway_id
        WHERE g.enabled AND (p.valid_to IS NULL OR p.valid_to > %s)
        ORDER BY g.code, p.slot""",
        [at],
    )
    return await cursor.fetchall()
