"""Which stored series answer for which areas: their own, else those of predecessors or successors. Pure.

A unit of 2025 has no indicators of its own; the district that it was part of has. Its values are given for
what they are, the district's, and are marked as standing for the unit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from api.known import Known, Succession, Unit
    from api.periods import Period

Relation = Literal["predecessor", "successor"]


@dataclass(frozen=True)
class Series:
    """The values of one indicator of one area in a period, and the codes of areas for which they stand."""

    indicator: str
    unit: Unit
    start: datetime
    end: datetime
    stands_for: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """What series are ordered by."""
        return self.indicator, self.unit.id

    def joined(self, other: Series) -> Series:
        """Return one series for two of the same key."""
        codes = dict.fromkeys((*self.stands_for, *other.stands_for))
        return replace(
            self, start=min(self.start, other.start), end=max(self.end, other.end), stands_for=tuple(codes)
        )


@dataclass(frozen=True)
class StandIn:
    """An area without values of its own in a period, and the units whose values stand for it."""

    area: Unit
    relation: Relation
    start: datetime
    end: datetime
    derived_from: tuple[Succession, ...]


@dataclass(frozen=True)
class Extent:
    """From which step to which one a series is stored."""

    first: datetime
    last: datetime

    def meets(self, start: datetime, end: datetime) -> bool:
        """Tell whether a value may be stored for a step that starts in a half-open period."""
        return self.first < end and start <= self.last


@dataclass(frozen=True)
class Choice:
    """The series that answer a question, by key, and where they are not the asked areas' own."""

    series: tuple[Series, ...]
    stand_ins: Mapping[StandIn, tuple[str, ...]]


def choose(
    known: Known,
    indicators: Sequence[str],
    areas: Sequence[Unit],
    period: Period,
    extents: Mapping[tuple[str, int], Extent],
    *,
    derive: bool,
) -> Choice:
    """Return the stored series that answer for areas in a period.

    Args:
        known: for predecessors and successors.
        indicators: codes.
        areas: that were asked for.
        period: in which steps have to start.
        extents: of every stored series, by (indicator, area id).
        derive: whether others may stand for an area that has no values of its own.
    """
    series: dict[tuple[str, int], Series] = {}
    stand_ins: dict[StandIn, tuple[str, ...]] = {}
    for indicator in indicators:
        for area in areas:
            own = extents.get((indicator, area.id))
            if own is not None and own.meets(period.start, period.end):
                _add(series, Series(indicator, area, period.start, period.end))
            for each in _stand_ins(known, indicator, area, period, extents) if derive else ():
                stand_ins[each] = (*stand_ins.get(each, ()), indicator)
                for other in each.derived_from:
                    _add(series, Series(indicator, other.unit, each.start, each.end, (area.code,)))
    return Choice(tuple(sorted(series.values(), key=lambda each: each.key)), stand_ins)


def _add(series: dict[tuple[str, int], Series], one: Series) -> None:
    series[one.key] = series[one.key].joined(one) if one.key in series else one


def _stand_ins(
    known: Known, indicator: str, area: Unit, period: Period, extents: Mapping[tuple[str, int], Extent]
) -> Iterator[StandIn]:
    related: dict[Relation, list[Succession]] = {
        "predecessor": known.predecessors(area),
        "successor": known.successors(area),
    }
    for start, end, relations in _gaps(area, period, extents.get((indicator, area.id))):
        for relation in relations:
            found = tuple(
                each
                for each in related[relation]
                if (extent := extents.get((indicator, each.unit.id))) and extent.meets(start, end)
            )
            if found:
                yield StandIn(area, relation, start, end, found)
                break


def _gaps(
    area: Unit, period: Period, own: Extent | None
) -> Iterator[tuple[datetime, datetime, tuple[Relation, ...]]]:
    """Yield the parts of a period in which an area has no series, and who may stand for it there."""
    if own is None or not own.meets(period.start, period.end):
        yield period.start, period.end, ("predecessor", "successor")
        return
    if period.start < own.first:
        yield period.start, own.first, ("predecessor",)
    if area.valid_to is not None and own.last < period.end and not area.reporting:
        yield own.last, period.end, ("successor",)


def land_share(known: Known, area: Unit, relation: Relation, other: Succession) -> float | None:
    """Return which share of the earlier unit's land the later one has, as told, else by their sizes.

    None where it is not told and the later one came from several.
    """
    if other.share is not None:
        return round(other.share, 3)
    small, large = (area, other.unit) if relation == "predecessor" else (other.unit, area)
    if len(known.predecessors(small)) != 1 or small.area_km2 is None or large.area_km2 is None:
        return None
    return round(min(1.0, small.area_km2 / large.area_km2), 3)
