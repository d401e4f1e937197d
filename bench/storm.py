"""Gateways that all connect at once, as after a power cut: bare MQTT 5 over sockets."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING

import mqtt5

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


async def storm(port: int, passwords: Mapping[str, str], *, ca_file: Path | None = None) -> float:
    """Connect to loopback as every gateway of `passwords` at once; return s until the last one is in.

    Raises:
        ConnectionError: the broker refused one.
    """
    context = ssl.create_default_context(cafile=ca_file) if ca_file else None
    began = time.perf_counter()
    writers = await asyncio.gather(
        *(_connect(port, user, password, context) for user, password in passwords.items())
    )
    seconds = time.perf_counter() - began
    for writer in writers:
        writer.write(mqtt5.DisconnectPacket().write())
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)
    return seconds


async def _connect(
    port: int, user: str, password: str, context: ssl.SSLContext | None
) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, ssl_handshake_timeout=context and 120
    )
    connect = mqtt5.ConnectPacket(user, clean_start=True, username=user, password=password.encode())
    writer.write(connect.write())
    said, _ = mqtt5.read(memoryview(await reader.read(1000)))
    if not isinstance(said, mqtt5.ConnAckPacket) or said.reason_code.name != "SUCCESS":
        raise ConnectionError(f"{user}: {said}")
    return writer
