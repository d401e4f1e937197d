"""Words of the district dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "district_board": ("Khu vực", "District"),
    "district_board_about": (
        "Mọi điều về các khu vực đã chọn, đơn vị cũ và mới.",
        "Everything of the chosen areas, old and new units.",
    ),
    "row_areas": ("Khu vực đã chọn", "The chosen areas"),
    "row_day": ("Trong ngày", "In the day"),
    "chosen_areas": ("Đơn vị hành chính", "Administrative units"),
    "chosen_areas_about": (
        'Nơi chưa tính chỉ số riêng, số liệu là của đơn vị ở cột "Số liệu của".',
        'Where no indicators are computed, values are those of the unit under "Values of".',
    ),
    "newest_values": ("Giá trị mới nhất", "Newest values"),
    "level": ("Cấp", "Level"),
    "province": ("Tỉnh", "Province"),
    "district": ("Huyện", "District unit"),
    "commune": ("Xã", "Commune"),
    "valid_from": ("Có hiệu lực từ", "In force from"),
    "valid_to": ("Đến", "Up to"),
    "answered_by": ("Số liệu của", "Values of"),
    "population": ("Dân số", "Population"),
    "area_km2": ("Diện tích", "Size"),
    "things": ("Thiết bị đo", "Things there"),
}
