"""The registry as far as indicators need it, as rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


@dataclass(frozen=True)
class AreaRow:
    """A row of `areas`."""

    id: int
    code: str
    parent_id: int | None
    population: int | None
    valid_from: date
    valid_to: date | None
    population_source: str | None = None


@dataclass(frozen=True)
class Datastream:
    """A row of `datastreams` with its observed property's code."""

    id: int
    thing_id: int
    observed_property: str
    interval_s: int


@dataclass(frozen=True)
class ThingRow:
    """A thing with its gateway, the areas of both, and its datastreams."""

    id: int
    code: str
    gateway: str
    heartbeat_s: int
    properties: Mapping[str, Any]
    areas: frozenset[int]
    gateway_areas: frozenset[int]
    datastreams: tuple[Datastream, ...] = ()

    @cached_property
    def observed_properties(self) -> frozenset[str]:
        """Codes of what the thing measures."""
        return frozenset(d.observed_property for d in self.datastreams)


@dataclass(frozen=True)
class Network:
    """The registry as far as it counts for some areas."""

    areas: tuple[AreaRow, ...]
    parts: tuple[AreaRow, ...]
    gateways: Mapping[int, frozenset[str]]
    things: tuple[ThingRow, ...]

    def codes(self, areas: frozenset[int]) -> frozenset[str]:
        """Return the codes of those areas and parts that have one of the ids."""
        return frozenset(self._codes[i] for i in areas if i in self._codes)

    @cached_property
    def _codes(self) -> dict[int, str]:
        return {row.id: row.code for row in (*self.areas, *self.parts)}


@dataclass(frozen=True)
class LateHour:
    """An hour (UTC) that received observations of a property late; the ids of the areas they count for."""

    hour: datetime
    observed_property: str
    areas: frozenset[int] = field(default_factory=frozenset)
