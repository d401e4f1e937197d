"""Gateways that are not heard as often as they should be, or come and go: since when, and who is at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.console import formats
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.panels import head, more, panel

if TYPE_CHECKING:
    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

#: section of the page of runbooks
_RUNBOOK: Final = "gateway_silent"


class TroubledPanel:
    """The list; what is chosen in it opens at the side."""

    def __init__(self, context: Context) -> None:
        """Build the panel."""
        self._context, words = context, context.words
        columns = [
            (words("gateway"), ""), (words("state"), ""), (words("troubled_since"), "tight"),
            (words("heard"), "tight"), (words("troubled_changes"), "right"), (words("firmware"), ""),
        ]  # fmt: skip
        section = panel("troubled", words("troubled")).classes("cards")
        with head(section):
            self._more = text("p", "", "panel-sub")
            address = f"runbooks?lang={words.language}#{_RUNBOOK}"
            with tag("a", "sheet-link panel-link", href=address, target="_blank"):
                text("span", words("troubled_runbook"))
        with section:
            label = words("troubled")
            self._table = DataTable(columns, label=label, empty=words("loading"), choosable=True)
            self._table.on_choose(lambda code: context.open("gateway", code))

    async def draw(self, scene: Scene) -> None:
        """Read the list and show it."""
        found = await self._context.lists.troubled()
        if found is not None:
            self._more.show(more(scene, found))
            self._table.show(rows=[row(scene, each) for each in found], empty=scene.words("troubled_none"))


def row(scene: Scene, gateway: Row) -> dict[str, Any]:
    """Return a row of the list."""
    words, seen = scene.words, gateway["last_seen"]
    notes = [words("troubled_maintained")] if gateway["maintained"] else []
    notes += [words("troubled_flaps")] if gateway["flaps"] else []
    return {
        "key": gateway["code"],
        "chosen": scene.is_beside("gateway", gateway["code"]),
        "cells": [
            {
                "text": gateway["code"],
                "note": scene.short_names_of(gateway["areas"]),
                "mark": gateway["state"],
                "markLabel": words(gateway["state"]),
            },
            {"text": words(gateway["state"]), "note": ", ".join(notes), "dim": gateway["maintained"]},
            _since(scene, gateway),
            {
                "text": scene.heard(gateway),
                "note": words("troubled_every", n=formats.number(gateway["heartbeat_s"], 0, words.language)),
                "title": seen and scene.instant(seen),
            },
            _changes(scene, gateway),
            {"text": gateway["firmware"] or formats.NO_VALUE},
        ],
    }


def _since(scene: Scene, gateway: Row) -> dict[str, Any]:
    since = gateway["since"]
    if gateway["state"] == "online" or since is None:
        return {"text": formats.NO_VALUE, "dim": True}
    return {"text": scene.since(since), "note": scene.ago(since), "title": scene.instant(since)}


def _changes(scene: Scene, gateway: Row) -> dict[str, Any]:
    words, changed = scene.words, gateway["last_change"]
    note = words("troubled_last_change", time=scene.since(changed)) if changed else ""
    count = formats.number(gateway["offline"], 0, words.language)
    return {"text": count, "note": note, "dim": not gateway["flaps"]}
