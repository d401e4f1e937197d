"""How much of a period a gateway or a thing was there, and when it was not. Pure.

A thing is there for a while after each of its observations, by their own time: what it measured and sent
later was measured. A gateway is there by the time at which something came from it; when halong itself was not
listening, nothing is known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: silent after so many expected intervals without anything, and not before a minute
INTERVALS: Final = 2
AT_LEAST: Final = timedelta(minutes=1)

Why = Literal["silent", "offline", "unknown"]


class Span(NamedTuple):
    """A time from `start` up to but not including `end`, and what it was."""

    start: datetime
    end: datetime
    why: Why


@dataclass(frozen=True)
class Availability:
    """Of a period: the share of what is known of it, 0 to 1, and when it was not there or not known.

    share: None where nothing is known.
    """

    start: datetime
    end: datetime
    share: float | None
    spans: tuple[Span, ...]


def limit_of(interval_s: float) -> timedelta:
    """Return after which time without anything something is silent that is expected every `interval_s`."""
    return max(AT_LEAST, INTERVALS * timedelta(seconds=interval_s))


def silences(heard: Iterable[datetime], limit: timedelta, start: datetime, end: datetime) -> list[Span]:
    """Return when nothing had come for longer than `limit`; `heard` rises and may begin before `start`."""
    instants = [start - limit, *heard, end]
    gaps = ((max(one + limit, start), min(other, end)) for one, other in pairwise(instants))
    return [Span(begin, stop, "silent") for begin, stop in gaps if begin < stop]


def offline(states: Sequence[tuple[datetime, bool]], start: datetime, end: datetime) -> list[Span]:
    """Return when a gateway, or its will, had said that it is offline; `states` rise in time."""
    told = [*states, (end, True)]
    spans = (
        (max(time, start), min(until, end)) for (time, online), (until, _) in pairwise(told) if not online
    )
    return [Span(begin, stop, "offline") for begin, stop in spans if begin < stop]


def without(spans: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """Return what is left of spans outside others."""
    left = list(spans)
    for other in others:
        left = [part for span in left for part in _cut(span, other)]
    return left


def _cut(span: Span, other: Span) -> Iterable[Span]:
    if other.end <= span.start or other.start >= span.end:
        yield span
        return
    if span.start < other.start:
        yield Span(span.start, other.start, span.why)
    if other.end < span.end:
        yield Span(other.end, span.end, span.why)


def available(start: datetime, end: datetime, *kinds: Sequence[Span]) -> Availability:
    """Return the availability in a period; of spans that overlap the earlier kind counts.

    Args:
        start: of the period.
        end: of the period.
        kinds: spans that do not overlap within their kind.
    """
    found: list[Span] = []
    for kind in kinds:
        found += without(kind, found)
    known = (end - start) - _length(each for each in found if each.why == "unknown")
    gone = _length(each for each in found if each.why != "unknown")
    share = 1 - gone / known if known > timedelta() else None
    return Availability(start, end, share, tuple(sorted(found)))


def _length(spans: Iterable[Span]) -> timedelta:
    return sum((each.end - each.start for each in spans), timedelta())
