"""Tasks of a service that run until it is told to stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def until_stopped(stop: asyncio.Event, *work: Coroutine[Any, Any, None]) -> None:
    """Run coroutines until `stop` is set, or one of them ends; then cancel the others.

    Raises:
        Exception: what one of them ended with.
    """
    tasks = [asyncio.create_task(each) for each in (*work, _wait(stop))]
    ended, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for task in ended:
        task.result()


def is_ending() -> bool:
    """Tell whether this task was cancelled.

    Python 3.11's `asyncio.wait_for`, in aiomqtt and in psycopg's pool, may swallow it.
    """
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
