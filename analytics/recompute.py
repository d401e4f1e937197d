"""Late observations: which steps they touch, and computing those again."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analytics import kept, quality_store, values
from analytics.flagging import flag_hours, settled_hour
from analytics.indicator import INDICATORS, levels
from analytics.inputs import ACTIVITY
from analytics.run import Counts, compute_again, time_zone
from analytics.schedule import last_end
from analytics.series import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection

    from analytics.indicator import Indicator
    from analytics.network import LateHour, Network
    from analytics.run import Between

_INSTANT = timedelta(microseconds=1)
_DAY = timedelta(days=1)
#: Late hours that are computed again in one go, and how much time at once.
_LIMIT = 5000
_CHUNK = timedelta(hours=4)
_POLL_S = 0.05
#: Then the late hours stay taken until the next call.
_POLLS = 40


@dataclass(frozen=True)
class Affected:
    """Steps of an indicator that late observations touch, and the ids of the things whose they are."""

    indicator: Indicator
    start: datetime
    end: datetime
    things: frozenset[int]


def affected(
    late: Iterable[LateHour], indicators: Iterable[Indicator], at: datetime, zone: ZoneInfo
) -> list[Affected]:
    """Return the ended steps whose inputs hold a late hour, as few spans as possible for each indicator.

    What an indicator is made of comes before it.
    """
    hours, found = list(late), dict[str, list[Affected]]()
    for indicator in (i for level in levels(indicators) for i in level):
        limit = last_end(indicator, at, zone)
        touched = [_around(indicator, span, limit, zone) for span in _inputs(indicator, hours, found)]
        found[indicator.code] = _merged(a for a in touched if a.start < a.end)
    return [span for spans in found.values() for span in spans]


def _inputs(
    indicator: Indicator, late: Iterable[LateHour], found: Mapping[str, list[Affected]]
) -> Iterator[Affected]:
    """Yield the spans in which the indicator's inputs have changed."""
    for code in indicator.of:
        yield from found.get(code, ())
    # What arrives late counts for the hour in which it arrives, which has not ended.
    for hour in () if indicator.arrivals else late:
        if ACTIVITY in indicator.inputs or hour.observed_property in indicator.inputs:
            yield Affected(indicator, hour.hour, hour.hour + HOUR, frozenset({hour.thing}))


def _around(indicator: Indicator, span: Affected, limit: datetime, zone: ZoneInfo) -> Affected:
    step = indicator.step
    start = step.floor(span.start, zone)
    # A step reads back `window` from its end: the last to read the span ends within the window after it.
    # A month and a year read what begins in them.
    reach = indicator.window if step.length <= _DAY else timedelta()
    end = step.floor(span.end + reach - _INSTANT, zone)
    end = step.after(end, zone) if step.length > _DAY else max(end, step.after(start, zone))
    return Affected(indicator, start, min(end, limit), span.things)


def _merged(touched: Iterable[Affected]) -> list[Affected]:
    merged: list[Affected] = []
    for a in sorted(touched, key=lambda a: a.start):
        if merged and a.start <= merged[-1].end:
            last = merged.pop()
            merged.append(Affected(a.indicator, last.start, max(last.end, a.end), last.things | a.things))
        else:
            merged.append(a)
    return merged


async def recompute_late(conn: AsyncConnection[Any], at: datetime, between: Between | None = None) -> Counts:
    """Compute again what late observations changed, up to the last step that has settled at an instant.

    Safe beside ingest and other analytics processes; nothing is forgotten if it is interrupted.

    Args:
        conn: a connection in autocommit mode.
        at: the instant.
        between: awaited after each part: what is due in the meantime comes first.
    """
    if not await values.claim_late(conn):
        return Counts()
    try:
        await values.move_late(conn, _LIMIT)
        return await _recompute_taken(conn, at, between) if await _settled(conn) else Counts()
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


async def _recompute_taken(conn: AsyncConnection[Any], at: datetime, between: Between | None) -> Counts:
    await quality_store.take_dried(conn, settled_hour(at))
    late = await values.taken_late(conn)
    counts = Counts()
    if late:
        network, zone = await values.read_network(conn), await time_zone(conn)
        await _flag(conn, network, late, at)
        await kept.forget_late(conn)
        await kept.keep_late_hours(conn)
        spans = affected(late, INDICATORS.values(), at, zone)
        for (_, start, end), things in _together(spans).items():
            chunk = max(_CHUNK, *(INDICATORS[code].step.length for code in things))
            around = network.around(frozenset().union(*things.values()))
            counts += await compute_again(
                conn, things, (start, end), around, zone, chunk=chunk, between=between
            )
    await values.finish_late(conn)
    return counts


async def _flag(conn: AsyncConnection[Any], network: Network, late: Iterable[LateHour], at: datetime) -> None:
    hours = {(each.datastream, each.hour) for each in late}
    for start, end in _spans_of_hours({hour for _, hour in hours}):
        ids = {each.thing for each in late if start <= each.hour < end}
        things = replace(network, things=tuple(t for t in network.things if t.id in ids))
        await flag_hours(conn, things, start, end, until=settled_hour(at), late=hours)


def _spans_of_hours(hours: Iterable[datetime]) -> list[tuple[datetime, datetime]]:
    spans: list[tuple[datetime, datetime]] = []
    for hour in sorted(hours):
        start = spans.pop()[0] if spans and spans[-1][1] == hour else hour
        spans.append((start, hour + HOUR))
    return spans


def _together(spans: Iterable[Affected]) -> dict[tuple[int, datetime, datetime], dict[str, frozenset[int]]]:
    """Return what can share its reading, in the order of dependency: things by the indicator's code."""
    groups: dict[tuple[int, datetime, datetime], dict[str, frozenset[int]]] = defaultdict(dict)
    for span in spans:
        groups[span.indicator.level, span.start, span.end][span.indicator.code] = span.things
    return dict(sorted(groups.items(), key=lambda each: each[0][0]))
