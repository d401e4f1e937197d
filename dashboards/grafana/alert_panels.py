"""Panels about halong's own alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.models import units

from dashboards.grafana import alert_queries as queries
from dashboards.grafana.panel import Panel, stat_panel, table_panel
from dashboards.grafana.style import mapping
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

#: severity -> colour
SEVERITIES = {"critical": "red", "warning": "orange", "info": "blue"}
_STATES = ("active", "acknowledged", "silenced")


def count(language: Language) -> Panel:
    """Return how many alerts are open in the chosen areas."""
    return stat_panel("alerts_open", language, queries.OPEN_COUNT, (None, "green"), (1, "red"))


def open_alerts(language: Language) -> Panel:
    """Return the open alerts, the worst first and the oldest of them first."""
    severities = [mapping((code, word(code, language), colour) for code, colour in SEVERITIES.items())]
    states = [mapping((code, word(code, language), None) for code in _STATES)]
    columns: dict[str, dict[str, Any]] = {
        "severity": {
            "mappings": severities,
            "custom_cellOptions": {"type": "color-background", "mode": "basic"},
        },
        "rule": {},
        "area": {},
        "gateway": {},
        "since": {"unit": units.DateTimeFromNow},
        "value": {"decimals": 1},
        "peak": {"decimals": 1},
        "alert_state": {"mappings": states},
    }
    panel = table_panel("open_alerts", language, queries.OPEN_ALERTS, columns, width=24, height=7)
    return panel.no_value(word("no_alerts", language))
