"""Units that end and units that begin: from the rows of a file to what changes in the registry. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import shapely

from devices.boundaries import SCHEMATIC, with_schematic_boundaries
from devices.lineage import Lineage, area_key
from devices.model import Area
from devices.places import polygon
from devices.plan import area_contents, changes
from devices.profiles.check import check_area
from devices.profiles.rows import ProfileError, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from devices.plan import Change, Contents, Plan

#: Shares are sums of rounded numbers.
_TOLERANCE = 1e-3
#: What a unit that begins must have.
_REQUIRED = ("level", "kind", "name_vi", "name_en", "latitude", "longitude")


class ReorganisationError(ValueError):
    """Lines of the file cannot be used; the message names them all."""

    def __init__(self, errors: Sequence[ProfileError]) -> None:
        noun = "line" if len(errors) == 1 else "lines"
        super().__init__(f"{len(errors)} wrong {noun}, nothing was changed: {'; '.join(map(str, errors))}")


@dataclass(frozen=True, kw_only=True)
class UnitRow:
    """A row of the file: a unit that begins on `valid_from`, or without that one that ends on `valid_to`."""

    code: str
    valid_from: date | None = None
    valid_to: date | None = None
    parent: str | None = None
    level: str | None = None
    kind: str | None = None
    name_vi: str | None = None
    name_en: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    area_km2: float | None = None
    population: int | None = None
    population_source: str | None = None
    reporting: bool = False
    predecessors: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def begins(self) -> bool:
        """Whether the unit begins."""
        return self.valid_from is not None


@dataclass(frozen=True, kw_only=True)
class Located:
    """A gateway, or a thing in one place: `valid_from` is that of its installation. areas: keys."""

    kind: str
    id: int
    code: str
    latitude: float
    longitude: float
    areas: frozenset[str]
    valid_from: Any = None


@dataclass(frozen=True)
class Assignment:
    """What stands in a unit that begins: by its outline, or as the only one that came from its area."""

    located: Located
    unit: str
    by_outline: bool


@dataclass(frozen=True)
class Registered:
    """What the registry holds: areas, also as devices.plan has them, and what stands in them."""

    areas: tuple[Area, ...]
    stored: Contents
    located: tuple[Located, ...]


@dataclass(frozen=True)
class Reorganisation:
    """What changes: areas, and which of them what stands there counts for.

    ended: codes of units that end. unplaced: what stands in a unit that ends, with the units of which it may
    stand in any. heirless: codes of units that end and from which none came.
    """

    plan: Plan
    ended: tuple[str, ...]
    assigned: tuple[Assignment, ...]
    unplaced: tuple[tuple[Located, tuple[str, ...]], ...]
    heirless: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the registry says all of it."""
        return self.plan.is_empty and not self.assigned

    def told(self) -> Iterator[Change]:
        """Yield the changes of areas but those of schematic outlines, which are drawn again for all."""
        for change in self.plan.effective():
            if change.action == "create" or any(each.name != "boundary" for each in change.fields):
                kept = tuple(each for each in change.fields if each.name != "boundary")
                yield replace(change, fields=kept)


def reorganise(
    rows: Iterable[Row[UnitRow] | ProfileError],
    registered: Registered,
    outlines: Mapping[str, Any] | None = None,
    source: str | None = None,
) -> Reorganisation:
    """Return what a file changes.

    Args:
        rows: of the file.
        registered: before.
        outlines: surveyed ones (GeoJSON) of units that begin, by code.
        source: of the outlines.

    Raises:
        ReorganisationError: some rows are wrong.
    """
    read = list(rows)
    good = [row for row in read if isinstance(row, Row)]
    ends, unfit = _ends(good, Lineage(registered.areas))
    begins, incomplete = _begins(good)
    wrong = [*(row for row in read if isinstance(row, ProfileError)), *unfit, *incomplete]
    after, new = _after(registered.areas, ends, begins, outlines or {}, source)
    wrong += _faults(begins, ends, Lineage(after))
    if wrong:
        raise ReorganisationError(sorted(wrong, key=_line))
    wanted = area_contents(after)
    assigned, unplaced = _places(new, wanted, registered.located)
    came_from = {key for row in wanted.values() for key in row["predecessors"]}
    return Reorganisation(
        plan=changes({"areas": wanted}, registered.stored),
        ended=tuple(row.record.code for row, _ in ends),
        assigned=tuple(assigned),
        unplaced=tuple(unplaced),
        heirless=tuple(unit.code for _, unit in ends if area_key(unit) not in came_from),
    )


def begun(rows: Iterable[Row[UnitRow]]) -> list[Area]:
    """Return the units that begin, as far as their rows are complete."""
    return [row.record for row in _begins(rows)[0]]


def _line(error: ProfileError) -> tuple[int, str]:
    number = str(error).partition(", line ")[2].partition(",")[0]
    return (int(number) if number.isdecimal() else 0, str(error))


def _ends(
    rows: Iterable[Row[UnitRow]], lineage: Lineage
) -> tuple[list[tuple[Row[UnitRow], Area]], list[ProfileError]]:
    """Return the rows of units that end, each with its unit, and what is wrong with others."""
    found, wrong = [], []
    for row in rows:
        if row.record.begins:
            continue
        try:
            found.append((row, _ended(row, lineage)))
        except ProfileError as error:
            wrong.append(error)
    return found, wrong


def _ended(row: Row[UnitRow], lineage: Lineage) -> Area:
    code, day = row.record.code, row.record.valid_to
    if day is None:
        raise row.error("valid_from", "a unit begins on a valid_from or ends on a valid_to: give one of them")
    for each in fields(UnitRow):
        if each.name not in ("code", "valid_to") and getattr(row.record, each.name) != each.default:
            raise row.error(each.name, f"without valid_from the row ends {code}: leave this cell empty")
    unit = lineage.in_force(code, day - timedelta(days=1))
    if unit is None:
        raise row.error("code", f"no unit {code!r} is in force on the day before {day}")
    if unit.valid_to not in (None, day):
        raise row.error("valid_to", f"{code} ends on {unit.valid_to} already")
    return unit


def _begins(rows: Iterable[Row[UnitRow]]) -> tuple[list[Row[Area]], list[ProfileError]]:
    """Return the rows of units that begin as areas, and what is wrong with others."""
    found: dict[str, Row[Area]] = {}
    wrong = []
    for row in rows:
        if not row.record.begins:
            continue
        if missing := [name for name in _REQUIRED if getattr(row.record, name) is None]:
            wrong.append(row.error(missing[0], "a unit that begins needs it"))
            continue
        area = Area(**{each.name: getattr(row.record, each.name) for each in fields(UnitRow)})
        first = found.setdefault(area_key(area), Row(row.file, row.line, area))
        if first.line != row.line:
            wrong.append(row.error("code", f"{area.code} begins on line {first.line} already"))
    return list(found.values()), wrong


def _after(
    areas: Sequence[Area],
    ends: Sequence[tuple[Row[UnitRow], Area]],
    begins: Sequence[Row[Area]],
    outlines: Mapping[str, Any],
    source: str | None,
) -> tuple[tuple[Area, ...], list[Area]]:
    """Return all areas as they are afterwards, and of them those that begin."""
    last = {area_key(unit): row.record.valid_to for row, unit in ends}
    known = {area_key(area): area for area in areas}
    kept = {key: replace(area, valid_to=last.get(key, area.valid_to)) for key, area in known.items()}
    for key, unit in ((area_key(row.record), row.record) for row in begins):
        drawn = (known[key].boundary, known[key].boundary_source) if key in known else (None, None)
        boundary, owed_to = (outlines[unit.code], source) if unit.code in outlines else drawn
        kept[key] = replace(unit, boundary=boundary, boundary_source=owed_to)
    bare = [
        replace(area, boundary=None, boundary_source=None) if area.boundary_source == SCHEMATIC else area
        for area in kept.values()
    ]
    after, new = with_schematic_boundaries(bare), {area_key(row.record) for row in begins}
    return after, [area for area in after if area_key(area) in new]


def _faults(
    begins: Iterable[Row[Area]], ends: Iterable[tuple[Row[UnitRow], Area]], lineage: Lineage
) -> Iterator[ProfileError]:
    taken: dict[str, float] = {}
    for row in begins:
        try:
            check_area(row, lineage)
        except ProfileError as error:
            yield error
            continue
        for code, share in zip(row.record.predecessors, row.record.shares, strict=False):
            taken[code] = taken.get(code, 0.0) + share
            if taken[code] > 1 + _TOLERANCE:
                yield row.error("shares", f"with this line more than all of {code} is shared out")
    for ended, unit in ends:
        day = ended.record.valid_to
        for part in lineage.parts(unit):
            if day is not None and part.valid_from < day and (part.valid_to is None or part.valid_to > day):
                yield ended.error("code", f"its part {part.code} stays in force: end that too")
                break


def _places(
    new: Sequence[Area], wanted: Mapping[str, Mapping[str, Any]], located: Iterable[Located]
) -> tuple[list[Assignment], list[tuple[Located, tuple[str, ...]]]]:
    """Return what stands in which of the new units, and for what it cannot be told."""
    outlines = {area_key(a): polygon(a.boundary) for a in new if a.boundary_source != SCHEMATIC}
    heirs: dict[str, list[str]] = {}
    for unit in new:
        for before in wanted[area_key(unit)]["predecessors"]:
            heirs.setdefault(before, []).append(area_key(unit))
    keys = {area_key(unit) for unit in new}
    assigned, unplaced = [], []
    for each in located:
        if not each.areas.isdisjoint(keys):
            continue
        point = shapely.Point(each.longitude, each.latitude)
        around = [key for key, outline in outlines.items() if shapely.covers(outline, point)]
        possible = sorted({key for area in each.areas for key in heirs.get(area, ())})
        if around:
            assigned.append(Assignment(each, around[0], by_outline=True))
        elif len(possible) == 1:
            assigned.append(Assignment(each, possible[0], by_outline=False))
        elif possible:
            unplaced.append((each, tuple(key.partition("@")[0] for key in possible)))
    return assigned, unplaced
