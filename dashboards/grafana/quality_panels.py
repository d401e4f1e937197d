"""Panels about the quality of data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import units

from analytics.quality import Flag
from dashboards.grafana import quality_queries as queries
from dashboards.grafana.panel import Panel, finish, lines, stat_panel, table_panel
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from dashboards.grafana.words import Language


def flagged(language: Language) -> Panel:
    """Return how many observations of the last 24 hours have flags."""
    return stat_panel("flagged_today", language, queries.FLAGGED_TODAY, (None, "green"), (1, "orange"))


def suspect(language: Language) -> Panel:
    """Return the share of observations outside the physical limits."""
    steps = ((None, "green"), (0.001, "orange"), (0.05, "red"))
    panel = stat_panel("suspect_share", language, queries.SUSPECT_SHARE, *steps)
    return panel.unit(units.PercentUnit).decimals(2)


def late_hours(language: Language) -> Panel:
    """Return how many hours wait to be computed again."""
    return stat_panel("late_hours_now", language, queries.LATE_HOURS_NOW, (None, "green"), (1000, "orange"))


def flags(language: Language) -> Panel:
    """Return the flags over time by what found them."""
    names = {int(flag): word(f"flag_{flag.name}", language) for flag in Flag}
    panel = (
        lines(queries.flags_over_time(names), language)
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
        .fill_opacity(70)
        .interval("5m")
        .unit(units.Short)
    )
    return finish(panel, "flags", language, width=12, height=10).no_value(word("no_flags", language))


def flagged_streams(language: Language) -> Panel:
    """Return the datastreams with most flags."""
    columns: dict[str, dict[str, Any]] = {
        "thing": {},
        "property": {},
        "flagged": {},
        "excluded": {},
        "newest_reading": {"unit": units.DateTimeFromNow},
    }
    panel = table_panel("flagged_streams", language, queries.FLAGGED_STREAMS, columns, width=12, height=10)
    return panel.no_value(word("no_flags", language))


def refusals(language: Language) -> Panel:
    """Return who was refused how often and why."""
    columns: dict[str, dict[str, Any]] = {
        "gateway": {},
        "reason": {},
        "count": {},
        "newest_refusal": {"unit": units.DateTimeFromNow},
    }
    panel = table_panel("refusals_table", language, queries.REFUSALS_BY_GATEWAY, columns, width=12, height=10)
    return panel.no_value(word("no_refusals", language))


def without_value(language: Language) -> Panel:
    """Return the indicators whose newest step has no value, and why."""
    columns: dict[str, dict[str, Any]] = {
        "indicator": {},
        "reason": {},
        "areas": {},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("without_value", language, queries.WITHOUT_VALUE, columns, width=24, height=10)
