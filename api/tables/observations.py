"""Observations as measured, and summed up. Pure."""

from __future__ import annotations

from typing import Final

from api.formats.table import INTEGER, NUMBER, TEXT, TIME, Column, Table

_WHOSE: Final = (
    Column("thing", TEXT, "Device", "Thiết bị"),
    Column("property", TEXT, "Observed property", "Đại lượng đo"),
    Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM, of all values of the row."),
    Column("datastream", INTEGER, "Datastream", "Chuỗi dữ liệu"),
    Column("longitude", NUMBER, "Longitude", "Kinh độ", "deg", "WGS 84."),
    Column("latitude", NUMBER, "Latitude", "Vĩ độ", "deg", "WGS 84."),
)
_PLACE: Final = ("longitude", "latitude")
_SUMS: Final = (
    Column("n", INTEGER, "Observations", "Số lần đo"),
    Column("n_suspect", INTEGER, "Suspect observations", "Số lần đo nghi ngờ"),
    Column("mean", NUMBER, "Mean", "Trung bình"),
    Column("minimum", NUMBER, "Minimum", "Nhỏ nhất"),
    Column("maximum", NUMBER, "Maximum", "Lớn nhất"),
    Column("total", NUMBER, "Sum", "Tổng"),
    Column("first", NUMBER, "First", "Đầu tiên"),
    Column("last", NUMBER, "Last", "Cuối cùng"),
)

RAW: Final = Table(
    "observations",
    (
        Column("time", TIME, "Time", "Thời gian", description="When it was measured, UTC."),
        Column("value", NUMBER, "Value", "Giá trị"),
        Column("quality", TEXT, "Quality", "Chất lượng", description="good or suspect"),
        Column("flags", TEXT, "Failed tests", "Kiểm tra không đạt", description="With blanks between."),
        *_WHOSE,
    ),
    _PLACE,
)
HOURLY: Final = Table(
    "observations by hour",
    (Column("time", TIME, "Hour", "Giờ", description="Start of the UTC hour."), *_SUMS, *_WHOSE),
    _PLACE,
)
