"""Schematic cells tile the outline; outlines from files find their areas."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from shapely.geometry import Point, shape

from devices.boundaries import BoundaryError, read_geojson, schematic_cells
from devices.profiles import load

if TYPE_CHECKING:
    from pathlib import Path

    from shapely.geometry.base import BaseGeometry

    from devices.model import Area

SQUARE = {"type": "Polygon", "coordinates": [[[107, 21], [107.1, 21], [107.1, 21.1], [107, 21.1], [107, 21]]]}
BOW_TIE = {
    "type": "Polygon",
    "coordinates": [[[107, 21], [107.2, 21.2], [107.2, 21], [107, 21.2], [107, 21]]],
}


@pytest.fixture(scope="module")
def areas() -> tuple[Area, ...]:
    return load("quang_ninh").areas


@pytest.fixture(scope="module")
def districts(areas: tuple[Area, ...]) -> list[Area]:
    return [area for area in areas if area.level == "district"]


def outlines(areas: tuple[Area, ...], level: str) -> dict[str, BaseGeometry]:
    return {area.code: shape(area.boundary) for area in areas if area.level == level}


@pytest.mark.parametrize("level", ["province", "district", "commune"])
def test_cells_of_a_level_tile_one_outline(areas: tuple[Area, ...], level: str) -> None:
    cells = list(outlines(areas, level).values())
    assert all(cell.is_valid and not cell.is_empty for cell in cells)
    assert shapely.coverage_is_valid(cells)
    assert all(a.intersection(b).area == pytest.approx(0, abs=1e-12) for a, b in combinations(cells, 2))
    whole = outlines(areas, "province")["22"]
    # rounding to 4 decimals moves an edge by a few metres
    assert shapely.union_all(cells).symmetric_difference(whole).area < 2e-4 * whole.area


def test_every_cell_holds_its_centre(areas: tuple[Area, ...]) -> None:
    for area in areas:
        if area.level != "province":
            assert shape(area.boundary).contains(Point(area.longitude, area.latitude)), area.code


def test_cells_together_are_about_as_large_as_the_province(areas: tuple[Area, ...]) -> None:
    whole = outlines(areas, "province")["22"]
    km2 = whole.area * 111.2**2 * 0.932
    assert km2 == pytest.approx(6207, rel=0.15)


def test_islands_far_out_stay_apart(areas: tuple[Area, ...]) -> None:
    cells = outlines(areas, "district")
    others = shapely.union_all([cell for code, cell in cells.items() if code != "207"])
    assert cells["207"].disjoint(others)


def test_coordinates_have_four_decimals(areas: tuple[Area, ...]) -> None:
    points = shapely.get_coordinates([shape(area.boundary) for area in areas])
    assert all(value == round(value, 4) for value in points.flat)


def test_no_size_and_one_centre_are_no_obstacle(districts: list[Area]) -> None:
    unsized = [replace(area, area_km2=None) for area in districts]
    assert all(shape(cell).is_valid for cell in schematic_cells(unsized))
    twins = [replace(districts[0], code=code) for code in ("1", "2")]
    one, two = schematic_cells(twins)
    assert one == two
    assert schematic_cells([]) == []


def write(path: Path, *features: dict[str, Any]) -> Path:
    file = path / "outlines.geojson"
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", **each} for each in features]}
    file.write_text(json.dumps(collection), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("feature", "code"),
    [
        ({"id": "195"}, "195"),
        ({"id": 195}, "195"),
        ({"properties": {"gso_code": "205"}}, "205"),
        ({"properties": {"shapeID": "68143936B", "shapeName": "Cẩm Phả"}}, "195"),
        ({"properties": {"name": "Thành phố Cẩm Phả"}}, "195"),
        ({"properties": {"name": "THÀNH PHỐ CẨM PHẢ"}}, "195"),
        ({"properties": {"name": "Cẩm Phả"}}, "195"),
        ({"properties": {"name": "Đông Triều"}}, "205"),
        ({"properties": {"name": "Thị xã Đông Triều"}}, "205"),
        ({"properties": {"name": " dong  trieu "}}, "205"),
        ({"properties": {"name": "Dong Trieu Town"}}, "205"),
    ],
)
def test_feature_finds_its_area(
    tmp_path: Path, districts: list[Area], feature: dict[str, Any], code: str
) -> None:
    found = read_geojson(write(tmp_path, {**feature, "geometry": SQUARE}), districts)
    assert list(found) == [code]
    assert shape(found[code]).equals(shape(SQUARE))


def test_code_without_its_leading_zero(tmp_path: Path, areas: tuple[Area, ...]) -> None:
    file = write(tmp_path, {"properties": {"ma": 6652}, "geometry": SQUARE})
    assert list(read_geojson(file, areas)) == ["06652"]


def test_property_can_be_named(tmp_path: Path, districts: list[Area]) -> None:
    file = write(tmp_path, {"properties": {"huyen": "207"}, "geometry": SQUARE})
    assert list(read_geojson(file, districts, property_names=["huyen"])) == ["207"]


def test_name_that_several_areas_have_is_not_guessed(tmp_path: Path, districts: list[Area]) -> None:
    alike = [replace(districts[0], code="1", name_vi="Hòa Bình", name_en="A"),
             replace(districts[0], code="2", name_vi="Hoa Bình", name_en="B")]  # fmt: skip
    exact = write(tmp_path, {"properties": {"name": "Hoa Bình"}, "geometry": SQUARE})
    assert list(read_geojson(exact, alike)) == ["2"]
    vague = write(tmp_path, {"properties": {"name": "Hoa Binh"}, "geometry": SQUARE})
    with pytest.raises(BoundaryError, match=r"1 \(Hoa Binh\) belongs to no area"):
        read_geojson(vague, alike)


def test_invalid_geometry_is_repaired_and_parts_are_united(tmp_path: Path, districts: list[Area]) -> None:
    file = write(tmp_path, {"id": "195", "geometry": BOW_TIE}, {"id": "207", "geometry": SQUARE},
                 {"id": "195", "geometry": SQUARE})  # fmt: skip
    found = {code: shape(geometry) for code, geometry in read_geojson(file, districts).items()}
    assert list(found) == ["195", "207"]
    assert found["195"].is_valid
    assert found["195"].covers(shape(SQUARE))


def test_all_features_that_do_not_fit_are_told(tmp_path: Path, districts: list[Area]) -> None:
    file = write(
        tmp_path,
        {"id": "195", "geometry": SQUARE},
        {"id": "999", "properties": {"name": "Atlantis"}, "geometry": SQUARE},
        {"geometry": SQUARE},
        {"id": "207", "geometry": {"type": "Point", "coordinates": [107, 21]}},
        {"id": "206", "geometry": None},
    )
    with pytest.raises(BoundaryError) as caught:
        read_geojson(file, districts)
    assert str(caught.value).startswith(
        "outlines.geojson: 4 of its features can't be used: 2 (Atlantis) belongs to no area; "
        "3 (without code and name) belongs to no area; 4 (207) has no polygon; 5 (206) has no polygon. "
    )


@pytest.mark.parametrize("text", ["{", "[]", '{"type": "Feature"}'])
def test_file_of_another_kind_is_refused(tmp_path: Path, districts: list[Area], text: str) -> None:
    (tmp_path / "x.geojson").write_text(text)
    with pytest.raises(BoundaryError, match=r"x\.geojson: it (can't be read as|is no) GeoJSON"):
        read_geojson(tmp_path / "x.geojson", districts)


def test_surveyed_districts_are_found_by_code_and_by_name(
    tmp_path: Path, shared: Path, districts: list[Area]
) -> None:
    file = shared / "facts/quang_ninh_districts.geojson"
    by_code = read_geojson(file, districts)
    document = json.loads(file.read_text(encoding="utf-8"))
    anonymous = [{"properties": {"name": each["properties"]["name"]}, "geometry": each["geometry"]}
                 for each in document["features"]]  # fmt: skip
    by_name = read_geojson(write(tmp_path, *anonymous), districts)
    assert set(by_code) == {area.code for area in districts}
    assert by_name == by_code
    assert all(shape(geometry).is_valid for geometry in by_code.values())
