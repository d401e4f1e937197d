"""City overview: what the district operator has open all day. One dashboard in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana import queries
from dashboards.grafana.panels import UIDS, panels
from dashboards.grafana.sql import DATASOURCE
from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from dashboards.grafana.panel import Panel

_TIME_ZONE: Final = "Asia/Ho_Chi_Minh"
_OTHER: Final[dict[Language, Language]] = {"vi": "en", "en": "vi"}


def build(language: Language) -> model.Dashboard:
    """Return the dashboard in a language."""
    board = (
        dashboard.Dashboard(word("dashboard", language))
        .uid(UIDS[language])
        .description(word("dashboard_about", language))
        .tags(["halong", language])
        .timezone(_TIME_ZONE)
        .week_start("monday")
        .time("now-24h", "now")
        .refresh("1m")
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_language_link(language))
        .with_variable(_area(language))
        .with_variable(_indicator(language))
    )
    for index, panel in enumerate(panels(language), start=1):
        _place(board, panel, index)
    return board.build()


def _place(board: dashboard.Dashboard, panel: Panel, number: int) -> None:
    panel.id(number)
    if isinstance(panel, dashboard.Row):
        board.with_row(panel)
    else:
        board.with_panel(panel)


# --- variables and links


def _language_link(language: Language) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(word("other_language", language))
        .type(model.DashboardLinkType.LINK)
        .url(f"/d/{UIDS[_OTHER[language]]}")
        .icon("external link")
        .keep_time(True)
        .include_vars(True)
    )


def _area(language: Language) -> dashboard.QueryVariable:
    everywhere = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return _variable("area", language, queries.AREAS).multi(True).include_all(True).current(everywhere)


def _indicator(language: Language) -> dashboard.QueryVariable:
    air = model.VariableOption(selected=True, text="VN_AQI", value="vn_aqi_h")
    return _variable("indicator", language, queries.INDICATORS).current(air)


def _variable(name: str, language: Language, sql: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(word(name, language))
        .datasource(DATASOURCE)
        .query(queries.text(sql, language))
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(model.VariableSort.DISABLED)
        .allow_custom_value(False)
    )
