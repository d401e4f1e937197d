"""The only file of ingest that knows the MQTT client: `take()` deliveries, `ack()` them after the commit.

It speaks MQTT 5 through the sans-I/O codec `mqtt5`. Clients that acknowledge by themselves do so before
the database has committed; here the acknowledgement is a call of its own, and Receive Maximum (MQTT 5,
3.1.2.11.3) is the back-pressure: what is not acknowledged holds the broker back.
"""

from __future__ import annotations

import asyncio
from collections import deque
from random import uniform
from typing import TYPE_CHECKING, cast

import mqtt5
import msgspec
import structlog

from runtime.broker_address import broker_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    _Answer = mqtt5.ConnAckPacket | mqtt5.SubAckPacket | mqtt5.UnsubAckPacket

log = structlog.get_logger(__name__)

_KEEP_ALIVE_S = 30
_CONNECT_TIMEOUT_S = 10
_SESSION_EXPIRY_S = 14 * 86_400
_MAX_PACKET_BYTES = (1 << 20) + 4096
_MAX_BACKOFF_S = 2.0
_SUBSCRIBE_ID, _UNSUBSCRIBE_ID = 1, 2
# Receive Maximum counts messages: 2000 of 1 MiB would be 2 GiB. This much may wait to be taken.
MAX_WAITING_BYTES = 8 << 20


# A struct is made in a third of a named tuple's time, and is part of no cycle.
class Delivery(msgspec.Struct, frozen=True, gc=False):
    """One PUBLISH, to be acknowledged once it is safe."""

    topic: str
    payload: bytes
    content_type: str | None
    #: the broker may have sent it before (DUP)
    duplicate: bool
    #: a kept message, sent because of the subscription and not because it was just published
    retained: bool
    packet_id: int | None
    #: the connection that it came on: an acknowledgement is void on another one
    epoch: int
    #: when its bytes came, s of the event loop's clock, which is time.monotonic()
    arrived: float = 0.0


class MqttError(Exception):
    """The broker refuses the connection or the subscription, or breaks the protocol."""


class Subscription:
    """A persistent subscription under a fixed client id, connected again whenever the connection ends."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        filters: Sequence[str],
        receive_maximum: int,
        dropped: Sequence[str] = (),
    ) -> None:
        """Describe a subscription.

        Args:
            url: the broker's, mqtt:// or mqtts://.
            client_id: the broker's queue hangs on it.
            filters: what to subscribe to.
            receive_maximum: messages that the broker may send ahead of the acknowledgements.
            dropped: what to unsubscribe from after that, if the session has it from an earlier life; what is
                queued under it is still delivered.
        """
        self._broker = broker_address(url)
        self._client_id = client_id
        self._filters = filters
        self._dropped = dropped
        self._receive_maximum = receive_maximum
        self._waiting: deque[Delivery] = deque()
        self._waiting_bytes = 0
        self._taken = 0  # on this connection, and not acknowledged
        self._arrived = asyncio.Event()
        self._protocol: _Protocol | None = None
        self._epoch = 0
        self._stopped = False
        #: whether the broker had a session of this client id at the last connect
        self.session_present = False
        #: set while subscribed
        self.subscribed = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until `stop()`."""
        backoff = 0.1
        while not self._stopped:
            try:
                await self._connect_once()
                backoff = 0.1
            except (OSError, TimeoutError, MqttError) as error:
                log.warning(
                    "no connection to the broker, trying again", action="mqtt_retry", error=str(error)
                )
            if not self._stopped:
                await asyncio.sleep(backoff * uniform(0.5, 1.0))  # noqa: S311  (jitter)
                backoff = min(backoff * 2, _MAX_BACKOFF_S)

    async def take(
        self,
        limit: int,
        timeout: float | None,  # noqa: ASYNC109
        max_bytes: int = MAX_WAITING_BYTES,
    ) -> list[Delivery]:
        """Return up to `limit` deliveries in order; wait up to `timeout` seconds for the first one.

        With `max_bytes` of payload no more are added. The list is empty when the time is over or the
        subscription is stopped.
        """
        if not self._waiting and not self._stopped:
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        waiting, size = self._waiting, 0
        taken: list[Delivery] = []
        while waiting and len(taken) < limit and size < max_bytes:
            taken.append(waiting.popleft())
            size += len(taken[-1].payload)
        self._waiting_bytes -= size
        self._taken += len(taken)
        if self._protocol and not self._is_full(self._receive_maximum):
            self._protocol.resume()
        return taken

    @property
    def in_flight(self) -> int:
        """Messages that came on this connection and are not acknowledged, whether taken or not."""
        return len(self._waiting) + self._taken

    @property
    def is_behind(self) -> bool:
        """Whether messages wait to be taken."""
        return bool(self._waiting)

    def _is_full(self, deliveries: int) -> bool:
        return len(self._waiting) > deliveries or self._waiting_bytes > MAX_WAITING_BYTES

    def ack(self, deliveries: Iterable[Delivery]) -> None:
        """Acknowledge deliveries in the order in which they came (MQTT 5, 4.6).

        Those of an earlier connection are left out: the broker sends them again, and the write is idempotent.
        """
        if self._protocol is None:
            return
        mine = [d for d in deliveries if d.epoch == self._epoch]
        self._taken -= len(mine)
        ids = [d.packet_id for d in mine if d.packet_id is not None]
        self._protocol.send(b"".join([mqtt5.PubAckPacket(i).write() for i in ids]))

    def stop(self) -> None:
        """End `run()` and every waiting `take()`; what was not acknowledged stays with the broker."""
        self._stopped = True
        self._arrived.set()
        if self._protocol:
            self._protocol.send(mqtt5.DisconnectPacket().write())
            self._protocol.close()

    async def _connect_once(self) -> None:
        # What the last connection brought and nobody took comes again on this one.
        self._waiting.clear()
        self._waiting_bytes = self._taken = 0
        self._epoch += 1
        protocol = await self._open()
        # Deliveries of a kept session may come before SUBACK, and must be acknowledged here too.
        self._protocol = protocol
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await self._handshake(protocol)
            if not self._stopped:
                self.subscribed.set()
                log.info("subscribed", action="mqtt_subscribed", filters=list(self._filters))
                await protocol.closed
        finally:
            self.subscribed.clear()
            self._protocol = None
            protocol.close()

    async def _open(self) -> _Protocol:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, protocol = await loop.create_connection(
                lambda: _Protocol(self, self._epoch),
                self._broker.host,
                self._broker.port,
                ssl=self._broker.tls(),
            )
        return protocol

    async def greet(self, *, clean_start: bool) -> None:
        """Connect without subscribing, for `session_present`, and leave no session where there was none.

        Args:
            clean_start: end the session that the broker has, with its queue.

        Raises:
            OSError, TimeoutError, MqttError: the broker cannot be reached, or refuses.
        """
        protocol = await self._open()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await self._introduce(protocol, clean_start=clean_start)
            expiry = None if self.session_present else 0
            protocol.send(mqtt5.DisconnectPacket(session_expiry_interval=expiry).write())
        finally:
            protocol.close()

    async def _handshake(self, protocol: _Protocol) -> None:
        await self._introduce(protocol)
        await self._subscribe(protocol)
        if self._dropped:
            protocol.send(mqtt5.UnsubscribePacket(_UNSUBSCRIBE_ID, list(self._dropped)).write())
            await protocol.answer()

    async def _introduce(self, protocol: _Protocol, *, clean_start: bool = False) -> None:
        protocol.send(self._connect_packet(clean_start).write())
        connack = cast("mqtt5.ConnAckPacket", await protocol.answer())
        if int(connack.reason_code) != 0:
            raise MqttError(
                f"{self._where()} refuses the connection: {connack.reason_code.name}; check HALONG_MQTT_URL"
            )
        self.session_present = connack.session_present

    async def _subscribe(self, protocol: _Protocol) -> None:
        filters = [
            mqtt5.TopicFilter(f, max_qos=mqtt5.QoS.AT_LEAST_ONCE, retain_as_published=False)
            for f in self._filters
        ]
        protocol.send(mqtt5.SubscribePacket(_SUBSCRIBE_ID, filters).write())
        suback = cast("mqtt5.SubAckPacket", await protocol.answer())
        refused = [f for f, code in zip(self._filters, suback.reason_codes, strict=True) if int(code) >= 0x80]
        if refused:
            raise MqttError(
                f"{self._where()} refuses the subscription to {refused}: check the broker's access rules"
            )

    def _connect_packet(self, clean_start: bool) -> mqtt5.ConnectPacket:
        password = self._broker.password
        return mqtt5.ConnectPacket(
            self._client_id,
            username=self._broker.user,
            password=password.encode() if password else None,
            clean_start=clean_start,
            will=self._will(),
            keep_alive=_KEEP_ALIVE_S,
            session_expiry_interval=_SESSION_EXPIRY_S,
            receive_max=self._receive_maximum,
            max_packet_size=_MAX_PACKET_BYTES,
        )

    def _will(self) -> mqtt5.Will | None:
        return None

    def deliver(self, packet: mqtt5.PublishPacket, epoch: int, arrived: float) -> bool:
        """Queue a PUBLISH; return whether reading should pause."""
        self._waiting.append(
            Delivery(
                packet.topic,
                packet.payload,
                packet.content_type,
                packet.duplicate,
                packet.retain,
                packet.packet_id,
                epoch,
                arrived,
            )
        )
        self._waiting_bytes += len(packet.payload)
        self._arrived.set()
        # A broker may overrun the window a little: only two whole windows pause the socket.
        return self._is_full(2 * self._receive_maximum)

    def _where(self) -> str:
        return f"the broker at {self._broker.host}:{self._broker.port}"


class _Protocol(asyncio.Protocol):
    """One connection: bytes in, packets to the subscription."""

    def __init__(self, subscription: Subscription, epoch: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._subscription = subscription
        self._epoch = epoch
        self._buffer = b""
        self._answers: asyncio.Queue[_Answer | None] = asyncio.Queue()
        self._paused = False
        self._heard = self._loop.time()
        self._ping: asyncio.TimerHandle | None = None
        self.closed: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ping = self._loop.call_later(_KEEP_ALIVE_S / 2, self._keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._ping:
            self._ping.cancel()
        self._answers.put_nowait(None)
        if not self.closed.done():
            self.closed.set_result(None)
        if exc:
            log.warning("connection to the broker lost", action="mqtt_lost", error=str(exc))

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        buffer = memoryview(self._buffer + data if self._buffer else data)
        start = 0
        try:
            while start < len(buffer):
                packet, size = mqtt5.read(buffer[start:])
                start += size
                self._handle(packet)
        except IndexError:
            pass  # the rest of the packet is still to come
        except ValueError as error:
            log.warning("the broker sent a malformed packet", action="mqtt_malformed", error=str(error))
            self._transport.abort()
            return
        self._buffer = bytes(buffer[start:])

    async def answer(self) -> _Answer:
        """Wait for CONNACK, SUBACK or UNSUBACK.

        Raises:
            MqttError: the connection ends first.
        """
        packet = await self._answers.get()
        if packet is None:
            raise MqttError("the broker closed the connection before it answered")
        return packet

    def send(self, data: bytes) -> None:
        """Write bytes unless the connection is closing."""
        if data and not self._transport.is_closing():
            self._transport.write(data)

    def resume(self) -> None:
        """Read again after a pause."""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def close(self) -> None:
        """Close after what is written has left."""
        self._transport.close()

    def _handle(self, packet: mqtt5.Packet) -> None:
        match packet:
            case mqtt5.PublishPacket():
                if self._subscription.deliver(packet, self._epoch, self._heard) and not self._paused:
                    self._paused = True
                    self._transport.pause_reading()
            case mqtt5.ConnAckPacket() | mqtt5.SubAckPacket() | mqtt5.UnsubAckPacket():
                self._answers.put_nowait(packet)
            case mqtt5.DisconnectPacket():
                log.warning(
                    "the broker disconnects", action="mqtt_disconnect", reason=packet.reason_code.name
                )

    def _keep_alive(self) -> None:
        if self._loop.time() - self._heard > 1.5 * _KEEP_ALIVE_S and not self._paused:
            self._transport.abort()
            return
        self.send(mqtt5.PingReqPacket().write())
        self._ping = self._loop.call_later(_KEEP_ALIVE_S / 2, self._keep_alive)
