"""Computing long periods: a day at a time, each committed with how far the run has come."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics import progress, values
from analytics.flagging import flag_hours
from analytics.inputs import ACTIVITY
from analytics.run import CHUNK, Counts, compute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.network import Network


@dataclass(frozen=True)
class History:
    """A period to be computed, and of what."""

    indicators: tuple[Indicator, ...]
    start: datetime
    end: datetime
    #: codes; None: all that report
    areas: tuple[str, ...] | None = None

    @property
    def key(self) -> str:
        """By which an interrupted run is known again: other formulas are another run, another end is not."""
        formulas = sorted((i.code, i.version) for i in self.indicators)
        areas = None if self.areas is None else sorted(self.areas)
        text = json.dumps([formulas, areas, self.start.isoformat()])
        return hashlib.sha256(text.encode()).hexdigest()


async def resumed(conn: AsyncConnection[Any], history: History, *, fresh: bool = False) -> datetime:
    """Return where the computation goes on: its start unless the same run was interrupted within the period.

    With `fresh` an interrupted run is forgotten.
    """
    if fresh:
        await progress.forget_run(conn, history.key)
    until = await progress.run_until(conn, history.key)
    return until if until is not None and until < history.end else history.start


async def compute_history(
    conn: AsyncConnection[Any], history: History, since: datetime, done: Callable[[datetime], None]
) -> Counts:
    """Flag and compute from `since` to the end of a period; what is computed survives an interruption.

    Args:
        conn: a connection in autocommit mode.
        history: the period.
        since: its start, or what `resumed` returned.
        done: called with the end of each day that is committed.
    """
    network = _read(await values.read_network(conn, history.areas), history.indicators)
    counts = Counts()
    while since < history.end:
        until = min(since + CHUNK, history.end)
        await flag_hours(conn, network, since, until)
        async with conn.transaction():
            counts += await compute(
                conn, history.indicators, history.start, until, areas=history.areas, since=since
            )
            await progress.reached(conn, history.key, until)
        since = until
        done(until)
    await progress.forget_run(conn, history.key)
    return counts


def _read(network: Network, indicators: Iterable[Indicator]) -> Network:
    """Return a network with what the indicators read: nothing else needs flags for them."""
    inputs = {name for each in indicators for name in each.inputs}
    return network if ACTIVITY in inputs else network.measuring(inputs)
