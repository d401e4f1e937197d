"""The aiomqtt client of all that is no delivery: telling gateways, listening to the broker, alerts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiomqtt

from runtime.broker_address import broker_address

if TYPE_CHECKING:
    from collections.abc import Iterable


def client(url: str, client_id: str, *, timeout: float = 10.0) -> aiomqtt.Client:
    """Return an MQTT 5 client for an address mqtt:// or mqtts://, not connected yet; `timeout` in seconds."""
    broker = broker_address(url)
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.user,
        password=broker.password,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        timeout=timeout,
        tls_context=broker.tls(),
    )


def is_ending() -> bool:
    """Tell whether this task was cancelled: Python 3.11's `asyncio.wait_for`, in aiomqtt, may swallow it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def take_over(url: str, client_ids: Iterable[str]) -> None:
    """End the connections of other clients by connecting under their ids (MQTT 5, 3.1.4)."""
    for client_id in client_ids:
        async with client(url, client_id):
            pass
