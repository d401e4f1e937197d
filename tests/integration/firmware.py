"""What the firmware examples need to run: a broker with TLS, libmosquitto, and their processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from ctypes.util import find_library
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from devices.authority import Authority, certificate_pem, key_pem, new_authority, new_key
from devices.authority_files import AuthorityFolder
from runtime.local.debian import Archive
from runtime.local.errors import ProvisionError
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.prefix import Part, find_prefix
from runtime.places import default_cache
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runtime.local.provision import Binaries

EXAMPLES = REPOSITORY / "docs" / "examples" / "firmware"
HEADER = "mosquitto.h"


@dataclass(frozen=True)
class Certified:
    """A broker with TLS, and the certificate that gateways check it with."""

    server: LocalMosquitto
    ca_file: Path
    authority: Authority

    def own_files(self, code: str) -> dict[str, str]:
        """Return the environment of an example that logs in by a certificate of its own."""
        key, files = (
            new_key(),
            {f"{kind}_FILE": self.ca_file.with_name(f"{code}.{kind}") for kind in ("CERT", "KEY")},
        )
        certificate = self.authority.gateway(code, key.public_key(), datetime.now(UTC))
        files["CERT_FILE"].write_text(certificate_pem(certificate))
        files["KEY_FILE"].write_text(key_pem(key))
        return {name: str(file) for name, file in files.items()}


@contextmanager
def certified_broker(
    binaries: Binaries, place: Path, folder: Path, kind: type[LocalMosquitto] = LocalMosquitto
) -> Iterator[Certified]:
    """Run the broker that halong configures, with an authority of its own in `folder`."""
    at, key, kept = datetime.now(UTC), new_key(), AuthorityFolder(folder)
    authority = new_authority("halong CA test", at)
    kept.create(authority, "a long passphrase")
    kept.keep_server(authority.server(["localhost"], key.public_key(), at), key)
    files = kept.for_broker(certificate_pem(authority.crl([], at)))
    with kind(binaries, place, tls=files) as server:
        yield Certified(server, kept.certificate, authority)


def compiler(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no compiler for the example ({' or '.join(names)}): install gcc and g++")
    return found


def compile_c(source: Path, program: Path) -> None:
    """Compile with the machine's libmosquitto, or with Debian's, brought into the cache."""
    command = [compiler("cc", "gcc", "clang"), "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", source]
    done = subprocess.run(
        [*command, "-o", program, *libmosquitto()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def libmosquitto() -> list[str]:
    """Return the compiler's options for libmosquitto's header and library."""
    prefix = find_prefix(default_cache(), frozenset({Part.MOSQUITTO}))
    if find_library("mosquitto") is None and prefix is None:
        pytest.skip("no libmosquitto for the C example: install libmosquitto-dev")
    installed = Path("/usr/include", HEADER).exists()
    include = [] if installed else ["-I", str(bring_header(default_cache()))]
    if find_library("mosquitto"):
        return [*include, "-lmosquitto" if installed else f"-l:{find_library('mosquitto')}"]
    assert prefix
    library = next(prefix.glob("usr/lib/*/libmosquitto.so.1"))
    loader = next(library.parent.glob("ld-linux*"))
    # The library needs a C library newer than the machine's may be: the program runs with the prefix's.
    link = ["--allow-shlib-undefined", "--disable-new-dtags", f"-rpath,{library.parent}"]
    return [*include, str(library), *(f"-Wl,{each}" for each in [*link, f"--dynamic-linker,{loader}"])]


def bring_header(cache: Path) -> Path:
    """Return the folder of libmosquitto's header, out of Debian's package; nothing is installed."""
    kept = cache / "libmosquitto-dev"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=cache) as name:
            try:
                unpack("libmosquitto-dev", Path(name))
            except ProvisionError as error:
                pytest.skip(f"no {HEADER} for the C example: install libmosquitto-dev ({error})")
            Path(name, "root").rename(kept)
    return kept / "usr" / "include"


def unpack(package: str, folder: Path) -> None:
    archive = Archive(folder)
    chosen = [each for each in archive.select([package]) if each.name == package]
    archive.download(chosen, lambda _: None)
    for each in chosen:
        command = ["dpkg", "-x", archive.downloads / each.file_name, folder / "root"]
        subprocess.run(command, check=True)


@dataclass
class Example:
    """A program of docs/examples/firmware as one gateway runs it."""

    command: list[str]
    environment: Mapping[str, str]
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *self.command,
            env={"PATH": os.environ["PATH"], **self.environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def measure(self, *lines: str) -> None:
        assert self.process
        assert self.process.stdin
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        await self.process.stdin.drain()

    async def said(self, words: str) -> None:
        """Wait until its standard error says something."""
        assert self.process
        assert self.process.stderr
        async with asyncio.timeout(40):
            while words not in (line := (await self.process.stderr.readline()).decode()):
                assert line, f"{self.command} ended before it said {words!r}"

    async def cut_off(self) -> None:
        """End it as a power cut would."""
        assert self.process
        self.process.kill()
        await self.process.communicate()

    async def finish(self) -> tuple[str, str]:
        """Close its input, wait for its end and return what it wrote since; it must succeed."""
        assert self.process
        assert self.process.stdin
        self.process.stdin.close()
        ended = asyncio.create_task(self.process.communicate())
        await asyncio.wait({ended}, timeout=40)
        if not ended.done():
            self.process.kill()
        out, err = await ended
        assert self.process.returncode == 0, err.decode()
        return out.decode(), err.decode()


def example(kind: str, folder: Path) -> list[str]:
    """Return the command that runs an example."""
    if kind == "python":
        return [sys.executable, str(EXAMPLES / "gateway.py")]
    if kind == "shell":
        return ["sh", str(EXAMPLES / "publish.sh")]
    program = folder / "gateway"
    if not program.exists():
        compile_c(EXAMPLES / "gateway.c", program)
    return [str(program)]
