"""A fast MQTT 5 publisher for benches: QoS 1, a window of unacknowledged messages, one connection."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import unquote, urlsplit

import mqtt5

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

P = TypeVar("P", bound="Publisher")
#: messages that may wait for their PUBACK at once
WINDOW = 1000


class Publisher(asyncio.Protocol):
    """Publishes messages as fast as their acknowledgements come back."""

    def __init__(self, messages: Iterable[tuple[str, bytes]]) -> None:
        self._messages: Iterator[tuple[str, bytes]] = iter(messages)
        self._free = list(range(WINDOW, 0, -1))
        self._buffer = b""
        self.sent = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.refused = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the broker closed the connection"))

    def data_received(self, data: bytes) -> None:
        buffer = memoryview(self._buffer + data)
        start = 0
        try:
            while start < len(buffer):
                packet, size = mqtt5.read(buffer[start:])
                start += size
                if isinstance(packet, mqtt5.PubAckPacket):
                    self.refused += int(packet.reason_code) != 0
                    self._free.append(packet.packet_id)
        except IndexError:
            pass
        self._buffer = bytes(buffer[start:])
        self.publish()

    def publish(self) -> None:
        """Send what fits in the window."""
        out = []
        while self._free:
            message = next(self._messages, None)
            if message is None:
                self.finish()
                break
            topic, payload = message
            qos = mqtt5.QoS.AT_LEAST_ONCE
            out.append(mqtt5.PublishPacket(topic, payload, qos=qos, packet_id=self._free.pop()).write())
        self.sent += len(out)
        self._transport.write(b"".join(out))

    def finish(self) -> None:
        """There is nothing more to send: be done once all is acknowledged."""
        if len(self._free) == WINDOW and not self.done.done():
            self.done.set_result(None)

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self._transport.write(data)

    def close(self) -> None:
        """Close after what is written has left."""
        self._transport.close()


@asynccontextmanager
async def connected(url: str, publisher: P, client_id: str) -> AsyncIterator[P]:
    """Connect a publisher, which begins at CONNACK; close the connection at the end."""
    parts = urlsplit(url)
    await asyncio.get_running_loop().create_connection(lambda: publisher, parts.hostname, parts.port)
    publisher.send(_connect_packet(url, client_id))
    try:
        yield publisher
    finally:
        publisher.close()


async def publish(url: str, messages: Iterable[tuple[str, bytes]], *, client_id: str = "bench") -> int:
    """Publish messages and return how many were acknowledged with another code than 0."""
    async with connected(url, Publisher(messages), client_id) as publisher:
        await publisher.done
    return publisher.refused


async def forget_session(url: str, client_id: str) -> None:
    """End a client's session at the broker, or its queue would grow for the rest of the bench."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(_connect_packet(url, client_id))
    await reader.read(4)
    writer.write(mqtt5.DisconnectPacket().write())
    writer.close()
    await writer.wait_closed()


def _connect_packet(url: str, client_id: str) -> bytes:
    parts = urlsplit(url)
    return mqtt5.ConnectPacket(
        client_id,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or "").encode(),
        clean_start=True,
    ).write()
