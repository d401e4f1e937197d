"""Words of the layers of the map; what begins with `points_` the browser fills in."""

from __future__ import annotations

from typing import Final

#: key -> (Vietnamese, English)
LAYERS: Final[dict[str, tuple[str, str]]] = {
    "layers": ("Lớp bản đồ", "Layers of the map"),
    "layer_indicator": ("Chỉ số", "Indicator"),
    "layer_gateways": ("Gateway", "Gateways"),
    "layer_things": ("Thiết bị", "Devices"),
    "layer_water": ("Mực nước", "Water levels"),
    "layer_alerts": ("Cảnh báo", "Alerts"),
    "layer_unknown": ("Không có lớp {codes}: đã bỏ qua.", "There is no layer {codes}: left out."),
    "layer_since": ("từ {time}", "since {time}"),
    "layer_measured": ("đo lúc {time}", "measured {time}"),
    "layer_zoom": ("Phóng to {area}", "Zoom to {area}"),
    "layer_whole": ("Xem cả bản đồ", "Whole map"),
    "map_plain": ("Bản đồ địa bàn", "Map of the areas"),
    "points_things": ("Thiết bị", "Devices"),
    "points_gateways": ("Gateway", "Gateways"),
    "points_water": ("Mực nước", "Water levels"),
    "points_alerts": ("Cảnh báo", "Alerts"),
    "points_fresh": ("mới", "fresh"),
    "points_late": ("muộn", "late"),
    "points_silent": ("im lặng", "silent"),
    "points_online": ("trực tuyến", "online"),
    "points_offline": ("ngoại tuyến", "offline"),
    "points_never_heard": ("chưa liên lạc", "never heard"),
    "points_disabled": ("đã tắt", "disabled"),
    "points_flagged": ("bị gắn cờ", "flagged"),
    "points_below": ("dưới báo động I", "below alert level I"),
    "points_reached": ("báo động {level}", "alert level {level}"),
    "points_no_levels": ("chưa khai mức báo động", "no alert levels"),
    "points_silenced": ("đã tắt tiếng", "silenced"),
    "points_marks": ("Chú giải các dấu trên bản đồ", "Marks on the map"),
    "points_loading": ("Đang đọc vị trí…", "Reading positions…"),
    "points_away": (
        "Chưa đọc được các điểm: cơ sở dữ liệu không trả lời. Thử lại sau vài giây.",
        "Points could not be read: the database does not answer. It is tried again in some seconds.",
    ),
    "points_past": (
        "Thiết bị, gateway, mực nước và cảnh báo là của hiện tại: chúng được ẩn khi bản đồ ở quá khứ.",
        "Devices, gateways, levels and alerts are of the present: hidden while the map shows the past.",
    ),
    "points_nothing": ("Không có điểm nào trên bản đồ", "No points on the map"),
    "points_list": ("Danh sách những gì có trên bản đồ", "List of what is on the map"),
    "points_find": ("Tìm theo tên, mã, địa bàn", "Find by name, code or area"),
    "points_filter": ("Hiển thị", "Show"),
    "points_problems": ("Cần chú ý", "Needs attention"),
    "points_all": ("Tất cả", "All"),
    "points_name": ("Tên", "Name"),
    "points_state": ("Trạng thái", "State"),
    "points_where": ("Nơi", "Where"),
    "points_more": ("và {n} nữa: hãy thu hẹp tìm kiếm", "and {n} more: narrow the search"),
    "points_none": ("Không có gì cần chú ý", "Nothing needs attention"),
    "points_no_match": ("Không tìm thấy", "Nothing matches"),
}  # fmt: skip
