"""The address of a broker: mqtt://user:password@host:port, or mqtts:// with TLS.

An address with TLS may say with which files: `?ca_file=…` (PEM; default: the system's CA certificates),
`&cert_file=…&key_file=…` (a client's own certificate).
"""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

if TYPE_CHECKING:
    from pathlib import Path

#: registered ports (MQTT 5, "Transport"; IANA service names mqtt and secure-mqtt)
_PORT, _TLS_PORT = 1883, 8883
_FILES = ("ca_file", "cert_file", "key_file")


class BrokerAddress(NamedTuple):
    """Where a broker listens and who connects."""

    host: str
    port: int
    is_secure: bool
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None

    def tls(self) -> ssl.SSLContext | None:
        """Return what checks the broker's certificate; None for a connection without TLS.

        Raises:
            BrokerAddressError: a file of certificates cannot be read.
        """
        if not self.is_secure:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            given = ", ".join(each for each in (self.ca_file, self.cert_file, self.key_file) if each)
            raise BrokerAddressError(f"no certificates in {given}: {error}") from error
        return context


class BrokerAddressError(ValueError):
    """An address, or what it names, cannot be used."""


def broker_address(url: str) -> BrokerAddress:
    """Return the parts of a broker's address; user and password are percent-decoded.

    Raises:
        BrokerAddressError: it has a parameter that it may not have.
    """
    parts = urlsplit(url)
    files = dict(parse_qsl(parts.query))
    if unknown := files.keys() - set(_FILES):
        raise BrokerAddressError(f"a broker's address has no {unknown.pop()!r}: only {', '.join(_FILES)}")
    is_secure = parts.scheme == "mqtts"
    return BrokerAddress(
        parts.hostname or "127.0.0.1",
        parts.port or (_TLS_PORT if is_secure else _PORT),
        is_secure,
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        **files,
    )


def with_files(url: str, **files: Path | None) -> str:
    """Return an address that names files of certificates; None leaves what it names.

    An address without TLS has no use for them and stays as it is.
    """
    parts = urlsplit(url)
    if parts.scheme != "mqtts":
        return url
    given = {name: str(path.absolute()) for name, path in files.items() if path}
    return urlunsplit(parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | given)))
