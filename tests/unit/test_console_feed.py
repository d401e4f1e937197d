"""What pages share of a snapshot, and how they are told of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from dashboards.console.feed import Feed
from dashboards.console.geometry import project
from dashboards.console.snapshot import Registry, Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PROJECTION, _OUTLINES = project([])
CITY = Registry({}, ZoneInfo("UTC"), {}, None, _PROJECTION, _OUTLINES, {}, {}, None, {})


def test_what_one_console_has_made_of_a_snapshot_others_show_too() -> None:
    snapshot, rows = Snapshot(datetime.now(UTC), CITY, {}), [1]
    first = snapshot.once("gauges", lambda: list(rows), rows)
    assert snapshot.once("gauges", lambda: list(rows), rows) is first
    assert snapshot.once("fields", lambda: list(rows), rows) is not first
    assert replace(snapshot).once("gauges", lambda: ["another"], rows) == ["another"]
    assert snapshot.once("gauges", lambda: ["newer"], [1]) == ["newer"]


async def test_between_two_pages_that_are_told_a_request_gets_all_its_turns() -> None:
    def away() -> Any:
        raise OSError("no database")

    feed, is_answered, told = Feed(away, "UTC"), asyncio.Event(), asyncio.Queue[bool]()
    requests = []

    async def answer() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        is_answered.set()

    async def large() -> None:
        requests.append(asyncio.create_task(answer()))
        time.sleep(0.03)

    async def next_one() -> None:
        told.put_nowait(is_answered.is_set())

    feed.follow(large)
    feed.follow(next_one)
    running = asyncio.create_task(feed.run())
    assert await asyncio.wait_for(told.get(), 60)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_it_ends_although_the_pool_lost_the_cancellation() -> None:
    asked = asyncio.Event()

    class Pool:
        @asynccontextmanager
        async def connection(self, timeout: float) -> AsyncIterator[None]:
            assert timeout > 0
            asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise OSError("no connection") from None
            yield

    feed = Feed(Pool, "UTC")  # type: ignore[arg-type]
    feed.follow(partial(asyncio.sleep, 0))
    running = asyncio.create_task(feed.run())
    await asked.wait()
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=60)
    assert done
