"""Late observations: which steps they touch, and computing those again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analytics import values
from analytics.indicator import INDICATORS
from analytics.inputs import ACTIVITY
from analytics.run import Counts, compute, time_zone
from analytics.schedule import last_end
from analytics.series import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.network import LateHour

_INSTANT = timedelta(microseconds=1)
#: Late hours that are computed again in one go.
_LIMIT = 5000
_POLL_S = 0.05
#: Then the late hours stay taken until the next call.
_POLLS = 40


@dataclass(frozen=True)
class Affected:
    """Steps of an indicator that late observations touch, and the ids of the areas concerned."""

    indicator: Indicator
    start: datetime
    end: datetime
    areas: frozenset[int]


def affected(
    late: Iterable[LateHour], indicators: Iterable[Indicator], at: datetime, zone: ZoneInfo
) -> list[Affected]:
    """Return the ended steps whose inputs hold a late hour, as few spans as possible for each indicator."""
    hours = list(late)
    return [span for i in indicators for span in _spans(i, _touched(i, hours, at, zone))]


def _touched(indicator: Indicator, late: list[LateHour], at: datetime, zone: ZoneInfo) -> list[Affected]:
    limit = last_end(indicator, at, zone)
    concerned = [h for h in late if ACTIVITY in indicator.inputs or h.observed_property in indicator.inputs]
    found = (_around(indicator, hour, limit, zone) for hour in concerned)
    return sorted((a for a in found if a.start < a.end), key=lambda a: a.start)


def _around(indicator: Indicator, late: LateHour, limit: datetime, zone: ZoneInfo) -> Affected:
    # A step reads back `window` from its end: the last to read the hour ends within the window after it.
    step = indicator.step
    end = step.floor(late.hour + HOUR + indicator.window - _INSTANT, zone)
    start = step.floor(late.hour, zone)
    return Affected(indicator, start, min(max(end, step.after(start, zone)), limit), late.areas)


def _spans(indicator: Indicator, touched: list[Affected]) -> list[Affected]:
    merged: list[Affected] = []
    for a in touched:
        if merged and a.start <= merged[-1].end:
            last = merged.pop()
            a = Affected(indicator, last.start, max(last.end, a.end), last.areas | a.areas)  # noqa: PLW2901
        merged.append(a)
    return merged


async def recompute_late(conn: AsyncConnection[Any], at: datetime) -> Counts:
    """Compute again what late observations changed, up to the last step that has settled at an instant.

    Safe beside ingest and other analytics processes; nothing is forgotten if it is interrupted.
    """
    if not await values.claim_late(conn):
        return Counts()
    try:
        await values.move_late(conn, _LIMIT)
        return await _recompute_taken(conn, at) if await _settled(conn) else Counts()
    finally:
        await values.release_late(conn)


async def _settled(conn: AsyncConnection[Any]) -> bool:
    """Wait for transactions that found a late hour still queued: their observations are not visible yet."""
    writers = await values.late_writers(conn)
    for _ in range(_POLLS):
        if not writers:
            return True
        await asyncio.sleep(_POLL_S)
        writers &= await values.late_writers(conn)
    return False


async def _recompute_taken(conn: AsyncConnection[Any], at: datetime) -> Counts:
    late = await values.taken_late(conn)
    counts = Counts()
    if late:
        spans = affected(late, INDICATORS.values(), at, await time_zone(conn))
        for (start, end, areas), indicators in _together(spans).items():
            codes = await values.area_codes(conn, areas)
            if codes:
                counts += await compute(conn, indicators, start, end, areas=codes)
    await values.finish_late(conn)
    return counts


def _together(spans: Iterable[Affected]) -> dict[tuple[datetime, datetime, frozenset[int]], list[Indicator]]:
    groups: dict[tuple[datetime, datetime, frozenset[int]], list[Indicator]] = defaultdict(list)
    for span in spans:
        groups[span.start, span.end, span.areas].append(span.indicator)
    return groups
