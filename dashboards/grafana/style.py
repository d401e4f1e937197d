"""Colours, thresholds and names of columns that the panels share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from analytics.indicator import INDICATORS
from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from collections.abc import Iterable

#: state of a gateway -> (number on the map, colour)
STATES: Final = {
    "online": (0, "green"),
    "silent": (1, "orange"),
    "offline": (2, "red"),
    "never_heard": (3, "#808080"),
}


def thresholds(*steps: tuple[float | None, str]) -> build.ThresholdsConfig:
    """Return absolute thresholds; the first step's value is None, minus infinity."""
    found = [model.Threshold(value=value, color=colour) for value, colour in steps]
    return build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(found)


def category_thresholds(indicator: str) -> build.ThresholdsConfig:
    """Return an indicator's categories as thresholds, in its standard's colours."""
    steps = [(c.lower, c.colour) for c in INDICATORS[indicator].categories if c.lower is not None]
    return thresholds((None, steps[0][1]), *steps[1:])


def limit_thresholds(indicator: str) -> build.ThresholdsConfig:
    """Return an indicator's newest limit as thresholds; a value equal to it still complies."""
    _, limit = INDICATORS[indicator].limits[-1]
    complies, exceeds = INDICATORS[indicator].categories
    return thresholds((None, complies.colour), (limit, exceeds.colour))


def category_mapping(language: Language) -> list[model.ValueMapping]:
    """Return the colour of each category's name."""
    categories = [c for i in INDICATORS.values() for c in i.categories]
    names = {(c.name_vi if language == "vi" else c.name_en): c.colour for c in categories}
    return [mapping((name, name, colour) for name, colour in names.items())]


def state_mappings(language: Language) -> list[model.ValueMapping]:
    """Return words and colours of the states of a gateway, by code and by number."""
    codes = mapping((code, word(code, language), colour) for code, (_, colour) in STATES.items())
    numbers = mapping((str(n), word(code, language), colour) for code, (n, colour) in STATES.items())
    return [codes, numbers]


def mapping(rows: Iterable[tuple[str, str, str | None]]) -> model.ValueMap:
    """Return a value mapping from (value, text shown, colour)."""
    results = {
        value: model.ValueMappingResult(text=text, color=colour, index=index)
        for index, (value, text, colour) in enumerate(rows)
    }
    return model.ValueMap(options=results)


def named(column: str, language: Language, **properties: Any) -> tuple[str, list[model.DynamicConfigValue]]:
    """Return the arguments of `override_by_name` that give a column its name and further properties.

    An underscore in a property's name stands for a dot: `custom_hidden` is `custom.hidden`.
    """
    values = {"displayName": word(column, language)} | {k.replace("_", "."): v for k, v in properties.items()}
    return column, [model.DynamicConfigValue(id_val=key, value=value) for key, value in values.items()]


def unit_from_query(ref_id: str, match: tuple[str, str]) -> model.DataTransformerConfig:
    """Return the transformation that takes unit and decimals from the row of another query.

    Args:
        ref_id: of the query with columns `unit` and `decimals`.
        match: matcher and option of the fields they are for, such as ("byName", "value").
    """
    mappings = [
        {"fieldName": name, "handlerKey": name, "reducerId": "lastNotNull"} for name in ("unit", "decimals")
    ]
    options = {
        "configRefId": ref_id,
        "mappings": mappings,
        "applyTo": {"id": match[0], "options": match[1]},
    }
    return model.DataTransformerConfig(id_val="configFromData", options=options)
