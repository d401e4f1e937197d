"""The broker's start file and settings of compose.yaml, with a real Mosquitto and real `sh`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from runtime.broker_address import with_files
from simulators.by_hand import Hand, HandError
from tests.integration.composed import DEPLOY, ENVIRONMENT, Composed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runtime.local.provision import Binaries


@pytest.fixture
def version() -> str:
    return "2.1.2"


@pytest.fixture
def composed(binaries: Binaries, tmp_path: Path, version: str) -> Iterator[Composed]:
    broker = Composed(binaries, tmp_path, version)
    yield broker
    broker.stop()
    broker.log.close()


def test_it_serves_and_ends_when_told(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    assert not composed.takes(composed.platform_port, "halong", "wrong")
    composed.process.send_signal(signal.SIGTERM)
    assert composed.process.wait(timeout=60) == 0
    assert not composed.takes(composed.platform_port, "halong", "platform secret")


def test_another_identity_is_known_without_a_restart(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    assert not composed.takes(composed.platform_port, "second", "its secret")
    log = (composed.folder / "log").stat().st_size
    composed.admit(halong="platform secret", second="its secret")
    composed.said("ACL pattern", since=log)  # it has read them
    # It may log in; nothing tells it what the platform alone may read.
    assert not composed.takes(composed.password_port, "second", "its secret")
    told = (composed.folder / "log").read_text()
    assert re.search(r"New client connected from 127\.0\.0\.1:\d+ as second .*u'second'", told)


@pytest.mark.parametrize("version", ["2.0.22"])
def test_an_older_broker_starts_again_when_identities_change(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    log = (composed.folder / "log").stat().st_size
    composed.admit(halong="another secret")
    composed.said("the broker starts again", since=log)
    assert composed.becomes(composed.platform_port, "halong", "another secret")


def test_a_revoked_certificate_ends_its_connection(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    certificate, own = composed.certify("stolen")
    where = ["-h", "127.0.0.1", "-p", str(composed.certificate_port), "--cafile", composed.folder / "ca.pem"]
    command = [composed.subscribe, *where, *own, "-t", "city/v1/stolen/down/#", "-V", "5"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as thief:
        composed.said("as stolen")
        (composed.folder / "ended").write_text("stolen 0A\n")
        composed.revoke(certificate)
        composed.said("ending the connection of stolen")
        # Cut off, it tries again, and is refused.
        composed.said("certificate verify failed")
        thief.kill()
    files = {"ca_file": "ca.pem", "cert_file": "stolen.pem", "key_file": "stolen.key"}
    paths = {name: composed.folder / file for name, file in files.items()}
    url = with_files(f"mqtts://127.0.0.1:{composed.certificate_port}", **paths)
    refused = "refuses 'stolen': it ended the connection; check the certificate: `halong ca list stolen`"
    with pytest.raises(HandError, match=refused), Hand(url, "stolen", "", "city/v1"):
        pass


def test_a_session_of_before_the_brokers_start_misses_nothing(composed: Composed) -> None:
    """It is away while identities change after a restart: the broker starts again, in place of a reload."""
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    away = composed.platform("mosquitto_sub", "-i", "ingest-0", "-c", "-x", "3600", "-q", "1", "-t", "city/#")
    subprocess.run([*away, "-E"], check=True, timeout=20)
    composed.restart()
    for step in range(3):
        log = (composed.folder / "log").stat().st_size
        composed.admit(halong="platform secret", another=str(step))
        composed.said("the broker starts again", since=log)
        assert composed.becomes(composed.platform_port, "halong", "platform secret")
        publish = composed.platform("mosquitto_pub", "-q", "1", "-t", f"city/{step}", "-m", "x")
        subprocess.run(publish, check=True, timeout=20)
    heard = subprocess.run(
        [*away, "-F", "%t", "-C", "3", "-W", "20"], capture_output=True, text=True, check=True
    )
    assert heard.stdout.split() == ["city/0", "city/1", "city/2"]


def test_a_broker_whose_sessions_are_back_is_reloaded_and_not_restarted(composed: Composed) -> None:
    """Also while they are away again: what is published meanwhile waits for them."""
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    away = composed.platform("mosquitto_sub", "-i", "ingest-0", "-c", "-x", "3600", "-q", "1", "-t", "city/#")
    subprocess.run([*away, "-E"], check=True, timeout=20)
    composed.restart()
    subprocess.run([*away, "-E"], check=True, timeout=20)
    for step in range(3):
        log = (composed.folder / "log").stat().st_size
        composed.admit(halong="platform secret", another=str(step))
        composed.said("ACL pattern", since=log)
        publish = composed.platform("mosquitto_pub", "-q", "1", "-t", f"city/{step}", "-m", "x")
        subprocess.run(publish, check=True, timeout=20)
    heard = subprocess.run(
        [*away, "-F", "%t", "-C", "3", "-W", "20"], capture_output=True, text=True, check=True
    )
    assert heard.stdout.split() == ["city/0", "city/1", "city/2"]
    assert "the broker starts again" not in (composed.folder / "log").read_text()


def test_a_broker_that_fails_ends_the_service(binaries: Binaries, tmp_path: Path) -> None:
    (tmp_path / "mosquitto.conf").write_text("no_such_setting 1\n")
    for name in ("passwords", "acl", "ended", "ca.pem", "server.pem", "server.key", "crl.pem"):
        (tmp_path / name).touch()
    path = f"{binaries.mosquitto.parent}:{os.environ['PATH']}"
    command = ["sh", DEPLOY / "start", tmp_path / "mosquitto.conf", tmp_path]
    ended = subprocess.run(
        command,
        env=ENVIRONMENT | {"PATH": path},
        check=False,
        timeout=20,
        capture_output=True,
    )
    assert ended.returncode != 0


def test_without_identities_it_does_not_start(tmp_path: Path) -> None:
    command = ["sh", DEPLOY / "start", tmp_path / "mosquitto.conf", tmp_path]
    assert subprocess.run(command, check=False, timeout=20, capture_output=True).returncode == 1
