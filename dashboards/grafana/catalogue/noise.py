"""Noise: levels of the hour, of day, evening and night."""

from __future__ import annotations

from typing import Final

from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import matrix, newest, over_time, worst

BOARD: Final = Board(
    key="noise_board",
    span="2d",
    rows=(
        (
            "row_worst",
            (
                worst("laeq_1h"),
                worst("la10_1h"),
                worst("la90_1h"),
                worst("laeq_24h"),
                worst("lden_d"),
                worst("lnight_d"),
            ),
        ),
        (
            "row_hours",
            (newest("laeq_1h", height=10), over_time("laeq_1h", day="laeq_24h", width=16, height=10)),
        ),
        (
            "row_statistics",
            (over_time("la10_1h", width=8), over_time("la50_1h", width=8), over_time("la90_1h", width=8)),
        ),
        (
            "row_days",
            (
                newest("lden_d", width=12),
                newest("lnight_d", width=12),
                matrix("noise_days", ("laeq_24h", "lday_d", "levening_d", "lnight_d", "lden_d")),
            ),
        ),
    ),
)
