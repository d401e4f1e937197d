"""One thing: its newest values with age, quality and flags, one of them as it comes, and its alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analytics.quality import names
from api.queries import things as queries
from dashboards.console import formats
from dashboards.console import queries as own
from dashboards.console.elements import DataTable, LiveChart, tag, text
from dashboards.console.sheets.parts import Facts, alert_rows, link, read_alerts, section
from devices.model import Quality

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context


@dataclass(frozen=True)
class Found:
    """A thing with its datastreams and alerts."""

    thing: Row
    streams: list[Row]
    alerts: list[Row]


class ThingSheet:
    """The sheet of a thing."""

    def __init__(self, context: Context, detail: Detail) -> None:
        """Build it."""
        self._context, self._code, words = context, detail.code, context.words
        labels = {"kind": words("kind"), "areas": words("areas"), "newest": words("newest")}
        self._facts = Facts(labels)
        self._links = tag("p", "sheet-links")
        with section(words("side_values")):
            columns = [(words("property"), ""), (words("value"), "right"), (words("side_age"), "right")]
            empty = words("side_no_streams")
            self._values = DataTable(columns, label=words("side_values"), empty=empty, choosable=True)
            self._values.on_choose(self._draw)
        with tag("section", "sheet-part"):
            self._drawn_name = text("h3", "")
            self._chart = tag("div", "sheet-chart")
        with section(words("alerts")):
            columns = [(words("alert"), ""), (words("alert_since"), "tight"), (words("state"), "")]
            empty = words("side_no_alerts")
            self._alerts = DataTable(columns, label=words("alerts"), empty=empty, choosable=True)
            self._alerts.on_choose(lambda code: context.open("alert", code))
        self._drawn: int | None = None

    def _draw(self, code: str) -> Any:
        return self._context.open("thing", self._code, drawn=code)

    async def read(self, conn: AsyncConnection[Any]) -> Found | None:
        """Return the thing, None where there is none of that code in reach."""
        code = self._code
        thing = None if "\0" in code else await queries.thing(conn, code, datetime.now(UTC))
        if thing is None:
            return None
        return Found(thing, await own.readings(conn, code), await read_alerts(conn, thing=code))

    def title(self, _scene: Scene, found: Found) -> str:
        """Return the thing's name and code."""
        name, code = found.thing["name"], found.thing["code"]
        return str(code) if name in ("", code) else f"{name} ({code})"

    def show(self, scene: Scene, found: Found) -> None:
        """Show the thing."""
        times = [each["time"] for each in found.streams if each["time"] is not None]
        newest = scene.ago(max(times)) if times else scene.words("newest_none")
        areas = scene.names_of(found.thing["areas"])
        self._facts.show({"kind": scene.kind(found.thing["kind"]), "areas": areas, "newest": newest})
        if not self._links.default_slot.children:
            gateway = found.thing["gateway"]
            with self._links:
                link(
                    scene.words("side_gateway", code=gateway), lambda: self._context.open("gateway", gateway)
                )
        drawn = _chosen(scene, found.streams)
        self._values.show(rows=[_row(scene, each, chosen=each is drawn) for each in found.streams])
        self._alerts.show(rows=alert_rows(scene, found.alerts))
        self._show_chart(scene, drawn)

    def _show_chart(self, scene: Scene, drawn: Row | None) -> None:
        number = drawn["id"] if drawn is not None else None
        if number == self._drawn:
            return
        self._drawn = number
        self._chart.clear()
        self._drawn_name.show("")
        if drawn is None:
            return
        words, unit = scene.words, formats.unit(drawn["unit"])
        name = f"{words.of(drawn)}, {unit}" if unit else words.of(drawn)
        self._drawn_name.show(words("live_title", name=name))
        with self._chart:
            LiveChart(drawn["id"], drawn["sampling_interval_s"], name, scene.registry.zone.key, words)


def _chosen(scene: Scene, streams: list[Row]) -> Row | None:
    """Return the datastream that is drawn: the one asked for, else the first that has a value."""
    asked = scene.choice.detail.drawn if scene.choice.detail is not None else None
    wanted = [each for each in streams if each["code"] == asked]
    return next(iter([*wanted, *(each for each in streams if each["time"] is not None), *streams]), None)


def _row(scene: Scene, row: Row, *, chosen: bool) -> dict[str, Any]:
    words = scene.words
    if row["time"] is None:
        value, age = {"text": formats.NO_VALUE}, {"text": words("newest_none"), "dim": True}
    else:
        shown = formats.quantity(
            row["value"], formats.decimals(abs(row["value"]), 3), row["unit"], words.language
        )
        value = {"text": shown, "note": _doubts(scene, row)}
        age = {"text": scene.ago(row["time"]), "title": scene.instant(row["time"])}
    note = row["code"] if row["enabled"] else f"{row['code']} · {words('disabled')}"
    return {
        "key": row["code"],
        "chosen": chosen,
        "cells": [{"text": words.of(row), "note": note}, value, age],
    }


def _doubts(scene: Scene, row: Row) -> str:
    """Return why a value is to be doubted; nothing where it is not."""
    told = [scene.words("quality_suspect")] if row["quality"] == Quality.SUSPECT else []
    return ", ".join(told + [scene.words(f"flag_{name}") for name in names(row["flags"] or 0)])
