"""The panels of the planners' dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.builders import bargauge, common, statetimeline
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import units

from dashboards.grafana import planner_queries as queries
from dashboards.grafana.city_panels import chosen_unit
from dashboards.grafana.panel import Panel, finish, lines, table_panel
from dashboards.grafana.queries import text
from dashboards.grafana.sql import Table, TimeSeries
from dashboards.grafana.style import thresholds, unit_from_query
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

#: Of the expected data: from here on a mean of several steps is held to be sound.
_ENOUGH: Final = 0.75
_FIGURES: Final = ("mean", "mean_before", "difference", "lowest", "highest")


def meaning(language: Language) -> Panel:
    """Return what the chosen indicator is, and where its rule stands."""
    columns: dict[str, dict[str, Any]] = {
        "indicator": {},
        "source": {},
        "clause": {},
        "area_rule": {},
        "least": {"unit": units.PercentUnit, "decimals": 0},
        "version": {},
    }
    return table_panel("meaning", language, queries.MEANING, columns, width=24, height=4)


def periods(language: Language) -> Panel:
    """Return the chosen indicator and, dashed, the period before laid over it."""
    before = text(queries.BEFORE, language, before=word("before", language))
    dashed = {"fill": "dash", "dash": [6, 6]}
    panel = (
        lines(queries.OVER_TIME, language)
        .with_target(TimeSeries(before, "B"))
        .with_target(chosen_unit("C"))
        .with_transformation(unit_from_query("C", ("byType", "number")))
        .override_by_query("B", [model.DynamicConfigValue(id_val="custom.lineStyle", value=dashed)])
    )
    return finish(panel, "periods", language, width=24, height=11)


def comparison(language: Language) -> Panel:
    """Return each area's mean, that of the period before, and what lies between."""
    columns: dict[str, dict[str, Any]] = {"area": {}}
    columns |= {figure: {} for figure in _FIGURES}
    columns |= {
        "change": {"unit": units.PercentUnit, "decimals": 1},
        "completeness": {"unit": units.PercentUnit, "decimals": 0, "thresholds": _band().build(),
                         "custom_cellOptions": {"type": "color-text"}},
        "missing_steps": {},
    }  # fmt: skip
    panel = table_panel("comparison", language, queries.COMPARISON, columns, width=24, height=11)
    names = "|".join(word(figure, language) for figure in _FIGURES)
    matched = ("byRegexp", f"/^({'|'.join(_FIGURES)}|{names})$/")
    return panel.with_target(chosen_unit("B")).with_transformation(unit_from_query("B", matched))


def ranking(language: Language) -> Panel:
    """Return the areas by their mean over the period."""
    panel = (
        bargauge.Panel()
        .with_target(Table(text(queries.RANKING, language)))
        .with_target(chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byName", "value")))
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]).fields("/^value$/"))
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .display_mode(common_model.BarGaugeDisplayMode.BASIC)
        .thresholds(thresholds((None, "blue")))
        .min(0)
    )
    return finish(panel, "ranking", language, width=12, height=12)


def completeness(language: Language) -> Panel:
    """Return the band of completeness: for each area, red where too few data stand behind a value."""
    panel = (
        statetimeline.Panel()
        .with_target(TimeSeries(text(queries.COMPLETENESS, language)))
        .thresholds(_band())
        .unit(units.PercentUnit)
        .decimals(0)
        .show_value(common_model.VisibilityMode.NEVER)
        .merge_values(False)
    )
    return finish(panel, "completeness_band", language, width=24, height=10)


def missing(language: Language) -> Panel:
    """Return how many steps have no value, and why."""
    sql = text(queries.MISSING, language, none_missing=word("none_missing", language))
    columns: dict[str, dict[str, Any]] = {
        "area": {},
        "reason": {},
        "steps": {},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("missing_values", language, sql, columns, width=12, height=12)


def _band() -> Any:
    return thresholds((None, "red"), (0.5, "orange"), (_ENOUGH, "green"))
