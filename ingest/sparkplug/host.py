"""halong as a Sparkplug host application: the subscription that says `spBv1.0/STATE/{host_id}`.

Edge nodes that have this host as their primary one publish only while it is there, and keep the rest.
Source: Eclipse Sparkplug 3.0, 5.3 and 6.4.23 (STATE). One rule is not kept: the session is not a clean one,
since the broker must keep what is not acknowledged while ingest is away.
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING

import mqtt5
import msgspec

from ingest.mqtt import Subscription
from ingest.sparkplug.topics import STATES, state_topic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.mqtt import _Protocol

#: packet ids of what this client sends: 1 and 2 are Subscription's
_SUBSCRIBE_ID, _PUBLISH_IDS = 3, range(4, 1000)
_STATES_PREFIX = STATES.removesuffix("+")


class HostSubscription(Subscription):
    """A subscription whose connection is the host application's: its birth, its will and its death."""

    def __init__(
        self,
        url: str,
        *,
        host_id: str,
        client_id: str,
        filters: Sequence[str],
        receive_maximum: int,
        dropped: Sequence[str] = (),
    ) -> None:
        """Describe a subscription; see `Subscription`, and `host_id`: the host application's."""
        super().__init__(
            url, client_id=client_id, filters=filters, receive_maximum=receive_maximum, dropped=dropped
        )
        self._topic = state_topic(host_id)
        self._since = 0
        self._packet_ids = cycle(_PUBLISH_IDS)

    def stop(self) -> None:
        """End as a subscription does, and say before that the host is gone."""
        if self._protocol and not self._stopped:
            self._tell(self._protocol, online=False, timestamp=max(_now_ms(), self._since))
        super().stop()

    def deliver(self, packet: mqtt5.PublishPacket, epoch: int, arrived: float) -> bool:
        """Queue a PUBLISH, or answer one that says that this host is gone; return whether to pause."""
        if not packet.topic.startswith(_STATES_PREFIX):
            return super().deliver(packet, epoch, arrived)
        # The subscription is of QoS 0: there is nothing to acknowledge.
        is_here = self.subscribed.is_set() and not self._stopped
        if packet.topic == self._topic and is_here and self._protocol and not _is_online(packet.payload):
            self._tell(self._protocol, online=True, timestamp=self._since)
        return False

    def _will(self) -> mqtt5.Will:
        # Each connection has its own time, which its birth and its will have in common.
        self._since = max(_now_ms(), self._since + 1)
        payload = _state(online=False, timestamp=self._since)
        return mqtt5.Will(self._topic, payload=payload, qos=mqtt5.QoS.AT_LEAST_ONCE, retain=True)

    async def _handshake(self, protocol: _Protocol) -> None:
        await super()._handshake(protocol)
        # A state that is kept is older than the birth which follows, and needs no answer beside it.
        states = mqtt5.TopicFilter(
            STATES, max_qos=mqtt5.QoS.AT_MOST_ONCE, retain_handling=mqtt5.RetainHandling.SEND_NEVER
        )
        protocol.send(mqtt5.SubscribePacket(_SUBSCRIBE_ID, [states]).write())
        await protocol.answer()
        self._tell(protocol, online=True, timestamp=self._since)

    def _tell(self, protocol: _Protocol, *, online: bool, timestamp: int) -> None:
        packet = mqtt5.PublishPacket(
            self._topic,
            _state(online=online, timestamp=timestamp),
            qos=mqtt5.QoS.AT_LEAST_ONCE,
            retain=True,
            packet_id=next(self._packet_ids),
        )
        protocol.send(packet.write())


def _state(*, online: bool, timestamp: int) -> bytes:
    return msgspec.json.encode({"online": online, "timestamp": timestamp})


def _is_online(payload: bytes) -> bool:
    """Tell whether a STATE says online; what is no STATE says nothing against it."""
    try:
        state = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return True
    return not isinstance(state, dict) or state.get("online") is not False


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
