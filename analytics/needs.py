"""What indicators need of a datastream: single observations of some time, sums of another. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from analytics.held import SILENT_INTERVALS
from analytics.inputs import ACTIVITY
from analytics.quarters import HOUR_US, QUARTER_US, first_missing_hour
from analytics.series import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from analytics.indicator import Indicator
    from analytics.inputs import Period
    from analytics.network import Datastream, ThingRow

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
#: Of a datastream that measures less often than this, observations are no more than sums would be.
_KEPT_BELOW_S = 180
#: Single observations of at least this long, and of twice the time computed, are read again at the next step.
_REPEATED_FROM = timedelta(hours=6)


@dataclass(frozen=True)
class Plan:
    """An indicator's periods within a chunk, at least one."""

    indicator: Indicator
    periods: tuple[Period, ...]
    #: ids of the things that are computed; None: all that are sites of the indicator
    things: frozenset[int] | None = None

    def concerns(self, thing: ThingRow) -> bool:
        """Tell whether a thing is a site that is computed."""
        wanted = self.things is None or thing.id in self.things
        return wanted and self.indicator.concerns(thing.observed_properties)

    def span(self, thing: ThingRow) -> Window:
        """Return the time for which the thing's inputs are needed."""
        first, reach = self.periods[0], self.indicator.window
        if self.indicator.reach is not None:
            reach = max(reach, self.indicator.reach(thing.properties))
        # A month has several lengths: its inputs begin with it.
        start = first.step.start if self.indicator.step.length > _DAY else first.last(reach).start
        return Window(start, self.periods[-1].step.end)

    def needs(self, thing: ThingRow) -> Iterator[tuple[Datastream, Need]]:
        """Yield the thing's datastreams that the indicator reads, and what of them."""
        span, inputs = self.span(thing), self.indicator.inputs
        raw = self.indicator.raw_window
        single = span.end if raw is None else self.periods[0].last(raw).start
        single = span.start if raw is None else max(span.start, single)
        for d in thing.datastreams:
            is_kept = d.interval_s < _KEPT_BELOW_S
            if d.observed_property in inputs:
                older = Window(span.start, single) if single > span.start else None
                newer = Window(max(single, self._held_from(d)), span.end) if single < span.end else None
                yield d, Need(newer, older, is_kept, is_kept and self._is_repeated(newer))
            elif ACTIVITY in inputs:
                yield d, Need(None, span, is_kept)

    def _held_from(self, datastream: Datastream) -> int:
        """Return from when on readings matter that hold until the next one; before all time for others."""
        if datastream.observed_property not in self.indicator.held:
            return 0
        return self.periods[0].step.start - SILENT_INTERVALS * datastream.interval_s * 1_000_000

    def _is_repeated(self, single: Window | None) -> bool:
        computed = self.periods[-1].step.end - self.periods[0].step.start
        return single is not None and single.length >= max(2 * computed, _REPEATED_FROM // _MICROSECOND)


@dataclass(frozen=True)
class Need:
    """What is needed of a datastream: time of single observations, and of sums over quarters."""

    single: Window | None = None
    sums: Window | None = None
    #: whether sums are kept in the database
    is_kept: bool = True
    #: whether the single observations are kept as well: the next steps read most of them again
    is_repeated: bool = False

    def __or__(self, other: Need) -> Need:
        """Return what serves both."""
        return Need(
            union(self.single, other.single),
            union(self.sums, other.sums),
            self.is_kept,
            self.is_repeated or other.is_repeated,
        )

    def aligned(self) -> Need:
        """Return the need in whole quarters that begin with an hour, where sums are wanted."""
        if self.sums is None:
            return self
        single = self.single and Window(self.single.start // HOUR_US * HOUR_US, self.single.end)
        start, end = self.sums.start // HOUR_US * HOUR_US, -(-self.sums.end // QUARTER_US) * QUARTER_US
        return replace(self, single=single, sums=Window(start, end))

    def completed(self, stored: NDArray[np.void]) -> Need:
        """Return the need with single observations from the first hour on whose sums are not stored."""
        if self.sums is None or (missing := first_missing_hour(stored, self.sums)) == self.sums.end:
            return self
        if self.single is not None and self.single.start <= missing:
            return self
        end = self.sums.end if self.single is None else max(self.sums.end, self.single.end)
        return replace(self, single=Window(missing, end))


def union(one: Window | None, other: Window | None) -> Window | None:
    """Return the window that spans both, where there are any."""
    if one is None or other is None:
        return one or other
    return Window(min(one.start, other.start), max(one.end, other.end))
