"""Words of the ingest dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "ingest_board": ("Tiếp nhận và hệ thống", "Ingest and system"),
    "ingest_board_about": (
        "Mọi thứ gateway gửi có được lưu không, và nhanh đến đâu.",
        "Whether everything that gateways send is stored, and how fast.",
    ),
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
    "row_system": ("Cơ sở dữ liệu và phân tích", "Database and analytics"),
    "database_size": ("Dung lượng cơ sở dữ liệu", "Size of the database"),
    "connections": ("Kết nối cơ sở dữ liệu", "Connections to the database"),
    "deferred": ("Tin nhắn tạm hoãn", "Messages deferred"),
    "analytics_behind": ("Phân tích chậm", "Analytics behind"),
    "analytics_behind_about": (
        "Chỉ số chậm nhất, chưa kể bước đang chạy.",
        "The slowest indicator, less its step.",
    ),
    "time_left_out": ("Thời gian chưa tính bù", "Time left out"),
    "time_left_out_about": (
        "Bỏ qua sau sự cố để tính bước mới nhất trước; sẽ được tính bù.",
        "Left out after an outage to be current first; it is computed backwards.",
    ),
    "untold": ("Thông báo chưa gửi được", "Notifications not sent"),
    "progress": ("Chỉ số đã tính đến đâu", "Up to when indicators are computed"),
    "until_when": ("Đã tính đến", "Computed up to"),
    "behind": ("Chậm", "Behind"),
    "left_out": ("Đoạn bỏ qua", "Stretches left out"),
}
