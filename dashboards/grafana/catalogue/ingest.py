"""Ingest and system: whether everything that gateways send is stored and computed, and how fast."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import ingest_panels as panels
from dashboards.grafana import system_panels as system
from dashboards.grafana.board import Board

BOARD: Final = Board(
    key="ingest_board",
    span="3h",
    refresh="30s",
    chosen=frozenset(),
    rows=(
        (
            "row_now",
            (
                panels.messages,
                panels.observations,
                panels.refused,
                panels.p99,
                panels.share,
                panels.with_gaps,
            ),
        ),
        ("row_traffic", (panels.rates, panels.refusals)),
        ("row_latency", (panels.commit, panels.message, panels.reading)),
        ("row_work", (panels.batch_rows, panels.retries, panels.in_flight)),
        ("row_broker", (panels.queue, panels.dropped, panels.clients)),
        ("row_missing", (panels.gaps, panels.missing, panels.late_hours)),
        (
            "row_system",
            (
                system.size,
                system.connections,
                system.deferred,
                system.behind,
                system.left_out,
                system.untold,
                system.progress,
            ),
        ),
    ),
)
