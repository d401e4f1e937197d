"""Every query that the dashboards send: of panels, variables and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dashboards.grafana import boards

if TYPE_CHECKING:
    from collections.abc import Iterator


class Target(NamedTuple):
    """One query of a panel, a variable or an annotation."""

    board: str
    where: str
    sql: str
    #: "table", "time_series", "variable" or "annotation"
    form: str
    #: of the panel, of the grid's 24 columns
    width: int = 24
    #: between two points at least, such as "5m"
    least: str | None = None


def targets() -> Iterator[Target]:
    """Yield every query of every dashboard in both languages, board by board."""
    for uid, board in boards().items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                yield Target(uid, f"variable {variable['name']}", variable["query"], "variable")
        for annotation in board["annotations"]["list"]:
            sql = annotation["target"]["rawSql"]
            yield Target(uid, f"annotation {annotation['name']}", sql, "annotation")
        for panel in board["panels"]:
            yield from _of_panel(uid, panel)


def _of_panel(uid: str, panel: dict[str, Any]) -> Iterator[Target]:
    for target in panel.get("targets", ()):
        where = f"{panel['id']} {panel['title']} {target['refId']}"
        width, least = panel["gridPos"]["w"], panel.get("interval")
        yield Target(uid, where, target["rawSql"], target["format"], width, least)
