"""The analytics service: catches up, then computes each step that has settled, and late hours again."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from analytics import alert_run, progress, values
from analytics.flagging import flag_hours, flag_settled
from analytics.indicator import INDICATORS, levels
from analytics.kept import keep_hours
from analytics.packing import pack_calm
from analytics.progress import Gap
from analytics.recompute import recompute_late
from analytics.run import Counts, compute, time_zone
from analytics.schedule import FIRST_REACH, due, newest_first
from analytics.steps import Step
from storage.errors import is_transient
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.schedule import Due
    from runtime.settings import Settings

log = structlog.get_logger(__name__)

#: How often the schedule and the late hours are looked at.
TICK_S = 5.0
#: Of a gap, so much is computed between two looks at what is due.
GAP_PART = timedelta(hours=2)
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
                await _follow(conn, settings, stop, on_ready)
        except Exception as error:
            if not _is_passing(error):
                raise
            log.warning("database is away, trying again", action="retry", error=str(error), wait_s=backoff)
            await _sleep(stop, backoff)
            backoff = min(2 * backoff, _MAX_BACKOFF_S)


async def _follow(
    conn: AsyncConnection[Any], settings: Settings, stop: asyncio.Event, on_ready: Callable[[], None] | None
) -> None:
    while not stop.is_set():
        more = await _unless(stop, _compute(conn))
        if stop.is_set():
            return
        # Never cut short: what was sent must be noted as sent.
        await alert_run.evaluate(conn, settings, datetime.now(UTC))
        if on_ready is not None:
            on_ready()
            on_ready = None
        if not more:
            await _sleep(stop, TICK_S)


async def _compute(conn: AsyncConnection[Any]) -> bool:
    """Compute what is due, late hours and the newest part of a gap; tell whether there was a gap.

    What is calm is packed then, and hours that are over are added up.
    """
    at = datetime.now(UTC)
    await run_due(conn, at)
    await _run_late(conn, at)
    more = await fill_gap(conn)
    await pack_calm(conn)
    await keep_hours(conn)
    return more


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, bool]) -> bool:
    """Return what the work returns, or False where it was cut short: its transaction is rolled back."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.done() and working.result()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def begin(conn: AsyncConnection[Any], at: datetime) -> dict[str, datetime]:
    """Return the instant up to which each indicator is computed.

    One that was never computed begins with the first observation of the last 48 hours; without any, it waits.
    """
    zone = await time_zone(conn)
    stored = await values.computed_until(conn)
    found = {code: i.step.after(stored[code], zone) for code, i in INDICATORS.items() if code in stored}
    found |= {code: until for code, until in (await progress.until(conn)).items() if code in INDICATORS}
    first = await values.first_observation(conn, at - FIRST_REACH) if len(found) < len(INDICATORS) else None
    if first is None:
        return found
    return {code: i.step.floor(first, zone) for code, i in INDICATORS.items()} | found


async def run_due(
    conn: AsyncConnection[Any], at: datetime, *, show: Callable[[int], None] | None = None
) -> Counts:
    """Compute what is due at an instant: the shortest steps first, and of each what no other process has.

    After an outage of more than three hours, the newest steps; the rest is left as a gap. `show` is told the
    number of indicators that are through.
    """
    known = await progress.until(conn)
    if not known.keys() >= INDICATORS.keys():
        await progress.begin(conn, await begin(conn, at))
    await flag_settled(conn, at)
    zone, counts, began, through = await time_zone(conn), Counts(), time.monotonic(), 0
    for step in Step:
        for level in levels(i for i in INDICATORS.values() if i.step is step):
            counts += await _run_level(conn, level, at, zone)
            through += len(level)
            if show is not None:
                show(through)
    if counts.computed:
        _report("computed", counts, began)
    return counts


async def _run_level(
    conn: AsyncConnection[Any], indicators: list[Indicator], at: datetime, zone: ZoneInfo
) -> Counts:
    """Compute what is due of indicators with one step that do not depend on each other."""
    until, gaps = await progress.until(conn), await progress.gaps(conn)
    if not due(indicators, until, at, zone, gaps):
        return Counts()
    counts = Counts()
    async with conn.transaction():
        claimed = await progress.claim(conn, [i.code for i in indicators])
        chosen = [i for i in indicators if i.code in claimed]
        split = [newest_first(d, zone) for d in due(chosen, until | claimed, at, zone, gaps)]
        for (start, end), group in _together(now for now, _ in split).items():
            counts += await compute(conn, group, start, end)
            await progress.advance(conn, {i.code: end for i in group})
        for (start, end), group in _together(left for _, left in split if left).items():
            await progress.leave_out(conn, Gap(frozenset(i.code for i in group), start, end))
    return counts


async def fill_gap(conn: AsyncConnection[Any]) -> bool:
    """Compute the newest part of the newest gap, unless another process does; tell whether it was computed.

    Gaps of what others are made of are closed first.
    """
    gaps = await progress.gaps(conn)
    for level in levels(i for code, i in INDICATORS.items() if code in gaps):
        codes = [i.code for i in level]
        async with conn.transaction():
            found = await progress.claim_gap(conn, codes)
        return found is not None and await _fill(conn, found, codes)
    return False


async def _fill(conn: AsyncConnection[Any], gap: Gap, codes: list[str]) -> bool:
    zone, began = await time_zone(conn), time.monotonic()
    indicators = [INDICATORS[code] for code in sorted(gap.indicators)]
    since = _part(gap, indicators, zone)
    if since < datetime.now(UTC) - FIRST_REACH:
        # Flags are committed on their own: whoever else has the gap by now finds them, and this call ends.
        await flag_hours(conn, await values.read_network(conn), since, gap.end)
    async with conn.transaction():
        if await progress.claim_gap(conn, codes) != gap:
            return False
        counts = await compute(conn, indicators, since, gap.end)
        await progress.fill(conn, gap, since)
    _report("computed what an outage left out", counts, began, since=since.isoformat())
    return True


def _part(gap: Gap, indicators: list[Indicator], zone: ZoneInfo) -> datetime:
    """Return the start of the part of a gap that is computed at once: whole steps of all its indicators."""
    length = max(GAP_PART, *(i.step.length for i in indicators))
    starts = [i.step.floor(gap.end - length, zone) for i in indicators]
    return max(gap.start, min(starts))


async def _run_late(conn: AsyncConnection[Any], at: datetime) -> None:
    async def between(_: datetime) -> None:
        await run_due(conn, datetime.now(UTC))

    began = time.monotonic()
    counts = await recompute_late(conn, at, between)
    if counts.computed:
        _report("computed late hours again", counts, began)


def _together(found: Iterable[Due]) -> dict[tuple[datetime, datetime], list[Indicator]]:
    groups: dict[tuple[datetime, datetime], list[Indicator]] = {}
    for d in found:
        groups.setdefault((d.start, d.end), []).append(d.indicator)
    return groups


def _report(event: str, counts: Counts, began: float, **more: Any) -> None:
    seconds = round(time.monotonic() - began, 2)
    log.info(event, action="compute", **vars(counts), seconds=seconds, **more)


def _is_passing(error: Exception) -> bool:
    return is_transient(error) or (error.__cause__ is not None and is_transient(error.__cause__))


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
