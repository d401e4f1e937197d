"""City overview: what the district operator has open all day."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import alert_panels
from dashboards.grafana import city_panels as panels
from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import over_time

BOARD: Final = Board(
    key="city_board",
    chosen=frozenset({"area", "domain", "indicator"}),
    rows=(
        (
            "row_state",
            (
                alert_panels.count,
                panels.online,
                panels.silent,
                panels.age,
                panels.rate,
                panels.refused,
            ),
        ),
        ("row_alerts", (alert_panels.open_alerts,)),
        ("row_indicator", (panels.bars, panels.table_, panels.chosen_series)),
        (
            "row_topics",
            (
                over_time("vn_aqi_h", day="vn_aqi_d"),
                over_time("pm2_5_24h", day="pm2_5_d"),
                over_time("rain_1h", peak="max", width=8),
                over_time("traffic_speed", day="traffic_speed_d", width=8),
                over_time("laeq_1h", day="laeq_24h", width=8),
            ),
        ),
        (
            "row_devices",
            (panels.map_, panels.ingest, panels.refusals_over_time, panels.last_refusals),
        ),
    ),
)
