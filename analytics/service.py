"""The analytics service: catches up, then computes each step that has settled, and late hours again."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog

from analytics import values
from analytics.indicator import INDICATORS
from analytics.recompute import recompute_late
from analytics.run import Counts, compute, time_zone
from analytics.schedule import FIRST_REACH, due
from storage.errors import is_transient
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import AsyncConnection

    from analytics.schedule import Due
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: How often the schedule and the late hours are looked at.
TICK_S = 5.0
_FIRST_BACKOFF_S = 1.0
_MAX_BACKOFF_S = 30.0


async def run(settings: Settings, stop: asyncio.Event, *, on_ready: Callable[[], None] | None = None) -> None:
    """Compute indicators until `stop` is set; a lost database is waited for.

    `on_ready` is called when the service has caught up, also after the database was away.

    Raises:
        psycopg.Error: an error that trying again does not cure.
    """
    url, backoff = settings.require_database_url(), _FIRST_BACKOFF_S
    while not stop.is_set():
        try:
            async with await connect(url, name="halong analytics") as conn:
                await values.write_catalogue(conn, INDICATORS.values())
                backoff = _FIRST_BACKOFF_S
                await _follow(conn, stop, on_ready)
        except Exception as error:
            if not _is_passing(error):
                raise
            log.warning("database is away, trying again", action="retry", error=str(error), wait_s=backoff)
            await _sleep(stop, backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF_S)


async def _follow(
    conn: AsyncConnection[Any], stop: asyncio.Event, on_ready: Callable[[], None] | None
) -> None:
    computed: dict[str, datetime] = {}
    while not stop.is_set():
        at = datetime.now(UTC)
        if len(computed) < len(INDICATORS):
            computed = await begin(conn, at) | computed
        await run_due(conn, computed, at)
        await _run_late(conn, at)
        if on_ready is not None:
            on_ready()
            on_ready = None
        await _sleep(stop, TICK_S)


async def begin(conn: AsyncConnection[Any], at: datetime) -> dict[str, datetime]:
    """Return the instant up to which each indicator is computed.

    One that was never computed begins with the first observation of the last 48 hours; without any, it waits.
    """
    zone = await time_zone(conn)
    stored = await values.computed_until(conn)
    found = {code: i.step.after(stored[code], zone) for code, i in INDICATORS.items() if code in stored}
    first = await values.first_observation(conn, at - FIRST_REACH) if len(found) < len(INDICATORS) else None
    if first is None:
        return found
    return {code: i.step.floor(first, zone) for code, i in INDICATORS.items()} | found


async def run_due(conn: AsyncConnection[Any], computed: dict[str, datetime], at: datetime) -> Counts:
    """Compute what is due at an instant, and move `computed` forward."""
    found = due(INDICATORS.values(), computed, at, await time_zone(conn))
    counts, began = Counts(), time.monotonic()
    for (start, end), group in _together(found).items():
        counts += await compute(conn, [d.indicator for d in group], start, end)
        computed |= {d.indicator.code: end for d in group}
    if found:
        _report("computed", counts, began, indicators=[d.indicator.code for d in found])
    return counts


async def _run_late(conn: AsyncConnection[Any], at: datetime) -> None:
    began = time.monotonic()
    counts = await recompute_late(conn, at)
    if counts.computed:
        _report("computed late hours again", counts, began)


def _together(found: list[Due]) -> dict[tuple[datetime, datetime], list[Due]]:
    groups: dict[tuple[datetime, datetime], list[Due]] = {}
    for d in found:
        groups.setdefault((d.start, d.end), []).append(d)
    return groups


def _report(event: str, counts: Counts, began: float, **more: Any) -> None:
    seconds = round(time.monotonic() - began, 2)
    log.info(event, action="compute", **vars(counts), seconds=seconds, **more)


def _is_passing(error: Exception) -> bool:
    return is_transient(error) or (error.__cause__ is not None and is_transient(error.__cause__))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
