"""Quality control before indicators: each hour is flagged once it has settled."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics import kept, progress, quality_run, values
from analytics.schedule import FIRST_REACH, SETTLE
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg import AsyncConnection

    from analytics.network import Network

#: The row of indicator_progress that tells up to when hours are flagged.
_PROGRESS = "quality:flags"
_UTC = ZoneInfo("UTC")


def settled_hour(at: datetime) -> datetime:
    """Return the end of the last hour that has settled at an instant; observations come in UTC hours."""
    return Step.HOUR.floor(at - SETTLE, _UTC)


async def flag_hours(
    conn: AsyncConnection[Any],
    network: Network,
    start: datetime,
    end: datetime,
    *,
    until: datetime | None = None,
    late: Collection[tuple[int, datetime]] = (),
) -> None:
    """Flag the hours of start <= t < end; sums of hours whose flags change are forgotten.

    Args:
        conn: a connection in autocommit mode.
        network: whose datastreams.
        start: aware.
        end: aware.
        until: for late hours: later hours up to here are looked at as well, and what changes is queued.
        late: hours of datastreams that need not be queued: they are computed again in any case.
    """
    flagged = await quality_run.flag(conn, network, start, end, until=until, late=late)
    await kept.forget(conn, flagged.changed)


async def flag_settled(conn: AsyncConnection[Any], at: datetime) -> None:
    """Flag the hours that have settled since the last call, at most those of the last 48 hours.

    Also those that are left out at first after an outage: the newest steps reach back into them. One process
    flags while the others wait for the flags.
    """
    end = settled_hour(at)
    if (await progress.until(conn)).get(_PROGRESS, datetime.min.replace(tzinfo=UTC)) >= end:
        return
    async with values.flagging_lock(conn):
        done = (await progress.until(conn)).get(_PROGRESS, end - FIRST_REACH)
        if done < end:
            network = await values.read_network(conn)
            await flag_hours(conn, network, max(done, end - FIRST_REACH), end)
            await progress.begin(conn, {_PROGRESS: end})
            await progress.advance(conn, {_PROGRESS: end})
