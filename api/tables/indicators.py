"""Values of indicators. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.formats.table import DATE, INTEGER, NUMBER, TEXT, TIME, Column, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

VALUES: Final = Table(
    "indicator values",
    (
        Column("indicator", TEXT, "Indicator", "Chỉ số"),
        Column("area", TEXT, "Area", "Mã khu vực"),
        Column("area_name_en", TEXT, "Name of the area (English)", "Tên khu vực (tiếng Anh)"),
        Column("area_name_vi", TEXT, "Name of the area (Vietnamese)", "Tên khu vực"),
        Column("time", TIME, "Start of the step", "Bắt đầu bước", description="UTC"),
        Column("period_start", TIME, "Measured from", "Đo từ", description="UTC"),
        Column("period_end", TIME, "Measured until", "Đo đến", description="UTC, excluded"),
        Column("day", DATE, "Local day", "Ngày"),
        Column("label", TEXT, "Step", "Thời điểm", description="Local time; an hour by its end."),
        Column("value", NUMBER, "Value", "Giá trị"),
        Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM"),
        Column("category", TEXT, "Category", "Mức"),
        Column("category_name_en", TEXT, "Name of the category (English)", "Tên mức (tiếng Anh)"),
        Column("category_name_vi", TEXT, "Name of the category (Vietnamese)", "Tên mức"),
        Column("completeness", NUMBER, "Completeness", "Mức đầy đủ", "1", "0 to 1"),
        Column("reason", TEXT, "Why there is no value", "Lý do không có giá trị"),
        Column("version", INTEGER, "Version of the formula", "Phiên bản công thức"),
        Column("revision", INTEGER, "Revision", "Lần sửa đổi"),
        Column("computed_at", TIME, "Computed", "Tính lúc", description="UTC"),
        Column("area_valid_from", DATE, "Area in force from", "Khu vực có hiệu lực từ"),
        Column(
            "stands_for",
            TEXT,
            "Stands for areas",
            "Thay cho khu vực",
            description="Codes of areas without values of their own for which this one stands.",
        ),
        Column("longitude", NUMBER, "Longitude", "Kinh độ", "deg", "Centre of the area, WGS 84."),
        Column("latitude", NUMBER, "Latitude", "Vĩ độ", "deg", "Centre of the area, WGS 84."),
    ),
    ("longitude", "latitude"),
)


def value_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value, whose `category` is a class or null, as a row of VALUES."""
    category = row["category"] or {}
    named = {f"category_{name}": category.get(name) for name in ("name_en", "name_vi")}
    stands_for = " ".join(row.get("stands_for", ())) or None
    return {**row, **named, "category": category.get("code"), "stands_for": stands_for}
