"""halong's own processes and a TCP proxy, for tests that kill and cut."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import struct
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from runtime.settings import Settings


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """The environment in which a child process has these settings."""
    given = settings.model_dump(mode="json", exclude_defaults=True)
    return {
        **os.environ,
        **{f"HALONG_{name.upper()}": str(value) for name, value in given.items()},
        **changes,
    }


@contextmanager
def running(settings: Settings, *arguments: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run `halong …`; a child that still lives at the end is stopped and must end by itself."""
    command = [sys.executable, "-m", "runtime.cli", *arguments]
    process = subprocess.Popen(command, env=environment(settings, **changes))
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            assert process.wait(60) == 0


@dataclass
class Trap:
    """Cuts the connection that carries `marker`, so many times; of the data from there on a share arrives."""

    marker: bytes
    arrives: float = 0.0
    times: int = 0
    sprung: int = 0

    def caught(self, data: bytes) -> bytes | None:
        """Return what still arrives of data that springs the trap, or None if it does not."""
        place = data.find(self.marker) if self.sprung < self.times else -1
        if place < 0:
            return None
        self.sprung += 1
        return data[: place + int((len(data) - place) * self.arrives)]


#: PostgreSQL's answer to COMMIT (protocol 3, CommandComplete): cut, the client never learns of it
COMMITTED = b"C\0\0\0\x0bCOMMIT\0"
#: the beginning of a binary COPY (PostgreSQL, COPY, "Binary Format")
COPY = b"PGCOPY\n\xff\r\n\0"


# A filter that keeps 0 bytes of each packet (Linux, networking/filter: `ret #0`): the socket hears nothing.
_KEEP_NOTHING = ctypes.create_string_buffer(b"\x06\0\0\0\0\0\0\0")
_ATTACH_FILTER, _DETACH_FILTER = 26, 27


class Proxy:
    """A TCP proxy before a server; `hold_upstream` stops what the client sends from arriving.

    The traps `upstream` and `downstream` cut at certain data.
    """

    def __init__(self, url: str, *, upstream: Trap | None = None, downstream: Trap | None = None) -> None:
        self._target = urlsplit(url)
        self._flows = asyncio.Event()
        self._flows.set()
        self._links: set[asyncio.StreamWriter] = set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._upstream, self._downstream = upstream or Trap(b""), downstream or Trap(b"")
        self.port = 0

    @property
    def url(self) -> str:
        """The server's address through the proxy."""
        user, at, _ = self._target.netloc.rpartition("@")
        return urlunsplit(self._target._replace(netloc=f"{user}{at}127.0.0.1:{self.port}"))

    def hold_upstream(self) -> None:
        self._flows.clear()

    def let_flow(self) -> None:
        self._flows.set()
        self._answers.set()

    def hang(self) -> None:
        """Forward nothing, either way, on connections that stay up: a server that does not answer."""
        self._flows.clear()
        self._answers.clear()

    def vanish(self) -> None:
        """Acknowledge no packet of either side: to each the other one's machine is gone. Linux only."""
        self.hang()
        links = [writer.get_extra_info("socket") for writer in self._links]
        program = struct.pack("HL", 1, ctypes.addressof(_KEEP_NOTHING))
        for link in (*self._server.sockets, *links):
            if link.fileno() >= 0:
                link.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)

    def reappear(self) -> None:
        """Take connections again; those before `vanish` stay dead, as after the restart of a router."""
        for link in self._server.sockets:
            link.setsockopt(socket.SOL_SOCKET, _DETACH_FILTER, 0)
        self.let_flow()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._links):
            writer.transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Proxy]:
        self._server = server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.let_flow()
            self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, sink = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._links |= {writer, sink}
        await asyncio.gather(
            self._pump(reader, sink, self._flows, self._upstream, other=writer),
            self._pump(upstream, writer, self._answers, self._downstream, other=sink),
        )
        self._links -= {writer, sink}

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        gate: asyncio.Event,
        trap: Trap,
        *,
        other: asyncio.StreamWriter,
    ) -> None:
        try:
            while data := await reader.read(65536):
                await gate.wait()
                if (rest := trap.caught(data)) is not None:
                    writer.write(rest)
                    writer.transport.abort()
                    other.transport.abort()
                    return
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
