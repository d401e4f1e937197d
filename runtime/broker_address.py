"""The address of a broker: mqtt://user:password@host:port, or mqtts:// with TLS. Pure."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

#: registered ports (MQTT 5, "Transport"; IANA service names mqtt and secure-mqtt)
_PORT, _TLS_PORT = 1883, 8883


class BrokerAddress(NamedTuple):
    """Where a broker listens and who connects."""

    host: str
    port: int
    is_secure: bool
    user: str | None = None
    password: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Return what checks the broker's certificate; None for a connection without TLS."""
        return ssl.create_default_context() if self.is_secure else None


def broker_address(url: str) -> BrokerAddress:
    """Return the parts of a broker's address; user and password are percent-decoded."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "mqtts"
    return BrokerAddress(
        parts.hostname or "127.0.0.1",
        parts.port or (_TLS_PORT if is_secure else _PORT),
        is_secure,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )
