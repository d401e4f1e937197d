"""The registry as far as indicators need it, as rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date, datetime

    from analytics.series import Window


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
class Stay:
    """A time that a thing stood in one place, and the ids of its areas there."""

    time: Window
    areas: frozenset[int]


@dataclass(frozen=True)
class ThingRow:
    """A thing with its gateway, the areas of both, and its datastreams.

    areas: all that it stands or ever stood in. stays: of a thing that was moved each place, else none. once:
    areas that it counted for by a move that was taken back.
    """

    id: int
    code: str
    gateway: str
    heartbeat_s: int
    properties: Mapping[str, Any]
    areas: frozenset[int]
    gateway_areas: frozenset[int]
    datastreams: tuple[Datastream, ...] = ()
    stays: tuple[Stay, ...] = ()
    once: frozenset[int] = frozenset()

    def areas_at(self, instant: int) -> frozenset[int]:
        """Return the ids of the areas that it stood in, at microseconds since 1970 UTC."""
        if not self.stays:
            return self.areas
        found = (stay.areas for stay in self.stays if instant in stay.time)
        return next(found, frozenset())

    def gateway_areas_at(self, instant: int) -> frozenset[int]:
        """Return the ids of its gateway's areas, none before it stood anywhere."""
        is_there = not self.stays or any(instant in stay.time for stay in self.stays)
        return self.gateway_areas if is_there else frozenset()

    @cached_property
    def observed_properties(self) -> frozenset[str]:
        """Codes of what the thing measures."""
        return frozenset(d.observed_property for d in self.datastreams)

    @cached_property
    def all_areas(self) -> frozenset[int]:
        """Ids of the areas whose values may have the thing in them."""
        return self.areas | self.gateway_areas | self.once


@dataclass(frozen=True)
class Network:
    """The registry as far as it counts for some areas."""

    areas: tuple[AreaRow, ...]
    parts: tuple[AreaRow, ...]
    gateways: Mapping[int, frozenset[str]]
    things: tuple[ThingRow, ...]

    @property
    def datastreams(self) -> frozenset[int]:
        """Ids of all datastreams."""
        return frozenset(d.id for thing in self.things for d in thing.datastreams)

    def around(self, things: Collection[int]) -> Network:
        """Return the areas that these things count for, with all that count for them."""
        touched = frozenset[int]().union(*(t.all_areas for t in self.things if t.id in things))
        areas = tuple(area for area in self.areas if area.id in touched)
        ids = {area.id for area in areas}
        return replace(
            self, areas=areas, things=tuple(t for t in self.things if not t.all_areas.isdisjoint(ids))
        )

    def measuring(self, properties: Collection[str]) -> Network:
        """Return the same areas with those datastreams alone that measure one of the properties."""
        return replace(
            self,
            things=tuple(
                replace(t, datastreams=tuple(d for d in t.datastreams if d.observed_property in properties))
                for t in self.things
            ),
        )

    def codes(self, areas: frozenset[int]) -> frozenset[str]:
        """Return the codes of those areas and parts that have one of the ids."""
        return frozenset(self._codes[i] for i in areas if i in self._codes)

    @cached_property
    def _codes(self) -> dict[int, str]:
        return {row.id: row.code for row in (*self.areas, *self.parts)}


@dataclass(frozen=True)
class LateHour:
    """An hour (UTC) of a thing's datastream that received observations late."""

    hour: datetime
    observed_property: str
    thing: int
    datastream: int
