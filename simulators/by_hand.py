"""One gateway under an engineer's hand: it publishes plausible readings and tells all that comes back."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from runtime.broker_address import broker_address
from simulators.measuring import rfc3339
from simulators.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from devices.model import Gateway, Profile, Thing
    from simulators.signals import Signals

    Reading = dict[str, Any]

_CONNECT_TIMEOUT_S = 10.0
#: paho's words for the end of a connection of which MQTT tells nothing
_UNSPECIFIED = "Unspecified error"
#: what PUBACK's reason codes mean to a gateway (MQTT 5, 3.4.2.1; docs/firmware.md)
PUBACK = {
    0x00: "the broker has it",
    0x10: "nobody has subscribed: not stored, send it again later",
    0x87: "not authorised: this gateway may not write this topic",
}


class HandError(Exception):
    """The gateway cannot be played."""

    exit_code = 2


class Event(NamedTuple):
    """Something that happened: puback, committed, rejected or another kind of message, lost."""

    kind: str
    told: Any


class Message(NamedTuple):
    """What is published once."""

    payload: bytes
    content_type: str
    kind: str = "observations"


class Hand:
    """A connection as a gateway; use as a context manager. What comes back is read by `events()`."""

    def __init__(self, url: str, code: str, password: str, topic_root: str) -> None:
        """Describe it.

        Args:
            url: mqtt://host:port or mqtts://host:port.
            code: the gateway's; user name and client id.
            password: the gateway's own.
            topic_root: prefix of all topics.
        """
        self._broker, self._code, self._root = broker_address(url), code, topic_root
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._client = self._new_client(password)

    def _new_client(self, password: str) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=self._code, protocol=MQTTv5)
        client.username_pw_set(self._code, password)
        if context := self._broker.tls():
            client.tls_set_context(context)
        client.on_connect = self._connected
        client.on_publish = lambda _c, _u, mid, code, _p: self._events.put(Event("puback", (mid, code.value)))
        client.on_message = lambda _c, _u, message: self._events.put(_heard(message))
        client.on_disconnect = self._disconnected
        return client

    def __enter__(self) -> Self:
        host, port = self._broker.host, self._broker.port
        try:
            # A clean start would end the session that the real gateway may have.
            self._client.connect(host, port, clean_start=False, keepalive=30)
        except OSError as error:
            words = f"no broker at {host}:{port}: {error}; check --broker or HALONG_GATEWAY_MQTT_URL"
            raise HandError(words) from error
        self._client.loop_start()
        first = self._next(_CONNECT_TIMEOUT_S)
        if first is None or first.kind != "connected":
            self._client.loop_stop()
            raise HandError(f"the broker at {host}:{port} refuses {self._code!r}: {self._why(first)}")
        return self

    def _why(self, first: Event | None) -> str:
        why = first.told if first else f"no answer within {_CONNECT_TIMEOUT_S:g} s"
        if not self._broker.cert_file:
            return f"{why}; check code and password"
        # A broker that refuses a certificate ends the connection without a word of MQTT.
        why = "it ended the connection" if why == _UNSPECIFIED else why
        known = f"`halong ca list {self._code}` tells whether it is valid or revoked"
        return f"{why}; check the certificate: {known}"

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, message: Message) -> int:
        """Publish with QoS 1 and return the number that its PUBACK will have."""
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = message.content_type
        topic = f"{self._root}/{self._code}/up/{message.kind}"
        return self._client.publish(topic, message.payload, qos=1, properties=properties).mid

    def events(self, seconds: float) -> Iterator[Event]:
        """Yield what happens within some seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (event := self._next(left)):
            yield event

    def _next(self, timeout: float) -> Event | None:
        try:
            return self._events.get(timeout=timeout)
        except Empty:
            return None

    def _connected(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe(f"{self._root}/{self._code}/down/#", qos=1)
        self._events.put(Event("lost" if reason.is_failure else "connected", str(reason)))

    def _disconnected(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._events.put(Event("lost", str(reason)))


def _heard(message: Any) -> Event:
    kind = message.topic.rpartition("/")[2]
    try:
        return Event(kind, json.loads(message.payload))
    except ValueError:
        return Event(kind, message.payload)


def reading(thing: Thing, signals: Signals, limits: Mapping[str, tuple[float, float]]) -> Reading:
    """Return what a device measures at this moment, in the native form.

    Observed properties that the signals have are as they make them; others are a third into their range.
    """
    instant = time.time_ns() // 1_000_000 * 1000
    values: dict[str, float] = {}
    for code, interval in thing.datastreams.items():
        value = _measured(replace(thing, datastreams={code: interval}), signals, instant)
        if value is None or not np.isfinite(value):
            low, high = limits[code]
            value = round(low + (high - low) / 3, 3)
        values[code] = value
    return {"device": thing.code, "time": rfc3339(instant), **values}


def _measured(thing: Thing, signals: Signals, instant: int) -> float | None:
    """Return the value of a thing's one property from the first kind of device that measures it."""
    for kind in (thing.kind, *SIGNALS):
        try:
            measured = signals.values(replace(thing, kind=kind), np.array([instant]))
        except ValueError:
            continue
        return float(next(iter(measured.values()))[0])
    return None


def limits_of(profile: Profile) -> dict[str, tuple[float, float]]:
    """Return the physical limits of a profile's observed properties."""
    return {each.code: (each.minimum, each.maximum) for each in profile.observed_properties}


def rounds(gateway: Gateway, every: float | None) -> Iterator[tuple[float, list[Thing]]]:
    """Yield how many seconds after the start which of a gateway's devices measure, without end.

    Each device measures at its shortest interval, all of them at the start.

    Raises:
        HandError: the gateway has no device.
    """
    due = {thing.code: 0.0 for thing in gateway.things if thing.datastreams}
    if not due:
        raise HandError(f"gateway {gateway.code!r} has no device with a datastream: register one")
    intervals = {thing.code: every or min(thing.datastreams.values(), default=60) for thing in gateway.things}
    while True:
        moment = min(due.values())
        now = [thing for thing in gateway.things if due.get(thing.code) == moment]
        yield moment, now
        for thing in now:
            due[thing.code] += intervals[thing.code]
