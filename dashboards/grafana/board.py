"""What the dashboards share: the frame around the panels, and the links between them, which keep time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as model

from dashboards.grafana.words import Language, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dashboards.grafana.panel import Panel

#: uid of each dashboard in each language; the key names it in `words`
UIDS: Final[dict[str, dict[Language, str]]] = {
    "dashboard": {"vi": "halong-tong-quan", "en": "halong-city-overview"},
    "ingest_dashboard": {"vi": "halong-tiep-nhan", "en": "halong-ingest"},
}
_TIME_ZONE: Final = "Asia/Ho_Chi_Minh"
_OTHER: Final[dict[Language, Language]] = {"vi": "en", "en": "vi"}


def frame(
    key: str,
    language: Language,
    panels: Iterable[Panel],
    *,
    span: str,
    refresh: str,
    variables: Sequence[dashboard.QueryVariable] = (),
) -> model.Dashboard:
    """Return a dashboard in a language.

    Args:
        key: of `UIDS`.
        language: of all its words.
        panels: rows and panels in their order on the page.
        span: of time that it opens with, such as "24h".
        refresh: how often it reads anew, such as "1m".
        variables: choices at its top.
    """
    board = (
        dashboard.Dashboard(word(key, language))
        .uid(UIDS[key][language])
        .description(word(f"{key}_about", language))
        .tags(["halong", language])
        .timezone(_TIME_ZONE)
        .week_start("monday")
        .time(f"now-{span}", "now")
        .refresh(refresh)
        .readonly()
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_link(word("other_language", language), UIDS[key][_OTHER[language]]).include_vars(True))
    )
    for other in UIDS:
        if other != key:
            board.link(_link(word(other, language), UIDS[other][language]))
    for variable in variables:
        board.with_variable(variable)
    for number, panel in enumerate(panels, start=1):
        _place(board, panel, number)
    return board.build()


def _place(board: dashboard.Dashboard, panel: Panel, number: int) -> None:
    panel.id(number)
    if isinstance(panel, dashboard.Row):
        board.with_row(panel)
    else:
        board.with_panel(panel)


def _link(title: str, uid: str) -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink(title)
        .type(model.DashboardLinkType.LINK)
        .url(f"/d/{uid}")
        .icon("external link")
        .keep_time(True)
    )
