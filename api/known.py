"""Declarations and areas as they are in the database, kept in memory for as long as they do not change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from analytics.steps import Step
from api import reach
from api.changes import AREAS, DECLARATIONS, Changes, Counts
from api.newest import Newest, NewestValues
from api.queries import known as queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from psycopg_pool import AsyncConnectionPool

    from api.queries import Row

#: what of a declaration stands beside the columns of the catalogue, and what a catalogue without it has
_UNDECLARED: Row = {"inputs": [], "of": [], "categories": [], "crosswalk": [], "source": None}
_HEAD = ("code", "name_en", "name_vi", "unit", "period", "step_s", "window_s", "version", "categories")
_DECLARED = ("description", "description_vi", *_UNDECLARED)


@dataclass(frozen=True, kw_only=True)
class Unit:
    """An administrative unit: one generation of a code."""

    id: int
    code: str
    parent_id: int | None
    level: str
    name_en: str
    name_vi: str
    area_km2: float | None
    latitude: float
    longitude: float
    reporting: bool
    valid_from: date
    valid_to: date | None

    def is_in_force(self, day: date) -> bool:
        """Tell whether it exists on a day; its last day is the one before `valid_to`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True)
class Succession:
    """A unit that another one came from, or went into."""

    unit: Unit
    is_main: bool
    #: of the earlier unit's land the share that went into the later one; None: not known
    share: float | None = None


@dataclass(frozen=True)
class Known:
    """The catalogue of indicators and the tree of areas of one state of the database.

    units: those that may be named and listed. beyond: all, where the caller does not reach all of them.
    """

    indicators: Mapping[str, Row]
    units: Mapping[int, Unit]
    successions: tuple[Row, ...]
    beyond: Mapping[int, Unit] = field(default_factory=dict)

    @cached_property
    def by_code(self) -> Mapping[str, tuple[Unit, ...]]:
        """Every generation of each area's code."""
        found: dict[str, tuple[Unit, ...]] = {}
        for unit in self.units.values():
            found[unit.code] = (*found.get(unit.code, ()), unit)
        return found

    @cached_property
    def area_names(self) -> Mapping[str, tuple[str, ...]]:
        """Areas' codes with their names, for suggestions."""
        return {code: names(units) for code, units in self.by_code.items()}

    @cached_property
    def heads(self) -> Mapping[str, msgspec.Raw]:
        """What the head of an answer says of each indicator, as JSON."""
        return {
            code: msgspec.Raw(msgspec.json.encode({name: row[name] for name in _HEAD}))
            for code, row in self.indicators.items()
        }

    @cached_property
    def indicator_names(self) -> Mapping[str, tuple[str, str]]:
        """Indicators' codes with their names, for suggestions."""
        return {code: (each["name_en"], each["name_vi"]) for code, each in self.indicators.items()}

    @property
    def everywhere(self) -> Mapping[int, Unit]:
        """Every unit: those out of reach still stand for one without values of its own."""
        return self.beyond or self.units

    def within(self, ids: frozenset[int]) -> Known:
        """Return what somebody knows whose reach are these units."""
        inside = {id_: unit for id_, unit in self.units.items() if id_ in ids}
        return replace(self, units=inside, beyond=self.units)

    def predecessors(self, unit: Unit) -> list[Succession]:
        """Return what a unit came from, the main one first."""
        return self._related(unit, "successor_id", "predecessor_id")

    def came_from(self, unit: Unit) -> list[Unit]:
        """Return what a unit came from and may be asked for."""
        return [each.unit for each in self.predecessors(unit) if each.unit.id in self.units]

    def successors(self, unit: Unit) -> list[Succession]:
        """Return what a unit went into, those first that took most of their land from it."""
        return self._related(unit, "predecessor_id", "successor_id")

    def _related(self, unit: Unit, own: str, other: str) -> list[Succession]:
        rows = [row for row in self.successions if row[own] == unit.id]
        found = [Succession(self.everywhere[row[other]], row["is_main"], row["share"]) for row in rows]
        return sorted(found, key=lambda each: (not each.is_main, each.unit.code))

    def below(self, units: Iterable[Unit]) -> Iterator[Unit]:
        """Yield the units and everything below them."""
        level = {unit.id for unit in units}
        while level:
            yield from (self.units[id_] for id_ in sorted(level))
            level = {unit.id for unit in self.units.values() if unit.parent_id in level}


def names(units: Iterable[Unit]) -> tuple[str, ...]:
    """Return the names of units in both languages."""
    return tuple(name for unit in units for name in (unit.name_en, unit.name_vi))


def declared(row: Row) -> Row:
    """Return a row of the catalogue with what clients want to see of its declaration at the top."""
    declaration: Row = row["declaration"]
    shown = {name: declaration[name] for name in _DECLARED if name in declaration}
    return row | _UNDECLARED | shown | {"period": Step.lasting(row["step_s"]).iso}


#: what is known, and the counts of changes from before it was read
State = tuple[Known, Counts]


@dataclass(frozen=True)
class _Cuts:
    """What is left of one state to each who is confined to areas; keys differ in few of them."""

    whole: Known
    _reaches: dict[tuple[str, ...], frozenset[int]] = field(default_factory=dict)
    _known: dict[frozenset[int], Known] = field(default_factory=dict)

    def reach(self, codes: tuple[str, ...]) -> frozenset[int]:
        """Return the ids of the areas that some codes reach."""
        if codes not in self._reaches:
            self._reaches[codes] = reach.units(self.whole, codes)
        return self._reaches[codes]

    def known(self, ids: frozenset[int]) -> Known:
        """Return what is left to whom these areas are in reach."""
        if ids not in self._known:
            self._known[ids] = self.whole.within(ids)
        return self._known[ids]


class Registry:
    """Gives the state of declarations and areas, read again only after they changed."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool
        self.changes = Changes(pool)
        self._newest = NewestValues(pool)
        self._read: tuple[tuple[int, ...], Known] | None = None
        self._cuts = _Cuts(Known({}, {}, ()))

    async def known(self) -> State:
        """Return the present state as far as the caller's reach, and the counts from before it was read."""
        known, counts = await self.whole()
        areas = reach.present()
        return (known if areas is None else self._cuts_of(known).known(areas)), counts

    async def reach(self, codes: Iterable[str]) -> frozenset[int]:
        """Return the ids of the areas that some codes reach at present."""
        known, _ = await self.whole()
        return self._cuts_of(known).reach(tuple(codes))

    def _cuts_of(self, known: Known) -> _Cuts:
        if self._cuts.whole is not known:
            self._cuts = _Cuts(known)
        return self._cuts

    async def whole(self) -> State:
        """Return the present state of all areas, and the counts of changes from before it was read."""
        counts = await self.changes.counts()
        state = counts.of((AREAS, DECLARATIONS))
        if self._read is None or self._read[0] != state:
            self._read = (state, await self._load())
        return self._read[1], counts

    async def newest(self, state: State) -> Newest:
        """Return the newest values, which are as new as a state or newer."""
        known, counts = state
        return await self._newest.since(counts, known.indicators)

    async def _load(self) -> Known:
        async with self._pool.connection() as conn:
            indicators, units = await queries.indicators(conn), await queries.units(conn)
            successions = await queries.successions(conn)
        return Known(
            {row["code"]: declared(row) for row in indicators},
            {row["id"]: Unit(**row) for row in units},
            tuple(successions),
        )
