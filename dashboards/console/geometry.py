"""From boundaries in degrees to shapes in the coordinates of the drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import shapely
from shapely.geometry import MultiPolygon, Point, Polygon, shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry

WIDTH: Final = 1000.0
_MARGIN: Final = 12.0
_TOLERANCE: Final = 0.0005
#: half the side, in degrees, of what stands for an area without a boundary
_SPOT: Final = 0.04


@dataclass(frozen=True)
class Outline:
    """An area's shape as an SVG path, and where labels fit, in drawing units."""

    path: str
    #: middle of the widest place
    x: float
    y: float
    #: diameter of the circle that fits there
    room: float
    #: below the shape, for a label that does not fit into it
    foot: tuple[float, float]


@dataclass(frozen=True)
class Projection:
    """Degrees to drawing units: equirectangular, true at the middle latitude."""

    west: float
    north: float
    scale: float
    squeeze: float
    height: float

    @classmethod
    def fit(cls, bounds: tuple[float, float, float, float]) -> Projection:
        """Return the projection that fills the drawing with `bounds` (west, south, east, north)."""
        west, south, east, north = bounds
        squeeze = math.cos(math.radians((south + north) / 2))
        scale = (WIDTH - 2 * _MARGIN) / max((east - west) * squeeze, 1e-6)
        return cls(west, north, scale, squeeze, (north - south) * scale + 2 * _MARGIN)

    def point(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return x and y of a point."""
        x = _MARGIN + (longitude - self.west) * self.squeeze * self.scale
        return round(x, 1), round(_MARGIN + (self.north - latitude) * self.scale, 1)

    def told(self) -> dict[str, float]:
        """Return what a browser needs to do as `point` does: west, north, scale, squeeze, margin."""
        own = {"west": self.west, "north": self.north, "scale": self.scale, "squeeze": self.squeeze}
        return own | {"margin": _MARGIN}


def project(rows: Sequence[dict[str, Any]]) -> tuple[Projection, dict[str, Outline]]:
    """Return the projection that fits areas (rows of the API) and their outlines by code."""
    shapes = {row["code"]: boundary(row) for row in rows}
    if not shapes:
        return Projection.fit((0.0, 0.0, 1.0, 1.0)), {}
    west, south, east, north = shapely.total_bounds(list(shapes.values())).tolist()
    projection = Projection.fit((west, south, east, north))
    return projection, {code: outline(each, projection) for code, each in shapes.items()}


def boundary(row: dict[str, Any]) -> BaseGeometry:
    """Return an area's boundary, or a small square around its centre where it has none."""
    if row["boundary"] is None:
        return Point(row["longitude"], row["latitude"]).buffer(_SPOT, cap_style="square")
    return shape(row["boundary"]).simplify(_TOLERANCE)


def outline(geometry: BaseGeometry, projection: Projection) -> Outline:
    """Return a polygon's outline, its label in the middle of the widest place."""
    parts = list(_polygons(geometry))
    path = "".join(_ring(ring.coords, projection) for p in parts for ring in (p.exterior, *p.interiors))
    largest = max(parts, key=lambda part: part.area)
    circle = shapely.maximum_inscribed_circle(largest, tolerance=0.01)
    x, y = projection.point(*circle.coords[0])
    west, south, east, _ = geometry.bounds
    foot = projection.point((west + east) / 2, south)
    return Outline(path, x, y, round(2 * circle.length * projection.scale, 1), foot)


def _polygons(geometry: BaseGeometry) -> Iterable[Polygon]:
    if isinstance(geometry, Polygon):
        return [geometry]
    assert isinstance(geometry, MultiPolygon), f"a boundary is a {geometry.geom_type}, not a polygon"
    return geometry.geoms


def _ring(coordinates: Iterable[tuple[float, ...]], projection: Projection) -> str:
    points = [projection.point(each[0], each[1]) for each in coordinates]
    return "M" + "L".join(f"{x},{y}" for x, y in points[:-1]) + "Z"
