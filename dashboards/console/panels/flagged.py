"""What quality control flagged in the last day: of which device, by which test, how often, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics.quality import names
from dashboards.console import formats
from dashboards.console.elements import DataTable, text
from dashboards.console.panels import head, more, panel
from dashboards.console.queries import MOST_FLAGS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


class FlaggedPanel:
    """The list; what is chosen in it opens at the side, with that property drawn."""

    def __init__(self, context: Context) -> None:
        """Build the panel."""
        self._context, words = context, context.words
        self._shown: dict[str, Row] = {}
        columns = [
            (words("device"), ""), (words("property"), ""), (words("flagged_flag"), ""),
            (words("flagged_count"), "right"), (words("flagged_first"), "tight"),
            (words("flagged_last"), "tight"), (words("area"), ""),
        ]  # fmt: skip
        section = panel("flagged", words("flagged")).classes("cards")
        with head(section):
            self._more = text("p", "", "panel-sub")
        with section:
            label = words("flagged")
            self._table = DataTable(columns, label=label, empty=words("loading"), choosable=True)
            self._table.on_choose(self._open)

    def _open(self, key: str) -> Awaitable[None]:
        found = self._shown[key]
        return self._context.open("thing", found["thing"], drawn=found["property"])

    async def draw(self, scene: Scene) -> None:
        """Read the list and show it."""
        found = await self._context.lists.flagged()
        if found is None:
            return
        self._shown = {_key(each): each for each in found}
        self._more.show(" · ".join(filter(None, (more(scene, found), _counted(scene, found)))))
        self._table.show(rows=[row(scene, each) for each in found], empty=scene.words("flagged_none"))


def _counted(scene: Scene, found: Sequence[Row]) -> str:
    """Return that not all of the day's flags were counted, where that is so."""
    if not found or found[0]["counted"] < MOST_FLAGS:
        return ""
    return scene.words("flagged_newest", n=formats.number(MOST_FLAGS, 0, scene.words.language))


def _key(found: Row) -> str:
    return f"{found['thing']}/{found['property']}/{found['bit']}/{found['stay']}"


def row(scene: Scene, found: Row) -> dict[str, Any]:
    """Return a row of the list."""
    words, (flag,) = scene.words, names(found["bit"])
    first, last = found["first"], found["last"]
    return {
        "key": _key(found),
        "chosen": scene.is_beside("thing", found["thing"]),
        "cells": [
            {"text": found["thing"], "note": found["name"] if found["name"] != found["thing"] else ""},
            {"text": words.of(found), "note": found["property"]},
            {"text": words(f"flag_{flag}")},
            {"text": formats.number(found["flagged"], 0, words.language)},
            {"text": scene.since(first), "title": scene.instant(first)},
            {"text": scene.since(last), "note": scene.ago(last), "title": scene.instant(last)},
            {"text": scene.short_names_of(found["areas"])},
        ],
    }
