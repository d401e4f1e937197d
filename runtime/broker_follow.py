"""Keeps what a broker knows of identities as the database has them, within seconds of each change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from devices.authority import AuthorityError
from runtime.environment import SettingsError
from storage.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from devices.broker_identities import BrokerIdentities
    from runtime.broker_files import BrokerFiles
    from runtime.browser_files import BrowserFiles

    Read = Callable[[AsyncConnection[Any]], Awaitable[BrokerIdentities]]
    Apply = Callable[[BrokerIdentities], None]

log = structlog.get_logger(__name__)

#: a broker is told of changes at most so often, s
_SETTLE_S: Final = 1.0
#: certificates end, and their lists are signed anew, without a word from the database, s
_LONGEST_S: Final = 3600.0


async def follow_identities(url: str, read: Read, apply: Apply) -> None:
    """Apply the identities at the start and at each change, until cancelled.

    Args:
        url: the database.
        read: returns the identities of the moment.
        apply: brings them to the broker; runs in a thread.
    """

    async def bring(conn: AsyncConnection[Any]) -> float:
        found = await read(conn)
        await asyncio.to_thread(apply, found)
        return _seconds_until(found.ends_next)

    await Channel(url, "halong_identities", "identities", bring, _SETTLE_S).follow()


def written(files: BrokerFiles, of_browsers: BrowserFiles | None = None) -> Apply:
    """Return what brings identities into a broker's folder, and says so in the log.

    `of_browsers`: files of the broker for browsers, which are looked at as well; what is wrong with them is
    told in the log and keeps no gateway out.
    """

    def apply(identities: BrokerIdentities) -> None:
        if changed := files.write(identities):
            log.info(
                f"{len(identities.passwords)} identities written",
                action="identities_written",
                folder=str(files.folder),
                files=changed,
            )
        if of_browsers is not None:
            _write(of_browsers)

    return apply


def _write(of_browsers: BrowserFiles) -> None:
    action, folder = "browser_files_written", str(of_browsers.folder)
    try:
        if changed := of_browsers.write():
            log.info("files of the broker for browsers written", action=action, folder=folder, files=changed)
    except (OSError, SettingsError, AuthorityError) as error:
        log.error(  # noqa: TRY400  (the text says it all)
            "no files for the broker for browsers",
            action="browser_files_failed",
            folder=folder,
            error=str(error),
        )


def _seconds_until(moment: datetime | None) -> float:
    if moment is None:
        return _LONGEST_S
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_S)
