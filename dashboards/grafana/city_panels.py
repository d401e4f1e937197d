"""The panels of the city overview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import bargauge, common, dashboard, geomap, table
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import geomap as geomap_model
from grafana_foundation_sdk.models import units

from dashboards.grafana import device_queries as devices
from dashboards.grafana import indicator_queries as indicators
from dashboards.grafana.links import area_link
from dashboards.grafana.panel import Panel, finish, lines, stat_panel, table_panel
from dashboards.grafana.queries import text
from dashboards.grafana.sql import Table
from dashboards.grafana.style import (
    category_mapping,
    mapping,
    named,
    state_mappings,
    thresholds,
    unit_from_query,
)
from dashboards.grafana.units import sql_values
from dashboards.grafana.words import word
from dashboards.units import PRINTED_SQL

if TYPE_CHECKING:
    from dashboards.grafana.words import Language


# --- state of the system


def online(language: Language) -> Panel:
    return stat_panel("gateways_online", language, devices.GATEWAYS_ONLINE, (None, "green"))


def silent(language: Language) -> Panel:
    return stat_panel("gateways_silent", language, devices.GATEWAYS_SILENT, (None, "green"), (1, "orange"))


def age(language: Language) -> Panel:
    steps = ((None, "green"), (300.0, "orange"), (900.0, "red"))
    return stat_panel("newest_age", language, devices.NEWEST_AGE, *steps).unit(units.Seconds).decimals(0)


def rate(language: Language) -> Panel:
    steps = ((None, "red"), (0.1, "green"))
    return (
        stat_panel("rate", language, devices.OBSERVATIONS_PER_MINUTE, *steps).unit("suffix:/min").decimals(0)
    )


def refused(language: Language) -> Panel:
    return stat_panel("refused", language, devices.REFUSALS_LAST_HOUR, (None, "green"), (1, "orange"))


# --- the chosen indicator


def bars(language: Language) -> Panel:
    panel = (
        bargauge.Panel()
        .with_target(Table(text(indicators.newest(None), language)))
        .with_target(chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byName", "value")))
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]).fields("/^value$/"))
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .display_mode(common_model.BarGaugeDisplayMode.BASIC)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.CONTINUOUS_BLUES))
        .min(0)
    )
    return finish(panel, "by_district", language, width=10, height=12)


def table_(language: Language) -> Panel:
    coloured = {"type": "color-text"}
    show = area_link("district_board", language, word("open_area", language))
    panel = (
        table.Panel()
        .with_target(Table(text(indicators.newest_with_categories(), language)))
        .with_target(chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byName", "value")))
        .override_by_name(*named("area", language, links=[show]))
        .override_by_name(*named("value", language))
        .override_by_name(
            *named("category", language, custom_cellOptions=coloured, mappings=category_mapping(language))
        )
        .override_by_name(*named("completeness", language, unit=units.PercentUnit, decimals=0))
        .override_by_name(*named("time", language, unit=units.DatetimeDefault))
        .override_by_name("key", [_hidden()])
        .override_by_name("code", [_hidden()])
    )
    return finish(panel, "table", language, width=14, height=12)


def _hidden() -> model.DynamicConfigValue:
    return model.DynamicConfigValue(id_val="custom.hidden", value=True)


def chosen_series(language: Language) -> Panel:
    panel = (
        lines(indicators.chosen_over_time(), language)
        .with_target(chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byType", "number")))
    )
    return finish(panel, "over_time", language, width=24, height=10)


def chosen_unit(ref_id: str) -> Table:
    """Return the query that tells how the chosen indicator's values are written."""
    return Table(text(indicators.CHOSEN_UNIT, "en", units=sql_values(), printed=PRINTED_SQL), ref_id)


# --- devices and data


def map_(language: Language) -> Panel:
    states = state_mappings(language)
    panel = (
        geomap.Panel()
        .with_target(Table(text(devices.GATEWAY_MAP, language)))
        .view(geomap.MapViewConfig().id("fit").all_layers(True).padding(10))
        .basemap(common.MapLayerOptions().type("default").name("Basemap"))
        .layers([_gateways_layer()])
        .tooltip(geomap.TooltipOptions().mode(geomap_model.TooltipMode.DETAILS))
        .thresholds(thresholds((None, "green"), (1, "orange"), (2, "red"), (3, "#808080")))
        .override_by_name(*named("gateway", language))
        .override_by_name(*named("name", language))
        .override_by_name(*named("state", language, mappings=states))
        .override_by_name("level", [model.DynamicConfigValue(id_val="mappings", value=states)])
        .override_by_name(*named("last_seen", language, unit=units.DateTimeFromNow))
    )
    return finish(panel, "map", language, width=12, height=12)


def _gateways_layer() -> common.MapLayerOptions:
    style = {
        "color": {"field": "level", "fixed": "#808080"},
        "opacity": 0.9,
        "size": {"fixed": 7, "min": 2, "max": 15},
        "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
    }
    place = common.FrameGeometrySource().mode(common_model.FrameGeometrySourceMode.COORDS)
    return (
        common.MapLayerOptions()
        .type("markers")
        .name("Gateways")
        .config({"showLegend": True, "style": style})
        .location(place.latitude("latitude").longitude("longitude"))
    )


def ingest(language: Language) -> Panel:
    panel = lines(devices.INGEST_RATE, language).unit("suffix:/min").decimals(0).axis_soft_min(0)
    panel.interval("1m").override_by_name(*named("observations", language))
    return finish(panel, "ingest", language, width=12, height=12)


def refusals_over_time(language: Language) -> Panel:
    panel = (
        lines(devices.REFUSALS_OVER_TIME, language)
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
        .fill_opacity(70)
        .interval("5m")
        .unit(units.Short)
    )
    finish(panel, "refusals_over_time", language, width=8, height=10)
    return panel.no_value(word("no_refusals", language))


def last_refusals(language: Language) -> Panel:
    answers = [mapping((value, word(value, language), None) for value in ("true", "false"))]
    columns: dict[str, dict[str, object]] = {"time": {"unit": units.DatetimeDefault}}
    columns |= {column: {} for column in ("gateway", "reason", "at", "detail", "count", "topic")}
    columns |= {"stored": {"mappings": answers}}
    panel = table_panel("last_refusals", language, devices.LAST_REFUSALS, columns, width=16, height=10)
    return panel.no_value(word("no_refusals", language))
