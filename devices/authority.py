"""A small certificate authority: a root, certificates of the broker and of gateways, a list of revoked ones.

Profile: X.509 version 3 as in RFC 5280, keys on the curve P-256, signatures ECDSA with SHA-256. A gateway's
certificate has its code as common name (CN), which the broker takes as user name. Pure but for random keys
and serial numbers; `devices.authority_files` keeps them.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from devices.model import is_code, is_reserved, reserved_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

ROOT_DAYS: Final = 3650
SERVER_DAYS: Final = 397
"""What browsers take at most (CA/Browser Forum, Baseline Requirements 1.7.1, 6.3.2)."""
GATEWAY_DAYS: Final = 825
CRL_DAYS: Final = 397
"""A broker with an overdue list lets no certificate in: it is valid as long as the server's certificate."""

HOLD: Final = x509.ReasonFlags.certificate_hold.value
REASONS: Final = tuple(
    flag.value
    for flag in x509.ReasonFlags
    if flag.value not in {x509.ReasonFlags.remove_from_crl.value, HOLD}
)
"""Why a certificate may be revoked (RFC 5280, 5.3.1)."""

#: clocks of gateways lag
_BACKDATED: Final = timedelta(hours=1)
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.IGNORECASE)
_CURVE: Final = ec.SECP256R1()


class AuthorityError(ValueError):
    """What was given cannot be certified, or is no authority."""


@dataclass(frozen=True)
class Revoked:
    """A certificate that is not to be believed."""

    serial: int
    at: datetime
    reason: str = x509.ReasonFlags.unspecified.value


@dataclass(frozen=True)
class Authority:
    """The root certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def server(
        self,
        names: Sequence[str],
        key: CertificatePublicKeyTypes,
        at: datetime,
        *,
        days: int = SERVER_DAYS,
    ) -> x509.Certificate:
        """Certify a server under its host names and addresses.

        Raises:
            AuthorityError: no name is given, or one is neither a host's name nor an address.
        """
        if not names:
            raise AuthorityError(
                "a server's certificate needs a name: give --name or set HALONG_BROKER_NAMES"
            )
        alternatives = x509.SubjectAlternativeName([_general_name(each) for each in names])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        # The names are in subjectAltName; a CN would be a user name, had the broker taken it for a client's.
        draft = self._draft(key, at, days).subject_name(_name(organisation="halong broker"))
        return self._sign(
            draft.add_extension(alternatives, critical=False).add_extension(usage, critical=False)
        )

    def gateway(
        self, code: str, key: CertificatePublicKeyTypes, at: datetime, *, days: int = GATEWAY_DAYS
    ) -> x509.Certificate:
        """Certify a gateway: CN = its code.

        Raises:
            AuthorityError: the code is none of a gateway, or the key is too weak.
        """
        _require_gateway(code)
        _require_strong(key)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        return self._sign(
            self._draft(key, at, days).subject_name(_name(code)).add_extension(usage, critical=False)
        )

    def crl(
        self, revoked: Iterable[Revoked], at: datetime, *, days: int = CRL_DAYS
    ) -> x509.CertificateRevocationList:
        """Return the signed list of what is revoked; its number (RFC 5280, 5.2.3) is the Unix time in s."""
        draft = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at - _BACKDATED)
            .next_update(at + timedelta(days=days))
            .add_extension(self._issuer_key(), critical=False)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        for each in revoked:
            draft = draft.add_revoked_certificate(_entry(each))
        return draft.sign(self.key, hashes.SHA256())

    def _draft(self, key: CertificatePublicKeyTypes, at: datetime, days: int) -> x509.CertificateBuilder:
        end = min(at + timedelta(days=days), self.certificate.not_valid_after_utc)
        draft = _draft(key, at, end).issuer_name(self.certificate.subject)
        return (
            draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(digital_signature=True), critical=True)
            .add_extension(self._issuer_key(), critical=False)
        )

    def _issuer_key(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())

    def _sign(self, draft: x509.CertificateBuilder) -> x509.Certificate:
        return draft.sign(self.key, hashes.SHA256())


def new_authority(name: str, at: datetime, *, days: int = ROOT_DAYS) -> Authority:
    """Return an authority of its own, with a random key, under the common name `name`."""
    key = new_key()
    subject = _name(name)
    draft = _draft(key.public_key(), at, at + timedelta(days=days)).subject_name(subject).issuer_name(subject)
    draft = draft.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        _key_usage(key_cert_sign=True, crl_sign=True), critical=True
    )
    return Authority(draft.sign(key, hashes.SHA256()), key)


def new_key() -> ec.EllipticCurvePrivateKey:
    """Return a random private key on the curve P-256."""
    return ec.generate_private_key(_CURVE)


def certificate_pem(certificate: x509.Certificate | x509.CertificateRevocationList) -> str:
    """Return a certificate, or a list of revoked ones, as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str | None = None) -> str:
    """Return a private key as PEM (PKCS #8), encrypted if there is a passphrase."""
    encryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def read_authority(certificate: str, key: str, passphrase: str) -> Authority:
    """Return the authority of a certificate and an encrypted key, both PEM.

    Raises:
        AuthorityError: they are none, the passphrase is another's, or they are not of one pair.
    """
    try:
        root = x509.load_pem_x509_certificate(certificate.encode())
        private = load_pem_private_key(key.encode(), passphrase.encode())
    except (ValueError, TypeError) as error:
        raise AuthorityError(
            f"the CA's key cannot be read: is HALONG_CA_PASSPHRASE right? ({error})"
        ) from None
    if not isinstance(private, ec.EllipticCurvePrivateKey) or private.public_key() != root.public_key():
        raise AuthorityError(
            "the CA's certificate and its key are not of one pair: take both from one backup"
        )
    return Authority(root, private)


def requested_key(csr: str, code: str) -> CertificatePublicKeyTypes:
    """Return the public key of a certificate signing request (PKCS #10, PEM) of a gateway.

    Only the key is taken from it: what else it asks for is not the gateway's to choose.

    Raises:
        AuthorityError: it is none, its signature is wrong, or it names another gateway.
    """
    try:
        request = x509.load_pem_x509_csr(csr.encode())
    except ValueError as error:
        raise AuthorityError(f"no certificate signing request in PEM: {error}") from None
    if not request.is_signature_valid:
        raise AuthorityError("the request is not signed by its own key: make it again")
    names = [each.value for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names not in ([], [code]):
        raise AuthorityError(f"the request is of {names[0]!r}, not of {code!r}: its CN is the gateway's code")
    return _certifiable(request.public_key())


def hex_serial(serial: int) -> str:
    """Return a serial number as OpenSSL prints it: hexadecimal digits in capitals, an even number of them."""
    text = f"{serial:X}"
    return text.zfill(len(text) + len(text) % 2)


def _require_gateway(code: str) -> None:
    if not is_code(code):
        raise AuthorityError(f"{code!r} is no gateway's code: see `halong devices list`")
    if is_reserved(code):
        raise AuthorityError(reserved_text(code))


def _certifiable(key: object) -> CertificatePublicKeyTypes:
    if isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey):
        _require_strong(key)
        return key
    raise AuthorityError("the request's key is of no kind that the broker takes: make one on the curve P-256")


def _require_strong(key: CertificatePublicKeyTypes) -> None:
    """Refuse keys below 112 bits of strength (NIST SP 800-57 part 1, table 2)."""
    for kind, bits in ((ec.EllipticCurvePublicKey, 224), (rsa.RSAPublicKey, 2048)):
        if isinstance(key, kind) and key.key_size < bits:
            raise AuthorityError(f"a key of {key.key_size} bits is too weak: make one on the curve P-256")


def _draft(key: CertificatePublicKeyTypes, at: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .public_key(key)
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _entry(revoked: Revoked) -> x509.RevokedCertificate:
    draft = x509.RevokedCertificateBuilder().serial_number(revoked.serial).revocation_date(revoked.at)
    if revoked.reason != x509.ReasonFlags.unspecified.value:  # which is left out (RFC 5280, 5.3.1)
        draft = draft.add_extension(x509.CRLReason(x509.ReasonFlags(revoked.reason)), critical=False)
    return draft.build()


def _name(common_name: str | None = None, organisation: str | None = None) -> x509.Name:
    parts = {NameOID.ORGANIZATION_NAME: organisation, NameOID.COMMON_NAME: common_name}
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items() if value])


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        if not _HOST.fullmatch(name) or len(name) > 253:
            raise AuthorityError(f"{name!r} is neither a host's name nor an IP address") from None
        return x509.DNSName(name.lower())


def _key_usage(**uses: bool) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**dict.fromkeys(every, False) | uses)
