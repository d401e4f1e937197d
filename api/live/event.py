"""Events, their form on the wire (WHATWG HTML, 9.2 Server-sent events), and who wants which. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What an event tells of; its name on the wire, too."""

    VALUE = "value"
    ALERT = "alert"
    GATEWAY = "gateway"
    OBSERVATION = "observation"
    #: older values of an indicator; comes to who follows values
    RECOMPUTED = "recomputed"


#: what a client may choose
CHOICES = (Kind.VALUE, Kind.ALERT, Kind.GATEWAY, Kind.OBSERVATION)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, ready to be sent; what it is chosen by stands beside it. None: of all, or of none."""

    position: int
    kind: Kind
    frame: bytes
    areas: frozenset[str] | None = None
    indicator: str | None = None
    datastream: int | None = None


@dataclass(frozen=True)
class Selection:
    """What one client follows. None: any."""

    kinds: frozenset[Kind]
    indicators: frozenset[str] | None = None
    areas: frozenset[str] | None = None
    datastreams: frozenset[int] = frozenset()

    def wants(self, event: Event) -> bool:
        """Tell whether an event is sent to this client: the one place that decides it."""
        return (
            event.kind in self.kinds
            and (self.indicators is None or event.indicator is None or event.indicator in self.indicators)
            and (self.areas is None or event.areas is None or not self.areas.isdisjoint(event.areas))
            and (event.datastream is None or event.datastream in self.datastreams)
        )


def frame(name: str, data: str, position: int | None = None) -> bytes:
    """Return an event as it is sent. `data` is one line; `position` becomes the client's Last-Event-ID."""
    head = "" if position is None else f"id: {position}\n"
    return f"{head}event: {name}\ndata: {data}\n\n".encode()


def notice(name: str, data: Mapping[str, Any], position: int | None = None) -> bytes:
    """Return an event about the stream itself."""
    return frame(name, json.dumps(data, ensure_ascii=False), position)


def heartbeat(position: int) -> bytes:
    """Return a comment, for whoever ends connections that say nothing, and how far the client is.

    An event without data is not dispatched, but its id is remembered (9.2.6).
    """
    return f":\nid: {position}\n\n".encode()


def retry(milliseconds: int) -> bytes:
    """Return after which time a browser connects again."""
    return f"retry: {milliseconds}\n\n".encode()
