"""City overview: what the district operator has open all day. One dashboard in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana import queries
from dashboards.grafana.board import frame
from dashboards.grafana.panels import panels
from dashboards.grafana.sql import DATASOURCE
from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from typing import Final

KEY: Final = "dashboard"


def build(language: Language) -> model.Dashboard:
    """Return the dashboard in a language."""
    variables = _area(language), _indicator(language)
    return frame(KEY, language, panels(language), span="24h", refresh="1m", variables=variables)


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
