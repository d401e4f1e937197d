"""Which steps of which indicators are due. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from analytics.inputs import Period
from analytics.series import HOUR, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from analytics.indicator import Indicator

#: A step is computed this long after its end. What ingest commits until a minute after the end is in time;
#: later values are queued as late hours (ingest.writer).
SETTLE = timedelta(seconds=90)
#: How far back the first run reaches.
FIRST_REACH = timedelta(hours=48)
_MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Due:
    """Steps of an indicator to be computed: from `start` up to `end`."""

    indicator: Indicator
    start: datetime
    end: datetime


def floor(instant: datetime, step: timedelta, zone: ZoneInfo) -> datetime:
    """Return the start of the step that holds an instant, in UTC; steps are cut in local time."""
    offset = instant.astimezone(zone).utcoffset() or timedelta()
    return instant.astimezone(UTC) - (instant + offset - _MIDNIGHT) % step


def periods(indicator: Indicator, start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Period]:
    """Yield the whole steps within start <= t < end in which the indicator's rule is valid, oldest first."""
    first = floor(start, indicator.step, zone)
    at = first if first >= start else first + indicator.step
    while at + indicator.step <= end:
        period = Period(Window.of(at, at + indicator.step), zone)
        if indicator.in_force(period):
            yield period
        at += indicator.step


def last_end(indicator: Indicator, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the last step that has ended and settled: the running step is never final."""
    return floor(at - SETTLE, indicator.step, zone)


def due(
    indicators: Iterable[Indicator], computed: Mapping[str, datetime], at: datetime, zone: ZoneInfo
) -> list[Due]:
    """Return what has to be computed at an instant.

    Args:
        indicators: the declarations.
        computed: the instant up to which each indicator is computed.
        at: the instant.
        zone: the city's time zone.
    """
    found = [Due(i, computed[i.code], last_end(i, at, zone)) for i in indicators if i.code in computed]
    return [_with_closing_hour(d, zone) for d in found if d.end > d.start]


def _with_closing_hour(d: Due, zone: ZoneInfo) -> Due:
    """Compute the steps of an hour again when the hour closes.

    A value may come after its short step was computed and before the hour counts as late.
    """
    closed = floor(d.end, HOUR, zone)
    if d.indicator.step >= HOUR or floor(d.start, HOUR, zone) >= closed:
        return d
    return Due(d.indicator, min(d.start, closed - HOUR), d.end)
