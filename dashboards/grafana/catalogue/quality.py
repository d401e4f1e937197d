"""Data quality: what is missing, what is flagged, what was refused."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import city_panels
from dashboards.grafana import ingest_panels as ingest
from dashboards.grafana import quality_panels as panels
from dashboards.grafana.board import Board
from dashboards.grafana.indicator_panels import newest, over_time, worst

BOARD: Final = Board(
    key="quality_board",
    rows=(
        (
            "row_quality",
            (
                worst("data_completeness", lowest=True),
                panels.flagged,
                panels.suspect,
                city_panels.refused,
                ingest.with_gaps,
                panels.late_hours,
            ),
        ),
        (
            "row_completeness",
            (
                newest("data_completeness", lowest_first=True),
                over_time("data_completeness", peak="min", width=16),
                panels.without_value,
            ),
        ),
        ("row_flags", (panels.flags, panels.flagged_streams)),
        ("row_refusals", (ingest.refusals, panels.refusals)),
    ),
)
