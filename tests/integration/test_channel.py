"""What the database tells on a channel, and the end of who listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from storage.channel import Channel

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def test_who_follows_ends_though_a_reading_lost_the_cancellation(empty_database_url: str) -> None:
    """As `asyncio.wait_for` of Python 3.11 loses one that comes with what it waits for."""
    is_reading = asyncio.Event()

    async def read(_: AsyncConnection[Any]) -> None:
        is_reading.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    following = asyncio.create_task(Channel(empty_database_url, "test", "test", read, 0).follow())
    await is_reading.wait()
    following.cancel()
    done, _ = await asyncio.wait({following}, timeout=60)
    following.cancel()
    assert done
