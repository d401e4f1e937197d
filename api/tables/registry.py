"""Areas, things, and the newest observation of each datastream. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from api.formats.table import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, TIME, Column, Table
from devices.model import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE: Final = ("longitude", "latitude")
_POSITION: Final = (
    Column("longitude", NUMBER, "Longitude", "Kinh độ", "deg", "WGS 84."),
    Column("latitude", NUMBER, "Latitude", "Vĩ độ", "deg", "WGS 84."),
)

AREAS: Final = Table(
    "areas",
    (
        Column("code", TEXT, "Code", "Mã"),
        Column("parent", TEXT, "Part of", "Thuộc"),
        Column("level", TEXT, "Level", "Cấp"),
        Column("kind", TEXT, "Kind", "Loại"),
        Column("name_en", TEXT, "Name (English)", "Tên tiếng Anh"),
        Column("name_vi", TEXT, "Name (Vietnamese)", "Tên"),
        Column("population", INTEGER, "Population", "Dân số"),
        Column("population_source", TEXT, "Source of population", "Nguồn dân số"),
        Column("area_km2", NUMBER, "Area", "Diện tích", "km2"),
        *_POSITION,
        Column("reporting", BOOLEAN, "Has indicators", "Có chỉ số"),
        Column("valid_from", DATE, "In force from", "Hiệu lực từ"),
        Column("valid_to", DATE, "In force until, excluded", "Hiệu lực đến"),
        Column(
            "boundary_source",
            TEXT,
            "Source of outline",
            "Nguồn ranh giới",
            description="schematic: computed from the centres, not surveyed",
        ),
        Column("boundary", TEXT, "Outline", "Ranh giới"),
    ),
    _PLACE,
    outline="boundary",
)
THINGS: Final = Table(
    "things",
    (
        Column("code", TEXT, "Code", "Mã"),
        Column("name", TEXT, "Name", "Tên"),
        Column("kind", TEXT, "Kind", "Loại"),
        Column("gateway", TEXT, "Gateway", "Cổng"),
        *_POSITION,
        Column("enabled", BOOLEAN, "In use", "Đang dùng"),
        Column("areas", TEXT, "Areas", "Khu vực", description="Codes with blanks between."),
        Column("tags", TEXT, "Tags", "Thẻ", description="With blanks between."),
    ),
    _PLACE,
)
LATEST: Final = Table(
    "latest observations",
    (
        Column("thing", TEXT, "Device", "Thiết bị"),
        Column("observed_property", TEXT, "Observed property", "Đại lượng đo"),
        Column("time", TIME, "Time", "Thời gian", description="When it was measured, UTC."),
        Column("value", NUMBER, "Value", "Giá trị"),
        Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM"),
        Column("quality", TEXT, "Quality", "Chất lượng", description="good or suspect"),
        Column("datastream_id", INTEGER, "Datastream", "Chuỗi dữ liệu"),
        *_POSITION,
    ),
    _PLACE,
)


def area_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an area as a row of AREAS; its outline, where it has one, as the text of a GeoJSON geometry."""
    boundary = row["boundary"]
    return {**row, "boundary": msgspec.json.encode(boundary).decode() if boundary else None}


def thing_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a thing as a row of THINGS."""
    return {**row, "areas": " ".join(row["areas"]), "tags": " ".join(row["tags"])}


def latest_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a datastream's newest observation as a row of LATEST."""
    return {**row, "quality": Quality(row["quality"]).name.lower()}
