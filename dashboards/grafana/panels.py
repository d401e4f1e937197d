"""The panels of the city overview."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, geomap, table
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import geomap as geomap_model
from grafana_foundation_sdk.models import units

from dashboards.grafana import queries
from dashboards.grafana.board import UIDS
from dashboards.grafana.panel import Panel, finish, lines, stat_panel
from dashboards.grafana.sql import Table
from dashboards.grafana.style import (
    category_mapping,
    category_thresholds,
    limit_thresholds,
    mapping,
    named,
    state_mappings,
    thresholds,
    unit_from_query,
)
from dashboards.grafana.units import sql_values, unit
from dashboards.grafana.words import Language, word
from dashboards.units import PRINTED_SQL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


_CHOOSE_ROW: Final = "${__url_time_range}&var-area=${__data.fields.key}&${indicator:queryparam}"


def panels(language: Language) -> list[Panel]:
    """Return rows and panels in their order on the page."""
    rows: list[tuple[str, Sequence[Callable[[Language], Panel]]]] = [
        ("row_state", (_online, _silent, _age, _rate, _refused)),
        ("row_indicator", (_bars, _table, _chosen_series)),
        ("row_topics", (_air, _particles, _rain, _traffic, _noise)),
        ("row_devices", (_map, _ingest, _refusals_over_time, _last_refusals)),
    ]
    return [
        panel
        for key, makers in rows
        for panel in (dashboard.Row(word(key, language)), *(make(language) for make in makers))
    ]


# --- state of the system


def _online(language: Language) -> Panel:
    return stat_panel("gateways_online", language, queries.GATEWAYS_ONLINE, (None, "green"))


def _silent(language: Language) -> Panel:
    return stat_panel("gateways_silent", language, queries.GATEWAYS_SILENT, (None, "green"), (1, "orange"))


def _age(language: Language) -> Panel:
    steps = ((None, "green"), (300.0, "orange"), (900.0, "red"))
    return stat_panel("newest_age", language, queries.NEWEST_AGE, *steps).unit(units.Seconds).decimals(0)


def _rate(language: Language) -> Panel:
    steps = ((None, "red"), (0.1, "green"))
    return (
        stat_panel("rate", language, queries.OBSERVATIONS_PER_MINUTE, *steps).unit("suffix:/min").decimals(0)
    )


def _refused(language: Language) -> Panel:
    return stat_panel("refused", language, queries.REFUSALS_LAST_HOUR, (None, "green"), (1, "orange")).span(4)


# --- the chosen indicator


def _bars(language: Language) -> Panel:
    panel = (
        bargauge.Panel()
        .with_target(Table(queries.text(queries.DISTRICT_BARS, language)))
        .with_target(_chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byName", "value")))
        .reduce_options(common.ReduceDataOptions().values(True).calcs(["lastNotNull"]).fields("/^value$/"))
        .orientation(common_model.VizOrientation.HORIZONTAL)
        .display_mode(common_model.BarGaugeDisplayMode.BASIC)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.CONTINUOUS_BLUES))
        .min(0)
    )
    return finish(panel, "by_district", language, width=10, height=12)


def _table(language: Language) -> Panel:
    coloured = {"type": "color-text"}
    show = {
        "title": word("over_time", language),
        "url": f"/d/{UIDS['dashboard'][language]}?{_CHOOSE_ROW}",
    }
    panel = (
        table.Panel()
        .with_target(Table(queries.text(queries.DISTRICT_TABLE, language)))
        .with_target(_chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byName", "value")))
        .override_by_name(*named("area", language, links=[show]))
        .override_by_name(*named("value", language))
        .override_by_name(
            *named("category", language, custom_cellOptions=coloured, mappings=category_mapping(language))
        )
        .override_by_name(*named("completeness", language, unit=units.PercentUnit, decimals=0))
        .override_by_name(*named("time", language, unit=units.DatetimeDefault))
        .override_by_name("key", [model.DynamicConfigValue(id_val="custom.hidden", value=True)])
    )
    return finish(panel, "table", language, width=14, height=12)


def _chosen_series(language: Language) -> Panel:
    panel = (
        lines(queries.CHOSEN_SERIES, language)
        .with_target(_chosen_unit("B"))
        .with_transformation(unit_from_query("B", ("byType", "number")))
    )
    return finish(panel, "over_time", language, width=24, height=10)


def _chosen_unit(ref_id: str) -> Table:
    return Table(queries.text(queries.CHOSEN_UNIT, "en", units=sql_values(), printed=PRINTED_SQL), ref_id)


# --- environment and traffic


def _air(language: Language) -> Panel:
    return (
        _topic("vn_aqi_h", "1", language)
        .thresholds(category_thresholds("vn_aqi_h"))
        .thresholds_style(_threshold_style(common_model.GraphThresholdsStyleMode.AREA))
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .axis_soft_max(150)
        .decimals(0)
    )


def _particles(language: Language) -> Panel:
    return (
        _topic("pm2_5_24h", "ug/m3", language)
        .thresholds(limit_thresholds("pm2_5_24h"))
        .thresholds_style(_threshold_style(common_model.GraphThresholdsStyleMode.DASHED))
        .decimals(1)
    )


def _rain(language: Language) -> Panel:
    return (
        _topic("rain_1h", "mm", language, width=8)
        .thresholds(category_thresholds("rain_1h"))
        .thresholds_style(_threshold_style(common_model.GraphThresholdsStyleMode.DASHED))
        .fill_opacity(20)
        .decimals(1)
    )


def _traffic(language: Language) -> Panel:
    return _topic("traffic_speed", "km/h", language, width=8).decimals(0)


def _noise(language: Language) -> Panel:
    return _topic("laeq_1h", "dB", language, width=8).axis_soft_min(30).decimals(1)


def _topic(code: str, ucum: str, language: Language, width: int = 12) -> Panel:
    panel = lines(queries.series(code), language).unit(unit(ucum))
    if ucum != "dB":
        panel.axis_soft_min(0)
    return finish(panel, code, language, width=width, height=9)


def _threshold_style(mode: common_model.GraphThresholdsStyleMode) -> common.GraphThresholdsStyleConfig:
    return common.GraphThresholdsStyleConfig().mode(mode)


# --- devices and data


def _map(language: Language) -> Panel:
    states = state_mappings(language)
    panel = (
        geomap.Panel()
        .with_target(Table(queries.text(queries.GATEWAY_MAP, language)))
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
    return finish(panel, "map", language, width=12, height=10)


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


def _ingest(language: Language) -> Panel:
    panel = lines(queries.INGEST_RATE, language).unit("suffix:/min").decimals(0).axis_soft_min(0)
    for column in ("good and suspect", "suspect"):
        panel.override_by_name(*named(column, language))
    return finish(panel, "ingest", language, width=12, height=10)


def _refusals_over_time(language: Language) -> Panel:
    panel = (
        lines(queries.REFUSALS_OVER_TIME, language)
        .draw_style(common_model.GraphDrawStyle.BARS)
        .stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL))
        .fill_opacity(70)
        .interval("5m")
        .unit(units.Short)
    )
    return finish(panel, "refusals_over_time", language, width=8, height=10)


def _last_refusals(language: Language) -> Panel:
    answers = [mapping((value, word(value, language), None) for value in ("true", "false"))]
    panel = table.Panel().with_target(Table(queries.text(queries.LAST_REFUSALS, language)))
    panel.override_by_name(*named("time", language, unit=units.DatetimeDefault))
    for column in ("gateway", "reason", "at", "detail", "count", "topic"):
        panel.override_by_name(*named(column, language))
    panel.override_by_name(*named("stored", language, mappings=answers))
    return finish(panel, "last_refusals", language, width=16, height=10)
