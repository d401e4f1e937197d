"""The tables of open data: values of indicators by area, and hourly values by device. Pure."""

from __future__ import annotations

from typing import Final

from api.formats.table import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, TIME, Column, Table

_VALUES: Final = (
    Column("indicator", TEXT, "Indicator", "Chỉ số", description="Code of the indicator."),
    Column(
        "area",
        TEXT,
        "Area",
        "Mã địa bàn",
        description="Code of the administrative unit (GSO).",
    ),
    Column(
        "area_valid_from",
        DATE,
        "Area valid from",
        "Địa bàn có hiệu lực từ",
        description="First day on which the unit of this code was in force: a code may pass to another unit.",
    ),
    Column("area_name_en", TEXT, "Area name", "Tên địa bàn (tiếng Anh)", description="Name in English."),
    Column("area_name_vi", TEXT, "Area name (Vietnamese)", "Tên địa bàn", description="Name in Vietnamese."),
    Column("time", TIME, "Start", "Bắt đầu kỳ", description="Start of the step, UTC."),
    Column("day", DATE, "Local day", "Ngày địa phương", description="Local date of the step's last instant."),
    Column(
        "label",
        TEXT,
        "Local label",
        "Nhãn giờ địa phương",
        description="What reports call the step: an hour by its end (01:00 to 24:00), longer ones by date.",
    ),
    Column("period", TEXT, "Step", "Kỳ", description="Length of the step, ISO 8601 duration."),
    Column(
        "value",
        NUMBER,
        "Value",
        "Giá trị",
        description="The value in `unit`; empty: none, and `reason` says why.",
    ),
    Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM code."),
    Column("category", TEXT, "Class", "Cấp", description="Code of the class that the value belongs to."),
    Column(
        "completeness",
        NUMBER,
        "Completeness",
        "Mức đủ dữ liệu",
        description="Share of the expected observations, 0 to 1.",
    ),
    Column(
        "reason",
        TEXT,
        "Reason",
        "Lý do",
        description="Why there is no value; `suppressed`: see `suppressed`.",
    ),
    Column(
        "suppressed",
        BOOLEAN,
        "Suppressed",
        "Không công bố",
        description="true: not published, because it or one that it would give away counts too few people.",
    ),
    Column(
        "version", INTEGER, "Formula version", "Phiên bản công thức", description="Of the indicator's rule."
    ),
    Column(
        "revision",
        INTEGER,
        "Revision",
        "Bản sửa đổi",
        description="1, or more where later data changed the value.",
    ),
)
_HOURS: Final = (
    Column("thing", TEXT, "Device", "Thiết bị", description="Code of the device."),
    Column("thing_name", TEXT, "Device name", "Tên thiết bị", description="Name of the device."),
    Column("latitude", NUMBER, "Latitude", "Vĩ độ", description="Degrees, WGS 84."),
    Column("longitude", NUMBER, "Longitude", "Kinh độ", description="Degrees, WGS 84."),
    Column(
        "property",
        TEXT,
        "Property",
        "Đại lượng",
        description="Code of the observed property.",
    ),
    Column("time", TIME, "Start", "Bắt đầu giờ", description="Start of the hour, UTC."),
    Column(
        "value",
        NUMBER,
        "Value",
        "Giá trị",
        description="The hour's mean; its sum or extreme where the property is added up or is an extreme.",
    ),
    Column("unit", TEXT, "Unit", "Đơn vị", description="UCUM code."),
    Column("minimum", NUMBER, "Minimum", "Nhỏ nhất", description="Smallest observation of the hour."),
    Column("maximum", NUMBER, "Maximum", "Lớn nhất", description="Largest observation of the hour."),
    Column("n", INTEGER, "Observations", "Số lần đo", description="Observations in the hour."),
    Column(
        "n_suspect",
        INTEGER,
        "Suspect observations",
        "Số lần đo nghi ngờ",
        description="How many of them lie outside the physical limits; they count in the values beside.",
    ),
)
VALUES: Final = Table("open_data_values", _VALUES)
HOURS: Final = Table("open_data_hours", _HOURS)
#: the columns that identify a row
KEYS: Final = {
    VALUES.name: ("indicator", "area", "area_valid_from", "time"),
    HOURS.name: ("thing", "property", "time"),
}
