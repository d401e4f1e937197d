"""Panels that show indicators; title, explanation, unit, decimals and colours are those that they declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import bargauge, common, dashboard, statetimeline, table
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import units

from analytics.indicator import INDICATORS
from dashboards.grafana import indicator_queries as queries
from dashboards.grafana.panel import Panel, finish, lines, stat_panel
from dashboards.grafana.queries import text
from dashboards.grafana.sql import Table, TimeSeries
from dashboards.grafana.style import category_thresholds, limit_thresholds, mapping, named, thresholds
from dashboards.grafana.units import unit
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics.indicator import Indicator
    from dashboards.grafana.words import Language

    Maker = Callable[[Language], Panel]

#: places that are shown of a unit, where it is not one
_PLACES: Final = {"m": 2, "1": 2}
#: Steps without a value are rows; a longer time without any row is a gap.
_GAP_MS: Final = 25 * 3_600_000


def over_time(
    code: str,
    *,
    day: str | None = None,
    peak: str = "avg",
    width: int = 12,
    height: int = 9,
    bars: bool = False,
) -> Maker:
    """Return the maker of a chart of the chosen areas; arguments as of `indicator_queries.over_time`."""

    def make(language: Language) -> Panel:
        panel = lines(queries.over_time(code, day, peak), language).insert_nulls(_GAP_MS)
        if bars:
            panel.draw_style(common_model.GraphDrawStyle.BARS).fill_opacity(60)
        _scaled(panel, INDICATORS[code])
        declared(panel, code, language, width=width, height=height)
        return panel if day is None else panel.description(_with_days(code, day, language))

    return make


def states(code: str, *, peak: str = "max", width: int = 12, height: int = 9) -> Maker:
    """Return the maker of bands in the colours and words of an indicator's classes, one for each area."""

    def make(language: Language) -> Panel:
        indicator = INDICATORS[code]
        panel = (
            statetimeline.Panel()
            .with_target(TimeSeries(text(queries.over_time(code, rule=peak), language)))
            .mappings([_classes(indicator, language)])
            .show_value(common_model.VisibilityMode.NEVER)
            .merge_values(True)
        )
        _coloured(panel, indicator)
        return declared(panel, code, language, width=width, height=height)

    return make


def newest(code: str, *, width: int = 8, height: int = 9, lowest_first: bool = False) -> Maker:
    """Return the maker of bars: each district's newest value, in the colours of its category."""

    def make(language: Language) -> Panel:
        panel = (
            bargauge.Panel()
            .with_target(Table(text(queries.newest(code, lowest_first=lowest_first), language)))
            .reduce_options(
                common.ReduceDataOptions().values(True).calcs(["lastNotNull"]).fields("/^value$/")
            )
            .orientation(common_model.VizOrientation.HORIZONTAL)
            .display_mode(common_model.BarGaugeDisplayMode.BASIC)
            .thresholds(thresholds((None, "blue")))  # without: Grafana's own, red from 80 on
            .min(0)
        )
        _coloured(panel, INDICATORS[code])
        return declared(panel, code, language, width=width, height=height)

    return make


def worst(code: str, *, lowest: bool = False, width: int = 4, in_words: bool = False) -> Maker:
    """Return the maker of one number: the highest newest value of the chosen areas, or the lowest.

    in_words: say the class that the number is the lower end of.
    """

    def make(language: Language) -> Panel:
        panel = stat_panel(None, language, queries.worst(code, lowest=lowest), (None, "text"))
        if in_words:
            panel.mappings([_classes(INDICATORS[code], language)])
        _coloured(panel, INDICATORS[code])
        declared(panel, code, language, width=width, height=4)
        full = f"{name(INDICATORS[code], language)}. {_explained(INDICATORS[code], language)}"
        return panel.title(word(f"short_{code}", language)).description(full)

    return make


def matrix(key: str, codes: tuple[str, ...], *, width: int = 24, height: int = 9) -> Maker:
    """Return the maker of a table: a row for each chosen area, a column for each indicator."""

    def make(language: Language) -> Panel:
        panel = table.Panel().with_target(Table(text(queries.matrix(codes), language)))
        panel.override_by_name(*named("area", language))
        for code in codes:
            panel.override_by_name(code, _column(INDICATORS[code], language))
        panel.override_by_name(*named("time", language, unit=units.DatetimeDefault))
        return finish(panel, key, language, width=width, height=height)

    return make


def declared(panel: Panel, code: str, language: Language, *, width: int, height: int) -> Panel:
    """Give a panel name, source, unit and decimals of an indicator."""
    indicator = INDICATORS[code]
    finish(panel, None, language, width=width, height=height)
    panel.title(name(indicator, language)).unit(unit(indicator.unit)).decimals(_decimals(indicator))
    return panel.description(_explained(indicator, language))


def _decimals(indicator: Indicator) -> int:
    """Values are kept to more places than anybody reads."""
    return min(indicator.decimals, _PLACES.get(indicator.unit, 1))


def _explained(indicator: Indicator, language: Language) -> str:
    rule, source = indicator.area_rule, indicator.source.cited
    return f"{source.vi}; {rule.vi}." if language == "vi" else f"{source.en}; {rule.en}."


def _with_days(code: str, day: str, language: Language) -> str:
    explained = _explained(INDICATORS[code], language)
    return f"{explained} {word('far_away', language)}: {name(INDICATORS[day], language)}."


def name(indicator: Indicator, language: Language) -> str:
    """Return an indicator's name in a language."""
    return indicator.name_vi if language == "vi" else indicator.name_en


def _scaled(panel: Panel, indicator: Indicator) -> None:
    """Draw the classes as bands, or a limit as a dashed line; the lines have colours of their own."""
    _coloured(panel, indicator)
    style = common_model.GraphThresholdsStyleMode
    if has_classes(indicator):
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(style.AREA))
    elif indicator.limits:
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(style.DASHED))
    panel.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
    if indicator.unit not in ("dB", "Cel"):
        panel.axis_soft_min(0)


def _classes(indicator: Indicator, language: Language) -> model.ValueMap:
    return mapping(
        (f"{c.lower:g}", c.name_vi if language == "vi" else c.name_en, c.colour)
        for c in indicator.categories
        if c.lower is not None
    )


def _coloured(panel: Panel, indicator: Indicator) -> None:
    if has_classes(indicator):
        panel.thresholds(category_thresholds(indicator.code))
    elif indicator.limits:
        panel.thresholds(limit_thresholds(indicator.code))


def has_classes(indicator: Indicator) -> bool:
    """Tell whether the classes of an indicator are those of its value alone."""
    return any(category.lower is not None for category in indicator.categories)


def _column(indicator: Indicator, language: Language) -> list[model.DynamicConfigValue]:
    values: dict[str, object] = {
        "displayName": name(indicator, language),
        "unit": unit(indicator.unit),
        "decimals": _decimals(indicator),
    }
    if has_classes(indicator):
        values["custom.cellOptions"] = {"type": "color-background", "mode": "basic"}
        values["thresholds"] = category_thresholds(indicator.code).build()
    return [model.DynamicConfigValue(id_val=key, value=value) for key, value in values.items()]
