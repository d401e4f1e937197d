"""Keeps what a broker knows of identities as the database has them, within seconds of each change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from storage.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from devices.broker_identities import BrokerIdentities
    from runtime.broker_files import BrokerFiles

    Read = Callable[[AsyncConnection[Any]], Awaitable[BrokerIdentities]]
    Apply = Callable[[BrokerIdentities], None]

log = structlog.get_logger(__name__)

#: a broker is told of changes at most so often, s
_SETTLE_S: Final = 1.0
#: certificates end, and their lists are signed anew, without a word from the database, s
_LONGEST_S: Final = 3600.0


async def follow_identities(url: str, read: Read, apply: Apply, stop: asyncio.Event) -> None:
    """Apply the identities at the start and at each change, until `stop` is set.

    Args:
        url: the database.
        read: returns the identities of the moment.
        apply: brings them to the broker; runs in a thread.
        stop: ends it.
    """

    async def bring(conn: AsyncConnection[Any]) -> float:
        found = await read(conn)
        await asyncio.to_thread(apply, found)
        return _seconds_until(found.ends_next)

    channel = Channel(url, "halong_identities", "identities", bring, _SETTLE_S)
    following = asyncio.create_task(channel.follow(), name="identities")
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((following, stopping), return_when=asyncio.FIRST_COMPLETED)
    if following.done():
        following.result()
    for task in (following, stopping):
        task.cancel()
    await asyncio.gather(following, stopping, return_exceptions=True)


def written(files: BrokerFiles) -> Apply:
    """Return what brings identities into a broker's folder, and says so in the log."""

    def apply(identities: BrokerIdentities) -> None:
        if changed := files.write(identities):
            log.info(
                f"{len(identities.passwords)} identities written",
                action="identities_written",
                folder=str(files.folder),
                files=changed,
            )

    return apply


def _seconds_until(moment: datetime | None) -> float:
    if moment is None:
        return _LONGEST_S
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_S)
