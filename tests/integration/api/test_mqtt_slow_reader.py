"""Browsers that cost their broker more than they cost themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mqtt5
import psutil
import pytest
from websockets.asyncio.client import connect as open_socket

from tests.integration.api.browsing import OWN, Live, live
from tests.integration.test_ingest import gateway_client
from tests.listening import heard, next_of

if TYPE_CHECKING:
    from tests.conftest import Broker

__all__ = ["live"]

_MIB = 1 << 20


@pytest.mark.attack(
    "a browser that subscribes and does not read", "what is beyond 100 messages is dropped; others hear on"
)
async def test_a_browser_that_does_not_read(live: Live, broker: Broker) -> None:
    token, other = await live.token("193"), await live.token("193")
    process = psutil.Process(live.broker.pid)
    message = b"x" * 100_000
    async with (
        open_socket(live.broker.url, subprotocols=["mqtt"], max_queue=1) as deaf,  # type: ignore[list-item]
        live.browser(other) as neighbour,
        heard(neighbour, OWN) as said,
        gateway_client(broker, "ha-long-1") as gateway,
    ):
        login = mqtt5.ConnectPacket(
            client_id="", username=token["user_name"], password=token["password"].encode()
        )
        await deaf.send(login.write())
        answer = await deaf.recv()
        assert isinstance(answer, bytes)
        assert answer[3] == 0  # CONNACK, success (3.2.2.2)
        await deaf.send(mqtt5.SubscribePacket(1, [mqtt5.TopicFilter(OWN)]).write())
        await deaf.recv()
        before = process.memory_info().rss
        for _ in range(1000):
            await gateway.publish(OWN, message, qos=1)
            assert (await next_of(said))[1] == message
        assert process.memory_info().rss - before < 48 * _MIB
