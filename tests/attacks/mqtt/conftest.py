"""A city's broker with TLS, as compose sets it up, and what an attacker can bring along."""

from __future__ import annotations

import secrets
import socket
import ssl
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiomqtt
import mqtt5
import pytest

from devices.authority import Authority, Revoked, certificate_pem, key_pem, new_authority, new_key
from devices.authority_files import AuthorityFolder
from devices.credentials import password_hash
from devices.model import PLATFORM_USER
from runtime.local.mosquitto import LocalMosquitto

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.x509 import Certificate

    from runtime.local.provision import Binaries

NOW = datetime.now(UTC)
OBSERVATIONS = "city/v1/{}/up/observations"
LONG_AGO = NOW - timedelta(days=1000)


@dataclass(frozen=True)
class Papers:
    """A certificate with its key, as files."""

    certificate: Certificate
    file: Path
    key: Path

    @classmethod
    def write(cls, folder: Path, certificate: Certificate, key: str) -> Papers:
        place = folder / secrets.token_hex(4)
        papers = cls(certificate, place.with_suffix(".pem"), place.with_suffix(".key"))
        papers.file.write_text(certificate_pem(certificate))
        papers.key.write_text(key)
        return papers


@dataclass
class City:
    """A broker with TLS and its authority; gw-1 and gw-2 have passwords."""

    authority: Authority
    folder: Path
    broker: LocalMosquitto
    passwords: dict[str, str] = field(default_factory=dict)

    def papers(self, code: str, *, at: datetime = NOW, authority: Authority | None = None) -> Papers:
        """A gateway's certificate, from the city's authority unless another one is given."""
        key = new_key()
        certificate = (authority or self.authority).gateway(code, key.public_key(), at)
        return Papers.write(self.folder, certificate, key_pem(key))

    def tls(self, papers: Papers | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        if papers:
            context.load_cert_chain(papers.file, papers.key)
        return context

    @property
    def password_port(self) -> int:
        assert self.broker.tls_ports
        return self.broker.tls_ports.password

    @property
    def certificate_port(self) -> int:
        assert self.broker.tls_ports
        return self.broker.tls_ports.certificate

    def by_password(self, code: str, **options: Any) -> aiomqtt.Client:
        options = {"username": code, "password": f"{code} sesame", "tls_context": self.tls()} | options
        return _client(self.password_port, **options)

    def by_certificate(self, papers: Papers, **options: Any) -> aiomqtt.Client:
        return _client(self.certificate_port, tls_context=self.tls(papers), **options)

    def platform(self, **options: Any) -> aiomqtt.Client:
        password = self.broker.password_file.read_text()
        return _client(self.broker.platform_port, username=PLATFORM_USER, password=password, **options)

    def reload(self, *revoked: Papers, shut_out: tuple[str, ...] = ()) -> None:
        """Have the broker read its files again, with a list of revoked certificates."""
        known = [Revoked(each.certificate.serial_number, NOW) for each in revoked]
        crl = certificate_pem(self.authority.crl(known, datetime.now(UTC)))
        self.broker.reload(self.passwords, tls={"crl.pem": crl}, shut_out=shut_out)


@pytest.fixture
def city(binaries: Binaries, scratch: Path, tmp_path: Path) -> Iterator[City]:
    authority, key = new_authority("halong CA test", LONG_AGO), new_key()
    kept = AuthorityFolder(tmp_path / "ca")
    kept.create(authority, "a long passphrase")
    kept.keep_server(authority.server(["localhost", "127.0.0.1"], key.public_key(), NOW), key)
    (tmp_path / "ca.pem").write_text(kept.root_pem())
    passwords = {code: password_hash(f"{code} sesame") for code in ("gw-1", "gw-2")}
    files = kept.for_broker(certificate_pem(authority.crl([], NOW)))
    place = scratch / f"attacked-{secrets.token_hex(4)}"
    with LocalMosquitto(binaries, place, passwords=passwords, tls=files) as broker:
        yield City(authority, tmp_path, broker, passwords)


def _client(port: int, **options: Any) -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5, **options)


def answer(port: int, context: ssl.SSLContext | None = None, **connect: Any) -> str:
    """What the broker says to a CONNECT: its reason code's name, or `closed`, with the other side's alert."""
    packet = mqtt5.ConnectPacket(connect.pop("client_id", "x"), clean_start=True, **connect).write()
    try:
        with ExitStack() as stack:
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            if context:
                line = stack.enter_context(context.wrap_socket(line, server_hostname="localhost"))
            line.sendall(packet)
            heard = line.recv(1000)
    except (ssl.SSLError, ConnectionError) as error:
        return f"closed: {getattr(error, 'reason', None) or type(error).__name__}"
    if not heard:
        return "closed"
    said, _ = mqtt5.read(memoryview(heard))
    assert isinstance(said, mqtt5.ConnAckPacket)
    return said.reason_code.name


def refusal(city: City, papers: Papers | None) -> str:
    """The alert with which the broker refuses a client's certificate."""
    newest = answer(city.certificate_port, city.tls(papers))
    # With TLS 1.3 the client has sent its CONNECT before it hears, and may hear no more than the end.
    context = city.tls(papers)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    alert = answer(city.certificate_port, context)
    return alert if newest.startswith("closed") else newest
