"""Panels that show what single things measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import units

from analytics.indicator import INDICATORS
from analytics.indicators.waste import NEEDS_COLLECTION, OVERFLOWS
from dashboards.grafana import station_queries as queries
from dashboards.grafana.panel import Panel, finish, lines, table_panel
from dashboards.grafana.style import mapping, thresholds
from dashboards.grafana.units import unit
from dashboards.grafana.words import about, word

if TYPE_CHECKING:
    from collections.abc import Callable

    from dashboards.grafana.words import Language

    Maker = Callable[[Language], Panel]

_GAP_MS: Final = 3 * 3_600_000
_LEVELS: Final = INDICATORS["level_alert"].categories
_BACKGROUND: Final = {"type": "color-background", "mode": "basic"}
_BAR: Final = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}


def over_time(key: str, observed_property: str, ucum: str, *, width: int = 12, decimals: int = 1) -> Maker:
    """Return the maker of a chart with a line for each thing of the chosen areas.

    Args:
        key: of its title in `words`.
        observed_property: code.
        ucum: its unit.
        width: of the grid's 24 columns.
        decimals: of its values.
    """

    def make(language: Language) -> Panel:
        panel = lines(queries.over_time(observed_property), language).insert_nulls(_GAP_MS)
        panel.unit(unit(ucum)).decimals(decimals).interval("5m")
        return _bounded(finish(panel, key, language, width=width, height=9), key, language)

    return make


def above_first_level(language: Language) -> Panel:
    """Return the chart of rivers against their alert level I, which is the dashed line."""
    panel = lines(queries.above_first_level("river_level"), language).insert_nulls(_GAP_MS)
    panel.unit(unit("m")).decimals(2).interval("10m")
    panel.thresholds(thresholds((None, _LEVELS[0].colour), (0.0, _LEVELS[1].colour)))
    panel.thresholds_style(
        common.GraphThresholdsStyleConfig().mode(common_model.GraphThresholdsStyleMode.DASHED)
    )
    finish(panel, "above_first_level", language, width=12, height=10)
    return _bounded(panel, "above_first_level", language)


def _bounded(panel: Panel, key: str, language: Language) -> Panel:
    return panel.description(" ".join(filter(None, (about(key, language), word("most_lines", language)))))


def levels(language: Language) -> Panel:
    """Return the table of river and tide gauges with their alert levels."""
    names = [
        (str(n), category.name_vi if language == "vi" else category.name_en, category.colour)
        for n, category in enumerate(_LEVELS)
    ]
    reached = [mapping([("-1", word("no_levels", language), None), *names])]
    height: dict[str, Any] = {"unit": unit("m"), "decimals": 2}
    columns: dict[str, dict[str, Any]] = {
        "station": {},
        "height": height,
        "reached": {"mappings": reached, "custom_cellOptions": _BACKGROUND},
        "level_1": height,
        "level_2": height,
        "level_3": height,
        "datum": {},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("levels", language, queries.LEVELS, columns, width=24, height=11)


def bins(language: Language) -> Panel:
    """Return the table of bins, the fullest first."""
    full = thresholds((None, "green"), (NEEDS_COLLECTION, "orange"), (OVERFLOWS, "red")).build()
    fill = {"unit": units.Percent, "decimals": 0, "min": 0, "max": 100, "thresholds": full}
    columns: dict[str, dict[str, Any]] = {
        "bin": {},
        "fill": fill | {"custom_cellOptions": _BAR},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("bins", language, queries.BINS, columns, width=12, height=11)


def car_parks(language: Language) -> Panel:
    """Return the table of car parks, the fullest first; 85 % is the share above which drivers search."""
    full = thresholds((None, "green"), (0.85, "orange"), (0.98, "red")).build()
    share = {"unit": units.PercentUnit, "decimals": 0, "min": 0, "max": 1, "thresholds": full}
    columns: dict[str, dict[str, Any]] = {
        "car_park": {},
        "occupied": {},
        "capacity": {},
        "share": share | {"custom_cellOptions": _BAR},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("car_parks", language, queries.CAR_PARKS, columns, width=12, height=11)


def cabinets(language: Language) -> Panel:
    """Return the table of street-light cabinets with the power that they draw."""
    watts = {"unit": units.Watt, "decimals": 0}
    columns: dict[str, dict[str, Any]] = {
        "cabinet": {},
        "power": watts,
        "rated": watts,
        "lamps": {},
        "time": {"unit": units.DatetimeDefault},
    }
    return table_panel("cabinets", language, queries.CABINETS, columns, width=12, height=11)
