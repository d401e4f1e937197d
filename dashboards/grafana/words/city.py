"""Words of the city overview."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "city_board": ("Tổng quan thành phố", "City overview"),
    "city_board_about": (
        "Tình trạng thiết bị, dữ liệu và chỉ số của các khu vực.",
        "State of devices, data and indicators of the areas.",
    ),
    "row_state": ("Tình trạng hệ thống", "State of the system"),
    "row_indicator": ("Chỉ số đã chọn", "Chosen indicator"),
    "row_topics": ("Môi trường và giao thông", "Environment and traffic"),
    "row_devices": ("Thiết bị và dữ liệu", "Devices and data"),
    "gateways_online": ("Gateway trực tuyến", "Gateways online"),
    "gateways_silent": ("Gateway im lặng", "Gateways silent"),
    "gateways_silent_about": (
        "Im lặng, ngoại tuyến hoặc chưa từng gửi: không có tin nhắn trong hai chu kỳ nhịp.",
        "Silent, offline or never heard: no message within two heartbeats.",
    ),
    "newest_age": ("Từ lần lưu gần nhất", "Since an observation was stored"),
    "rate": ("Quan trắc mỗi phút", "Observations a minute"),
    "rate_about": ("Trung bình 10 phút qua, theo thời điểm lưu.", "Mean of 10 minutes, by time of storing."),
    "by_district": ("${indicator:text} theo huyện", "${indicator:text} by district"),
    "by_district_about": (
        "Giá trị mới nhất của mỗi huyện trong ba ngày qua; huyện không có dữ liệu thì không hiện.",
        "Each district's newest value of the last three days; a district without data is not shown.",
    ),
    "table": ("${indicator:text}: giá trị và mức", "${indicator:text}: value and category"),
    "open_area": ("Mở bảng khu vực", "Open the dashboard of the area"),
    "over_time": ("${indicator:text} theo thời gian", "${indicator:text} over time"),
    "ingest": ("Tốc độ tiếp nhận", "Ingest rate"),
    "ingest_about": ("Quan trắc được lưu mỗi phút.", "Observations stored a minute."),
    "map": ("Bản đồ gateway", "Map of gateways"),
    "last_refusals": ("Các lần từ chối gần nhất", "Last refusals"),
}
