"""A store-and-forward gateway: the other end of the wire contract, over MQTT 5 and QoS 1.

It measures at its devices' intervals, numbers each message, keeps it until `down/committed` covers it, and
sends again what is still kept after a reconnect. When its memory is full, the oldest message is dropped and
counted; the payload's `oldest` tells halong which numbers will never come.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiomqtt
import structlog
from aiomqtt.exceptions import MqttConnectError
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from runtime.broker_address import broker_address
from runtime.until_stopped import is_ending
from simulators.duty import Duty
from simulators.measuring import measure
from simulators.outbox import Outbox
from simulators.sender import RESEND_AFTER_S, Rejections, Sender, Stats

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from devices.model import Gateway
    from simulators.signals import Signals

log = structlog.get_logger()

#: the broker keeps our subscription, and with it down/committed, through an outage of this many seconds
_SESSION_EXPIRY_S = 3600
_RECONNECT_S = (0.5, 30.0)
_OFFLINE = b'{"online":false}'
#: on stopping, how long to wait for what is pending
_DRAIN_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a gateway reaches its broker."""

    #: mqtt://host:port or mqtts://host:port
    url: str
    code: str
    password: str
    topic_root: str

    def topic(self, *levels: str) -> str:
        """Return one of the gateway's topics."""
        return "/".join((self.topic_root, self.code, *levels))

    def client(self) -> aiomqtt.Client:
        """Return a client that is not connected yet, with the will that the gateway is offline."""
        broker = broker_address(self.url)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = _SESSION_EXPIRY_S
        return aiomqtt.Client(
            broker.host,
            broker.port,
            username=self.code,
            password=self.password,
            identifier=self.code,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=properties,
            keepalive=30,
            will=aiomqtt.Will(self.topic("up", "status"), _OFFLINE, qos=1, retain=True),
            tls_context=broker.tls(),
        )


async def run(
    gateway: Gateway,
    signals: Signals,
    *,
    url: str,
    password: str,
    topic_root: str,
    journal: Path,
    stop: asyncio.Event,
    interval: float | None = None,
    stats: Stats | None = None,
    limit: int = 10_000,
    resend_after: float = RESEND_AFTER_S,
) -> None:
    """Be a gateway until `stop` is set.

    Args:
        gateway: whose simulated devices to measure.
        signals: what they measure.
        url: the broker, mqtt://host:port or mqtts://host:port.
        password: the gateway's own; its code is user name and client id.
        topic_root: prefix of all topics, such as city/v1.
        journal: folder of the file that keeps numbers and unconfirmed messages.
        stop: ends it; what is pending gets a few seconds more.
        interval: an upper bound on the sampling intervals in s, for a lively demo.
        stats: counters to keep up to date.
        limit: how many messages to keep at most.
        resend_after: seconds without an answer after which a message is sent again.
    """
    stats = stats or Stats()
    outbox = Outbox(journal / f"{gateway.code}.journal", limit=limit)
    sender = Sender(outbox, stats, resend_after)
    connection = Connection(url=url, code=gateway.code, password=password, topic_root=topic_root)
    duty = Duty(gateway, interval)
    online = asyncio.create_task(_stay_connected(connection, sender, duty))
    measuring = asyncio.create_task(_measure(duty, signals, sender))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((online, measuring, stopping), return_when=asyncio.FIRST_COMPLETED)
        await _cancel(measuring, stopping)
        with suppress(TimeoutError):
            await asyncio.wait_for(sender.drained(), _DRAIN_S)
    finally:
        await _cancel(measuring, stopping, online)
        outbox.close()


async def _measure(duty: Duty, signals: Signals, sender: Sender) -> None:
    """Measure as the gateway is configured, and anew when that changes."""
    while True:
        duty.changed.clear()
        measuring = asyncio.create_task(measure(duty.gateway, signals, sender, duty.interval))
        changing = asyncio.create_task(duty.changed.wait())
        try:
            await asyncio.wait((measuring, changing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancel(measuring, changing)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    """End tasks; an error that one of them ended with is raised."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def _back_off() -> Iterator[float]:
    """Yield seconds to wait: doubling, with jitter so that a city's gateways do not come back all at once."""
    least, most = _RECONNECT_S
    wait = least
    while True:
        yield wait * random.uniform(0.5, 1.5)  # noqa: S311  (no secret)
        wait = min(2 * wait, most)


async def _stay_connected(connection: Connection, sender: Sender, duty: Duty) -> None:
    waits = _back_off()
    while True:
        began = time.monotonic()
        try:
            async with connection.client() as client:
                await _talk(client, connection, sender, duty)
        except aiomqtt.MqttError as error:
            if is_ending():
                return
            # a connection that held is a reason to be quick, one that broke at once is not
            waits = _back_off() if time.monotonic() - began > _RECONNECT_S[1] else waits
            wait = next(waits)
            level = log.warning if isinstance(error, MqttConnectError) else log.info
            level("gateway is off line", gateway=connection.code, error=str(error), again_in_s=round(wait, 1))
            sender.stats.reconnects += 1
            await asyncio.sleep(wait)


def _end_if_asked() -> None:
    """Raise the cancellation that Python 3.11's `asyncio.wait_for` swallows if its result comes with it."""
    if is_ending():
        raise asyncio.CancelledError


async def _talk(client: aiomqtt.Client, connection: Connection, sender: Sender, duty: Duty) -> None:
    """Say hello, then send and listen until the connection breaks; say goodbye when asked to end."""
    await client.subscribe(connection.topic("down", "#"), qos=1)
    await _publish(client, connection, "status", duty.status())
    sender.restart()
    sender.stats.connected += 1
    tasks = [
        asyncio.create_task(_send(client, connection, sender)),
        asyncio.create_task(_listen(client, connection, sender, duty)),
        asyncio.create_task(_probe(sender)),
    ]
    try:
        _end_if_asked()
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    except asyncio.CancelledError:
        # a clean end has no will
        with suppress(aiomqtt.MqttError):
            await client.publish(connection.topic("up", "status"), _OFFLINE, qos=1, retain=True)
        raise
    finally:
        sender.stats.connected -= 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _send(client: aiomqtt.Client, connection: Connection, sender: Sender) -> None:
    topic = connection.topic("up", "observations")
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    while True:
        seq = await sender.next()
        sender.stats.published += 1
        await client.publish(topic, sender.outbox.payload(seq), qos=1, properties=properties)
        sender.stats.acked += 1
        _end_if_asked()


async def _listen(client: aiomqtt.Client, connection: Connection, sender: Sender, duty: Duty) -> None:
    rejections = Rejections(connection.code, sender.stats)
    async for message in client.messages:
        try:
            payload = json.loads(bytes(message.payload))
            if message.topic.value == connection.topic("down", "committed"):
                gaps = [(int(first), int(last)) for first, last in payload.get("missing", [])]
                sender.committed(int(payload["seq"]), gaps)
            elif message.topic.value == connection.topic("down", "rejected"):
                rejections.add(payload)
            else:
                for kind, answer in duty.answers(message.topic.value.rpartition("/")[2], payload):
                    await _publish(client, connection, kind, answer)
                sender.stats.commands = duty.obedience.carried_out
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("message not understood", topic=message.topic.value, error=repr(error))


async def _publish(
    client: aiomqtt.Client, connection: Connection, kind: str, payload: dict[str, Any]
) -> None:
    topic, is_kept = connection.topic("up", kind), kind == "status"
    await client.publish(topic, json.dumps(payload), qos=1, retain=is_kept)


async def _probe(sender: Sender) -> None:
    while True:
        await asyncio.sleep(sender.resend_after)
        sender.again_if_silent()
