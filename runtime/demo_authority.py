"""TLS of the demo's broker: a certificate authority of its own, made at the first start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from devices.authority import certificate_pem, new_authority, new_key
from devices.authority_files import AuthorityFolder
from runtime.whole_files import replace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from devices.authority import Revoked

#: what a gateway on this machine calls the broker
_NAMES: Final = ("localhost", "127.0.0.1")
#: the broker's certificate is renewed when it ends sooner
_AHEAD: Final = timedelta(days=60)


@dataclass(frozen=True)
class DemoAuthority:
    """The demo's authority, with the passphrase that lies beside it: a demo has nobody to ask."""

    folder: AuthorityFolder
    passphrase: str

    @classmethod
    def at(cls, path: Path) -> Self:
        """Return the authority in a folder, made where there is none, with a certificate for the broker."""
        own = cls(AuthorityFolder(path), _kept(path.with_name("ca.passphrase")))
        now = datetime.now(UTC)
        if not own.folder.exists:
            own.folder.create(new_authority("halong demo CA", now), own.passphrase)
        server = own.folder.server()
        if server is None or server.not_valid_after_utc < now + _AHEAD:
            own._certify_broker(now)
        return own

    @staticmethod
    def broker_url(port: int) -> str:
        """Return where a gateway on this machine connects by TLS: by the name in the broker's certificate."""
        return f"mqtts://{_NAMES[0]}:{port}"

    def for_broker(self, revoked: Iterable[Revoked] = ()) -> dict[str, str]:
        """Return the broker's files, name -> text, with the list of what is revoked."""
        crl = self.folder.open(self.passphrase).crl(revoked, datetime.now(UTC))
        return self.folder.for_broker(certificate_pem(crl))

    def _certify_broker(self, now: datetime) -> None:
        key = new_key()
        certificate = self.folder.open(self.passphrase).server(_NAMES, key.public_key(), now)
        self.folder.keep_server(certificate, key)


def _kept(file: Path) -> str:
    """Return the passphrase that a file keeps, made where there is none."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        replace(file, secrets.token_urlsafe(24))
    return file.read_text()
