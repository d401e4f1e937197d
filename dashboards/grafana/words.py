"""What the dashboards say, in both languages."""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["vi", "en"]

#: word -> (vi, en)
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "dashboard": ("Tổng quan thành phố", "City overview"),
    "dashboard_about": (
        "Tình trạng thiết bị, dữ liệu và chỉ số của các khu vực.",
        "State of devices, data and indicators of the areas.",
    ),
    "ingest_dashboard": ("Tiếp nhận dữ liệu", "Ingest"),
    "ingest_dashboard_about": (
        "Mọi thứ gateway gửi có được lưu không, và nhanh đến đâu.",
        "Whether everything that gateways send is stored, and how fast.",
    ),
    "other_language": ("English", "Tiếng Việt"),
    "area": ("Khu vực", "Area"),
    "indicator": ("Chỉ số", "Indicator"),
    "row_state": ("Tình trạng hệ thống", "State of the system"),
    "row_indicator": ("Chỉ số đã chọn", "Chosen indicator"),
    "row_topics": ("Môi trường và giao thông", "Environment and traffic"),
    "row_devices": ("Thiết bị và dữ liệu", "Devices and data"),
    "gateways_online": ("Gateway trực tuyến", "Gateways online"),
    "gateways_silent": ("Gateway im lặng", "Gateways silent"),
    "gateways_silent_about": (
        "Im lặng, ngoại tuyến hoặc chưa từng gửi: không có tin nhắn trong hai chu kỳ nhịp.",
        "Silent, offline or never heard: no message within two heartbeats.",
    ),
    "newest_age": ("Tuổi của quan trắc mới nhất", "Age of the newest observation"),
    "rate": ("Quan trắc mỗi phút", "Observations a minute"),
    "rate_about": ("Trung bình 10 phút qua, theo thời điểm đo.", "Mean of 10 minutes, by time of measuring."),
    "refused": ("Bị từ chối trong 1 giờ", "Refused in the last hour"),
    "refused_about": ("Số giá trị không thể lưu như đã gửi.", "Readings that could not be stored as sent."),
    "by_district": ("${indicator:text} theo huyện", "${indicator:text} by district"),
    "by_district_about": (
        "Giá trị mới nhất của mỗi huyện trong ba ngày qua; huyện không có dữ liệu thì không hiện.",
        "Each district's newest value of the last three days; a district without data is not shown.",
    ),
    "table": ("${indicator:text}: giá trị và mức", "${indicator:text}: value and category"),
    "over_time": ("${indicator:text} theo thời gian", "${indicator:text} over time"),
    "vn_aqi_h": ("Chất lượng không khí (VN_AQI giờ)", "Air quality (hourly VN_AQI)"),
    "vn_aqi_h_about": (
        "Quyết định 1459/QĐ-TCMT; trạm xấu nhất của khu vực.",
        "Decision 1459/QĐ-TCMT; the worst station of an area.",
    ),
    "pm2_5_24h": ("PM2.5 trung bình 24 giờ", "PM2.5, mean of 24 hours"),
    "pm2_5_24h_about": (
        "Giới hạn QCVN 05:2023/BTNMT: 45 µg/m³ từ 2026-01-01.",
        "Limit of QCVN 05:2023/BTNMT: 45 µg/m³ from 2026-01-01.",
    ),
    "rain_1h": ("Lượng mưa 1 giờ", "Rain in 1 hour"),
    "rain_1h_about": ("Trạm đo mưa lớn nhất của khu vực.", "The gauge with the largest sum of an area."),
    "traffic_speed": ("Tốc độ giao thông trung bình", "Mean traffic speed"),
    "laeq_1h": ("Tiếng ồn LAeq 1 giờ", "Noise, LAeq of 1 hour"),
    "ingest": ("Tốc độ tiếp nhận", "Ingest rate"),
    "ingest_about": (
        "Quan trắc mỗi phút, trung bình từng giờ theo thời điểm đo; nhiều nhất 7 ngày.",
        "Observations a minute, mean of each hour by time of measuring; 7 days at most.",
    ),
    "refusals_over_time": ("Giá trị bị từ chối theo lý do", "Refused readings by reason"),
    "row_now": ("Phút vừa qua", "The last minute"),
    "row_traffic": ("Lưu lượng", "Traffic"),
    "row_latency": ("Độ trễ", "Latency"),
    "row_work": ("Công việc", "Work"),
    "row_broker": ("Broker MQTT", "MQTT broker"),
    "row_missing": ("Thiếu và muộn", "Missing and late"),
    "messages_now": ("Tin nhắn mỗi giây", "Messages a second"),
    "observations_now": ("Quan trắc mỗi giây", "Observations a second"),
    "message_p99": ("Từ lúc đến tới lúc lưu, p99", "Arrival to commit, p99"),
    "message_p99_about": (
        "99 % tin nhắn trực tiếp được lưu trong thời gian này; 10 giây tệ nhất.",
        "99 % of live messages are committed within this time; the worst ten seconds.",
    ),
    "queue_share": ("Hàng đợi của broker", "Broker's queue"),
    "queue_share_about": (
        "Phần của giới hạn max_queued_bytes; vượt giới hạn, broker bỏ tin nhắn.",
        "Share of max_queued_bytes; above the limit the broker drops messages.",
    ),
    "with_gaps": ("Gateway còn thiếu tin", "Gateways with gaps"),
    "with_gaps_about": (
        "Thiếu ít nhất một số seq dưới số mới nhất.",
        "At least one seq below the newest one is missing.",
    ),
    "rates": ("Tin nhắn và quan trắc mỗi giây", "Messages and observations a second"),
    "rates_about": (
        "Gửi bù: số đọc cũ hơn 10 phút khi được lưu.",
        "Replayed: readings older than 10 minutes when they are committed.",
    ),
    "commit": ("Ghi một lô", "Writing of a batch"),
    "commit_about": (
        "Từ lúc bắt đầu ghi tới khi cơ sở dữ liệu xác nhận, kể cả các lần thử lại.",
        "From its start up to the database's answer, with all tries.",
    ),
    "message": ("Tin nhắn: đến tới lưu", "Message: arrival to commit"),
    "message_about": (
        "Tin nhắn trực tiếp; không tính tin gửi bù cũ hơn 10 phút.",
        "Live messages; replays older than 10 minutes are left out.",
    ),
    "reading": ("Số đọc: đo tới lưu", "Reading: measured to commit"),
    "reading_about": (
        "Theo thời điểm ghi trong số đọc, gồm cả mạng và gateway; không tính gửi bù cũ hơn 10 phút.",
        "By the reading's own time, with network and gateway; replays older than 10 minutes are left out.",
    ),
    "batch_rows": ("Quan trắc mỗi lô", "Observations a batch"),
    "retries": ("Lô phải ghi lại", "Batches tried again"),
    "retries_about": (
        "Cơ sở dữ liệu vắng hoặc quá tải; không mất gì.",
        "The database is away or overloaded; nothing is lost.",
    ),
    "in_flight": ("Tin nhắn chưa xác nhận", "Messages not acknowledged"),
    "in_flight_about": (
        "Broker đã gửi, chưa lưu xong; nhiều nhất là Receive Maximum.",
        "Sent by the broker and not committed yet; the Receive Maximum is the bound.",
    ),
    "queue": ("Hàng đợi", "Queue"),
    "dropped": ("Tin nhắn bị bỏ", "Messages dropped"),
    "dropped_about": (
        "Broker đã bỏ; chỉ gateway theo down/committed gửi lại.",
        "By the broker; only gateways that go by down/committed send them again.",
    ),
    "clients": ("Kết nối", "Clients connected"),
    "gaps_table": ("Gateway còn thiếu tin", "Gateways with gaps"),
    "gaps_table_about": (
        "Nhiều nhất 100, tệ nhất trước. Gateway được báo số thiếu qua down/committed và gửi lại.",
        "At most 100, the worst first. On down/committed gateways are told what is missing, and send it.",
    ),
    "missing": ("Số seq còn thiếu", "Missing seq"),
    "gaps": ("Khoảng trống", "Gaps"),
    "newest": ("Seq mới nhất", "Newest seq"),
    "gateways": ("Gateway", "Gateways"),
    "late_hours": ("Giờ muộn đang chờ", "Late hours waiting"),
    "late_hours_about": (
        "Giờ của các luồng dữ liệu có số đọc đến muộn, chờ tính lại.",
        "Hours of datastreams that got readings late and wait to be computed again.",
    ),
    "messages": ("Tin nhắn", "Messages"),
    "observations": ("Quan trắc", "Observations"),
    "duplicates": ("Trùng lặp", "Duplicates"),
    "replayed": ("Gửi bù", "Replayed"),
    "p50": ("Trung vị", "Median"),
    "p99": ("p99", "99th percentile"),
    "limit": ("Giới hạn", "Limit"),
    "map": ("Bản đồ gateway", "Map of gateways"),
    "last_refusals": ("Các lần từ chối gần nhất", "Last refusals"),
    "value": ("Giá trị", "Value"),
    "category": ("Mức", "Category"),
    "completeness": ("Độ đầy đủ", "Completeness"),
    "time": ("Thời gian", "Time"),
    "gateway": ("Gateway", "Gateway"),
    "name": ("Tên", "Name"),
    "state": ("Trạng thái", "State"),
    "last_seen": ("Tin nhắn cuối", "Last message"),
    "reason": ("Lý do", "Reason"),
    "at": ("Vị trí", "Place"),
    "detail": ("Chi tiết", "Detail"),
    "count": ("Số giá trị", "Readings"),
    "stored": ("Đã lưu (nghi ngờ)", "Stored (suspect)"),
    "topic": ("Chủ đề MQTT", "MQTT topic"),
    "online": ("Trực tuyến", "Online"),
    "silent": ("Im lặng", "Silent"),
    "offline": ("Ngoại tuyến", "Offline"),
    "never_heard": ("Chưa từng gửi", "Never heard"),
    "good and suspect": ("Tất cả", "All"),
    "suspect": ("Nghi ngờ", "Suspect"),
    "no_data": ("Không có dữ liệu", "No data"),
    "true": ("Có", "Yes"),
    "false": ("Không", "No"),
}


def word(key: str, language: Language) -> str:
    """Return a word in a language.

    Raises:
        KeyError: no such word.
    """
    vi, en = _WORDS[key]
    return vi if language == "vi" else en


def about(key: str, language: Language) -> str | None:
    """Return the explanation of a panel, None if it has none."""
    return word(f"{key}_about", language) if f"{key}_about" in _WORDS else None
