"""The boards of the wall: each shows one thing in letters that can be read across a room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dashboards.console import levels
from dashboards.console.elements import CityMap, DataTable, tag, text
from dashboards.console.panels import alerts
from dashboards.console.panels.map import Legend
from dashboards.console.scene import STATES, Scene, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from api.queries import Row
    from dashboards.console.words import Words

#: rows of a list that fit on a wall; what is left out is said
_ROWS: Final = 7


class MapBoard:
    """The areas by one indicator."""

    def __init__(self, words: Words, indicator: str) -> None:
        """Build it."""
        self._words, self._indicator = words, indicator
        with tag("section", "wall-board wall-map"):
            self._title = text("h2", "")
            self._map = CityMap()
            self._map.classes("map")
            self._legend = Legend(words)

    def show(self, scene: Scene) -> None:
        """Show a scene with the board's own indicator, and no area of it chosen."""
        own = Scene(scene.snapshot, replace(scene.choice, indicator=self._indicator), scene.words)
        name = self._words.of(own.indicator)
        self._title.show(name)
        fields = [field | {"chosen": False} for field in own.fields()]
        height = round(own.registry.projection.height)
        label = self._words("map_label", indicator=name)
        self._map.show(fields=fields, marks=[], width=1000, height=height, label=label)
        self._legend.show(own)


class _ListBoard:
    """A title with a number, and the first rows of a list."""

    def __init__(self, words: Words, name: str, columns: Sequence[tuple[str, str]], empty: str) -> None:
        self._words = words
        with tag("section", f"wall-board wall-{name}"):
            self._title = text("h2", words(f"wall_{name}"))
            self._table = DataTable(columns, label=words(f"wall_{name}"), empty=empty)
            self._more = text("p", "", "wall-more")

    def _fill(self, title: str, rows: list[dict[str, Any]], total: int) -> None:
        self._title.show(title)
        self._table.show(rows=rows)
        left = total - len(rows)
        self._more.show(self._words("wall_more", n=left) if left > 0 else "")


class AlertsBoard(_ListBoard):
    """The open alerts, the worst first."""

    def __init__(self, words: Words) -> None:
        """Build it."""
        columns = [(words("alert"), ""), (words("area"), ""), (words("alert_since"), "right")]
        super().__init__(words, "alerts", columns, words("headline_none"))

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        found = [row for row in scene.snapshot.alerts if row["state"] != "silenced"]
        total = int(found[0]["raised"]) if found else 0
        title = f"{self._words('wall_alerts')}: {total}"
        self._fill(title, [_alert(scene, row) for row in found[:_ROWS]], total)


def _alert(scene: Scene, row: Row) -> dict[str, Any]:
    severity = scene.words(f"severity_{row['severity']}")
    named = {"text": scene.words.of(row), "mark": f"severity {row['severity']}", "markLabel": severity}
    where = {"text": alerts.place(scene, row), "note": row["gateway"] or alerts.value(scene, row)}
    return {"key": str(row["id"]), "cells": [named, where, {"text": scene.since(row["since"])}]}


class GatewaysBoard(_ListBoard):
    """How many gateways are in which state, and those that are not well."""

    def __init__(self, words: Words) -> None:
        """Build it."""
        columns = [(words("wall_gateways"), ""), (words("state"), ""), (words("heard"), "right")]
        super().__init__(words, "gateways", columns, words("wall_all_well"))

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        words, states = self._words, scene.snapshot.states
        counted = " · ".join(f"{states[each]} {words(each)}" for each in reversed(STATES) if states.get(each))
        unwell = [row for row in scene.gateways() if state(row) in STATES[:-1]]
        title = f"{words('wall_gateways')}: {counted}"
        self._fill(title, [_gateway(scene, row) for row in unwell[:_ROWS]], len(unwell))


def _gateway(scene: Scene, row: Row) -> dict[str, Any]:
    named = {"text": row["name"] or row["code"], "mark": state(row), "markLabel": scene.words(state(row))}
    return {
        "key": row["code"],
        "cells": [named, {"text": scene.words(state(row))}, {"text": scene.heard(row)}],
    }


class WaterBoard(_ListBoard):
    """Stations of rivers and the sea with their level against their alert levels."""

    def __init__(self, words: Words) -> None:
        """Build it."""
        columns = [
            (words("wall_station"), ""), (words("wall_level"), "right"), (words("wall_against"), ""),
            (words("wall_measured"), "right"),
        ]  # fmt: skip
        super().__init__(words, "water", columns, words("wall_no_water"))

    def show(self, scene: Scene) -> None:
        """Wait for the levels, which `fill` shows."""

    def fill(self, scene: Scene, rows: Sequence[Row] | None) -> None:
        """Show what was read of stations; None: it could not be."""
        shown = [_station(scene, row) for row in (rows or ())[:_ROWS]]
        self._fill(self._words("wall_water"), shown, len(rows or ()))
        if rows is None:
            self._more.show(self._words("wall_water_away"))


def _station(scene: Scene, row: Row) -> dict[str, Any]:
    old, reached = levels.is_old(scene, row), levels.reached(scene, row)
    named: dict[str, Any] = {"text": row["name"] or row["code"]}
    if reached:
        severity = "critical" if reached == len(levels.NAMES) else "warning"
        named |= {"mark": f"severity {severity}", "markLabel": levels.against(scene, row)}
    measured = scene.ago(row["time"]) if row["time"] else scene.words("newest_none")
    return {
        "key": f"{row['code']} {row['property']}",
        "cells": [
            named,
            {"text": levels.level(scene, row), "dim": old},
            {"text": levels.against(scene, row)},
            {"text": measured, "dim": old},
        ],
    }
