"""The folder that the Mosquitto which browsers reach starts from: files replaced where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices.authority_files import AuthorityFolder
from devices.model import PLATFORM_USER
from runtime.broker_address import broker_address
from runtime.broker_files import kept_hash
from runtime.dynamic_security import hash_in, users_text
from runtime.environment import SettingsError, require
from runtime.whole_files import replace

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.settings import Settings

#: readable for the broker's group
_MODE: Final = 0o640
_USERS: Final = "dynamic-security.json"


@dataclass(frozen=True)
class BrowserFiles:
    """The files of the broker for browsers: its one user that is for good, certificates, and the CA's."""

    settings: Settings
    folder: Path

    def write(self) -> list[str]:
        """Write what differs, and return the names of those files.

        Raises:
            SettingsError: there is no certificate for browsers, or HALONG_BROWSER_BROKER_URL is not set.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        texts = {_USERS: self._users(), **self._certificates()}
        changed = [name for name, text in texts.items() if text != self._written(name)]
        for name in changed:
            replace(self.folder / name, texts[name], _MODE)
        return changed

    def _certificates(self) -> dict[str, str]:
        authority = AuthorityFolder(self.settings.authority_folder)
        if not authority.has_server:
            raise SettingsError(
                "make a certificate for the gateways' broker with `halong ca server`: that for browsers "
                "checks it, and shows it to them unless HALONG_BROWSER_CERT_FILE names another"
            )
        certificate = self.settings.browser_cert_file or authority.server_certificate
        key = self.settings.browser_key_file or authority.server_key
        return {
            "ca.pem": authority.root_pem(),
            "server.pem": certificate.read_text(),
            "server.key": key.read_text(),
        }

    def _users(self) -> str:
        """Return the file of users; one that is written stays where it is of the same password."""
        url = require(
            self.settings.browser_broker_url,
            "HALONG_BROWSER_BROKER_URL",
            f"mqtt://{PLATFORM_USER}:password@host:1885",
        )
        written = self._written(_USERS)
        hashed = kept_hash(written and hash_in(written), broker_address(url).password or "")
        return users_text(PLATFORM_USER, hashed)

    def _written(self, name: str) -> str | None:
        file = self.folder / name
        return file.read_text() if file.exists() else None
