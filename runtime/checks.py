"""`halong check`: what is well and what is not, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devices.liveness import is_connected, last_message
from storage.errors import StorageError
from storage.migrate import edition, pending
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from runtime.settings import Settings

    Check = Callable[[AsyncConnection[Any]], Awaitable[tuple[bool, str]]]


@dataclass(frozen=True)
class Result:
    """One check: its name, whether it is well, and words about it."""

    name: str
    ok: bool
    words: str


async def run_checks(settings: Settings, service: str) -> list[Result]:
    """Run the checks of one service, or of all.

    Raises:
        ValueError: no such service.
    """
    wanted = CHECKS if service == "all" else {service: CHECKS[service]} if service in CHECKS else None
    if wanted is None:
        raise ValueError(f"no check for {service!r}: one of all, {', '.join(CHECKS)}")
    try:
        async with await connect(settings.require_database_url()) as conn:
            return [Result(name, *await check(conn)) for name, check in wanted.items()]
    except StorageError as error:
        return [Result("database", False, str(error))]


async def _database(conn: AsyncConnection[Any]) -> tuple[bool, str]:
    missing = await pending(conn)
    if missing:
        return (
            False,
            f"{len(missing)} migrations are missing, from {missing[0].name} on: run `halong migrate`",
        )
    return True, f"schema is current, TimescaleDB {(await edition(conn)).name.title()} edition"


async def _ingest(conn: AsyncConnection[Any]) -> tuple[bool, str]:
    if not await is_connected(conn, "ingest"):
        return False, "no ingest process is connected to the database: start `halong ingest`"
    last = await last_message(conn)
    return True, f"connected; last message {last.isoformat(timespec='seconds') if last else 'none yet'}"


async def _analytics(conn: AsyncConnection[Any]) -> tuple[bool, str]:
    if not await is_connected(conn, "analytics"):
        return False, "no analytics process is connected to the database: start `halong analytics`"
    return True, "connected"


CHECKS: dict[str, Check] = {"database": _database, "ingest": _ingest, "analytics": _analytics}
