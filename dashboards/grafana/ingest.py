"""Ingest: whether everything that gateways send is stored, and how fast. One dashboard in each language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.grafana.board import frame
from dashboards.grafana.ingest_panels import panels

if TYPE_CHECKING:
    from typing import Final

    from grafana_foundation_sdk.models import dashboard as model

    from dashboards.grafana.words import Language

KEY: Final = "ingest_dashboard"


def build(language: Language) -> model.Dashboard:
    """Return the dashboard in a language."""
    return frame(KEY, language, panels(language), span="3h", refresh="30s")
