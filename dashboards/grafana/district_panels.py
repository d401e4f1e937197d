"""Panels about the chosen areas themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.grafana import district_queries as queries
from dashboards.grafana.panel import Panel, table_panel
from dashboards.grafana.style import mapping
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from dashboards.grafana.words import Language

_LEVELS = ("province", "district", "commune")


def areas(language: Language) -> Panel:
    """Return which units are chosen, when they were in force, and whose values answer for them."""
    levels = [mapping((level, word(level, language), None) for level in _LEVELS)]
    columns: dict[str, dict[str, Any]] = {
        "area": {},
        "level": {"mappings": levels},
        "valid_from": {},
        "valid_to": {},
        "answered_by": {},
        "population": {},
        "area_km2": {"unit": "suffix:km²", "decimals": 1},
        "gateways": {},
        "things": {},
    }
    return table_panel("chosen_areas", language, queries.AREAS, columns, width=24, height=8)
