"""Traffic and mobility: how fast, how much, how many people."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import matrix, newest, over_time, worst
from dashboards.grafana.station_panels import over_time as stations

BOARD: Final = Board(
    key="traffic_board",
    rows=(
        (
            "row_worst",
            (
                worst("traffic_speed", lowest=True),
                worst("traffic_congestion"),
                worst("traffic_tti"),
                worst("traffic_los"),
                worst("traffic_vhd"),
                worst("people_density"),
            ),
        ),
        (
            "row_speed",
            (
                newest("traffic_speed", lowest_first=True, height=10),
                over_time("traffic_speed", day="traffic_speed_d", width=16, height=10),
                over_time("traffic_congestion", day="traffic_congestion_d"),
                over_time("traffic_tti", day="traffic_tti_d"),
                stations("speed_counters", "traffic_speed", "km/h", width=24, decimals=0),
            ),
        ),
        (
            "row_volume",
            (
                over_time("traffic_flow"),
                over_time("traffic_pcu"),
                over_time("traffic_vkt", width=8),
                over_time("traffic_vhd", width=8),
                over_time("traffic_los", day="traffic_los_d", width=8),
                matrix(
                    "traffic_days",
                    (
                        "traffic_speed_d",
                        "traffic_flow_d",
                        "traffic_pcu_d",
                        "traffic_vkt_d",
                        "traffic_vhd_d",
                        "traffic_pti_d",
                    ),
                ),
            ),
        ),
        (
            "row_people",
            (
                over_time("footfall_1h", bars=True),
                over_time("people_present", peak="max"),
                over_time("people_density", peak="max", width=24),
            ),
        ),
    ),
)
