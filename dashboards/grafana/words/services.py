"""Words of the city services dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "services_board": ("Dịch vụ đô thị", "City services"),
    "services_board_about": ("Chiếu sáng, thùng rác, bãi đỗ xe.", "Street lighting, waste bins, parking."),
    "row_lighting": ("Chiếu sáng công cộng", "Street lighting"),
    "row_bins": ("Thùng rác", "Waste bins"),
    "row_parking": ("Đỗ xe", "Parking"),
    "cabinets": ("Tủ điều khiển chiếu sáng", "Street-light cabinets"),
    "cabinets_about": (
        "Công suất đang dùng và công suất khi mọi đèn sáng.",
        "Power drawn, and the power when all lamps are lit.",
    ),
    "cabinet": ("Tủ", "Cabinet"),
    "power": ("Công suất", "Power"),
    "rated": ("Khi sáng hết", "All lit"),
    "lamps": ("Số đèn", "Lamps"),
    "lamp_power": ("Công suất theo tủ", "Power by cabinet"),
    "lighting_nights": ("Đêm mới nhất", "The newest night"),
    "bins": ("Thùng rác đầy nhất", "The fullest bins"),
    "bins_about": (
        "Vàng từ 80 %: cần thu gom; đỏ ở 100 %: tràn.",
        "Orange from 80 %: to be collected; red at 100 %: overflowing.",
    ),
    "bin": ("Thùng", "Bin"),
    "fill": ("Mức đầy", "Fill"),
    "car_parks": ("Bãi đỗ xe", "Car parks"),
    "car_parks_about": (
        "Vàng từ 85 %: xe phải chạy vòng tìm chỗ.",
        "Orange from 85 %: drivers search for a space.",
    ),
    "car_park": ("Bãi", "Car park"),
    "occupied": ("Đã đỗ", "Occupied"),
    "capacity": ("Số chỗ", "Spaces"),
    "share": ("Tỷ lệ", "Share"),
}
