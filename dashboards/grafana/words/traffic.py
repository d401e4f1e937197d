"""Words of the traffic and mobility dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "traffic_board": ("Giao thông và đi lại", "Traffic and mobility"),
    "traffic_board_about": (
        "Nhanh chậm, nhiều ít, và bao nhiêu người.",
        "How fast, how much, and how many people.",
    ),
    "row_speed": ("Tốc độ và ùn tắc", "Speed and congestion"),
    "row_volume": ("Lưu lượng", "Volume"),
    "row_people": ("Người", "People"),
    "speed_counters": ("Tốc độ theo điểm đếm", "Speed by counter"),
    "traffic_days": ("Giao thông của ngày mới nhất", "Traffic of the newest day"),
}
