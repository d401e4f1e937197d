"""What every format decodes to: parallel lists of readings, and what was wrong with the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

#: Upper bound of a payload (wire contract, Refusals: not_decodable).
MAX_PAYLOAD_BYTES = 1 << 20


class Problem(NamedTuple):
    """One thing wrong in a payload: the contract's reason, the place as JSONPath, and words about it."""

    reason: str
    at: str
    detail: str


@dataclass(slots=True)
class Readings:
    """Decoded readings of one message.

    The five lists are parallel, one entry a value. `times` is in microseconds since 1970 UTC; `places` are
    the positions of the readings in the payload, from which `path` makes a JSONPath.
    """

    seq: int | None = None
    #: the lowest seq that the gateway still keeps
    oldest: int | None = None
    gateway: str | None = None
    devices: list[str | None] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def path(self, index: int) -> str:
        """Return the JSONPath of the value at `index` of the lists."""
        return f"$.readings[{self.places[index]}].{self.properties[index]}"
