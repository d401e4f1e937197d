"""What the dashboards share: the frame around the panels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.annotations import marks
from dashboards.grafana.links import TAG, UIDS, top_links
from dashboards.grafana.variables import variables
from dashboards.grafana.words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dashboards.grafana.panel import Panel
    from dashboards.grafana.place import Place
    from dashboards.grafana.words import Language

    Maker = Callable[[Language], Panel]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard: in each language the same panels with other words."""

    #: of `links.UIDS` and `words`
    key: str
    #: (key of its title in `words`, the panels in their order on the page)
    rows: tuple[tuple[str, tuple[Maker, ...]], ...]
    #: of time that it opens with, such as "24h"
    span: str = "24h"
    #: how often it reads anew
    refresh: str = "1m"
    #: which variables are shown at its top; the others are carried along for the links
    chosen: frozenset[str] = frozenset({"area"})

    def build(self, language: Language, place: Place) -> model.Dashboard:
        """Return the dashboard in a language."""
        board = _frame(self, language, place)
        for number, panel in enumerate(self._panels(language), start=1):
            panel.id(number)
            if isinstance(panel, dashboard.Row):
                board.with_row(panel)
            else:
                board.with_panel(panel)
        return board.build()

    def _panels(self, language: Language) -> Iterator[Panel]:
        for title, makers in self.rows:
            yield dashboard.Row(word(title, language))
            yield from (make(language) for make in makers)


def _frame(about: Board, language: Language, place: Place) -> dashboard.Dashboard:
    board = (
        dashboard.Dashboard(word(about.key, language))
        .uid(UIDS[about.key][language])
        .description(word(f"{about.key}_about", language))
        .tags([TAG, language])
        .timezone(place.time_zone)
        .week_start("monday")
        .time(f"now-{about.span}", "now")
        .refresh(about.refresh)
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
    )
    for link in top_links(about.key, language, place.console):
        board.link(link)
    for variable in variables(language, about.chosen):
        board.with_variable(variable)
    for annotation in marks(language):
        board.annotation(annotation)
    return board
