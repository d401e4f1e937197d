"""Which areas a position lies in: by surveyed outlines, and for units without one by what is said. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import shapely

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from shapely import Geometry


class PlaceError(ValueError):
    """A position or an area cannot be used; the message says why and what can."""


@dataclass(frozen=True)
class Unit:
    """An area as far as its place counts. `outline`: GeoJSON in WGS 84, None where it is not surveyed."""

    id: int
    code: str
    level: str
    name: str
    parent_id: int | None
    valid_from: date
    valid_to: date | None = None
    outline: Mapping[str, Any] | None = None

    @property
    def generation(self) -> tuple[str, date | None]:
        """Level and last day: units that have both in common share out the land among them."""
        return self.level, self.valid_to

    @cached_property
    def polygon(self) -> Geometry | None:
        """The surveyed outline."""
        return None if self.outline is None else polygon(self.outline)


def polygon(outline: Mapping[str, Any] | None) -> Geometry:
    """Return a GeoJSON geometry as one of shapely's."""
    return shapely.from_geojson(json.dumps(outline))


@dataclass(frozen=True)
class Units:
    """The areas of every generation."""

    rows: tuple[Unit, ...]

    @cached_property
    def by_id(self) -> Mapping[int, Unit]:
        """Areas by id."""
        return {unit.id: unit for unit in self.rows}

    def latest(self, code: str) -> Unit:
        """Return the last unit that had a code.

        Raises:
            PlaceError: no area has it.
        """
        found = [unit for unit in self.rows if unit.code == code]
        if not found:
            raise PlaceError(f"there is no area {code!r}: `halong areas list` shows them")
        return max(found, key=lambda unit: unit.valid_from)

    def around(self, latitude: float, longitude: float) -> list[Unit]:
        """Return the areas, of every generation, whose surveyed outline holds a position in degrees."""
        point = shapely.Point(longitude, latitude)
        return [
            unit for unit in self.rows if unit.polygon is not None and shapely.covers(unit.polygon, point)
        ]

    def placed(self, latitude: float, longitude: float, said: Iterable[str] = ()) -> frozenset[int]:
        """Return the ids of the areas, ancestors included, that something at a position counts for.

        Args:
            latitude: degrees, WGS 84.
            longitude: degrees, WGS 84.
            said: codes of areas that it is assigned to, for units whose outline is not known.

        Raises:
            PlaceError: neither an outline nor anybody says where it lies, or they contradict each other.
        """
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise PlaceError(f"{latitude}, {longitude} is no latitude and longitude in degrees")
        around, assigned = self.around(latitude, longitude), [self.latest(code) for code in said]
        for unit in assigned:
            if unit.polygon is not None and unit not in around:
                raise PlaceError(
                    f"{latitude}, {longitude} lies outside the surveyed outline of {unit.code} {unit.name}: "
                    "correct the position or leave the area out"
                )
        if not (around or assigned):
            raise PlaceError(
                f"no surveyed outline holds {latitude}, {longitude}: say the codes of its areas, "
                "of each generation of units"
            )
        return frozenset(unit.id for unit in self._with_ancestors([*around, *assigned]))

    def located(self, latitude: float, longitude: float, assigned: Iterable[int]) -> frozenset[int]:
        """Return the ids of the areas of something that is assigned to some.

        Of each generation of which a surveyed outline holds the position it is that unit; of the others it is
        those assigned, unless they lie in another unit of such a generation.
        """
        around = self.around(latitude, longitude)
        surveyed = {unit.generation for unit in around}
        kept = [
            self.by_id[id_]
            for id_ in assigned
            if all(
                unit in around or unit.generation not in surveyed
                for unit in self._with_ancestors([self.by_id[id_]])
            )
        ]
        return frozenset(unit.id for unit in self._with_ancestors([*around, *kept]))

    def outside(self, latitude: float, longitude: float, assigned: Iterable[int]) -> tuple[str, ...]:
        """Return the codes of assigned areas whose surveyed outline does not hold a position."""
        around = {unit.id for unit in self.around(latitude, longitude)}
        surveyed = (id_ for id_ in assigned if self.by_id[id_].polygon is not None)
        return self.codes(id_ for id_ in surveyed if id_ not in around)

    def _with_ancestors(self, units: Iterable[Unit]) -> Iterator[Unit]:
        for unit in units:
            above: Unit | None = unit
            while above is not None:
                yield above
                above = None if above.parent_id is None else self.by_id[above.parent_id]

    def codes(self, ids: Iterable[int]) -> tuple[str, ...]:
        """Return the codes of areas, in order."""
        return tuple(sorted(self.by_id[id_].code for id_ in ids))

    def levels_lost(self, before: Iterable[int], after: Iterable[int]) -> tuple[str, ...]:
        """Return the levels that have an area in `before` and none in `after`."""
        kept = {self.by_id[id_].level for id_ in after}
        return tuple(sorted({self.by_id[id_].level for id_ in before} - kept))
