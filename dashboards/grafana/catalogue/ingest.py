"""Ingest: whether everything that gateways send is stored, and how fast."""

from __future__ import annotations

from typing import Final

from dashboards.grafana import ingest_panels as panels
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
    ),
)
