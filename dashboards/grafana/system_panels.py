"""Panels about the platform beside ingest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.models import units

from dashboards.grafana import system_queries as queries
from dashboards.grafana.panel import Panel, stat_panel, table_panel

if TYPE_CHECKING:
    from dashboards.grafana.words import Language


def size(language: Language) -> Panel:
    """Return how large the database is."""
    return stat_panel("database_size", language, queries.DATABASE_SIZE, (None, "text")).unit(units.BytesIEC)


def connections(language: Language) -> Panel:
    """Return how many connections the database has."""
    return stat_panel("connections", language, queries.CONNECTIONS, (None, "text"))


def deferred(language: Language) -> Panel:
    """Return how many messages wait behind live ones."""
    return stat_panel("deferred", language, queries.DEFERRED, (None, "green"), (1, "orange"))


def behind(language: Language) -> Panel:
    """Return how far the slowest indicator is behind."""
    steps = ((None, "green"), (600.0, "orange"), (3600.0, "red"))
    return stat_panel("analytics_behind", language, queries.BEHIND, *steps).unit(units.Seconds).decimals(0)


def left_out(language: Language) -> Panel:
    """Return how much time was left out to be current first."""
    panel = stat_panel("time_left_out", language, queries.LEFT_OUT, (None, "green"), (1, "orange"))
    return panel.unit(units.Seconds).decimals(0)


def untold(language: Language) -> Panel:
    """Return how many notifications of alerts are due and not sent."""
    return stat_panel("untold", language, queries.UNTOLD, (None, "green"), (1, "red"))


def progress(language: Language) -> Panel:
    """Return up to when indicators are computed, the slowest first."""
    columns: dict[str, dict[str, Any]] = {
        "indicator": {},
        "until_when": {"unit": units.DatetimeDefault},
        "behind": {"unit": units.Seconds, "decimals": 0},
        "left_out": {},
    }
    return table_panel("progress", language, queries.PROGRESS, columns, width=24, height=9)
