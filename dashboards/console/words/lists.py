"""Words of the work lists of commands, of gateways in trouble, and of flagged values."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
LISTS: Final[dict[str, tuple[str, str]]] = {
    "list_more": ("{n} dòng đầu trong {total}", "the first {n} of {total}"),
    "commands": ("Lệnh gửi gateway", "Commands"),
    "commands_which": ("Hiện lệnh nào", "Which commands"),
    "commands_open": ("Đang chờ", "Open"),
    "commands_all": ("Tất cả", "All"),
    "commands_none_open": ("Không có lệnh nào đang chờ", "No command is under way"),
    "commands_none": ("31 ngày qua không có lệnh nào", "No command in the last 31 days"),
    "commands_newest": ("{n} lệnh mới nhất", "the newest {n}"),
    "commands_may_not": (
        "Xem lệnh cần khoá hoặc tài khoản có vai trò {roles}.",
        "Seeing commands takes a key or an account with the role {roles}.",
    ),
    "command": ("Lệnh", "Command"),
    "command_by": ("Người gửi", "Sent by"),
    "command_expiry": ("Hạn", "Expires"),
    "command_answer": ("Trả lời", "Answer"),
    "command_queued": ("đang đợi gửi", "waiting"),
    "command_sent": ("đã gửi, chưa trả lời", "sent, no answer yet"),
    "command_acknowledged": ("đang thực hiện", "begun"),
    "command_done": ("đã xong", "done"),
    "command_failed": ("gateway từ chối", "failed"),
    "command_expired": ("quá hạn", "expired"),
    "command_timed_out": ("không xong kịp", "not done in time"),
    "command_cancelled": ("đã huỷ", "cancelled"),
    "command_cancel": ("Huỷ", "Cancel"),
    "command_cancel_label": ("Huỷ lệnh {command} gửi {gateway}", "Cancel {command} of {gateway}"),
    "command_cancel_ask": (
        "Huỷ lệnh {command} gửi {gateway}? Nếu broker đã nhận, gateway vẫn có thể thực hiện.",
        "Cancel {command} of {gateway}? If the broker has it, the gateway may still do it.",
    ),
    "command_keep": ("Giữ lệnh", "Keep it"),
    "command_cancel_yes": ("Huỷ lệnh", "Cancel it"),
    "command_did_cancel": (
        "Lệnh {command} gửi {gateway} đã huỷ: chưa được gửi đi.",
        "{command} of {gateway} is cancelled: it was not sent.",
    ),
    "command_did_cancel_late": (
        "Lệnh {command} gửi {gateway} đã huỷ, nhưng broker đã nhận: gateway vẫn có thể thực hiện.",
        "{command} of {gateway} is cancelled, but the broker had it: the gateway may still do it.",
    ),
    "command_send": ("Gửi lệnh", "Send"),
    "command_arguments": ("Tham số, mỗi dòng TÊN=GIÁ TRỊ", "Arguments, NAME=VALUE a line"),
    "command_no_argument": ("“{line}” không có dạng TÊN=GIÁ TRỊ", "“{line}” is not NAME=VALUE"),
    "command_to": ("Gửi tới", "To"),
    "command_itself": ("chính gateway", "the gateway itself"),
    "command_expires_in": ("Hết hạn sau", "Expires after"),
    "command_minutes": ("{n} phút", "{n} min"),
    "command_wrong": (
        "“{command}” không phải tên lệnh: chữ thường, số, dấu _ . -",
        "“{command}” is no command: small letters, digits, _ . -",
    ),
    "command_did_send": ("Lệnh {command} đang được gửi.", "{command} is being sent."),
    "command_none_yet": ("31 ngày qua chưa gửi lệnh nào", "None was sent in the last 31 days"),
    "troubled": ("Gateway im lặng và chập chờn", "Silent and flapping gateways"),
    "troubled_none": (
        "Mọi gateway đều liên lạc đúng hẹn và ổn định",
        "Every gateway is heard as often as it should be, and stays",
    ),
    "troubled_since": ("Từ lúc", "Since"),
    "troubled_changes": ("Mất kết nối 24 giờ", "Offline in 24 h"),
    "troubled_flaps": ("chập chờn", "flapping"),
    "troubled_last_change": ("lần cuối {time}", "last at {time}"),
    "troubled_maintained": ("đang bảo trì", "in maintenance"),
    "troubled_every": ("phải báo mỗi {n} giây", "due every {n} s"),
    "troubled_runbook": ("Phải làm gì", "What to do"),
    "flagged": ("Giá trị bị gắn cờ, 24 giờ", "Flagged values, 24 h"),
    "flagged_none": (
        "24 giờ qua không có giá trị nào bị gắn cờ",
        "No value was flagged in the last 24 hours",
    ),
    "flagged_flag": ("Cờ", "Flag"),
    "flagged_count": ("Số lần", "Values"),
    "flagged_first": ("Đầu tiên", "First"),
    "flagged_last": ("Gần nhất", "Last"),
    "flagged_newest": ("chỉ tính {n} giá trị mới nhất", "only the newest {n} are counted"),
}  # fmt: skip
