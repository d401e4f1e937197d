"""Which steps of which indicators are due. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from analytics.inputs import Period
from analytics.series import HOUR, Window, to_micros
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from analytics.indicator import Indicator

#: A step is computed this long after its end. What ingest commits until a minute after the end is in time;
#: later values are queued as late hours (ingest.writer).
SETTLE = timedelta(seconds=90)
#: After a longer outage the newest steps come first.
AT_ONCE = timedelta(hours=3)
#: How far back the first run reaches.
FIRST_REACH = timedelta(hours=48)


@dataclass(frozen=True)
class Due:
    """Steps of an indicator to be computed: from `start` up to `end`."""

    indicator: Indicator
    start: datetime
    end: datetime


def periods(indicator: Indicator, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the whole steps within start <= t < end in which the indicator's rule is valid, oldest first."""
    step = indicator.step
    first = step.floor(start, zone)
    at = first if first >= start else step.after(first, zone)
    while (after := step.after(at, zone)) <= end:
        period = Period(Window.of(at, after), zone)
        if indicator.in_force(period):
            yield period
        at = after


def ending(
    indicator: Indicator, first: datetime, last: datetime, start: datetime, zone: ZoneInfo
) -> Iterator[Period]:
    """Yield the periods that end within first < t <= last and begin at `start` or later, oldest first."""
    begin = max(start, indicator.step.floor(first, zone))
    return (p for p in periods(indicator, begin, last, zone) if p.step.end > to_micros(first))


def last_end(indicator: Indicator, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the last step that has ended and settled: the running step is never final."""
    return indicator.step.floor(at - SETTLE, zone)


def due(
    indicators: Iterable[Indicator],
    computed: Mapping[str, datetime],
    at: datetime,
    zone: ZoneInfo,
    gaps: Mapping[str, datetime] = MappingProxyType({}),
) -> list[Due]:
    """Return what has to be computed at an instant.

    Args:
        indicators: the declarations.
        computed: the instant up to which each indicator is computed.
        at: the instant.
        zone: the city's time zone.
        gaps: where the oldest gap of an indicator begins: what is made `of` it waits for it.
    """
    complete = {**computed, **gaps}
    found = [
        Due(i, computed[i.code], _end(i, complete, at, zone))
        for i in indicators
        if i.code in computed and all(code in complete for code in i.of)
    ]
    return [_with_closing_hour(d, zone) for d in found if d.end > d.start]


def _end(indicator: Indicator, complete: Mapping[str, datetime], at: datetime, zone: ZoneInfo) -> datetime:
    sources = (indicator.step.floor(complete[code], zone) for code in indicator.of)
    return min((last_end(indicator, at, zone), *sources))


def newest_first(d: Due, zone: ZoneInfo) -> tuple[Due, Due | None]:
    """Split what is due after an outage: what is computed at once, and what is left out until later."""
    step = d.indicator.step
    if d.end - d.start <= max(AT_ONCE, 2 * step.length):
        return d, None
    start = step.floor(d.end - max(HOUR, step.length / 2), zone)
    return Due(d.indicator, start, d.end), Due(d.indicator, d.start, start)


def _with_closing_hour(d: Due, zone: ZoneInfo) -> Due:
    """Compute the steps of an hour again when the hour closes.

    A value may come after its short step was computed and before the hour counts as late.
    """
    closed = Step.HOUR.floor(d.end, zone)
    if d.indicator.step.length >= HOUR or Step.HOUR.floor(d.start, zone) >= closed:
        return d
    return Due(d.indicator, min(d.start, closed - HOUR), d.end)
