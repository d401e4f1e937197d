"""Enrolment: a one-time token, given to who installs a gateway, is exchanged for the gateway's credential."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from devices.credentials import secret_hash
from devices.identities import locked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from psycopg import AsyncConnection

    T = TypeVar("T")

#: tells a token from a key or a password, for who finds one and for scanners of secrets
PREFIX: Final = "halong_enrol_"
LONGEST: Final = timedelta(days=30)


class EnrolmentError(ValueError):
    """A token that opens nothing, or may not be made."""


@dataclass(frozen=True)
class Token:
    """A token, whose text is known at this moment alone."""

    gateway: str
    text: str
    expires_at: datetime

    def address(self, api: str) -> str:
        """Return where it is sent, for a QR code: what is behind # is in no request and in no log."""
        return f"{api.rstrip('/')}/v1/enrolments#{self.text}"


async def create_token(
    conn: AsyncConnection[Any], gateway: str, *, at: datetime, lasts: timedelta, by: str
) -> Token:
    """Make a token of 192 bits for a gateway; those that it has and did not use end.

    Raises:
        UnknownGatewayError: no such gateway.
        EnrolmentError: it is disabled, or the token would last too long.
    """
    if lasts > LONGEST:
        raise EnrolmentError(f"a token is valid for {LONGEST.days} days at most")
    token = Token(gateway, PREFIX + secrets.token_urlsafe(24), at + lasts)
    async with conn.transaction():
        gateway_id = await locked(conn, gateway)
        await end_tokens(conn, gateway_id)
        cursor = await conn.execute(
            """
            INSERT INTO enrolment_tokens (gateway_id, hash, created_at, created_by, expires_at)
            SELECT id, %s, %s, %s, %s FROM gateways WHERE id = %s AND enabled""",
            [secret_hash(token.text), at, by, token.expires_at, gateway_id],
        )
        if not cursor.rowcount:
            raise EnrolmentError(f"{gateway!r} is disabled: `halong gateways enable {gateway}` first")
    return token


async def end_tokens(conn: AsyncConnection[Any], gateway_id: int) -> None:
    """End the tokens of a gateway that were not used."""
    await conn.execute("DELETE FROM enrolment_tokens WHERE gateway_id = %s AND used_at IS NULL", [gateway_id])


async def redeem(
    conn: AsyncConnection[Any],
    text: str,
    *,
    at: datetime,
    address: str,
    give: Callable[[str], Awaitable[T]],
) -> T:
    """Use a token up, and return what `give` makes for its gateway; if that fails, the token stays.

    Of several at once, one gets it.

    Raises:
        EnrolmentError: the token is unknown, used or expired, or its gateway is disabled.
    """
    digest = secret_hash(text)
    async with conn.transaction():
        # The gateway first, as whoever changes its identities does.
        await conn.execute(
            "SELECT FROM gateways WHERE id = (SELECT gateway_id FROM enrolment_tokens WHERE hash = %s) "
            "FOR UPDATE",
            [digest],
        )
        cursor = await conn.execute(
            """
            UPDATE enrolment_tokens t SET used_at = %(at)s, used_from = %(address)s FROM gateways g
            WHERE g.id = t.gateway_id AND g.enabled
              AND t.hash = %(hash)s AND t.used_at IS NULL AND t.expires_at > %(at)s
            RETURNING g.code""",
            {"hash": digest, "at": at, "address": address},
        )
        row = await cursor.fetchone()
        if row is None:
            raise EnrolmentError(await _why_not(conn, digest))
        return await give(row[0])


async def _why_not(conn: AsyncConnection[Any], digest: bytes) -> str:
    """Say it to who has the token itself: a token that somebody else has used is an alarm."""
    cursor = await conn.execute(
        """
        SELECT g.code, t.used_at, t.used_from, t.expires_at, g.enabled
        FROM enrolment_tokens t JOIN gateways g ON g.id = t.gateway_id WHERE t.hash = %s""",
        [digest],
    )
    row = await cursor.fetchone()
    if row is None:
        return "there is no such token: ask for another"
    code, used_at, used_from, expires_at, enabled = row
    if used_at is not None:
        return (
            f"the token was used at {used_at:%F %R} UTC from {used_from}: if that was not you, have "
            f"{code!r} revoked, and ask for another"
        )
    return (
        f"the token ended at {expires_at:%F %R} UTC: ask for another" if enabled else f"{code!r} is disabled"
    )
