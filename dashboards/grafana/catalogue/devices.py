"""Device health: gateways, things, and how their readings arrive."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import city_panels
from dashboards.grafana import device_panels as panels
from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import newest, over_time, worst

BOARD: Final = Board(
    key="devices_board",
    rows=(
        (
            "row_gateways",
            (
                city_panels.online,
                city_panels.silent,
                panels.never_heard,
                panels.flapping,
                worst("iot_coverage", lowest=True),
                worst("iot_availability_d", lowest=True),
                panels.gateways,
                city_panels.map_,
                panels.changes_of_state,
                panels.firmware,
            ),
        ),
        (
            "row_things",
            (
                panels.silent_things,
                newest("iot_availability_d", lowest_first=True),
                over_time("iot_coverage", peak="min", width=16),
            ),
        ),
        ("row_arrival", (panels.arrivals, over_time("iot_latency", peak="max"))),
    ),
)
