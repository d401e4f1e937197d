"""Words of the data quality dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "quality_board": ("Chất lượng dữ liệu", "Data quality"),
    "quality_board_about": (
        "Thiếu gì, nghi ngờ gì, bị từ chối gì.",
        "What is missing, what is doubtful, what was refused.",
    ),
    "row_quality": ("Hiện nay", "At present"),
    "row_completeness": ("Độ đầy đủ", "Completeness of data"),
    "row_flags": ("Số đo bị đánh dấu", "Flagged observations"),
    "row_refusals": ("Bị từ chối", "Refusals"),
    "flagged_today": ("Bị đánh dấu trong 24 giờ", "Flagged in 24 hours"),
    "suspect_share": ("Ngoài giới hạn vật lý, 6 giờ", "Outside physical limits, 6 h"),
    "late_hours_now": ("Giờ chờ tính lại", "Hours that wait"),
    "flags": ("Đánh dấu theo phép kiểm tra", "Flags by test"),
    "flags_about": (
        "Kiểm soát chất lượng trước khi tính chỉ số; quy tắc: docs/quality.md.",
        "Quality control before indicators; its rules: docs/quality.md.",
    ),
    "no_flags": ("Không số đo nào bị đánh dấu", "No observation was flagged"),
    "flag_RANGE": ("Khoảng giá trị", "Range"),
    "flag_RATE": ("Thay đổi quá nhanh", "Rate of change"),
    "flag_FLAT": ("Đứng yên", "Flat line"),
    "flag_SPIKE": ("Gai nhọn", "Spike"),
    "flag_NEIGHBOURS": ("Khác trạm lân cận", "Neighbours"),
    "flagged_streams": ("Luồng dữ liệu bị đánh dấu nhiều nhất", "Datastreams with most flags"),
    "property": ("Đại lượng", "Property"),
    "flagged": ("Bị đánh dấu", "Flagged"),
    "excluded": ("Không dùng", "Left out"),
    "refusals_table": ("Ai bị từ chối, vì sao", "Who was refused, and why"),
    "newest_refusal": ("Lần cuối", "Last time"),
    "without_value": (
        "Chỉ số chưa có giá trị ở bước mới nhất, và lý do",
        "Indicators without a value in their newest step, and why",
    ),
    "without_value_about": (
        "no_station: không có trạm đo; insufficient_data: thiếu số đo; tháng và năm cần đủ ngày.",
        "no_station: there is none; insufficient_data: too few readings; months and years need days.",
    ),
    "areas": ("Số khu vực", "Areas"),
}
