"""Words of the frame of the page, and what stands in its place where there is nothing to show."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
FRAME: Final[dict[str, tuple[str, str]]] = {
    "title": ("{city} · Bảng điều hành", "{city} · Console"),
    "console": ("Bảng điều hành đô thị", "City operations"),
    "language": ("Ngôn ngữ", "Language"),
    "theme_dark": ("Giao diện tối", "Dark theme"),
    "theme_light": ("Giao diện sáng", "Light theme"),
    "api_docs": ("Tài liệu API", "API documentation"),
    "open_data": ("Dữ liệu mở", "Open data"),
    "skip": ("Tới phần nội dung", "Skip to content"),
    "freshness": ("Độ mới của dữ liệu", "Freshness of the data"),
    "newest": ("Quan trắc mới nhất", "Newest observation"),
    "computed": ("Chỉ số được tính", "Indicators computed"),
    "only_roles": (
        "Phần này cho thấy dữ liệu thiết bị gửi: cần một trong các vai trò {roles}.",
        "This shows what devices send: it takes one of the roles {roles}.",
    ),
    "newest_none": ("chưa có", "none yet"),
    "rate": ("Tốc độ nhận", "Rate"),
    "rate_unit": ("{n}/giây", "{n}/s"),
    "streams": ("Luồng dữ liệu hoạt động", "Active datastreams"),
    "of": ("{n} / {total}", "{n} of {total}"),
    "refused_lately": ("Bị từ chối, {minutes} phút", "Refused, {minutes} min"),
    "now": ("vừa xong", "just now"),
    "seconds_ago": ("{n} giây trước", "{n} s ago"),
    "minutes_ago": ("{n} phút trước", "{n} min ago"),
    "hours_ago": ("{n} giờ trước", "{n} h ago"),
    "days_ago": ("{n} ngày trước", "{n} d ago"),
    "away": (
        "Cơ sở dữ liệu không trả lời từ {since}. Số liệu bên dưới là của {time} ({age}).",
        "The database has not answered since {since}. What is shown is of {time} ({age}).",
    ),
    "away_empty": (
        "Cơ sở dữ liệu không trả lời từ {since}. Chưa có số liệu để hiển thị; trang tự thử lại.",
        "The database has not answered since {since}. There is nothing to show yet; the page keeps trying.",
    ),
    "loading": ("Đang đọc số liệu…", "Reading the data…"),
    "no_city": (
        "Chưa có địa bàn nào. Hãy nạp một hồ sơ thành phố: halong devices import quang_ninh",
        "There are no areas yet. Import a city profile: halong devices import quang_ninh",
    ),
    "no_own": (
        "Không có chỉ số nào được tính riêng cho địa bàn của khoá này.",
        "No indicators are computed for the areas of this key themselves.",
    ),
    "no_such_area": (
        "Không có địa bàn “{code}” để xem: đang hiển thị {shown}.",
        "There is no area “{code}” to see: {shown} is shown.",
    ),
    "no_such_indicator": (
        "Không có chỉ số “{code}”: đang hiển thị {shown}.",
        "There is no indicator “{code}”: {shown} is shown.",
    ),
    "reach": ("Phạm vi: {areas}", "Confined to {areas}"),
    "no_indicators": (
        "Chưa có chỉ số nào. Hãy chạy dịch vụ phân tích: halong analytics",
        "There are no indicators yet. Run the analytics service: halong analytics",
    ),
    "connection_lost": ("Mất kết nối.", "Connection lost."),
    "reconnecting": ("Đang kết nối lại…", "Trying to reconnect…"),
    "log_out": ("Đăng xuất", "Log out"),
    "views": ("Trang", "Views"),
    "view_map": ("Bản đồ", "Map"),
    "view_work": ("Công việc", "Work"),
    "no_such_view": (
        "Không có trang “{code}”: đang hiển thị {shown}.",
        "There is no view “{code}”: {shown} is shown.",
    ),
    "map_as_of": ("in ra theo số liệu lúc {time}", "printed from the data as of {time}"),
    "headline_none": ("Không có cảnh báo", "No alerts"),
    "headline_one": (
        "1 cảnh báo, {severity}, từ {since}: {where}",
        "1 alert, {severity}, since {since}: {where}",
    ),
    "headline_many": (
        "{n} cảnh báo, nặng nhất {severity} từ {since}: {where}",
        "{n} alerts, the worst {severity} since {since}: {where}",
    ),
    "headline_places": ("{first} và {n} địa bàn khác", "{first} and {n} more"),
    "headline_untaken": ("{n} chưa ai nhận", "{n} taken by nobody"),
    "headline_taken": ("đều đã có người nhận", "somebody takes care"),
    "headline_silenced": ("{n} tạm tắt", "{n} silenced"),
    "headline_stale": (
        "Từ {since} không có giá trị nào được tính: cảnh báo có thể đã cũ",
        "Nothing was computed since {since}: alerts may be out of date",
    ),
    "severity_critical": ("nghiêm trọng", "critical"),
    "severity_warning": ("cần chú ý", "warning"),
    "severity_info": ("thông tin", "information"),
    "enter": ("Đăng nhập", "Log in"),
    "viewer": ("{name}: vai trò {roles}; phạm vi {areas}", "{name}: role {roles}; areas {areas}"),
    "whole_city": ("toàn thành phố", "the whole city"),
    "close": ("Đóng", "Close"),
    "side_away": (
        "Chưa đọc được: cơ sở dữ liệu không trả lời.",
        "It could not be read: the database does not answer.",
    ),
    "on_the_map": ("Xem trên bản đồ", "See it on the map"),
    "whole_platform": ("toàn nền tảng", "whole platform"),
}  # fmt: skip
