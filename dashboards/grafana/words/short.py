"""Short names of indicators, for panels of a sixth of the page."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "short_vn_aqi_h": ("VN_AQI giờ", "VN_AQI, hour"),
    "short_pm2_5_24h": ("PM2.5 24 giờ", "PM2.5, 24 h"),
    "short_vn_aqi_d": ("VN_AQI ngày", "VN_AQI, day"),
    "short_us_aqi": ("AQI Mỹ, ngày", "US AQI, day"),
    "short_heat_index": ("Chỉ số nóng", "Heat index"),
    "short_humidex": ("Chỉ số humidex", "Humidex"),
    "short_level_alert": ("Sông so với báo động", "Rivers, alert level"),
    "short_rain_1h": ("Mưa 1 giờ", "Rain, 1 h"),
    "short_rain_3h": ("Mưa 3 giờ", "Rain, 3 h"),
    "short_rain_24h": ("Mưa 24 giờ", "Rain, 24 h"),
    "short_level_surge": ("Nước dâng", "Surge"),
    "short_vn_wqi": ("VN_WQI thấp nhất", "Lowest VN_WQI"),
    "short_laeq_1h": ("LAeq 1 giờ", "LAeq, 1 h"),
    "short_la10_1h": ("LA10 1 giờ", "LA10, 1 h"),
    "short_la90_1h": ("Mức nền LA90", "LA90, background"),
    "short_laeq_24h": ("LAeq 24 giờ", "LAeq, 24 h"),
    "short_lden_d": ("Lden ngày mới nhất", "Lden, newest day"),
    "short_lnight_d": ("Lnight đêm mới nhất", "Lnight, newest night"),
    "short_traffic_speed": ("Tốc độ thấp nhất", "Lowest speed"),
    "short_traffic_congestion": ("Ùn tắc", "Congestion"),
    "short_traffic_tti": ("Thời gian hành trình", "Travel time index"),
    "short_traffic_los": ("Mức phục vụ E, F", "Level of service E, F"),
    "short_traffic_vhd": ("Giờ trễ của xe", "Hours of delay"),
    "short_people_density": ("Mật độ người", "Density of crowds"),
    "short_light_outage_d": ("Đèn hỏng", "Lamps out"),
    "short_light_energy_d": ("Điện chiếu sáng/km", "Lighting energy/km"),
    "short_waste_overflow": ("Thùng rác bị tràn", "Bins overflowing"),
    "short_waste_hours_to_full": ("Thùng đầy sau", "A bin is full in"),
    "short_parking_occupancy": ("Bãi đỗ đã đầy", "Car parks filled"),
    "short_parking_high": ("Thời gian đầy ≥ 85 %", "Time at 85 % or more"),
    "short_iot_coverage": ("Gateway hoạt động", "Gateways at work"),
    "short_iot_availability_d": ("Thiết bị sẵn sàng", "Devices available"),
    "short_data_completeness": ("Độ đầy đủ dữ liệu", "Data complete"),
}
