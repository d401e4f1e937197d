"""Words of the planners' dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "planners_board": ("Chỉ số cho quy hoạch", "Indicators for planners"),
    "planners_board_about": (
        "So với kỳ trước cùng độ dài, và đáng tin đến đâu.",
        "Against the period before of the same length, and how far to trust it.",
    ),
    "row_meaning": ("Chỉ số này là gì", "What the indicator is"),
    "row_comparison": ("So sánh với kỳ trước", "Compared with the period before"),
    "row_trust": ("Đáng tin đến đâu", "How far to trust it"),
    "meaning": ("${indicator:text}: căn cứ", "${indicator:text}: where its rule stands"),
    "source": ("Văn bản", "Document"),
    "clause": ("Điều khoản", "Clause"),
    "area_rule": ("Cách gộp theo khu vực", "Rule for an area"),
    "least": ("Độ đầy đủ tối thiểu", "Least completeness"),
    "version": ("Phiên bản công thức", "Version of the formula"),
    "periods": ("${indicator:text}: kỳ này và kỳ trước", "${indicator:text}: this period and the one before"),
    "periods_about": (
        "Nét đứt: kỳ trước cùng độ dài, đặt chồng lên kỳ này.",
        "Dashed: the period before of the same length, laid over this one.",
    ),
    "before": ("kỳ trước", "before"),
    "comparison": ("${indicator:text}: trung bình theo khu vực", "${indicator:text}: means by area"),
    "mean": ("Trung bình", "Mean"),
    "mean_before": ("Kỳ trước", "Before"),
    "difference": ("Chênh lệch", "Difference"),
    "change": ("Thay đổi", "Change"),
    "lowest": ("Thấp nhất", "Lowest"),
    "highest": ("Cao nhất", "Highest"),
    "missing_steps": ("Bước thiếu", "Missing steps"),
    "completeness_band": ("${indicator:text}: độ đầy đủ", "${indicator:text}: completeness"),
    "completeness_band_about": (
        "Phần số liệu mong đợi đã có: đỏ dưới 50 %, vàng dưới 75 %.",
        "Share of the expected data: red below 50 %, orange below 75 %.",
    ),
    "ranking": ("${indicator:text}: xếp hạng khu vực", "${indicator:text}: areas in order"),
    "missing_values": (
        "${indicator:text}: bước có và không có giá trị",
        "${indicator:text}: steps with and without a value",
    ),
    "none_missing": ("có giá trị", "has a value"),
    "steps": ("Số bước", "Steps"),
}
