"""Words of the gate and enrolment."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
GATE: Final[dict[str, tuple[str, str]]] = {
    "enrol_title": ("Kết nối thiết bị cổng", "Enrol a gateway"),
    "enrol_words": (
        "Mã QR dùng một lần, trong 24 giờ, để thiết bị cổng nhận mật khẩu hoặc chứng thư của nó.",
        "A QR code that opens once, within 24 hours, and gives the gateway its password or certificate.",
    ),
    "enrol_make": ("Tạo mã QR", "Make the QR code"),
    "enrol_until": ("{gateway}: dùng một lần, đến {until}", "{gateway}: once, until {until}"),
    "enrol_unknown": ("Không có thiết bị cổng {gateway!r}", "There is no gateway {gateway!r}"),
    "enrol_back": ("Về bảng điều hành", "Back to the console"),
    "enrol_none": (
        "Khóa này không được tạo mã: cần vai trò installer hoặc admin.",
        "This key may not make codes: that takes the role installer or admin.",
    ),
    "key_title": ("Cần khoá API", "An API key is needed"),
    "key_words": (
        (
            "Dữ liệu không công khai. Nhập khoá tạo bằng halong keys create TÊN --role operator "
            "(planner: chỉ xem chỉ số); giữ đến khi đóng trình duyệt."
        ),
        (
            "This data is not public. Enter a key made with halong keys create NAME --role operator "
            "(planner: indicators alone); kept until the browser closes."
        ),
    ),
    "key_words_public": (
        (
            "Ai cũng xem được bảng này; khoá cho phép làm thêm, tuỳ vai trò: tiếp nhận và tạm tắt cảnh báo, "
            "xem và gửi lệnh, đăng ký thiết bị. Khoá tạo bằng halong keys create TÊN --role operator; "
            "giữ đến khi đóng trình duyệt."
        ),
        (
            "Anyone may look. A key lets you act, by its role: acknowledge and silence alerts, see and send "
            "commands, register devices. It is made with halong keys create NAME --role operator, and kept "
            "until the browser closes."
        ),
    ),
    "key_title_public": ("Đăng nhập bằng khoá API", "Log in with an API key"),
    "log_in_title_public": ("Đăng nhập", "Log in"),
    "gate_back": ("Về bảng điều hành mà không đăng nhập", "Back to the console without logging in"),
    "key": ("Khoá API", "API key"),
    "key_refused": (
        "Khoá không được chấp nhận: hãy kiểm tra rằng khoá đầy đủ, còn hạn và chưa bị thu hồi.",
        "The key is not accepted: check that it is whole, not expired and not revoked.",
    ),
    "key_role": (
        "Khoá này có vai trò {role}, không mở được bảng điều hành. Các vai trò mở được: {roles}.",
        "This key has the role {role}, which does not open the console. Roles that do: {roles}.",
    ),
    "key_instead": ("Dùng khoá API", "Use an API key"),
    "log_in_title": ("Bảng điều hành cần đăng nhập", "The console asks who you are"),
    "log_in": ("Đăng nhập bằng tài khoản thành phố", "Log in with your city account"),
    "log_in_role": (
        "Đã đăng nhập, nhưng vai trò của bạn không được xem bảng này: cần một trong {roles}.",
        "You are logged in, but your role may not see this: that takes one of {roles}.",
    ),
    "log_in_away": (
        "Máy chủ đăng nhập không trả lời: hãy thử lại sau, hoặc dùng khoá.",
        "The log-in server does not answer: try again later, or use a key.",
    ),
    "log_in_failed": (
        "Đăng nhập không thành công: hãy thử lại. Nhật ký của máy chủ ghi lý do.",
        "The log-in did not succeed: try again. The server's log says why.",
    ),
    "key_send": ("Mở bảng điều hành", "Open the console"),
}  # fmt: skip
