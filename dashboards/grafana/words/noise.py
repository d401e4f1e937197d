"""Words of the noise dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "noise_board": ("Tiếng ồn", "Noise"),
    "noise_board_about": (
        "Mức âm của giờ, ngày, tối và đêm.",
        "Levels of the hour, of day, evening and night.",
    ),
    "row_hours": ("Theo giờ", "By the hour"),
    "row_statistics": ("Mức thống kê", "Statistical levels"),
    "row_days": ("Theo ngày", "By the day"),
    "noise_days": ("Các mức của ngày mới nhất", "Levels of the newest day"),
    "noise_days_about": (
        "Không có vạch giới hạn: QCVN 26 mới chỉ đặt giới hạn theo loại khu vực, khai báo cho từng nơi.",
        "No limit is drawn: the regulation in force has limits by kind of place, which are configured.",
    ),
}
