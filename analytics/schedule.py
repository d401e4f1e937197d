"""Which steps of which indicators are due. Pure: the clock is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics.inputs import Period
from analytics.series import HOUR, Window
from analytics.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from analytics.indicator import Indicator

#: A step is computed this long after its end. What ingest commits until a minute after the end is in time;
#: later values are queued as late hours (ingest.writer).
SETTLE = timedelta(seconds=90)
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


def last_end(indicator: Indicator, at: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the last step that has ended and settled: the running step is never final."""
    return indicator.step.floor(at - SETTLE, zone)


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
    closed = Step.HOUR.floor(d.end, zone)
    if d.indicator.step.length >= HOUR or Step.HOUR.floor(d.start, zone) >= closed:
        return d
    return Due(d.indicator, min(d.start, closed - HOUR), d.end)
