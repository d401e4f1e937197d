"""Empties the queues of client ids that are no longer in use, when there are fewer ingest processes.

Mosquitto goes on giving such a session its share, and throws the queue away when the session expires. So
it is connected once more, unsubscribed, emptied through the usual pipeline, and only then ended.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from itertools import count
from typing import TYPE_CHECKING

import mqtt5
import structlog

from ingest.claim import claim_now
from ingest.mqtt import MAX_WAITING_BYTES, MqttError, Subscription
from ingest.shares import share_of, surplus_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ingest.claim import Claim
    from ingest.mqtt import Delivery, _Protocol
    from runtime.settings import Settings

    #: stores what a subscription takes until the event is set; tells whether all of it was acknowledged
    Ingest = Callable[[Claim, Subscription, asyncio.Event], Awaitable[bool]]

log = structlog.get_logger(__name__)

#: how soon to look again where another process still uses a surplus id, and otherwise, s
_HELD_AGAIN_S, _LOOK_AGAIN_S = 2.0, 600.0
_MARK_ID = 1


class Draining(Subscription):
    """Takes what is queued under a client id and nothing that is published from its first connection on."""

    def __init__(self, settings: Settings, client_id: str) -> None:
        self._mark_topic = f"halong/drain/{client_id}"
        self._mark = secrets.token_hex(8).encode()
        self._marked_epoch = 0
        #: set when all was taken
        self.drained = asyncio.Event()
        super().__init__(
            settings.require_mqtt_url(),
            client_id=client_id,
            filters=[self._mark_topic],
            dropped=share_of(settings, "").dropped,
            receive_maximum=settings.ingest_receive_maximum,
        )

    async def _handshake(self, protocol: _Protocol) -> None:
        await super()._handshake(protocol)
        # A queue is first in, first out: what was queued before comes before the mark.
        mark = mqtt5.PublishPacket(
            self._mark_topic, self._mark, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=_MARK_ID
        )
        protocol.send(mark.write())

    def deliver(self, packet: mqtt5.PublishPacket, epoch: int, arrived: float) -> bool:
        """Queue a PUBLISH, or note that the mark has come; return whether reading should pause."""
        if packet.topic != self._mark_topic:
            return super().deliver(packet, epoch, arrived)
        # Another mark is of a drain that was cut short; messages may have been queued behind it. None is
        # acknowledged: they end with the session.
        if packet.payload == self._mark:
            self._marked_epoch = epoch
            self._arrived.set()
        return False

    async def take(
        self,
        limit: int,
        timeout: float | None,  # noqa: ASYNC109
        max_bytes: int = MAX_WAITING_BYTES,
    ) -> list[Delivery]:
        """Return deliveries as any subscription does, and set `drained` with the last."""
        taken = await super().take(limit, timeout, max_bytes)
        if self._marked_epoch == self._epoch and not self._waiting:
            self.drained.set()
        return taken


async def drain_surplus(settings: Settings, ingest: Ingest) -> None:
    """Empty and end the sessions of client ids beyond the number of processes, again and again."""
    while True:
        held = True
        try:
            held = await _drain_all(settings, ingest)
        except Exception as error:  # noqa: BLE001  (a queue that waits must not end what goes on beside it)
            log.warning("surplus queues not emptied, trying again", action="drain_retry", error=str(error))
        await asyncio.sleep(_HELD_AGAIN_S if held else _LOOK_AGAIN_S)


async def _drain_all(settings: Settings, ingest: Ingest) -> bool:
    """Empty the surplus sessions, and end them if no other process has a surplus id; tell if one has."""
    held, emptied = False, []
    async with AsyncExitStack() as claims:
        # Ids are claimed from the first on, so the first one without a session is the end.
        for number in count(settings.ingest_processes):
            client_id = surplus_id(settings, number)
            claim = await claim_now(settings.require_database_url(), client_id)
            if claim is None:
                held = True
                continue
            emptied.append(await claims.enter_async_context(claim))
            if not await _empty(settings, claim, ingest):
                break
        if not held:
            # From the last on: what is left by a kill in between still follows the ids in use without a gap.
            for claim in reversed(emptied):
                await _end(settings, claim)
    return held


async def _end(settings: Settings, claim: Claim) -> None:
    session = Draining(settings, claim.client_id)
    await session.greet(clean_start=False)
    await claim.check()
    if session.session_present:
        await session.greet(clean_start=True)
        log.info("a queue is empty and ended", action="drained", client_id=claim.client_id)


async def _empty(settings: Settings, claim: Claim, ingest: Ingest) -> bool:
    """Store what is queued under a client id; tell whether the broker had a session of it.

    Raises:
        MqttError: it could not be emptied.
    """
    subscription = Draining(settings, claim.client_id)
    await subscription.greet(clean_start=False)
    if found := subscription.session_present:
        log.info("emptying a queue that is not in use", action="drain", client_id=claim.client_id)
        done = await ingest(claim, subscription, subscription.drained)
        if not (done and subscription.drained.is_set()):
            raise MqttError(f"the queue of {claim.client_id} is not empty")
    return found
