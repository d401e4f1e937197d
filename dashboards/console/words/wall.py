"""Words of the wall."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
WALL: Final[dict[str, tuple[str, str]]] = {
    "view_wall": ("Màn hình lớn", "Wall"),
    "wall_age": ("Số liệu {age} trước", "Data {age} old"),
    "wall_age_none": ("Chưa có số liệu", "No data yet"),
    "wall_seconds": ("{n} giây", "{n} s"),
    "wall_minutes": ("{n} phút", "{n} min"),
    "wall_hours": ("{n} giờ", "{n} h"),
    "wall_days": ("{n} ngày", "{n} d"),
    "wall_alerts": ("Cảnh báo", "Alerts"),
    "wall_more": ("và {n} nữa", "and {n} more"),
    "wall_gateways": ("Gateway", "Gateways"),
    "wall_all_well": ("Mọi gateway đang hoạt động", "All gateways are online"),
    "wall_water": ("Mực nước sông và biển", "Levels of rivers and the sea"),
    "wall_no_water": ("Chưa có trạm đo mực nước", "There is no station that measures levels"),
    "wall_water_away": (
        "Chưa đọc được mực nước: cơ sở dữ liệu không trả lời",
        "Levels could not be read: the database does not answer",
    ),
    "wall_station": ("Trạm", "Station"),
    "wall_level": ("Mực nước", "Level"),
    "wall_against": ("So với báo động", "Against alert levels"),
    "wall_measured": ("Đo", "Measured"),
    "wall_no_levels": ("chưa khai mức báo động", "no alert levels declared"),
    "wall_to_next": ("còn {distance} tới báo động {level}", "{distance} below alert level {level}"),
    "wall_above": ("trên báo động {level} {distance}", "{distance} above alert level {level}"),
    "wall_unknown": ("Không có {codes}: đã bỏ qua.", "There is no {codes}: left out."),
}  # fmt: skip
