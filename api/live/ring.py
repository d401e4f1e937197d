"""The last events in memory, once for all streams: each stream only knows how far it is. Pure."""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from api.live.event import Event

_POSITION = attrgetter("position")


class Ring:
    """Events in the order of their positions; the oldest go when there are more than `size`.

    A mark counts events since the beginning, also those that are gone.
    """

    def __init__(self, size: int, begin: int) -> None:
        """Begin after the position `begin`, of which a client may say that it has seen it."""
        self._size = size
        self._events: list[Event] = []
        self._gone = 0
        #: everything after this position is here, up to …
        self.floor = begin
        #: … this one
        self.last = begin

    @property
    def end(self) -> int:
        """The mark after the newest event."""
        return self._gone + len(self._events)

    def append(self, events: Iterable[Event], last: int) -> None:
        """Add events, all of those up to the position `last`."""
        self._events.extend(events)
        self.last = last
        # In portions: to take from the front of a list moves all the rest.
        if len(self._events) > self._size + self._size // 8:
            gone = len(self._events) - self._size
            self.floor = self._events[gone - 1].position
            del self._events[:gone]
            self._gone += gone

    def knows(self, position: int) -> bool:
        """Tell whether everything after a position is here."""
        return self.floor <= position <= self.last

    def mark(self, position: int) -> int:
        """Return the mark of the first event after a position."""
        return self._gone + bisect_right(self._events, position, key=_POSITION)

    def has(self, mark: int) -> bool:
        """Tell whether nothing from a mark on is gone."""
        return mark >= self._gone

    def read(self, mark: int, count: int) -> Sequence[Event]:
        """Return up to `count` events from a mark on."""
        begin = mark - self._gone
        return self._events[begin : begin + count]
