"""Outlines of areas: schematic ones computed from centres and sizes, or surveyed ones from GeoJSON files.

Geometries are GeoJSON mappings in WGS 84, longitude before latitude, rounded to 4 decimals (about 10 m).
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely import Geometry

    from devices.model import Area

#: `boundary_source` of what schematic_cells computes
SCHEMATIC = "schematic"

#: Properties in which GeoJSON files of Vietnam's units hold the code of the General Statistics Office …
CODE_PROPERTIES = ("gso_code", "code", "ma", "ma_dvhc", "shapeID", "shapeISO")
#: … and the name.
NAME_PROPERTIES = ("name_vi", "name", "ten", "name_en", "shapeName", "NAME_2", "NAME_1")

#: Words for the kind of a unit, which stand before a Vietnamese name and behind an English one.
_KINDS_VI = "tỉnh|thành phố|thị xã|thị trấn|quận|huyện|phường|xã|đặc khu"
_KINDS_EN = "province|city|town|township|rural district|district|ward|commune|special zone"
_KIND = re.compile(rf"^(?:{_KINDS_VI}) (?=\D)|(?<=\S) (?:{_KINDS_EN})$")

#: Kilometres in one degree of latitude, on a sphere of the Earth's mean radius (6371 km).
_KM_PER_DEGREE = 6371.0 * math.pi / 180
#: Gaps between neighbours' discs up to twice this width, in km, are closed: they are land of somebody.
_CLOSED_KM = 5.0
#: Where no area's size is known.
_USUAL_KM2 = 100.0
_GRID_DEGREES = 1e-4


class BoundaryError(ValueError):
    """A boundary file can't be used; the message names the file and the features."""


@dataclass(frozen=True)
class _Plane:
    """Local equirectangular projection, in which a province keeps its angles: degrees <-> kilometres."""

    scale: NDArray[np.float64]

    @classmethod
    def around(cls, areas: Sequence[Area]) -> _Plane:
        latitude = math.radians(sum(area.latitude for area in areas) / len(areas))
        return cls(np.array([math.cos(latitude), 1.0]) * _KM_PER_DEGREE)

    def centres(self, areas: Sequence[Area]) -> NDArray[np.float64]:
        return np.array([(area.longitude, area.latitude) for area in areas]) * self.scale

    def geojson(self, geometry: Geometry) -> dict[str, Any]:
        return to_geojson(shapely.transform(geometry, lambda points: points / self.scale))


def with_schematic_boundaries(areas: Sequence[Area]) -> tuple[Area, ...]:
    """Return the areas, each one that has no boundary with its schematic cell (see schematic_cells)."""
    cells = schematic_cells(areas)
    return tuple(
        replace(area, boundary=cell, boundary_source=SCHEMATIC) if area.boundary is None else area
        for area, cell in zip(areas, cells, strict=True)
    )


def schematic_cells(areas: Sequence[Area]) -> list[dict[str, Any]]:
    """Return one GeoJSON geometry an area, in the order of `areas`.

    The outline of the whole is the union of discs, each around the centre of an area that has no parts and
    as large as its `area_km2` (without it, as the mean of the others), with narrow gaps closed. The areas of
    a level that were in force until the same day share the outline out to the nearest centre (Voronoi
    cells, clipped): their cells are disjoint and cover it, and a single province gets all of it.
    Areas with one and the same centre get one and the same cell.
    """
    if not areas:
        return []
    plane = _Plane.around(areas)
    outline = _outline(areas, plane)
    generations: dict[tuple[str, date | None], list[int]] = {}
    for i, area in enumerate(areas):
        generations.setdefault((area.level, area.valid_to), []).append(i)
    cells = [outline] * len(areas)
    for members in generations.values():
        centres = plane.centres([areas[i] for i in members])
        for i, cell in zip(members, _share_out(outline, centres), strict=True):
            cells[i] = cell
    return [plane.geojson(cell) for cell in cells]


def _outline(areas: Sequence[Area], plane: _Plane) -> Geometry:
    parents = {area.parent for area in areas}
    smallest = [area for area in areas if area.code not in parents]
    known = [area.area_km2 for area in smallest if area.area_km2]
    usual = sum(known) / len(known) if known else _USUAL_KM2
    radii = np.sqrt([(area.area_km2 or usual) / math.pi for area in smallest])
    discs = shapely.buffer(shapely.points(plane.centres(smallest)), radii)
    return shapely.union_all(discs).buffer(_CLOSED_KM).buffer(-_CLOSED_KM)


def _share_out(outline: Geometry, centres: NDArray[np.float64]) -> list[Geometry]:
    unique, index = np.unique(centres, axis=0, return_inverse=True)
    if len(unique) == 1:
        return [outline] * len(centres)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint(unique), extend_to=outline, ordered=True)
    )
    return [shapely.intersection(cells[i], outline) for i in index]


def read_geojson(
    path: Path,
    areas: Sequence[Area],
    *,
    property_names: Sequence[str] = CODE_PROPERTIES,
    name_properties: Sequence[str] = NAME_PROPERTIES,
) -> dict[str, dict[str, Any]]:
    """Return area code -> geometry from a GeoJSON FeatureCollection (RFC 7946), repaired where invalid.

    A feature belongs to the area whose code is one of its properties or its id, or else to the area of the
    same name, with or without its kind (Thành phố Hạ Long, Hạ Long), whatever the case, and without
    diacritics where that leaves one area. Several features of one area are united. Pass the areas of one
    level and one generation: names come again in the next.

    Whom the outlines are owed to is in no standard place of a file: the caller says it to
    `devices.registry.set_boundaries`.

    Raises:
        BoundaryError: not a FeatureCollection, or a feature without polygon or area; all such are listed.
    """
    index = _Index(areas)
    found: dict[str, list[Geometry]] = {}
    wrong: list[str] = []
    for number, feature in enumerate(_features(path), 1):
        codes = [*_values(feature, property_names), *_values({"properties": feature}, ["id"])]
        titles = _values(feature, name_properties)
        code, outline = index.find(codes, titles), _polygons_of(feature)
        if code is None or outline is None:
            label = next(iter(titles + codes), "without code and name")
            wrong.append(f"{number} ({label}) {'belongs to no area' if code is None else 'has no polygon'}")
        else:
            found.setdefault(code, []).append(outline)
    if wrong:
        raise BoundaryError(
            f"{path.name}: {len(wrong)} of its features can't be used: {'; '.join(wrong)}. "
            "Take them out, or say which property holds the area's code"
        )
    return {code: to_geojson(shapely.union_all(parts)) for code, parts in found.items()}


def to_geojson(geometry: Geometry) -> dict[str, Any]:
    """Return a valid polygonal geometry in degrees as a GeoJSON mapping with rounded coordinates."""
    rounded = shapely.set_precision(_polygonal(geometry), _GRID_DEGREES)
    geojson: dict[str, Any] = json.loads(shapely.to_geojson(shapely.orient_polygons(_rounded(rounded))))
    return geojson


def _rounded(geometry: Geometry) -> Geometry:
    # the grid of set_precision leaves digits such as 107.30000000000001
    return shapely.transform(geometry, lambda points: np.round(points, 4))


def _polygonal(geometry: Geometry) -> Geometry:
    # a repaired or clipped polygon may carry lines and points of no area along
    parts = shapely.get_parts(shapely.make_valid(geometry), return_index=False)
    polygons = [part for part in parts if shapely.get_dimensions(part) == 2]
    return shapely.union_all(polygons)


class _Index:
    """Areas by code and by name, from the strictest way of comparing to the most lenient."""

    def __init__(self, areas: Sequence[Area]) -> None:
        self._by_code = _grouped(areas, lambda area: (area.code, area.code.lstrip("0")))
        self._by_name = [
            (fold, _grouped(areas, lambda area, fold=fold: (fold(area.name_vi), fold(area.name_en))))  # type: ignore[misc]
            for fold in (_folded, _without_kind, _without_diacritics)
        ]

    def find(self, codes: Sequence[str], titles: Sequence[str]) -> str | None:
        """Return the code of the only area that fits, by the first way that finds one."""
        ways = [(codes, self._by_code)]
        ways += [([fold(title) for title in titles], group) for fold, group in self._by_name]
        for keys, group in ways:
            for key in keys:
                if len(fitting := group.get(key, ())) == 1:
                    return next(iter(fitting))
        return None


def _grouped(areas: Sequence[Area], keys: Callable[[Area], Iterable[str]]) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for area in areas:
        for key in keys(area):
            groups.setdefault(key, set()).add(area.code)
    return groups


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _without_kind(name: str) -> str:
    return _KIND.sub("", _folded(name))


def _without_diacritics(name: str) -> str:
    letters = unicodedata.normalize("NFD", _without_kind(name).replace("đ", "d"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise BoundaryError(f"{path}: it can't be read as GeoJSON: {error}") from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise BoundaryError(f"{path.name}: it is no GeoJSON FeatureCollection (RFC 7946, 3.3)")
    return [feature for feature in document.get("features", []) if isinstance(feature, dict)]


def _values(feature: dict[str, Any], properties: Sequence[str]) -> list[str]:
    found = feature.get("properties") or {}
    return [str(found[name]) for name in properties if found.get(name) is not None]


def _polygons_of(feature: dict[str, Any]) -> Geometry | None:
    try:
        geometry = _polygonal(shapely.from_geojson(json.dumps(feature.get("geometry"))))
    except shapely.errors.ShapelyError:
        return None
    return None if shapely.is_empty(geometry) else geometry
