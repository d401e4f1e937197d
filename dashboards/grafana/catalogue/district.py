"""District: everything of the chosen areas, old or new units, on one page."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import alert_panels, city_panels, district_panels
from dashboards.grafana import device_panels as devices
from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import matrix, over_time, states, worst

_NEWEST: Final = (
    "vn_aqi_h", "pm2_5_24h", "heat_index", "rain_24h", "level_alert", "vn_wqi", "traffic_speed",
    "traffic_congestion", "laeq_1h", "waste_fill", "parking_occupancy", "data_completeness",
)  # fmt: skip

BOARD: Final = Board(
    key="district_board",
    rows=(
        (
            "row_worst",
            (
                alert_panels.count,
                worst("vn_aqi_h"),
                worst("rain_1h"),
                worst("level_alert", in_words=True),
                worst("traffic_speed", lowest=True),
                worst("iot_coverage", lowest=True),
            ),
        ),
        ("row_alerts", (alert_panels.open_alerts,)),
        ("row_areas", (district_panels.areas, matrix("newest_values", _NEWEST))),
        (
            "row_day",
            (
                over_time("vn_aqi_h", day="vn_aqi_d"),
                over_time("pm2_5_24h", day="pm2_5_d"),
                over_time("rain_1h", peak="max", bars=True),
                states("level_alert"),
                over_time("traffic_speed", day="traffic_speed_d", width=8),
                over_time("laeq_1h", day="laeq_24h", width=8),
                over_time("parking_occupancy", day="parking_occupancy_d", width=8),
            ),
        ),
        ("row_devices", (devices.gateways, city_panels.map_, devices.silent_things)),
    ),
)
