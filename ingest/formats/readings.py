"""What every format decodes to: parallel lists of readings, and what was wrong with the rest."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Upper bound of a payload (wire contract, Refusals: not_decodable).
MAX_PAYLOAD_BYTES = 1 << 20

#: below so many readings of a message, columns cost more than they save
FEW_READINGS = 4

#: a payload may have half a million things wrong: nobody reads that many
_MAX_LISTED = 1000
_LISTS_EACH: ContextVar[bool] = ContextVar("lists_each", default=False)


@contextmanager
def listing_each() -> Iterator[None]:
    """Within the block, every problem stands by itself, for an engineer to read, and not one a reason."""
    token = _LISTS_EACH.set(True)
    try:
        yield
    finally:
        _LISTS_EACH.reset(token)


def is_listed(known: int) -> bool:
    """Tell whether a problem beside so many known ones is listed, or counted with others of its reason."""
    return known < _MAX_LISTED and _LISTS_EACH.get()


class Problem(msgspec.Struct):
    """What is wrong in a payload: the contract's reason, the first place as JSONPath, words, how often."""

    reason: str
    at: str
    detail: str
    count: int = 1


class Readings(msgspec.Struct):
    """Decoded readings of one message.

    The five lists are parallel, one entry a value. `times` is in microseconds since 1970 UTC; `places` are
    the positions of the readings in the payload, from which `path` and `time_path` make a JSONPath.
    `units` is empty where every value is in the unit of its observed property; otherwise it is parallel too,
    with SenML unit names (RFC 8428, 12.1; RFC 8798), or None for the property's own.
    """

    seq: int | None = None
    #: the lowest seq that the gateway still keeps
    oldest: int | None = None
    gateway: str | None = None
    devices: list[str | None] = []
    properties: list[str] = []
    times: list[int] = []
    values: list[float] = []
    places: list[int] = []
    units: list[str | None] = []
    #: one a reason, or within `listing_each` one a place
    problems: list[Problem] = []
    #: how the format writes the place of a value and of a time
    value_path: str = "$.readings[{place}].{property}"
    time_path: str = "$.readings[{place}].time"
    #: … and of what names the device; None: as the place of a value
    device_path: str | None = None

    def refuse(self, reason: str, at: str, detail: str) -> None:
        """Count a problem under its reason."""
        by_itself = is_listed(len(self.problems))
        for known in self.problems:
            if known.reason == reason and (not by_itself or known.at == at):
                known.count += 1
                return
        self.problems.append(Problem(reason, at, detail))

    def path(self, index: int) -> str:
        """Return the JSONPath of the value at `index` of the lists."""
        return self.value_path.format(place=self.places[index], property=self.properties[index])

    def path_of_time(self, index: int) -> str:
        """Return the JSONPath of the time of the value at `index` of the lists."""
        return self.time_path.format(place=self.places[index])

    def path_of_device(self, index: int) -> str:
        """Return the JSONPath of what names the device of the value at `index` of the lists."""
        if self.device_path is None:
            return self.path(index)
        return self.device_path.format(place=self.places[index], property=self.properties[index])
