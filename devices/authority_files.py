"""The certificate authority's folder: its key, encrypted, its certificate, and those of the broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509

from devices.authority import (
    Authority,
    AuthorityError,
    certificate_pem,
    key_pem,
    read_authority,
)
from runtime.whole_files import PUBLIC, replace

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True)
class AuthorityFolder:
    """Where an authority is kept; who has it and its passphrase can name gateways."""

    path: Path

    @property
    def certificate(self) -> Path:
        """The root certificate, for gateways and for the broker."""
        return self.path / "ca.pem"

    @property
    def key(self) -> Path:
        """The root's private key, encrypted, mode 0600."""
        return self.path / "ca.key"

    @property
    def server_certificate(self) -> Path:
        """The broker's certificate."""
        return self.path / "server.pem"

    @property
    def server_key(self) -> Path:
        """The broker's private key, mode 0600; not encrypted, since the broker has nobody to ask."""
        return self.path / "server.key"

    @property
    def exists(self) -> bool:
        """Whether there is an authority."""
        return self.certificate.exists() and self.key.exists()

    @property
    def has_server(self) -> bool:
        """Whether the broker has a certificate."""
        return self.server_certificate.exists() and self.server_key.exists()

    def create(self, authority: Authority, passphrase: str) -> None:
        """Keep another authority.

        Raises:
            AuthorityError: there is one, whose certificates would all end.
        """
        if self.certificate.exists() or self.key.exists():
            raise AuthorityError(
                f"{self.path} has a CA whose certificates are in use: to begin anew, move the folder away"
            )
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(self.key, key_pem(authority.key, passphrase))
        replace(self.certificate, certificate_pem(authority.certificate), PUBLIC)

    def open(self, passphrase: str) -> Authority:
        """Return the authority that is kept.

        Raises:
            AuthorityError: there is none, or its key cannot be read.
        """
        return read_authority(self.root_pem(), self.key.read_text(), passphrase)

    def root_pem(self) -> str:
        """Return the root certificate as PEM.

        Raises:
            AuthorityError: there is none.
        """
        if not self.exists:
            raise AuthorityError(
                f"{self.path} has no CA: make one with `halong ca init`, or set HALONG_CA_DIR"
            )
        return self.certificate.read_text()

    def root(self) -> x509.Certificate:
        """Return the root certificate.

        Raises:
            AuthorityError: there is none.
        """
        return x509.load_pem_x509_certificate(self.root_pem().encode())

    def keep_server(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """Keep the broker's certificate and key in place of what was there."""
        replace(self.server_key, key_pem(key))
        replace(self.server_certificate, certificate_pem(certificate), PUBLIC)

    def server(self) -> x509.Certificate | None:
        """Return the broker's certificate, None if it has none yet."""
        if not self.has_server:
            return None
        return x509.load_pem_x509_certificate(self.server_certificate.read_bytes())

    def for_broker(self, crl: str) -> dict[str, str]:
        """Return what the broker needs, name of the file -> text: all but the CA's key.

        Args:
            crl: the list of revoked certificates, PEM.

        Raises:
            AuthorityError: there is no CA, or it has no certificate for the broker.
        """
        if not self.has_server:
            raise AuthorityError(f"{self.path} has no certificate for the broker: `halong ca server`")
        server = {f.name: f.read_text() for f in (self.server_certificate, self.server_key)}
        return {"ca.pem": self.root_pem(), **server, "crl.pem": crl}


def server_names(certificate: x509.Certificate) -> set[str]:
    """Return the host names and addresses that a certificate stands for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
