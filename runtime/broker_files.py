"""The folder from which Mosquitto reads its identities: files replaced as a whole, where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from devices.authority import certificate_pem
from devices.authority_files import AuthorityFolder
from devices.broker_identities import BrokerIdentities, broker_identities
from devices.credentials import password_hash, password_matches
from devices.identities import require_no_gateway
from devices.model import ALERT_READER, BROWSERS, PLATFORM_USER
from devices.revocation_list import lists
from ingest.shares import client_ids
from runtime.broker_address import broker_address
from runtime.local.mosquitto_files import acl_text, passwords_text
from runtime.settings import secret
from runtime.whole_files import replace

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from psycopg import AsyncConnection

    from devices.authority import Revoked
    from runtime.settings import Settings

#: readable for the broker's group
_MODE: Final = 0o640
#: a list of revoked certificates is signed anew when it would end sooner
_AHEAD: Final = timedelta(days=60)


@dataclass(frozen=True)
class BrokerFiles:
    """The files of a broker: passwords, acl, ended, sessions, and with a CA what TLS needs."""

    settings: Settings
    folder: Path

    async def require_own_name(self, conn: AsyncConnection[Any]) -> None:
        """Refuse a registry in which a gateway has the name of the platform's user.

        Raises:
            UnknownGatewayError: one has.
        """
        await require_no_gateway(conn, self._user)

    async def read(self, conn: AsyncConnection[Any]) -> BrokerIdentities:
        """Read who may log in at this moment; a gateway of the platform's own name may not."""
        return await broker_identities(conn, datetime.now(UTC), self._user)

    def write(self, identities: BrokerIdentities) -> list[str]:
        """Write what differs, and return the names of those files.

        Raises:
            AuthorityError: there is a CA, but no certificate for the broker, or its key cannot be read.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        texts = self._texts(identities)
        changed = [name for name, text in texts.items() if text != self._written(name)]
        for name in changed:
            replace(self.folder / name, texts[name], _MODE)
        return changed

    @property
    def _user(self) -> str:
        return broker_address(self.settings.require_mqtt_url()).user or PLATFORM_USER

    def _texts(self, identities: BrokerIdentities) -> dict[str, str]:
        rules = acl_text(
            self.settings.topic_root,
            self._user,
            self.settings.lorawan_sources,
            identities.shut_out,
            second_users=identities.second_users,
            sparkplug=bool(self.settings.sparkplug_host_id),
        )
        return self._tls(identities.revoked) | {
            "passwords": passwords_text({**identities.passwords, **self._own_hashes()}),
            "acl": rules,
            "ended": _lines(identities.ended),
            # Those for whom a reload loses nothing once they are back (decision 092).
            "sessions": _lines(client_ids(self.settings)),
        }

    def _own_hashes(self) -> dict[str, str]:
        """Return the hashes of halong's own users: those that are written, where they are right."""
        written = dict(line.split(":", 1) for line in (self._written("passwords") or "").splitlines())
        passwords = {
            self._user: broker_address(self.settings.require_mqtt_url()).password,
            ALERT_READER: secret(self.settings.alert_reader_password),
            BROWSERS: secret(self.settings.browser_bridge_password),
        }
        return {
            name: kept_hash(written.get(name), password) for name, password in passwords.items() if password
        }

    def _tls(self, revoked: tuple[Revoked, ...]) -> dict[str, str]:
        folder = AuthorityFolder(self.settings.authority_folder)
        return folder.for_broker(self._crl(folder, revoked)) if folder.exists else {}

    def _crl(self, folder: AuthorityFolder, revoked: tuple[Revoked, ...]) -> str:
        """Return the list that is written, or another one where it is not of these, or will be overdue."""
        at, written = datetime.now(UTC), self._written("crl.pem")
        if written and lists(written, folder.root(), revoked, until=at + _AHEAD):
            return written
        authority = folder.open(self.settings.require_ca_passphrase())
        return certificate_pem(authority.crl(revoked, at))

    def _written(self, name: str) -> str | None:
        file = self.folder / name
        return file.read_text() if file.exists() else None


def kept_hash(hashed: str | None, password: str) -> str:
    """Return the hash of a password that is written, or another one where it is of another password."""
    return hashed if hashed and password_matches(password, hashed) else password_hash(password)


def _lines(words: Iterable[str]) -> str:
    return "".join(f"{each}\n" for each in words)
