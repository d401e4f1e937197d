"""How a command runs something asynchronous: until it ends, or until it is told to stop."""

from __future__ import annotations

import asyncio
import getpass
import os
import signal
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from runtime.settings import settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from psycopg import AsyncConnection

T = TypeVar("T")
By = Annotated[str, typer.Option("--by", help="Who; default: the user of this machine.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def own_name() -> str:
    """Return the name of the user of this machine, for records of who did something."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.geteuid()}"


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Run a coroutine to its end."""
    return asyncio.run(coroutine)


def in_database(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do something with a connection that reaches every area, and return what comes of it."""
    from api import reach
    from storage.pool import connect

    async def done() -> T:
        with reach.within(reach.EVERYTHING):
            async with await connect(settings().require_database_url()) as conn:
                return await work(conn)

    return run(done())


def run_until_stopped(service: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run a service; SIGINT and SIGTERM set the event by which it ends."""

    async def _run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await service(stop)

    asyncio.run(_run())
