"""What the panels of a dashboard share: title, place, queries and looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common, stat, table, timeseries
from grafana_foundation_sdk.models import common as model

from dashboards.grafana import queries
from dashboards.grafana.sql import DATASOURCE, Table, TimeSeries
from dashboards.grafana.style import named, thresholds
from dashboards.grafana.words import Language, about, word

if TYPE_CHECKING:
    from collections.abc import Mapping

Panel = Any  # a builder of any kind of panel: the SDK's kinds share their methods, but no base class

_TWO_HOURS_MS = 2 * 3_600_000


def finish(panel: Panel, key: str | None, language: Language, *, width: int, height: int) -> Panel:
    """Give a panel title and explanation by its key in `words`, and its size on the grid of 24 columns.

    Without a key, title and explanation are left to the caller.
    """
    panel.datasource(DATASOURCE).span(width).height(height).no_value(word("no_data", language))
    if key is not None:
        panel.title(word(key, language))
        if explanation := about(key, language):
            panel.description(explanation)
    return panel


def stat_panel(
    key: str | None, language: Language, sql: str, *steps: tuple[float | None, str], width: int = 4
) -> Panel:
    """Return one number, coloured by thresholds."""
    panel = (
        stat.Panel()
        .with_target(Table(queries.text(sql, language)))
        .thresholds(thresholds(*steps))
        .color_mode(model.BigValueColorMode.VALUE)
        .graph_mode(model.BigValueGraphMode.NONE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    return finish(panel, key, language, width=width, height=4)


def lines(sql: str, language: Language) -> Panel:
    """Return a time series panel; more than two hours without a value are a gap, not a line over it."""
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(model.LegendDisplayMode.LIST)
        .placement(model.LegendPlacement.BOTTOM)
    )
    return (
        timeseries.Panel()
        .with_target(TimeSeries(queries.text(sql, language)))
        .show_points(model.VisibilityMode.AUTO)
        .line_width(1)
        .span_nulls(False)
        .insert_nulls(_TWO_HOURS_MS)
        .tooltip(common.VizTooltipOptions().mode(model.TooltipDisplayMode.MULTI))
        .legend(legend)
    )


def table_panel(
    key: str,
    language: Language,
    sql: str,
    columns: Mapping[str, Mapping[str, Any]],
    *,
    width: int,
    height: int,
) -> Panel:
    """Return a table.

    Args:
        key: of its title in `words`.
        language: of title and heads of columns.
        sql: whose columns have the names of `columns`.
        columns: name, which is also its key in `words` -> further properties as of `style.named`.
        width: of the grid's 24 columns.
        height: in the grid's units.
    """
    panel = table.Panel().with_target(Table(queries.text(sql, language)))
    for column, properties in columns.items():
        panel.override_by_name(*named(column, language, **properties))
    return finish(panel, key, language, width=width, height=height)
