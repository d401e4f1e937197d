"""The aiomqtt client of all that is no delivery: telling gateways, listening to the broker, alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from runtime.broker_address import broker_address

if TYPE_CHECKING:
    from collections.abc import Iterable

C = TypeVar("C", bound=aiomqtt.Client)
#: PUBACK "No matching subscribers" (MQTT 5, 3.4.2.1): the broker keeps nothing
_NOBODY = 0x10


class Publisher(aiomqtt.Client):
    """A client that knows what PUBACK says, which aiomqtt keeps for itself. One message at a time."""

    _code = 0

    def _on_publish(self, client: Any, userdata: Any, mid: int, reason_code: Any, properties: Any) -> None:
        self._code = reason_code.value
        super()._on_publish(client, userdata, mid, reason_code, properties)

    async def deliver(
        self, topic: str, payload: bytes, *, expiry_s: int | None = None, retain: bool = False
    ) -> bool:
        """Publish with QoS 1 and tell whether anybody has, or will get, the message.

        Args:
            topic: of the message.
            payload: of the message.
            expiry_s: whole seconds after which the broker delivers it to nobody (MQTT 5, 3.3.2.3.3).
            retain: whether the broker keeps it for who subscribes later.

        Raises:
            aiomqtt.MqttError: the connection is lost, or the broker does not take it.
        """
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = "application/json"
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        await self.publish(topic, payload, qos=1, retain=retain, properties=properties)
        if self._code >= 0x80:
            raise aiomqtt.MqttError(f"the broker refuses {topic}: reason code 0x{self._code:02x}")
        return self._code != _NOBODY


def client(url: str, client_id: str, *, timeout: float = 10.0) -> aiomqtt.Client:
    """Return an MQTT 5 client for an address mqtt:// or mqtts://, not connected yet; `timeout` in seconds."""
    return _new(aiomqtt.Client, url, client_id, timeout)


def publisher(url: str, client_id: str, *, timeout: float = 10.0) -> Publisher:
    """Return the same, which also tells what becomes of what it publishes."""
    return _new(Publisher, url, client_id, timeout)


def _new(kind: type[C], url: str, client_id: str, timeout: float) -> C:
    broker = broker_address(url)
    return kind(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=timeout,
        tls_context=broker.tls(),
    )


async def take_over(url: str, client_ids: Iterable[str]) -> None:
    """End the connections of other clients by connecting under their ids (MQTT 5, 3.1.4)."""
    for client_id in client_ids:
        async with client(url, client_id):
            pass
