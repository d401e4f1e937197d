"""The alerts, open ones first: how bad, where, since when, by how much, and whether stations agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards.console import formats
from dashboards.console.elements import DataTable, text
from dashboards.console.panels import head, panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.queries import Row
    from dashboards.console.agreement import Agreement
    from dashboards.console.scene import Scene
    from dashboards.console.words import Words


class AlertsPanel:
    """The list; what is chosen in it opens at the side."""

    def __init__(self, words: Words, *, on_alert: Callable[[str], object]) -> None:
        """Build the panel."""
        self._words = words
        columns = [
            (words("alert"), ""), (words("area"), ""), (words("alert_since"), "tight"),
            (words("alert_value"), "right"), (words("alert_stations"), ""), (words("state"), ""),
        ]  # fmt: skip
        section = panel("alerts", words("alerts"))
        with head(section):
            self._counts = text("p", "", "panel-sub alerts-counts")
            self._more = text("p", "", "panel-sub")
        with section:
            empty = words("alerts_empty")
            below = words("list_below", n="{n}")
            self._table = DataTable(columns, label=words("alerts"), empty=empty, choosable=True, below=below)
            self._table.on_choose(on_alert)

    def show(self, scene: Scene) -> None:
        """Show a scene."""
        found = scene.snapshot.alerts
        self._counts.show(counts(scene))
        hidden = found[0]["total"] - len(found) if found else 0
        self._more.show(self._words("alerts_more", n=len(found), total=found[0]["total"]) if hidden else "")
        self._table.show(rows=[_row(scene, each) for each in (*found, *scene.snapshot.ended)])


def counts(scene: Scene) -> str:
    """Return how many alerts are open, silenced, and ended lately; of each only where there are any."""
    first, ended = next(iter(scene.snapshot.alerts), None), len(scene.snapshot.ended)
    raised, total = (first["raised"], first["total"]) if first else (0, 0)
    told = {"alerts_open": raised, "headline_silenced": total - raised, "alerts_ended": ended}
    return " · ".join(scene.words(key, n=n) for key, n in told.items() if n)


def _row(scene: Scene, alert: Row) -> dict[str, Any]:
    words, is_over = scene.words, alert["closed_at"] is not None
    severity = words(f"severity_{alert['severity']}")
    return {
        "key": str(alert["id"]),
        "chosen": scene.is_beside("alert", str(alert["id"])),
        "cells": [
            {
                "text": words.of(alert),
                "label": f"{words.of(alert)}, {place(scene, alert)}, {severity}",
                "note": severity,
                "mark": f"severity {'none' if is_over else alert['severity']}",
                "markLabel": severity,
            },
            {"text": place(scene, alert), "note": alert["gateway"] or "", "dim": is_over},
            {
                "text": scene.since(alert["since"]),
                "note": scene.ago(alert["since"]),
                "title": scene.instant(alert["since"]),
                "dim": is_over,
            },
            {"text": value(scene, alert), "note": threshold(scene, alert), "dim": is_over},
            _stations(scene, alert),
            {"text": state(scene, alert), "note": _state_note(scene, alert), "dim": is_over},
        ],
    }


def place(scene: Scene, alert: Row) -> str:
    """Return the name of an alert's area."""
    return formats.short_name(str(alert[f"area_name_{scene.words.language}"]))


def value(scene: Scene, alert: Row) -> str:
    """Return an alert's last value with its unit; why there is none."""
    if alert["kind"] == "silent":
        return scene.words("alert_silent")
    if alert["value"] is None:
        return scene.words("no_value")
    return quantity(scene, alert, alert["value"])


def threshold(scene: Scene, alert: Row) -> str:
    """Return what an alert's value is compared with; nothing where it is with nothing."""
    if alert["threshold"] is None:
        return ""
    return scene.words(f"alert_{alert['kind']}", value=quantity(scene, alert, alert["threshold"]))


def quantity(scene: Scene, alert: Row, figure: float) -> str:
    """Return a figure in the unit of an alert's indicator."""
    declared = scene.registry.indicators.get(alert["indicator"], {}).get("declaration", {})
    decimals = formats.decimals(abs(figure), declared.get("decimals", 2))
    text_ = formats.quantity(figure, decimals, alert["unit"] or "1", scene.words.language)
    return scene.words("alert_an_hour", value=text_) if alert["kind"] == "rise" else text_


def state(scene: Scene, alert: Row) -> str:
    """Return what an alert is."""
    return scene.words(f"alert_{alert['state']}")


def _state_note(scene: Scene, alert: Row) -> str:
    if alert["closed_at"] is not None:
        return scene.ago(alert["closed_at"])
    return taken_by(scene, alert) if alert["acknowledged"] else ""


def taken_by(scene: Scene, alert: Row) -> str:
    """Return who has acknowledged a raised alert; of a silenced one also that it was."""
    who = str(alert["acknowledged_by"] or "")
    if alert["state"] != "silenced":
        return who
    return ": ".join(filter(None, (scene.words("alert_acknowledged"), who)))


def _stations(scene: Scene, alert: Row) -> dict[str, Any]:
    found = scene.snapshot.agreements.get(alert["id"])
    if found is None or not found.stations:
        return {"text": formats.NO_VALUE, "dim": True}
    return {"text": count(scene, found), "note": scene.words(f"verdict_{found.verdict}")}


def count(scene: Scene, found: Agreement) -> str:
    """Return how many stations of those that measure break the rule."""
    return scene.words("of", n=found.breaking, total=found.measured)
