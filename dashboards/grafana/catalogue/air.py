"""Air: the index, what it is made of, the national limits, and heat."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import matrix, newest, over_time, worst
from dashboards.grafana.station_panels import over_time as stations

_DAYS: Final = ("vn_aqi_d", "us_aqi", "pm2_5_d", "pm10_d", "no2_d", "so2_d", "o3_8h_d", "co_8h_d")
_WITHIN: Final = (
    "qcvn05_pm2_5_24h_d", "qcvn05_pm10_24h_d", "qcvn05_no2_1h_d", "qcvn05_no2_24h_d", "qcvn05_so2_1h_d",
    "qcvn05_so2_24h_d", "qcvn05_o3_1h_d", "qcvn05_o3_8h_d", "qcvn05_co_1h_d", "qcvn05_co_8h_d",
)  # fmt: skip

BOARD: Final = Board(
    key="air_board",
    span="2d",
    rows=(
        (
            "row_worst",
            (
                worst("vn_aqi_h"),
                worst("pm2_5_24h"),
                worst("vn_aqi_d"),
                worst("us_aqi"),
                worst("heat_index"),
                worst("humidex"),
            ),
        ),
        (
            "row_index",
            (newest("vn_aqi_h", height=10), over_time("vn_aqi_h", day="vn_aqi_d", width=16, height=10)),
        ),
        (
            "row_particles",
            (over_time("pm2_5_24h", day="pm2_5_d"), stations("pm2_5_stations", "pm2_5", "ug/m3")),
        ),
        (
            "row_pollutants",
            (
                stations("pm10_stations", "pm10", "ug/m3"),
                stations("o3_stations", "o3", "ug/m3"),
                stations("no2_stations", "no2", "ug/m3", width=8),
                stations("so2_stations", "so2", "ug/m3", width=8),
                stations("co_stations", "co", "ug/m3", width=8),
            ),
        ),
        ("row_limits", (matrix("within_limits", _WITHIN), matrix("air_days", _DAYS))),
        ("row_heat", (over_time("heat_index", day="heat_index_d"), over_time("humidex"))),
    ),
)
