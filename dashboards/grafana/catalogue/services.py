"""City services: street lighting, waste bins, parking."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import matrix, newest, over_time, worst
from dashboards.grafana.station_panels import bins, cabinets, car_parks
from dashboards.grafana.station_panels import over_time as stations

BOARD: Final = Board(
    key="services_board",
    span="2d",
    rows=(
        (
            "row_worst",
            (
                worst("light_outage_d"),
                worst("light_energy_d"),
                worst("waste_overflow"),
                worst("waste_hours_to_full", lowest=True),
                worst("parking_occupancy"),
                worst("parking_high"),
            ),
        ),
        (
            "row_lighting",
            (
                cabinets,
                newest("light_energy_d", width=12, height=11),
                stations("lamp_power", "lamp_power", "W", decimals=0),
                matrix("lighting_nights", ("light_energy_d", "light_outage_d"), width=12),
            ),
        ),
        (
            "row_bins",
            (
                bins,
                newest("waste_hours_to_full", width=12, height=11, lowest_first=True),
                over_time("waste_fill", day="waste_fill_d", width=8),
                over_time("waste_need", width=8),
                over_time("waste_overflow", day="waste_overflow_d", width=8),
            ),
        ),
        (
            "row_parking",
            (
                car_parks,
                newest("parking_occupancy", width=12, height=11),
                over_time("parking_occupancy", day="parking_occupancy_d"),
                over_time("parking_high", day="parking_high_d"),
            ),
        ),
    ),
)
