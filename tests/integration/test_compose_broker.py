"""The broker's start file and settings of compose.yaml, with a real Mosquitto and real `sh`."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devices.credentials import password_hash
from runtime.local.mosquitto import acl_text
from runtime.local.process import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.local.provision import Binaries

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"


class Composed:
    """What `start` runs, in a folder of the test."""

    def __init__(self, binaries: Binaries, folder: Path) -> None:
        self.folder = folder
        self.subscribe = binaries.mosquitto_sub
        self.gateway_port, self.platform_port = free_port(), free_port()
        self.admit(halong="platform secret")
        (folder / "acl").write_text(acl_text())
        (folder / "mosquitto.conf").write_text(self._conf())
        path = f"{binaries.mosquitto.parent}:{os.environ['PATH']}"
        self.log = (folder / "log").open("w+")
        self.process = subprocess.Popen(
            ["sh", DEPLOY / "start", folder / "mosquitto.conf", folder],
            env={"PATH": path, "HALONG_IDENTITIES_SECONDS": "0.1"},
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def _conf(self) -> str:
        conf = (DEPLOY / "mosquitto.conf").read_text()
        for old, new in (
            ("/var/lib/halong/broker", str(self.folder)),
            ("/mosquitto/data/", f"{self.folder}/"),
            ("listener 1883", f"listener {self.gateway_port} 127.0.0.1"),
            ("listener 1884", f"listener {self.platform_port} 127.0.0.1"),
        ):
            assert old in conf
            conf = conf.replace(old, new)
        return f"user root\n{conf}"

    def admit(self, **passwords: str) -> None:
        lines = (f"{user}:{password_hash(password)}\n" for user, password in passwords.items())
        (self.folder / "passwords").write_text("".join(lines))
        (self.folder / "passwords").chmod(0o600)

    def takes(self, port: int, user: str, password: str, topic: str = "$SYS/broker/uptime") -> bool:
        """Tell whether the health check of compose.yaml would find the broker well as this user."""
        arguments = ["-h", "127.0.0.1", "-p", str(port), "-u", user, "-P", password, "-t", topic]
        command = [self.subscribe, *arguments, "-C", "1", "-W", "2"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def becomes(self, port: int, user: str, password: str) -> bool:
        deadline = time.monotonic() + 20
        while not (taken := self.takes(port, user, password)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return taken


@pytest.fixture
def composed(binaries: Binaries, tmp_path: Path) -> Iterator[Composed]:
    broker = Composed(binaries, tmp_path)
    yield broker
    if broker.process.poll() is None:
        broker.process.send_signal(signal.SIGTERM)
        broker.process.wait(timeout=20)
    broker.log.close()


def test_it_serves_and_ends_when_told(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    assert not composed.takes(composed.platform_port, "halong", "wrong")
    composed.process.send_signal(signal.SIGTERM)
    assert composed.process.wait(timeout=20) == 0
    assert not composed.takes(composed.platform_port, "halong", "platform secret")


def test_another_identity_is_known_without_a_restart(composed: Composed) -> None:
    assert composed.becomes(composed.platform_port, "halong", "platform secret")
    assert not composed.takes(composed.platform_port, "second", "its secret")
    composed.admit(halong="platform secret", second="its secret")
    deadline = time.monotonic() + 20
    while "identities have changed" not in (composed.folder / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # It may log in; nothing tells it what the platform alone may read.
    assert not composed.takes(composed.gateway_port, "second", "its secret")
    told = (composed.folder / "log").read_text()
    assert re.search(r"New client connected from 127\.0\.0\.1:\d+ as second .*u'second'", told)


def test_a_broker_that_fails_ends_the_service(binaries: Binaries, tmp_path: Path) -> None:
    (tmp_path / "mosquitto.conf").write_text("no_such_setting 1\n")
    for name in ("passwords", "acl"):
        (tmp_path / name).touch()
    path = f"{binaries.mosquitto.parent}:{os.environ['PATH']}"
    command = ["sh", DEPLOY / "start", tmp_path / "mosquitto.conf", tmp_path]
    ended = subprocess.run(
        command,
        env={"PATH": path, "HALONG_IDENTITIES_SECONDS": "0.1"},
        check=False,
        timeout=20,
        capture_output=True,
    )
    assert ended.returncode != 0


def test_without_identities_it_does_not_start(tmp_path: Path) -> None:
    command = ["sh", DEPLOY / "start", tmp_path / "mosquitto.conf", tmp_path]
    assert subprocess.run(command, check=False, timeout=20, capture_output=True).returncode == 1
