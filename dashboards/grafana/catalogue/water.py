"""Water and weather: rain, rivers against their alert levels, the sea, wind, and the rivers' quality."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import newest, over_time, states, worst
from dashboards.grafana.station_panels import above_first_level, levels
from dashboards.grafana.station_panels import over_time as stations

BOARD: Final = Board(
    key="water_board",
    span="2d",
    rows=(
        (
            "row_worst",
            (
                worst("level_alert", in_words=True),
                worst("rain_1h"),
                worst("rain_3h"),
                worst("rain_24h"),
                worst("level_surge"),
                worst("vn_wqi", lowest=True),
            ),
        ),
        (
            "row_rain",
            (
                over_time("rain_1h", peak="max", width=16, bars=True),
                newest("rain_24h"),
                over_time("rain_intensity", peak="max"),
                over_time("rain_d", bars=True),
            ),
        ),
        ("row_rivers", (levels, states("level_alert", peak="max", height=10), above_first_level)),
        (
            "row_sea",
            (stations("sea_level", "sea_level", "m", decimals=2), over_time("level_surge", peak="max")),
        ),
        (
            "row_weather",
            (
                stations("air_temperature", "air_temperature", "Cel"),
                stations("relative_humidity", "relative_humidity", "%"),
                over_time("wind_speed_mean"),
                stations("air_pressure", "air_pressure", "hPa"),
            ),
        ),
        (
            "row_water_quality",
            (newest("vn_wqi", lowest_first=True), over_time("vn_wqi", day="vn_wqi_d", width=16)),
        ),
    ),
)
