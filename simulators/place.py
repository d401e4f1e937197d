"""What a signal needs to know of the spot that a device stands on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from devices.model import Thing

_KM_PER_DEGREE = 111.2


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device's position and the static facts in `Thing.properties` that its signals depend on."""

    code: str
    latitude: float
    longitude: float
    #: sampling interval of each observed property, s
    intervals: dict[str, int]
    facts: dict[str, Any]

    @classmethod
    def of(cls, thing: Thing) -> Place:
        """Read a thing."""
        return cls(
            code=thing.code,
            latitude=thing.latitude,
            longitude=thing.longitude,
            intervals=thing.datastreams,
            facts=thing.properties,
        )

    def number(self, name: str, default: float) -> float:
        """Return a static fact, or its default where the thing does not give it."""
        return float(self.facts.get(name, default))

    def text(self, name: str, default: str) -> str:
        """Return a static fact, or its default where the thing does not give it."""
        return str(self.facts.get(name, default))

    @property
    def inland(self) -> float:
        """0 on the coast, 1 in the valleys away from the sea."""
        return self.number("inland", 0.0)

    @property
    def kilometres(self) -> tuple[float, float]:
        """East and north of 0°N 0°E on a plane good enough for distances within one province."""
        return self.longitude * _KM_PER_DEGREE * 0.933, self.latitude * _KM_PER_DEGREE
