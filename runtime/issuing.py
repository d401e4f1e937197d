"""Certificates from the authority's folder to files, through the database that records them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from devices import certificates
from devices.authority import AuthorityError, certificate_pem, key_pem, new_key, requested_key
from runtime.whole_files import PUBLIC, replace
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.x509 import CertificateRevocationList
    from psycopg import AsyncConnection

    from devices.authority import Authority
    from runtime.settings import Settings


@dataclass(frozen=True)
class Issuing:
    """Issues gateways' certificates into a folder."""

    authority: Authority
    folder: Path
    days: int
    by: str

    def check(self, codes: Iterable[str], *, own_key: bool) -> None:
        """Refuse to write over a gateway's certificate, or its key, which may be the only copy.

        With keys of the gateways' own (`own_key`) none is written, and one may lie beside its request.

        Raises:
            AuthorityError: the folder has a file that would be written.
        """
        for code in codes:
            certificate, key = self._files(code)
            written = (certificate,) if own_key else (certificate, key)
            if found := next((file for file in written if file.exists()), None):
                raise AuthorityError(f"{found} exists: move it away, or give another folder with --out")

    async def issue(self, settings: Settings, codes: Iterable[str], csr: str | None) -> None:
        """Issue a certificate for each gateway; with a request, for the key that it asks for.

        Raises:
            AuthorityError: the request cannot be granted.
            UnknownGatewayError: a gateway is not registered; those before it have theirs.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        replace(self.folder / "ca.pem", certificate_pem(self.authority.certificate), PUBLIC)
        async with await connect(settings.require_database_url()) as conn:
            for code in codes:
                await self._issue(conn, code, csr)

    async def _issue(self, conn: AsyncConnection[Any], code: str, csr: str | None) -> None:
        own = None if csr else new_key()
        public = own.public_key() if own else requested_key(csr or "", code)
        certificate = await certificates.certify(
            conn, self.authority, code, public, at=datetime.now(UTC), days=self.days, by=self.by
        )
        certificate_file, key_file = self._files(code)
        if own:
            replace(key_file, key_pem(own))
        replace(certificate_file, certificate_pem(certificate), PUBLIC)

    def _files(self, code: str) -> tuple[Path, Path]:
        return self.folder / f"{code}.pem", self.folder / f"{code}.key"


async def signed_crl(settings: Settings, authority: Authority) -> CertificateRevocationList:
    """Return the list of revoked certificates as of this moment."""
    at = datetime.now(UTC)
    async with await connect(settings.require_database_url()) as conn:
        return authority.crl(await certificates.revoked(conn, at), at)
