"""`halong ca …` and `halong broker …`: from a new authority to the files of a broker."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from cryptography import x509

from devices.authority import hex_serial, key_pem, new_key
from devices.authority_files import AuthorityFolder, server_names
from devices.identities import UnknownGatewayError, set_password
from devices.registry import import_profile
from tests.integration.city import small_city
from tests.unit.test_authority import request

if TYPE_CHECKING:
    from pathlib import Path

Connection = psycopg.AsyncConnection[Any]
OUT = "out"
#: what a broker without TLS reads
PLAIN = {"passwords", "acl", "ended", "sessions"}


class Desk:
    """A person at a terminal, in a folder of their own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.ca = AuthorityFolder(folder / "ca")
        self._environment = {
            "PATH": os.environ["PATH"],
            "COLUMNS": "200",
            "HALONG_DATABASE_URL": url,
            "HALONG_MQTT_URL": "mqtt://halong:platform@127.0.0.1:1",
            "HALONG_CA_DIR": str(self.ca.path),
            "HALONG_CA_PASSPHRASE": "a long passphrase",
            "HALONG_BROKER_NAMES": "mqtt.example.vn, 203.0.113.7",
        }

    def says(self, *arguments: str, code: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "runtime.cli", *arguments],
            env=self._environment | environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def certificate(self, code: str, folder: str = OUT) -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / folder / f"{code}.pem").read_bytes())


@pytest.fixture
async def desk(conn: Connection, database_url: str, tmp_path: Path) -> Desk:
    for code in ("gw-1", "gw-2", "gw-3"):
        await import_profile(conn, small_city(code))
    desk = Desk(database_url, tmp_path)
    desk.says("ca", "init")
    return desk


async def test_an_authority_is_made_once(desk: Desk) -> None:
    kept = desk.ca.root_pem()
    assert "move the folder away" in desk.says("ca", "init", code=1)
    assert "there is a CA already" in desk.says("ca", "init", "--keep")
    assert desk.ca.root_pem() == kept == desk.says("ca", "show")
    assert "HALONG_CA_PASSPHRASE" in desk.says(
        "ca", "server", code=1, HALONG_CA_PASSPHRASE="not the right one"
    )
    empty = str(desk.folder / "empty")
    assert "halong ca init" in desk.says("ca", "server", code=1, HALONG_CA_DIR=empty)


async def test_the_brokers_certificate_is_renewed_when_it_is_due_or_named_otherwise(desk: Desk) -> None:
    desk.says("ca", "server")
    first = desk.ca.server()
    assert first
    assert server_names(first) == {"mqtt.example.vn", "203.0.113.7"}
    assert "valid until" in desk.says("ca", "server", "--keep")
    assert desk.ca.server() == first
    desk.says("ca", "server", "--keep", "--name", "other.example.vn")
    second = desk.ca.server()
    assert second
    assert server_names(second) == {"other.example.vn"}
    key, soon = new_key(), datetime.now(UTC) - timedelta(days=397 - 59)
    ending = desk.ca.open("a long passphrase").server(["other.example.vn"], key.public_key(), soon)
    desk.ca.keep_server(ending, key)
    desk.says("ca", "server", "--keep", "--name", "other.example.vn")
    assert desk.ca.server() != ending


async def test_a_certificate_is_issued_recorded_and_renewed(desk: Desk, conn: Connection) -> None:
    desk.says("ca", "issue", "gw-1", "--out", OUT, "--by", "an installer")
    certificate, key = desk.certificate("gw-1"), desk.folder / OUT / "gw-1.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (desk.folder / OUT / "ca.pem").read_text() == desk.ca.root_pem()
    certificate.verify_directly_issued_by(desk.ca.root())
    cursor = await conn.execute("SELECT serial, gateway, not_after, issued_by, revoked_at FROM certificates")
    assert await cursor.fetchall() == [
        (hex_serial(certificate.serial_number), "gw-1", certificate.not_valid_after_utc, "an installer", None)
    ]
    assert "gw-1.pem exists" in desk.says("ca", "issue", "gw-1", "--out", OUT, code=1)
    desk.says("ca", "issue", "gw-1", "--out", "renewed", "--days", "30")
    listed = desk.says("ca", "list")
    assert listed.count("│ valid") == 2
    assert "broker: none" in listed
    ending = desk.says("ca", "list", "--ending", "60")
    assert hex_serial(desk.certificate("gw-1", "renewed").serial_number) in ending
    assert hex_serial(certificate.serial_number) not in ending


async def test_all_that_are_due_get_one(desk: Desk, conn: Connection) -> None:
    await conn.execute("UPDATE gateways SET enabled = false WHERE code = 'gw-3'")
    desk.says("ca", "issue", "gw-1", "--out", "before")
    assert "1 issued" in desk.says("ca", "issue", "--all", "--out", OUT)
    assert desk.certificate("gw-2")
    assert "no certificate is due" in desk.says("ca", "issue", "--all", "--out", OUT)


async def test_a_request_keeps_its_key_with_the_gateway(desk: Desk) -> None:
    own = new_key()
    (desk.folder / "gw-1.csr").write_text(request(own))
    desk.says("ca", "issue", "gw-1", "--csr", "gw-1.csr", "--out", OUT)
    assert desk.certificate("gw-1").public_key() == own.public_key()
    assert not (desk.folder / OUT / "gw-1.key").exists()
    assert "not of 'gw-2'" in desk.says("ca", "issue", "gw-2", "--csr", "gw-1.csr", "--out", OUT, code=1)
    assert "one code" in desk.says("ca", "issue", "gw-1", "gw-2", "--csr", "gw-1.csr", code=2)


async def test_a_request_may_lie_beside_its_key(desk: Desk) -> None:
    (desk.folder / "gw-1.csr").write_text(request(new_key()))
    (desk.folder / "gw-1.key").write_text("the only copy")
    desk.says("ca", "issue", "gw-1", "--csr", "gw-1.csr", "--out", ".")
    assert desk.certificate("gw-1", ".")
    assert (desk.folder / "gw-1.key").read_text() == "the only copy"
    assert "gw-1.pem exists" in desk.says("ca", "issue", "gw-1", "--csr", "gw-1.csr", "--out", ".", code=1)
    (desk.folder / "gw-1.pem").unlink()
    assert "gw-1.key exists" in desk.says("ca", "issue", "gw-1", "--out", ".", code=1)


async def test_who_is_not_registered_or_has_a_reserved_name_gets_none(desk: Desk, conn: Connection) -> None:
    assert "not registered" in desk.says("ca", "issue", "gw-9", "--out", OUT, code=1)
    assert "of halong's own" in desk.says("ca", "issue", "halong", "--out", OUT, code=1)
    with pytest.raises(UnknownGatewayError, match="of halong's own"):
        await set_password(conn, "alerts")
    assert not list((desk.folder / OUT).glob("gw-*"))


async def test_what_is_revoked_reaches_the_brokers_files(desk: Desk, conn: Connection) -> None:
    desk.says("ca", "server")
    desk.says("ca", "issue", "gw-1", "gw-2", "--out", OUT)
    serial = hex_serial(desk.certificate("gw-1").serial_number)
    assert "nothing was changed" in desk.says("ca", "revoke", "gw-1", "--dry-run")
    assert _revoked(desk) == []
    assert "no reason" in desk.says("ca", "revoke", "gw-1", "--reason", "theft", code=2)
    desk.says("ca", "revoke", "gw-1", "--reason", "superseded", "--by", "an operator")
    assert "no such certificate that is valid" in desk.says("ca", "revoke", "gw-1", code=1)
    assert "by an operator: superseded" in desk.says("ca", "list", "gw-1")
    await conn.execute("UPDATE gateways SET enabled = false WHERE code = 'gw-3'")
    assert _revoked(desk) == [serial]
    acl, ended = ((desk.folder / "broker" / name).read_text() for name in ("acl", "ended"))
    assert "\nuser gw-1\ntopic deny #\n" in acl, "it has no other identity"
    assert "\nuser gw-3\ntopic deny #\n" in acl
    assert "user gw-2" not in acl
    assert ended.splitlines() == [f"gw-1 {serial}", "gw-3 disabled"]
    await set_password(conn, "gw-1")
    desk.says("broker", "files", "--out", "broker")
    assert "user gw-1" not in (desk.folder / "broker" / "acl").read_text()


def _revoked(desk: Desk) -> list[str]:
    """Write the broker's files and return the serials of its list of revoked certificates."""
    desk.says("broker", "files", "--out", "broker")
    files = {path.name for path in (desk.folder / "broker").iterdir()}
    assert files == {*PLAIN, "ca.pem", "server.pem", "server.key", "crl.pem"}
    assert "PRIVATE KEY" not in (desk.folder / "broker" / "ca.pem").read_text()
    crl = x509.load_pem_x509_crl((desk.folder / "broker" / "crl.pem").read_bytes())
    return [hex_serial(each.serial_number) for each in crl]


async def test_the_check_tells_what_ends(desk: Desk) -> None:
    check = ("check", "--service", "tls")
    assert "no certificate: `halong ca server`" in desk.says(*check, code=1)
    desk.says("ca", "server")
    desk.says("ca", "issue", "gw-1", "gw-2", "--days", "59", "--out", "short")
    assert "2 of gateways end within 60 days" in desk.says(*check)
    desk.says("ca", "issue", "gw-1", "--out", OUT)
    assert "1 of gateways end within 60 days" in desk.says(*check)
    key, past = new_key(), datetime.now(UTC) - timedelta(days=397 - 29)
    ending = desk.ca.open("a long passphrase").server(["mqtt.example.vn"], key.public_key(), past)
    desk.ca.keep_server(ending, key)
    assert "the broker's certificate ends on" in desk.says(*check, code=1)
    assert "no certificate authority here" in desk.says(*check, HALONG_CA_DIR=str(desk.folder / "none"))


async def test_without_an_authority_the_files_are_passwords_and_rules(desk: Desk) -> None:
    desk.says("broker", "files", "--out", "broker", HALONG_CA_DIR=str(desk.folder / "none"))
    assert {p.name for p in (desk.folder / "broker").iterdir()} == PLAIN


async def test_an_authority_without_a_certificate_for_the_broker_is_told(desk: Desk) -> None:
    assert "halong ca server" in desk.says("broker", "files", "--out", "broker", code=1)


async def test_the_platforms_user_is_no_gateway(desk: Desk) -> None:
    url = "mqtt://gw-1:platform@127.0.0.1:1"
    assert "give it another name" in desk.says(
        "broker", "files", "--out", "broker", code=1, HALONG_MQTT_URL=url
    )


async def test_a_list_of_revoked_certificates_alone(desk: Desk) -> None:
    assert "0 revoked" in desk.says("ca", "crl", "--out", "list.pem")
    crl = x509.load_pem_x509_crl((desk.folder / "list.pem").read_bytes())
    assert crl.issuer == desk.ca.root().subject


def test_a_key_is_readable_by_its_owner_from_the_first_byte_on(tmp_path: Path) -> None:
    from runtime.whole_files import replace

    file = tmp_path / "key"
    file.write_text("before")
    file.chmod(0o666)
    replace(file, key_pem(new_key()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
