"""Words of the air dashboard."""

from __future__ import annotations

from typing import Final

#: word -> (vi, en)
WORDS: Final[dict[str, tuple[str, str]]] = {
    "air_board": ("Không khí", "Air"),
    "air_board_about": (
        "Chỉ số, chất ô nhiễm, quy chuẩn và nắng nóng.",
        "The index, pollutants, national limits and heat.",
    ),
    "row_index": ("Chỉ số chất lượng không khí", "Air quality index"),
    "row_particles": ("Bụi mịn PM2.5", "Fine particles PM2.5"),
    "row_pollutants": ("Các chất khác theo trạm", "Other pollutants by station"),
    "row_limits": ("Quy chuẩn và ngày hôm qua", "Limits and yesterday"),
    "row_heat": ("Nắng nóng", "Heat"),
    "pm2_5_stations": ("PM2.5 theo trạm", "PM2.5 by station"),
    "pm2_5_stations_about": (
        "Số đọc của từng trạm; xem dài hơn một tuần thì là trung bình giờ.",
        "Readings of each station; over more than a week means of hours.",
    ),
    "pm10_stations": ("PM10 theo trạm", "PM10 by station"),
    "o3_stations": ("O3 theo trạm", "O3 by station"),
    "no2_stations": ("NO2 theo trạm", "NO2 by station"),
    "so2_stations": ("SO2 theo trạm", "SO2 by station"),
    "co_stations": ("CO theo trạm", "CO by station"),
    "within_limits": (
        "Phần thời gian đạt QCVN 05:2023/BTNMT, ngày mới nhất",
        "Share of time within QCVN 05:2023/BTNMT, newest day",
    ),
    "within_limits_about": (
        "100 %: không giá trị nào vượt giới hạn của thời gian trung bình ấy.",
        "100 %: no value above the limit of that averaging time.",
    ),
    "air_days": ("Nồng độ và chỉ số của ngày mới nhất", "Concentrations and indices of the newest day"),
}
