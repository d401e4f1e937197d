"""Panels about gateways and things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import units

from dashboards.grafana import device_queries as queries
from dashboards.grafana.panel import Panel, finish, lines, stat_panel, table_panel
from dashboards.grafana.style import named, state_mappings, thresholds
from devices.liveness import FLAPPING_FROM

if TYPE_CHECKING:
    from dashboards.grafana.words import Language


def never_heard(language: Language) -> Panel:
    """Return how many gateways never sent anything."""
    return stat_panel("gateways_never", language, queries.NEVER_HEARD, (None, "green"), (1, "orange"))


def flapping(language: Language) -> Panel:
    """Return how many gateways come and go."""
    return stat_panel("flapping", language, queries.FLAPPING, (None, "green"), (1, "orange"))


def gateways(language: Language) -> Panel:
    """Return all gateways, those that need somebody first."""
    often = thresholds((None, "text"), (float(FLAPPING_FROM), "orange")).build()
    columns: dict[str, dict[str, Any]] = {
        "gateway": {},
        "name": {},
        "state": {"mappings": state_mappings(language), "custom_cellOptions": {"type": "color-text"}},
        "last_seen": {"unit": units.DateTimeFromNow},
        "offline_today": {"thresholds": often, "custom_cellOptions": {"type": "color-text"}},
        "firmware": {},
        "started": {"unit": units.DatetimeDefault},
        "messages": {},
    }
    return table_panel("gateways_table", language, queries.GATEWAYS, columns, width=12, height=12)


def firmware(language: Language) -> Panel:
    """Return how many gateways have which firmware."""
    return table_panel(
        "firmwares", language, queries.FIRMWARE, {"firmware": {}, "gateways": {}}, width=8, height=9
    )


def changes_of_state(language: Language) -> Panel:
    """Return how often gateways came and went."""
    panel = _stacked(queries.CHANGES_OF_STATE, language)
    for column in ("online", "offline"):
        panel.override_by_name(*named(column, language))
    return finish(panel, "changes_of_state", language, width=16, height=9)


def silent_things(language: Language) -> Panel:
    """Return the things whose readings are late, and those next to them."""
    late = thresholds((None, "green"), (1.0, "orange")).build()
    columns: dict[str, dict[str, Any]] = {
        "thing": {},
        "kind": {},
        "gateway": {},
        "late_streams": {"thresholds": late, "custom_cellOptions": {"type": "color-text"}},
        "streams": {},
        "newest_reading": {"unit": units.DateTimeFromNow},
    }
    return table_panel("silent_things", language, queries.SILENT_THINGS, columns, width=24, height=10)


def arrivals(language: Language) -> Panel:
    """Return how many readings came live, late, or from clocks that are ahead."""
    panel = _stacked(queries.ARRIVALS, language)
    for column in ("live", "replayed", "ahead"):
        panel.override_by_name(*named(column, language))
    return finish(panel, "arrivals", language, width=12, height=9)


def _stacked(sql: str, language: Language) -> Panel:
    return (
        lines(sql, language)
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
        .fill_opacity(70)
        .interval("5m")
        .unit(units.Short)
        .axis_soft_min(0)
    )
