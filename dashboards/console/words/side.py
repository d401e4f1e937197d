"""Words of gateways and things in the panel at the side."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
SIDE: Final[dict[str, tuple[str, str]]] = {
    "gateway_gone": ("Không có gateway {code}.", "There is no gateway {code}."),
    "thing_gone": ("Không có thiết bị {code}.", "There is no device {code}."),
    "refusal_gone": ("Không có bản tin bị từ chối số {code}.", "There is no refusal {code}."),
    "refusal_one": ("Bản tin bị từ chối {n}", "Refusal {n}"),
    "refusal_message": ("Bản tin như đã lưu", "The message as it is kept"),
    "refusal_replayed": ("Đã phát lại", "Replayed"),
    "refusal_replayed_by": ("{time}, {who}", "{time}, by {who}"),
    "refusal_binary": ("không phải văn bản: viết bằng base64", "no text: in base64"),
    "topic": ("Chủ đề MQTT", "MQTT topic"),
    "seq": ("Số thứ tự", "Number (seq)"),
    "device": ("Thiết bị", "Device"),
    "kind": ("Loại", "Kind"),
    "property": ("Đại lượng", "Property"),
    "firmware": ("Phiên bản phần mềm", "Firmware"),
    "side_gaps": ("{n} khoảng trống trong số thứ tự", "{n} gaps in the numbers"),
    "side_no_alerts": ("Bảy ngày qua không có cảnh báo nào", "No alert in the last seven days"),
    "side_no_devices": ("Chưa có thiết bị nào", "It has no device"),
    "side_no_streams": ("Thiết bị chưa đo gì", "It measures nothing"),
    "side_states": ("Thay đổi trạng thái", "Changes of state"),
    "side_no_states": ("Chưa ghi nhận thay đổi nào", "No change was noted"),
    "side_values": ("Giá trị mới nhất", "Newest values"),
    "side_age": ("Cách đây", "Age"),
    "side_gateway": ("Gateway {code}", "Gateway {code}"),
    "quality_suspect": ("ngoài giới hạn vật lý", "out of physical limits"),
    "flag_range": ("ngoài khoảng hợp lý", "out of plausible range"),
    "flag_rate": ("thay đổi quá nhanh", "changes too fast"),
    "flag_flat": ("đứng yên", "flat line"),
    "flag_spike": ("nhảy vọt", "spike"),
    "flag_neighbours": ("khác hẳn các trạm lân cận", "unlike its neighbours"),
    "live_title": ("{name}: 24 giờ qua và đang đo", "{name}: the last 24 hours, live"),
    "live_reading": ("Đang đọc…", "Reading…"),
    "live_live": ("Trực tiếp: giá trị mới hiện ngay khi đến", "Live: new values appear as they come"),
    "live_lost": ("Mất luồng dữ liệu, đang nối lại…", "The stream was lost: connecting again…"),
    "live_empty": ("24 giờ qua không có giá trị nào", "No value in the last 24 hours"),
}  # fmt: skip
