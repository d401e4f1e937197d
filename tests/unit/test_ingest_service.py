"""The end of ingest's tasks."""

from __future__ import annotations

import asyncio

from ingest.service import _cancel


async def test_a_task_that_swallows_its_cancellation_is_ended_nevertheless() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    async def failing() -> None:
        raise RuntimeError

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(60):
        await _cancel(tasks)
    assert all(task.done() for task in tasks)
    assert swallowed == 2
