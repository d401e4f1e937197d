"""How somebody who plays a gateway logs in as it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.broker_address import broker_address, with_files
from runtime.simulation import read_passwords, without_user

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.settings import Settings


class LogInError(ValueError):
    """There is nothing to log in with."""

    exit_code = 2


@dataclass(frozen=True)
class LogIn:
    """How a gateway shows who it is: by password, or by certificate and key."""

    password: str | None
    passwords: Path | None
    ca: Path | None
    certificate: Path | None
    key: Path | None

    def at(self, broker: str | None, configured: Settings, code: str) -> tuple[str, str]:
        """Return the broker's address without a user, and the gateway's password, empty if it needs none.

        Raises:
            LogInError: there is neither a password nor a certificate.
        """
        url = broker or str(configured.gateway_mqtt_url or configured.require_mqtt_url())
        secret = self._password(url, code, is_for_gateways=bool(broker or configured.gateway_mqtt_url))
        files = {"ca_file": self.ca, "cert_file": self.certificate, "key_file": self.key}
        return with_files(without_user(url), **files), secret

    def _password(self, url: str, code: str, *, is_for_gateways: bool) -> str:
        known = read_passwords(self.passwords).get(code) if self.passwords else None
        secret = self.password or known or (broker_address(url).password if is_for_gateways else None)
        if not secret and not self.certificate:
            raise LogInError(
                f"no password for {code!r}: give --password, HALONG_GATEWAY_PASSWORD or --passwords; "
                f"the operator makes one with `halong gateways password {code}`"
            )
        return secret or ""
