"""The tables of open data: values of indicators by area, and hourly values by device. Pure."""

from __future__ import annotations

from typing import Final

from api.formats.table import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, TIME, Column, Table

_UNIT: Final = Column(
    "unit", TEXT, "Unit", "Đơn vị", description="UCUM code.", description_vi="Mã đơn vị theo UCUM."
)
_VALUES: Final = (
    Column(
        "indicator",
        TEXT,
        "Indicator",
        "Chỉ số",
        description="Code of the indicator.",
        description_vi="Mã chỉ số.",
    ),
    Column(
        "area",
        TEXT,
        "Area",
        "Mã địa bàn",
        description="Code of the administrative unit (GSO).",
        description_vi="Mã đơn vị hành chính (Tổng cục Thống kê).",
    ),
    Column(
        "area_valid_from",
        DATE,
        "Area valid from",
        "Địa bàn có hiệu lực từ",
        description="First day on which the unit of this code was in force: a code may pass to another unit.",
        description_vi="Ngày đầu tiên đơn vị mang mã này có hiệu lực: một mã có thể chuyển sang đơn vị khác.",
    ),
    Column(
        "area_name_en",
        TEXT,
        "Area name",
        "Tên địa bàn (tiếng Anh)",
        description="Name in English.",
        description_vi="Tên tiếng Anh.",
    ),
    Column(
        "area_name_vi",
        TEXT,
        "Area name (Vietnamese)",
        "Tên địa bàn",
        description="Name in Vietnamese.",
        description_vi="Tên tiếng Việt.",
    ),
    Column(
        "time",
        TIME,
        "Start",
        "Bắt đầu kỳ",
        description="Start of the step, UTC.",
        description_vi="Thời điểm bắt đầu kỳ, theo UTC.",
    ),
    Column(
        "day",
        DATE,
        "Local day",
        "Ngày địa phương",
        description="Local date of the step's last instant.",
        description_vi="Ngày địa phương của thời điểm cuối kỳ.",
    ),
    Column(
        "label",
        TEXT,
        "Local label",
        "Nhãn giờ địa phương",
        description="What reports call the step: an hour by its end (01:00 to 24:00), longer ones by date.",
        description_vi="Tên kỳ trong báo cáo: giờ theo lúc kết thúc (01:00 đến 24:00), kỳ dài hơn theo ngày.",
    ),
    Column(
        "period",
        TEXT,
        "Step",
        "Kỳ",
        description="Length of the step, ISO 8601 duration.",
        description_vi="Độ dài của kỳ, theo ISO 8601.",
    ),
    Column(
        "value",
        NUMBER,
        "Value",
        "Giá trị",
        description="The value in `unit`; empty: none, and `reason` says why.",
        description_vi="Giá trị theo đơn vị trong `unit`; để trống là không có, `reason` cho biết lý do.",
    ),
    _UNIT,
    Column(
        "category",
        TEXT,
        "Class",
        "Cấp",
        description="Code of the class that the value belongs to.",
        description_vi="Mã của cấp mà giá trị thuộc về.",
    ),
    Column(
        "completeness",
        NUMBER,
        "Completeness",
        "Mức đủ dữ liệu",
        description="Share of the expected observations, 0 to 1.",
        description_vi="Tỷ lệ số lần đo có được so với số lần đo dự kiến, từ 0 đến 1.",
    ),
    Column(
        "reason",
        TEXT,
        "Reason",
        "Lý do",
        description="Why there is no value; `suppressed`: see `suppressed`.",
        description_vi="Lý do không có giá trị; `suppressed`: xem cột `suppressed`.",
    ),
    Column(
        "suppressed",
        BOOLEAN,
        "Suppressed",
        "Không công bố",
        description="true: not published, because it or one that it would give away counts too few people.",
        description_vi="true: không công bố, vì nó, hoặc giá trị suy ra được từ nó, đếm quá ít người.",
    ),
    Column(
        "version",
        INTEGER,
        "Formula version",
        "Phiên bản công thức",
        description="Of the indicator's rule.",
        description_vi="Phiên bản công thức của chỉ số.",
    ),
    Column(
        "revision",
        INTEGER,
        "Revision",
        "Bản sửa đổi",
        description="1, or more where later data changed the value.",
        description_vi="1, hoặc lớn hơn nếu số liệu đến sau đã làm thay đổi giá trị.",
    ),
)
_HOURS: Final = (
    Column(
        "thing", TEXT, "Device", "Thiết bị", description="Code of the device.", description_vi="Mã thiết bị."
    ),
    Column(
        "thing_name",
        TEXT,
        "Device name",
        "Tên thiết bị",
        description="Name of the device.",
        description_vi="Tên thiết bị.",
    ),
    Column(
        "latitude",
        NUMBER,
        "Latitude",
        "Vĩ độ",
        description="Degrees, WGS 84.",
        description_vi="Độ, theo WGS 84.",
    ),
    Column(
        "longitude",
        NUMBER,
        "Longitude",
        "Kinh độ",
        description="Degrees, WGS 84.",
        description_vi="Độ, theo WGS 84.",
    ),
    Column(
        "property",
        TEXT,
        "Property",
        "Đại lượng",
        description="Code of the observed property.",
        description_vi="Mã đại lượng đo.",
    ),
    Column(
        "time",
        TIME,
        "Start",
        "Bắt đầu giờ",
        description="Start of the hour, UTC.",
        description_vi="Thời điểm bắt đầu giờ, theo UTC.",
    ),
    Column(
        "value",
        NUMBER,
        "Value",
        "Giá trị",
        description="The hour's mean; its sum or extreme where the property is added up or is an extreme.",
        description_vi="Trung bình của giờ; tổng hoặc cực trị nếu đại lượng được cộng dồn hoặc là cực trị.",
    ),
    _UNIT,
    Column(
        "minimum",
        NUMBER,
        "Minimum",
        "Nhỏ nhất",
        description="Smallest observation of the hour.",
        description_vi="Lần đo nhỏ nhất trong giờ.",
    ),
    Column(
        "maximum",
        NUMBER,
        "Maximum",
        "Lớn nhất",
        description="Largest observation of the hour.",
        description_vi="Lần đo lớn nhất trong giờ.",
    ),
    Column(
        "n",
        INTEGER,
        "Observations",
        "Số lần đo",
        description="Observations in the hour.",
        description_vi="Số lần đo trong giờ.",
    ),
    Column(
        "n_suspect",
        INTEGER,
        "Suspect observations",
        "Số lần đo nghi ngờ",
        description="How many of them lie outside the physical limits; they count in the values beside.",
        description_vi="Số lần đo nằm ngoài giới hạn vật lý; chúng vẫn được tính trong các giá trị bên cạnh.",
    ),
)
VALUES: Final = Table("open_data_values", _VALUES)
HOURS: Final = Table("open_data_hours", _HOURS)
#: the columns that identify a row
KEYS: Final = {
    VALUES.name: ("indicator", "area", "area_valid_from", "time"),
    HOURS.name: ("thing", "property", "time"),
}
