"""What a client of a broker receives, for tests that wait for it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiomqtt


@asynccontextmanager
async def heard(client: aiomqtt.Client, *topics: str) -> AsyncIterator[asyncio.Queue[tuple[str, bytes]]]:
    """Topic and payload of what a client receives from subscriptions."""
    queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    async def collect() -> None:
        async for message in client.messages:
            queue.put_nowait((str(message.topic), bytes(message.payload)))  # type: ignore[arg-type]

    for topic in topics:
        await client.subscribe(topic, qos=1)
    task = asyncio.create_task(collect())
    try:
        yield queue
    finally:
        task.cancel()


async def next_of(queue: asyncio.Queue[tuple[str, bytes]]) -> tuple[str, bytes]:
    return await asyncio.wait_for(queue.get(), 40)
