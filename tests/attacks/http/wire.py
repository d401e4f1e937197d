"""Bytes to and from a server, as no client library would send them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: an answer has come, or a connection has ended, by then
WAIT_S = 30.0


@dataclass
class Wire:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> bool:
        """Send, and tell whether the other side still takes it."""
        try:
            self.writer.write(data)
            await self.writer.drain()
        except OSError:
            return False
        return not self.writer.transport.is_closing()

    async def dribble(self, data: bytes, every_s: float) -> None:
        """Send again and again until the other side ends the connection."""
        while await self.send(data):
            await asyncio.sleep(every_s)

    async def rest(self) -> bytes:
        """Everything that comes until the other side ends the connection.

        Raises:
            TimeoutError: it does not.
        """
        found = bytearray()
        with suppress(ConnectionError):
            async with asyncio.timeout(WAIT_S):
                while data := await self.reader.read(65536):
                    found += data
        return bytes(found)


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """Connect to the host and port of an address."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def exchange(url: str, data: bytes) -> bytes:
    """Send bytes and return everything that comes until the connection ends."""
    async with wire(url) as connection:
        await connection.send(data)
        return await connection.rest()


def request(path: str, *fields: str, method: str = "GET", body: bytes = b"") -> bytes:
    """A request of HTTP/1.1 with header fields as they are given, after which the connection ends."""
    lines = [f"{method} {path} HTTP/1.1", "Host: halong", "Connection: close", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def status(answer: bytes) -> int:
    """The status of an answer."""
    return int(answer.split(b" ", 2)[1])
