"""Words of the device health dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "devices_board": ("Tình trạng thiết bị", "Device health"),
    "devices_board_about": (
        "Gateway, thiết bị, và số đọc đến ra sao.",
        "Gateways, things, and how their readings arrive.",
    ),
    "row_gateways": ("Gateway", "Gateways and their states"),
    "row_things": ("Thiết bị", "Things"),
    "row_arrival": ("Số đọc đến", "Arrival of readings"),
    "gateways_never": ("Gateway chưa từng gửi", "Gateways never heard"),
    "flapping": ("Gateway chập chờn", "Gateways that flap"),
    "flapping_about": (
        "Báo ngoại tuyến từ ba lần trong 24 giờ.",
        "Told offline three times or more in 24 hours.",
    ),
    "gateways_table": (
        "Tất cả gateway, cần xem trước tiên ở đầu",
        "All gateways, those that need somebody first",
    ),
    "offline_today": ("Mất kết nối 24 giờ", "Offline in 24 h"),
    "firmware": ("Firmware", "Firmware version"),
    "started": ("Khởi động", "Started"),
    "firmwares": ("Phiên bản firmware", "Versions of firmware"),
    "changes_of_state": ("Gateway kết nối và mất kết nối", "Gateways that came and went"),
    "silent_things": ("Thiết bị có số đọc muộn", "Things whose readings are late"),
    "silent_things_about": (
        "Muộn: quá ba chu kỳ đo; nhiều nhất 100 thiết bị, tệ nhất trước.",
        "Late: more than three sampling intervals; at most 100 things, the worst first.",
    ),
    "thing": ("Thiết bị", "Thing"),
    "kind": ("Loại", "Kind"),
    "late_streams": ("Luồng muộn", "Late datastreams"),
    "streams": ("Luồng", "Datastreams"),
    "newest_reading": ("Số đọc mới nhất", "Newest reading"),
    "arrivals": ("Số đọc đến trực tiếp, gửi bù, sai giờ", "Readings live, replayed, ahead of the clock"),
    "arrivals_about": (
        "Gửi bù: cũ hơn 10 phút khi được lưu. Sai giờ: đồng hồ thiết bị chạy trước.",
        "Replayed: older than 10 minutes when stored. Ahead: the clock of the device is fast.",
    ),
    "live": ("Trực tiếp", "Live"),
    "ahead": ("Trước giờ", "Ahead of the clock"),
}
