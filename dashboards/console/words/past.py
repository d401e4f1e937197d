"""Words of the time slider on the map."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
PAST: Final[dict[str, tuple[str, str]]] = {
    "past_slider": ("Thời điểm trong 7 ngày qua", "Time in the last 7 days"),
    "past_play": ("Chạy", "Play"),
    "past_pause": ("Dừng", "Pause"),
    "past_live": ("Trực tiếp", "Live"),
    "past_not_live": ("Không trực tiếp: {time}", "Not live: {time}"),
    "past_to_live": ("Về trực tiếp", "Back to live"),
    "past_reading": ("đang đọc…", "reading…"),
    "past_away": (
        "chưa đọc được, cơ sở dữ liệu không trả lời",
        "it could not be read, the database does not answer",
    ),
    "past_unknown": (
        "“{at}” không nằm trong 7 ngày qua: đang hiển thị trực tiếp",
        "“{at}” is no time of the last 7 days: what is shown is live",
    ),
}  # fmt: skip
