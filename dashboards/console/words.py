"""Every word of the console, in Vietnamese and English."""

from __future__ import annotations

from typing import Final, Literal

from analytics.results import WHY

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")
#: in which a browser keeps the one that was chosen
LANGUAGE_COOKIE: Final = "halong_lang"

#: key -> (Vietnamese, English)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("{city} · Bảng điều hành", "{city} · Console"),
    "console": ("Bảng điều hành đô thị", "City operations"),
    "language": ("Ngôn ngữ", "Language"),
    "theme_dark": ("Giao diện tối", "Dark theme"),
    "theme_light": ("Giao diện sáng", "Light theme"),
    "api_docs": ("Tài liệu API", "API documentation"),
    "enrol_title": ("Kết nối thiết bị cổng", "Enrol a gateway"),
    "enrol_words": (
        "Mã QR dùng một lần, trong 24 giờ, để thiết bị cổng nhận mật khẩu hoặc chứng thư của nó.",
        "A QR code that opens once, within 24 hours, and gives the gateway its password or certificate.",
    ),
    "enrol_make": ("Tạo mã QR", "Make the QR code"),
    "enrol_until": ("{gateway}: dùng một lần, đến {until} UTC", "{gateway}: once, until {until} UTC"),
    "enrol_unknown": ("Không có thiết bị cổng {gateway!r}", "There is no gateway {gateway!r}"),
    "enrol_back": ("Về bảng điều hành", "Back to the console"),
    "enrol_none": (
        "Khóa này không được tạo mã: cần vai trò installer hoặc admin.",
        "This key may not make codes: that takes the role installer or admin.",
    ),
    "open_data": ("Dữ liệu mở", "Open data"),
    "skip": ("Tới phần nội dung", "Skip to content"),
    "freshness": ("Độ mới của dữ liệu", "Freshness of the data"),
    "newest": ("Quan trắc mới nhất", "Newest observation"),
    "newest_none": ("chưa có", "none yet"),
    "rate": ("Tốc độ nhận", "Rate"),
    "rate_unit": ("{n}/giây", "{n}/s"),
    "streams": ("Luồng dữ liệu hoạt động", "Active datastreams"),
    "of": ("{n} / {total}", "{n} of {total}"),
    "refused_lately": ("Bị từ chối, {minutes} phút", "Refused, {minutes} min"),
    "indicator": ("Chỉ số", "Indicator"),
    "areas": ("Địa bàn", "Areas"),
    "area": ("Địa bàn", "Area"),
    "value": ("Giá trị", "Value"),
    "completeness": ("Đủ dữ liệu", "Complete"),
    "completeness_of": ("Đủ {share} dữ liệu", "{share} of the data"),
    "map": ("Bản đồ", "Map"),
    "map_label": ("Bản đồ địa bàn theo {indicator}", "Map of the areas by {indicator}"),
    "schematic": ("Sơ đồ, không phải địa giới", "Schematic cells, not boundaries"),
    "legacy": (
        "Địa bàn trước khi sắp xếp ngày {date}",
        "Areas as before the reorganisation of {date}",
    ),
    "legend": ("Chú giải", "Legend"),
    "no_unit": ("không đơn vị", "no unit"),
    "range": ("{low} đến {high}", "{low} to {high}"),
    "no_value": ("Không có giá trị", "No value"),
    "until": ("đến {time}", "until {time}"),
    "outdated": ("cũ: đến {time}", "old: until {time}"),
    "chart_hours": ("48 giờ qua", "last 48 hours"),
    "chart_days": ("60 ngày qua", "last 60 days"),
    "chart_months": ("24 tháng qua", "last 24 months"),
    "chart_years": ("các năm đã có", "years known"),
    "chart_label": ("Biểu đồ {indicator}, {area}, {span}", "Chart of {indicator}, {area}, {span}"),
    "chart_summary": (
        "Thấp nhất {low}, cao nhất {high}; {missing} trên {steps} bước không có giá trị.",
        "Lowest {low}, highest {high}; {missing} of {steps} steps have no value.",
    ),
    "chart_empty": ("{span}: không có giá trị nào", "{span}: no value"),
    "chart_away": (
        "{span}: chưa đọc được, cơ sở dữ liệu không trả lời",
        "{span}: could not be read, the database does not answer",
    ),
    "limit": ("Giới hạn {value}", "Limit {value}"),
    "source": ("Nguồn: {source}", "Source: {source}"),
    "gateways": ("Gateway", "Gateways"),
    "gateway": ("Gateway", "Gateway"),
    "gateways_empty": ("Chưa đăng ký gateway nào", "No gateway is registered"),
    "state": ("Trạng thái", "State"),
    "online": ("Trực tuyến", "Online"),
    "silent": ("Im lặng", "Silent"),
    "offline": ("Ngoại tuyến", "Offline"),
    "never_heard": ("Chưa liên lạc", "Never heard"),
    "disabled": ("Đã tắt", "Disabled"),
    "heard": ("Liên lạc cuối", "Last heard"),
    "heard_never": ("chưa lần nào", "never"),
    "devices": ("Thiết bị", "Devices"),
    "messages": ("Bản tin", "Messages"),
    "refusals": ("Bản tin bị từ chối gần nhất", "Last refusals"),
    "refusals_empty": (
        "Bảy ngày qua không có bản tin nào bị từ chối",
        "Nothing was refused in the last seven days",
    ),
    "unknown": ("Thiết bị chưa đăng ký", "Unknown devices"),
    "unknown_empty": ("Không có thiết bị nào chờ xử lý", "No device waits to be accepted"),
    "unknown_seen": ("Đã gửi", "Seen"),
    "unknown_times": ("{n} lần từ {time}", "{n} times since {time}"),
    "unknown_would_be": ("Sẽ là", "Would be"),
    "unknown_new": ("{kind}: {streams}", "{kind}: {streams}"),
    "unknown_more": ("đã đăng ký, thêm {streams}", "registered, with {streams} more"),
    "unknown_replay": ("đã đăng ký: chỉ phát lại bản tin", "registered: its messages are replayed"),
    "unknown_stream": ("{code} ({unit}), mỗi {interval}", "{code} ({unit}) every {interval}"),
    "unknown_interval": ("{n} giây", "{n} s"),
    "unknown_left": ("bỏ qua {codes}", "without {codes}"),
    "unknown_act": ("Xử lý", "What to do"),
    "unknown_accept": ("Chấp nhận", "Accept"),
    "unknown_ignore": ("Bỏ qua", "Ignore"),
    "unknown_accept_label": (
        "Chấp nhận {device} và lưu các bản tin đã bị từ chối",
        "Accept {device} and store what was refused of it",
    ),
    "unknown_ignore_label": ("Bỏ qua {device}", "Ignore {device}"),
    "unknown_accepted": (
        "{device} đã được chấp nhận: đang lưu lại {n} bản tin.",
        "{device} is accepted: {n} messages are being stored.",
    ),
    "unknown_ignored": ("{device} được bỏ qua.", "{device} is ignored."),
    "unknown_failed": ("Không thực hiện được: {why}", "It could not be done: {why}"),
    "unknown_away": ("cơ sở dữ liệu không trả lời", "the database does not answer"),
    "unknown_may_not": (
        "khoá này không được phép đăng ký thiết bị",
        "this key may not register devices",
    ),
    "ingest": ("Tiếp nhận", "Ingest"),
    "ingest_none": ("không tiến trình nào báo về trong 1 phút", "no process has told anything for a minute"),
    "ingest_messages": ("Bản tin", "Messages"),
    "ingest_observations": ("Quan trắc", "Observations"),
    "ingest_p99": ("Đến → lưu, p99", "Arrival → commit, p99"),
    "ingest_queue": ("Hàng đợi broker", "Broker's queue"),
    "ingest_queue_unknown": ("broker không cho biết", "not told by the broker"),
    "ingest_of_limit": ("{share} giới hạn", "{share} of its limit"),
    "ingest_dropped": ("đã bỏ {n} bản tin trong 1 giờ", "{n} messages dropped in 1 h"),
    "ingest_refused": ("Bị từ chối, 1 giờ", "Refused, 1 h"),
    "ingest_refused_none": ("Không có gì bị từ chối", "Nothing was refused"),
    "ingest_gaps": ("Gateway thiếu tin", "Gateways with gaps"),
    "ingest_missing": ("Thiếu", "Missing"),
    "ingest_gaps_none": ("Không thiếu bản tin nào", "No message is missing"),
    "ingest_gaps_more": ("và {n} khác", "and {n} more"),
    "time": ("Thời điểm", "Time"),
    "reason": ("Lý do", "Reason"),
    "place": ("Vị trí", "Place"),
    "detail": ("Chi tiết", "Detail"),
    "count": ("Số giá trị đo", "Readings"),
    "kept": ("đã lưu, đánh dấu nghi ngờ", "kept, marked as suspect"),
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
    "stands_for": ("Giá trị của {area}, dùng thay cho {units}", "Values of {area}, which stand for {units}"),
    "stands_in": ("thay cho {units}", "stands for {units}"),
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
    "key_title": ("Cần khoá API", "An API key is needed"),
    "key_words": (
        (
            "Dữ liệu không công khai. Nhập khoá tạo bằng halong keys create TÊN --role operator; "
            "giữ đến khi đóng trình duyệt."
        ),
        (
            "This data is not public. Enter a key made with halong keys create NAME --role operator; "
            "kept until the browser closes."
        ),
    ),
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
        "Đã đăng nhập, nhưng vai trò của bạn không được xem bảng này: cần installer, operator hoặc admin.",
        "You are logged in, but your role may not see this: that takes installer, operator or admin.",
    ),
    "log_in_away": (
        "Máy chủ đăng nhập không trả lời: hãy thử lại sau, hoặc dùng khoá.",
        "The log-in server does not answer: try again later, or use a key.",
    ),
    "log_in_failed": (
        "Đăng nhập không thành công: hãy thử lại. Nhật ký của máy chủ ghi lý do.",
        "The log-in did not succeed: try again. The server's log says why.",
    ),
    "log_out": ("Đăng xuất", "Log out"),
    "key_send": ("Mở bảng điều hành", "Open the console"),
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


class Words:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        """Take the language, `vi` or `en`."""
        self.language = language
        self._place = LANGUAGES.index(language)

    def __call__(self, key: str, **values: object) -> str:
        """Return the words of a key with its places filled in.

        Raises:
            KeyError: there is no such key, or a place is not given.
        """
        return WORDS[key][self._place].format(**values)

    def code(self, kind: Literal["why", "refused"], code: str) -> str:
        """Return the words of a reason's code, or the code where it is not known."""
        key = f"{kind}_{code}"
        return self(key) if key in WORDS else code

    def of(self, row: dict[str, object]) -> str:
        """Return a row's name: its `name_vi` or `name_en`."""
        return str(row[f"name_{self.language}"])


def language(*wished: str | None) -> Language:
    """Return the first of the wishes that is a language of the console, else Vietnamese."""
    for wish in wished:
        for known in LANGUAGES:
            if wish == known:
                return known
    return LANGUAGES[0]
