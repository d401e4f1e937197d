"""The broker of compose.yaml: its start file and settings, in a folder of the test."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from devices.authority import Revoked, certificate_pem, key_pem, new_authority, new_key
from devices.credentials import password_hash
from runtime.local.mosquitto_files import acl_text
from runtime.local.process import free_port
from runtime.whole_files import replace

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from runtime.local.provision import Binaries

NOW = datetime.now(UTC)
ENVIRONMENT = {"HALONG_IDENTITIES_SECONDS": "0.1", "HALONG_MQTT_PASSWORD": "platform secret"}
DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "mosquitto"


class StartedBroker:
    """What `start` runs, with files that a folder has already.

    Mosquitto says that it is of `version`, upon which it depends whether it is reloaded or restarted.
    """

    def __init__(self, binaries: Binaries, folder: Path, version: str = "2.1.2") -> None:
        self.folder = folder
        self.subscribe = binaries.mosquitto_sub
        self.password_port, self.certificate_port, self.platform_port = (free_port() for _ in range(3))
        (folder / "mosquitto.conf").write_text(self._conf())
        said = folder / "bin" / "mosquitto"
        said.parent.mkdir()
        tells = f'[ "$1" != -h ] || exec echo "mosquitto version {version}"'
        said.write_text(f'#!/bin/sh\n{tells}\nexec {binaries.mosquitto} "$@"\n')
        said.chmod(0o755)
        path = f"{said.parent}:{binaries.mosquitto_sub.parent}:{os.environ['PATH']}"
        self._environment = ENVIRONMENT | {"PATH": path}
        self._programs = binaries.mosquitto_sub.parent
        self.log = (folder / "log").open("w+")

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["sh", DEPLOY / "start", self.folder / "mosquitto.conf", self.folder],
            env=self._environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def restart(self) -> None:
        self.stop()
        self.start()
        assert self.becomes(self.platform_port, "halong", "platform secret")

    def platform(self, program: str, *options: str) -> list[str | Path]:
        """The command line of one of Mosquitto's clients as the platform's user."""
        user = ["-u", "halong", "-P", "platform secret", "-V", "5"]
        return [self._programs / program, "-h", "127.0.0.1", "-p", str(self.platform_port), *user, *options]

    def _conf(self) -> str:
        conf = (DEPLOY / "mosquitto.conf").read_text()
        for old, new in (
            ("/var/lib/halong/broker", str(self.folder)),
            ("/mosquitto/data/", f"{self.folder}/"),
            ("listener 8883", f"listener {self.password_port} 127.0.0.1"),
            ("listener 8884", f"listener {self.certificate_port} 127.0.0.1"),
            ("listener 1884", f"listener {self.platform_port} 127.0.0.1"),
        ):
            assert old in conf
            conf = conf.replace(old, new)
        return f"user root\n{conf}"

    def said(self, words: str, since: int = 0) -> None:
        """Wait until the log has these words, behind `since` bytes."""
        deadline = time.monotonic() + 60
        while words not in (told := (self.folder / "log").read_text()[since:]):
            assert time.monotonic() < deadline, told[-2000:]
            time.sleep(0.05)

    def takes(self, port: int, user: str, password: str, topic: str = "$SYS/broker/uptime") -> bool:
        """Tell whether the health check of compose.yaml would find the broker well as this user."""
        arguments = ["-h", "127.0.0.1", "-p", str(port), "-u", user, "-P", password, "-t", topic]
        tls = [] if port == self.platform_port else ["--cafile", self.folder / "ca.pem"]
        command = [self.subscribe, *arguments, *tls, "-C", "1", "-W", "2"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def becomes(self, port: int, user: str, password: str) -> bool:
        deadline = time.monotonic() + 60
        while not (taken := self.takes(port, user, password)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return taken


class Composed(StartedBroker):
    """With files of its own making: an authority, and the users that a test admits."""

    def __init__(self, binaries: Binaries, folder: Path, version: str = "2.1.2") -> None:
        super().__init__(binaries, folder, version)
        self.authority = new_authority("halong CA test", NOW)
        self._certify()
        self.admit(halong="platform secret")
        (folder / "ended").touch()
        (folder / "sessions").write_text("ingest-0\n")
        (folder / "acl").write_text(acl_text())
        self.start()

    def _certify(self) -> None:
        key = new_key()
        server = self.authority.server(["127.0.0.1"], key.public_key(), NOW)
        texts = {
            "ca.pem": certificate_pem(self.authority.certificate),
            "server.pem": certificate_pem(server),
            "server.key": key_pem(key),
        }
        for name, text in texts.items():
            replace(self.folder / name, text)
        self.revoke()

    def revoke(self, *certificates: Certificate) -> None:
        revoked = [Revoked(each.serial_number, NOW) for each in certificates]
        replace(self.folder / "crl.pem", certificate_pem(self.authority.crl(revoked, datetime.now(UTC))))

    def certify(self, code: str) -> tuple[Certificate, list[str]]:
        """A gateway's certificate, and the options of Mosquitto's clients for it."""
        key = new_key()
        certificate = self.authority.gateway(code, key.public_key(), NOW)
        files = self.folder / f"{code}.pem", self.folder / f"{code}.key"
        files[0].write_text(certificate_pem(certificate))
        files[1].write_text(key_pem(key))
        return certificate, ["--cert", str(files[0]), "--key", str(files[1])]

    def admit(self, **passwords: str) -> None:
        lines = (f"{user}:{password_hash(password)}\n" for user, password in passwords.items())
        (self.folder / "passwords").write_text("".join(lines))
        (self.folder / "passwords").chmod(0o600)
