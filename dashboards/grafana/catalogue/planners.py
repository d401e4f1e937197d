"""Indicators for planners: the chosen indicator against the period before, and how far it can be trusted."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import planner_panels as panels
from dashboards.grafana.board import Board

BOARD: Final = Board(
    key="planners_board",
    refresh="15m",
    chosen=frozenset({"area", "domain", "indicator"}),
    rows=(
        ("row_meaning", (panels.meaning,)),
        ("row_comparison", (panels.periods, panels.comparison)),
        ("row_trust", (panels.completeness, panels.ranking, panels.missing)),
    ),
)
