"""How many gateways are in which state, and all of them, the worst first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.console import formats
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.panels import head, panel
from dashboards.console.scene import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.queries import Row
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words

#: states as they are counted
COUNTED: Final = ("online", "silent", "offline", "never_heard")


class GatewaysPanel:
    """How many gateways are in which state, and all of them, the worst first."""

    def __init__(self, words: Words, *, on_gateway: Callable[[str], object]) -> None:
        """Build the panel."""
        columns = [
            (words("gateway"), ""), (words("heard"), "right"), (words("devices"), "right narrow"),
            (words("messages"), "right wide"),
        ]  # fmt: skip
        section = panel("gateways", words("gateways"))
        with head(section), tag("ul", "counts"):
            self._counts = {each: _count(words(each), each) for each in COUNTED}
        with section:
            self._left_out = text("p", "", "panel-sub left-out")
            self._table = DataTable(
                columns, label=words("gateways"), empty=words("gateways_empty"), choosable=True
            )
            self._table.on_choose(on_gateway)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        for each, count in counts(scene).items():
            self._counts[each].show(count)
        self._left_out.show(left_out(scene))
        self._table.show(rows=rows(scene))


def _count(label: str, state: str) -> Any:
    with tag("li", f"count {state}"):
        tag("i", f"mark {state}", aria_hidden="true")
        number = text("b", formats.NO_VALUE)
        text("span", label)
    return number


def counts(scene: Scene) -> dict[str, str]:
    """Return how many enabled gateways are in each state."""
    states = scene.snapshot.states
    return {each: formats.number(states.get(each, 0), 0, scene.words.language) for each in COUNTED}


def left_out(scene: Scene) -> str:
    """Return how many of the enabled gateways are listed; nothing where all are."""
    listed = sum(row["enabled"] for row in scene.snapshot.gateways)
    total = sum(scene.snapshot.states.values())
    told = {"n": listed, "total": total}
    numbers = {key: formats.number(n, 0, scene.words.language) for key, n in told.items()}
    return scene.words("gateways_more", **numbers) if listed < total else ""


def rows(scene: Scene) -> list[dict[str, Any]]:
    """Return the list of gateways, the worst first."""
    return [_row(scene, row) for row in scene.gateways()]


def _row(scene: Scene, row: Row) -> dict[str, Any]:
    return {
        "key": row["code"],
        "chosen": scene.is_beside("gateway", row["code"]),
        "cells": [
            {
                "text": row["code"],
                "note": scene.short_names_of(row["areas"]),
                "mark": state(row),
                "markLabel": scene.words(state(row)),
            },
            {"text": scene.heard(row), "title": row["last_seen"] and scene.instant(row["last_seen"])},
            {"text": formats.number(row["things"], 0, scene.words.language)},
            {"text": formats.number(row["messages"], 0, scene.words.language)},
        ],
    }
