"""The certificate authority against OpenSSL and against Python's own TLS."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from devices.authority import (
    HOLD,
    REASONS,
    Authority,
    AuthorityError,
    Revoked,
    certificate_pem,
    hex_serial,
    key_pem,
    new_authority,
    new_key,
    read_authority,
    requested_key,
)
from devices.authority_files import AuthorityFolder, server_names
from devices.revocation_list import lists
from tests.documents import shell_blocks

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

AT = datetime.now(UTC).replace(microsecond=0)
CITY = new_authority("halong CA test", AT - timedelta(days=1))


def gateway(code: str = "gw-1", *, at: datetime = AT, authority: Authority = CITY) -> x509.Certificate:
    return authority.gateway(code, new_key().public_key(), at)


def verify(
    folder: Path,
    certificate: x509.Certificate,
    purpose: str,
    *more: str,
    crl: x509.CertificateRevocationList | None = None,
) -> str:
    """What `openssl verify` says of a certificate, with all its strict checks."""
    openssl = shutil.which("openssl") or pytest.skip("no openssl to verify with: install openssl")
    (folder / "ca.pem").write_text(certificate_pem(CITY.certificate))
    (folder / "leaf.pem").write_text(certificate_pem(certificate))
    options = ["-x509_strict", "-purpose", purpose, "-CAfile", str(folder / "ca.pem"), *more]
    if crl is not None:  # an empty one is false
        (folder / "crl.pem").write_text(certificate_pem(crl))
        options += ["-crl_check", "-CRLfile", str(folder / "crl.pem")]
    command = [openssl, "verify", *options, folder / "leaf.pem"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_a_gateways_certificate_is_for_clients_alone(tmp_path: Path) -> None:
    certificate = gateway("ha-long_1.x")
    assert "leaf.pem: OK" in verify(tmp_path, certificate, "sslclient", crl=CITY.crl([], AT))
    assert "unsuitable certificate purpose" in verify(tmp_path, certificate, "sslserver")
    (name,) = certificate.subject
    assert (name.oid, name.value) == (NameOID.COMMON_NAME, "ha-long_1.x")


def test_the_brokers_certificate_is_for_servers_alone_and_under_its_names(tmp_path: Path) -> None:
    names = ["Broker.Example.vn", "localhost", "203.0.113.7", "2001:db8::1"]
    certificate = CITY.server(names, new_key().public_key(), AT)
    assert server_names(certificate) == {name.lower() for name in names}
    for check in (["-verify_hostname", "broker.example.vn"], ["-verify_ip", "203.0.113.7"]):
        assert "leaf.pem: OK" in verify(tmp_path, certificate, "sslserver", *check)
    assert "hostname mismatch" in verify(tmp_path, certificate, "sslserver", "-verify_hostname", "other.vn")
    assert "unsuitable certificate purpose" in verify(tmp_path, certificate, "sslclient")
    assert not certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)


@pytest.mark.parametrize("name", ["", "a b", "*.example.vn", "-x", "http://x", "a..b", "x" * 64, "gw_1"])
def test_what_is_no_name_of_a_host_is_not_certified(name: str) -> None:
    with pytest.raises(AuthorityError, match="neither a host's name nor an IP address"):
        CITY.server([name], new_key().public_key(), AT)


def test_a_server_needs_a_name() -> None:
    with pytest.raises(AuthorityError, match="HALONG_BROKER_NAMES"):
        CITY.server([], new_key().public_key(), AT)


def test_no_certificate_outlives_its_authority() -> None:
    late = AT + timedelta(days=3600)
    assert gateway(at=late).not_valid_after_utc == CITY.certificate.not_valid_after_utc
    assert gateway().not_valid_after_utc == AT + timedelta(days=825)
    assert gateway().not_valid_before_utc == AT - timedelta(hours=1)


@pytest.mark.parametrize("code", ["halong", "alerts", "ingest-0", "ingest-12-feedback"])
def test_users_of_the_platform_are_no_gateways(code: str) -> None:
    with pytest.raises(AuthorityError, match="a name of halong's own at the broker"):
        gateway(code)


@pytest.mark.parametrize("code", ["", "A", "a b", "+", "#", "a/b", "x" * 65, "gw\x00", "ｇw"])
def test_what_is_no_code_is_not_certified(code: str) -> None:
    with pytest.raises(AuthorityError, match="is no gateway's code"):
        gateway(code)


def test_a_revoked_certificate_is_told_from_its_successor(tmp_path: Path) -> None:
    old, new = gateway(), gateway()
    crl = CITY.crl([Revoked(old.serial_number, AT, "keyCompromise")], AT)
    assert "certificate revoked" in verify(tmp_path, old, "sslclient", crl=crl)
    assert "leaf.pem: OK" in verify(tmp_path, new, "sslclient", crl=crl)


def test_an_overdue_list_is_refused(tmp_path: Path) -> None:
    crl = CITY.crl([], AT - timedelta(days=398))
    assert "CRL has expired" in verify(tmp_path, gateway(), "sslclient", crl=crl)


_SERIALS = st.integers(1, 2**159 - 1)
_SECONDS = st.integers(1_500_000_000, 3_000_000_000)


@given(st.dictionaries(_SERIALS, st.tuples(_SECONDS, st.sampled_from(REASONS)), max_size=20))
def test_a_list_holds_what_it_was_given(entries: dict[int, tuple[int, str]]) -> None:
    given_ = [Revoked(each, datetime.fromtimestamp(at, UTC), why) for each, (at, why) in entries.items()]
    crl = CITY.crl(given_, AT)
    read = x509.load_pem_x509_crl(certificate_pem(crl).encode())
    assert read.is_signature_valid(CITY.certificate.public_key())  # type: ignore[arg-type]
    assert {(each.serial_number, each.revocation_date_utc, _reason(each)) for each in read} == {
        (each.serial, each.at, each.reason) for each in given_
    }


def _reason(entry: x509.RevokedCertificate) -> str:
    try:
        return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
    except x509.ExtensionNotFound:
        return "unspecified"


def test_each_list_has_a_greater_number() -> None:
    def number(crl: x509.CertificateRevocationList) -> int:
        return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number

    assert number(CITY.crl([], AT)) < number(CITY.crl([], AT + timedelta(seconds=1)))


def test_the_key_is_kept_encrypted_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = AuthorityFolder(tmp_path / "ca")
    folder.create(CITY, "correct horse")
    opened = folder.open("correct horse")
    assert opened.certificate == CITY.certificate
    assert opened.key.private_numbers() == CITY.key.private_numbers()
    assert folder.key.stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert "ENCRYPTED" in folder.key.read_text()
    with pytest.raises(AuthorityError, match="HALONG_CA_PASSPHRASE"):
        folder.open("wrong")
    with pytest.raises(AuthorityError, match="move the folder away"):
        folder.create(new_authority("another", AT), "correct horse")


def test_a_certificate_and_a_key_of_two_authorities_are_none() -> None:
    other = new_authority("other", AT)
    with pytest.raises(AuthorityError, match="not of one pair"):
        read_authority(certificate_pem(CITY.certificate), key_pem(other.key, "secret"), "secret")


def request(key: CertificateIssuerPrivateKeyTypes, name: str | None = "gw-1") -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject)
    asked = asked.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return asked.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.mark.parametrize("name", ["gw-1", None])
def test_of_a_request_only_the_key_is_taken(name: str | None) -> None:
    own = new_key()
    certificate = CITY.gateway("gw-1", requested_key(request(own, name), "gw-1"), AT)
    assert certificate.public_key() == own.public_key()
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_request_of_firmware_md_is_granted(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a request with: install openssl")
    (command,) = (block for block in shell_blocks("docs/firmware.md") if block.startswith("openssl req"))
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    assert CITY.gateway("tour", requested_key((tmp_path / "tour.csr").read_text(), "tour"), AT)


def test_a_request_that_cannot_be_granted_is_refused() -> None:
    own = new_key()
    for csr, words in (
        (request(own, "gw-2"), "is of 'gw-2', not of 'gw-1'"),
        ("nonsense", "no certificate signing request"),
        (request(rsa.generate_private_key(65537, 1024)), "1024 bits is too weak"),
        (request(ec.generate_private_key(ec.SECP192R1())), "192 bits is too weak"),
        (request(dsa.generate_private_key(2048)), "of no kind that the broker takes"),
    ):
        with pytest.raises(AuthorityError, match=words):
            requested_key(csr, "gw-1")


def test_a_request_signed_by_another_key_is_refused() -> None:
    der = bytearray(x509.load_pem_x509_csr(request(new_key()).encode()).public_bytes(Encoding.DER))
    der[-1] ^= 1
    forged = x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM).decode()
    with pytest.raises(AuthorityError, match="not signed by its own key"):
        requested_key(forged, "gw-1")


@pytest.mark.parametrize(("serial", "text"), [(0xABC, "0ABC"), (0x1F, "1F"), (0x100, "0100")])
def test_a_serial_is_written_as_openssl_does(serial: int, text: str) -> None:
    assert hex_serial(serial) == text


def test_a_list_that_says_what_it_should_is_known_again() -> None:
    found = [Revoked(7, AT, "superseded"), Revoked(8, AT), Revoked(9, AT, HOLD)]
    pem, root = certificate_pem(CITY.crl(found, AT)), CITY.certificate
    soon, late = AT + timedelta(days=396), AT + timedelta(days=398)
    assert lists(pem, root, found[::-1], until=soon)
    assert not lists(pem, root, found, until=late)
    assert not lists(pem, root, found[:2], until=soon)
    assert not lists(pem, root, [*found[:2], Revoked(9, AT)], until=soon), "no longer on hold"
    assert not lists(pem, new_authority("halong CA test", AT).certificate, found, until=soon)
    assert not lists("", root, [], until=soon)
