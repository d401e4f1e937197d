"""Gateways' certificates as the database knows them: issued by whom, until when, revoked why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

from devices.authority import HOLD, Revoked, hex_serial
from devices.identities import UnknownGatewayError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
    from cryptography.x509 import Certificate
    from psycopg import AsyncConnection

    from devices.authority import Authority


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate of a gateway."""

    #: hexadecimal, as OpenSSL prints it
    serial: str
    gateway: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    issued_by: str
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str | None

    def state(self, at: datetime) -> str:
        """Return valid, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "valid" if at < self.not_after else "expired"


async def record(conn: AsyncConnection[Any], gateway: str, certificate: Certificate, by: str) -> None:
    """Keep that a certificate was issued; before it is handed out, so that none is unknown.

    Raises:
        UnknownGatewayError: no such gateway, or it is disabled.
    """
    cursor = await conn.execute(
        """
        INSERT INTO certificates (serial, gateway, not_before, not_after, issued_by)
        SELECT %(serial)s, code, %(not_before)s, %(not_after)s, %(by)s
        FROM gateways WHERE code = %(gateway)s AND enabled""",
        {
            "serial": hex_serial(certificate.serial_number),
            "gateway": gateway,
            "not_before": certificate.not_valid_before_utc,
            "not_after": certificate.not_valid_after_utc,
            "by": by,
        },
    )
    if not cursor.rowcount:
        raise UnknownGatewayError(
            f"gateway {gateway!r} is not registered, or is disabled: see `halong devices list`"
        )


async def certify(
    conn: AsyncConnection[Any],
    authority: Authority,
    gateway: str,
    key: CertificatePublicKeyTypes,
    *,
    at: datetime,
    days: int,
    by: str,
) -> Certificate:
    """Issue a gateway's certificate, recorded before anybody has it: else it could not be revoked.

    Raises:
        AuthorityError: the key cannot be certified.
        UnknownGatewayError: no such gateway, or it is disabled.
    """
    certificate = authority.gateway(gateway, key, at, days=days)
    await record(conn, gateway, certificate, by)
    return certificate


async def issued(conn: AsyncConnection[Any], gateway: str | None = None) -> list[Issued]:
    """Return the certificates of a gateway or of all, by gateway, the newest first."""
    cursor = conn.cursor(row_factory=class_row(Issued))
    await cursor.execute(
        """
        SELECT serial, gateway, not_before, not_after, issued_at, issued_by, revoked_at, revoked_by, reason
        FROM certificates
        WHERE %(gateway)s::text IS NULL OR gateway = %(gateway)s
        ORDER BY gateway, issued_at DESC, serial""",
        {"gateway": gateway},
    )
    return await cursor.fetchall()


async def revoke(
    conn: AsyncConnection[Any], serials: Sequence[str], *, at: datetime, by: str, reason: str
) -> int:
    """Revoke certificates and return how many; one that is revoked stays as it is."""
    cursor = await conn.execute(
        """
        UPDATE certificates SET revoked_at = %(at)s, revoked_by = %(by)s, reason = %(reason)s
        WHERE serial = ANY(%(serials)s) AND revoked_at IS NULL""",
        {"serials": list(serials), "at": at, "by": by, "reason": reason},
    )
    return cursor.rowcount


async def revoked(conn: AsyncConnection[Any], at: datetime) -> list[Revoked]:
    """Return what has to stand in the list of revoked certificates: those that would be valid otherwise.

    A disabled gateway's are on hold (RFC 5280, 5.3.1), as of `at`: they leave the list when it is enabled.
    """
    cursor = await conn.execute(
        """
        SELECT serial, coalesce(revoked_at, %(at)s), coalesce(reason, %(hold)s)
        FROM certificates c LEFT JOIN gateways g ON g.code = c.gateway
        WHERE not_after > %(at)s AND (revoked_at IS NOT NULL OR g.enabled IS NOT TRUE)
        ORDER BY serial""",
        {"at": at, "hold": HOLD},
    )
    return [Revoked(int(serial, 16), when, reason) for serial, when, reason in await cursor.fetchall()]


async def without_certificate(conn: AsyncConnection[Any], at: datetime, ahead: timedelta) -> list[str]:
    """Return the codes of enabled gateways without a certificate that is valid until `ahead` from `at`."""
    cursor = await conn.execute(
        """
        SELECT code FROM gateways g
        WHERE enabled AND NOT EXISTS (
            SELECT FROM certificates c
            WHERE c.gateway = g.code AND revoked_at IS NULL AND not_after > %s)
        ORDER BY code""",
        [at + ahead],
    )
    return [code for (code,) in await cursor.fetchall()]


async def ending(conn: AsyncConnection[Any], at: datetime, ahead: timedelta) -> int:
    """Return how many enabled gateways' last certificates, valid at `at`, end within `ahead`."""
    cursor = await conn.execute(
        """
        SELECT count(*) FROM (
            SELECT max(not_after) AS last FROM certificates JOIN gateways g ON g.code = gateway AND g.enabled
            WHERE revoked_at IS NULL AND not_after > %s GROUP BY gateway) each
        WHERE last <= %s""",
        [at, at + ahead],
    )
    ((number,),) = await cursor.fetchall()
    return int(number)


async def shut_out(conn: AsyncConnection[Any], at: datetime) -> list[str]:
    """Return codes whose certificates, or connections that exist, must not give any right at the broker.

    Those are of gateways that are disabled or not registered, and of those whose only identities are revoked.
    """
    cursor = await conn.execute(
        """
        SELECT code FROM gateways WHERE NOT enabled
        UNION
        SELECT gateway FROM certificates c LEFT JOIN gateways g ON g.code = c.gateway
        GROUP BY gateway
        HAVING bool_or(enabled) IS NOT TRUE
            OR bool_and((revoked_at IS NOT NULL OR not_after <= %(at)s) AND NOT EXISTS (
                SELECT FROM gateway_passwords p
                WHERE p.gateway_id = g.id AND (p.valid_to IS NULL OR p.valid_to > %(at)s)))
        ORDER BY 1""",
        {"at": at},
    )
    return [code for (code,) in await cursor.fetchall()]


async def ended(conn: AsyncConnection[Any], at: datetime) -> list[str]:
    """Return a line `code why` for each reason to end a connection: certificate revoked, gateway disabled."""
    cursor = await conn.execute(
        """
        SELECT gateway || ' ' || serial FROM certificates WHERE revoked_at IS NOT NULL AND not_after > %s
        UNION ALL
        SELECT code || ' disabled' FROM gateways WHERE NOT enabled
        ORDER BY 1""",
        [at],
    )
    return [line for (line,) in await cursor.fetchall()]
