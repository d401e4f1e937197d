"""Words of codes: reasons of missing values and of refusals."""

from __future__ import annotations

from typing import Final

from analytics.results import WHY

#: key -> (Vietnamese, English)
CODES: Final[dict[str, tuple[str, str]]] = {
    **{f"why_{reason}": (why.vi, why.en) for reason, why in WHY.items()},
    # why a reading was refused: the wire contract
    "refused_not_decodable": ("Không giải mã được", "Not decodable"),
    "refused_schema": ("Sai cấu trúc", "Wrong form"),
    "refused_unknown_gateway": ("Gateway chưa đăng ký", "Unknown gateway"),
    "refused_unknown_device": ("Thiết bị chưa đăng ký", "Unknown device"),
    "refused_unknown_property": ("Đại lượng chưa đăng ký", "Unknown property"),
    "refused_time_missing": ("Thiếu thời điểm", "Time missing"),
    "refused_time_invalid": ("Thời điểm không hợp lệ", "Invalid time"),
    "refused_time_in_future": ("Thời điểm ở tương lai", "Time in the future"),
    "refused_time_too_old": ("Thời điểm quá cũ", "Time too old"),
    "refused_value_not_finite": ("Giá trị không phải số", "Value not a number"),
    "refused_unknown_command": ("Lệnh không xác định", "Unknown command"),
    "refused_no_birth": ("Thiếu khai báo Sparkplug", "No Sparkplug birth"),
    "refused_unit_mismatch": ("Đơn vị không phù hợp", "Unit mismatch"),
    "refused_value_out_of_range": ("Ngoài giới hạn vật lý", "Out of physical range"),
    "refused_not_storable": ("Không lưu được", "Not storable"),
    "refused_rate_limited": ("Gửi quá nhanh, lưu sau", "Too fast, stored later"),
    "refused_gateway_mismatch": ("Gateway không khớp", "Gateway mismatch"),
}  # fmt: skip
