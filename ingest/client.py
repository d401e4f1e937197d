"""The aiomqtt client of what ingest does beside its deliveries: telling gateways, listening to the broker."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import unquote, urlsplit

import aiomqtt


def client(url: str, client_id: str) -> aiomqtt.Client:
    """Return an MQTT 5 client for an address mqtt:// or mqtts://, not connected yet."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "mqtts"
    return aiomqtt.Client(
        parts.hostname or "",
        parts.port or (8883 if is_secure else 1883),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=ssl.create_default_context() if is_secure else None,
    )


def is_ending() -> bool:
    """Tell whether this task was cancelled: Python 3.11's `asyncio.wait_for`, in aiomqtt, may swallow it."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
