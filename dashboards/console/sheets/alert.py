"""One alert: what it says, whether stations agree, what to do, what was done and who was told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from api.queries import alerts as queries
from dashboards.console import formats, notes
from dashboards.console.agreement import Agreement
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.panels import alerts as shown
from dashboards.console.runbook_page import steps
from dashboards.console.runbooks import runbook
from dashboards.console.sheets.alert_acts import AlertActs
from dashboards.console.sheets.parts import Facts, link, section
from dashboards.console.snapshot import read_agreements

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

#: silences in force that are looked at
_SILENCES: Final = 100


@dataclass(frozen=True)
class Found:
    """An alert with its stations, and the silences in force that cover it."""

    alert: Row
    stations: Agreement
    silences: tuple[Row, ...]


class AlertSheet:
    """The sheet of an alert."""

    def __init__(self, context: Context, detail: Detail) -> None:
        """Build it."""
        self._context, self._words, self._code = context, context.words, detail.code
        words = self._words
        self._facts = Facts(
            {
                "state": words("state"), "place": words("alert_place"), "gateway": words("gateway"),
                "since": words("alert_since"), "value": words("alert_value"), "peak": words("alert_peak"),
                "until": words("alert_until"), "told": words("alert_told"),
            }
        )  # fmt: skip
        self._links = tag("p", "sheet-links")
        self._acts = AlertActs(context)
        with section(words("alert_city"), "sheet-city"):
            self._verdict = text("p", "", "sheet-verdict")
            columns = [(words("station"), ""), (words("value"), "right"), (words("station_suspect"), "right")]
            self._stations = DataTable(columns, label=words("alert_city"), choosable=True)
            self._stations.on_choose(lambda code: context.open("thing", code))
        with section(words("alert_what_to_do"), "sheet-runbook"):
            self._runbook = tag("div")
        with section(words("alert_history")):
            columns = [(words("time"), "tight"), (words("state"), ""), (words("alert_note"), "")]
            self._history = DataTable(columns, label=words("alert_history"))
        with section(words("alert_who_was_told")):
            columns = [(words("time"), "tight"), (words("alert_who_was_told"), ""), (words("state"), "")]
            empty = words("alert_no_notices")
            self._told = DataTable(columns, label=words("alert_who_was_told"), empty=empty)
        self._built_for: str | None = None

    async def read(self, conn: AsyncConnection[Any]) -> Found | None:
        """Return the alert, None where there is none of that number in reach."""
        if not (self._code.isascii() and self._code.isdigit() and len(self._code) < 19):
            return None
        alert = await queries.alert(conn, int(self._code))
        if alert is None:
            return None
        stations = (await read_agreements(conn, [alert])).get(alert["id"], Agreement())
        silences = await queries.silences(conn, in_force=True, limit=_SILENCES)
        return Found(alert, stations, tuple(each for each in silences if _covers(each, alert)))

    def title(self, _scene: Scene, found: Found) -> str:
        """Return what the alert warns of."""
        return self._words.of(found.alert)

    def show(self, scene: Scene, found: Found) -> None:
        """Show the alert."""
        self._show_facts(scene, found.alert)
        self._acts.show(scene, found.alert, found.silences)
        self._show_stations(scene, found)
        if self._built_for is None:
            self._built_for = found.alert["rule"]
            self._build_links(found.alert)
            self._build_runbook(found.alert)
        self._history.show(rows=[_line(scene, n, each) for n, each in enumerate(found.alert["history"])])
        notices = [each for each in found.alert["notifications"] if each["channel"] != "mqtt"]
        self._told.show(rows=[_notice(scene, n, each) for n, each in enumerate(notices)])

    def _show_facts(self, scene: Scene, alert: Row) -> None:
        words = self._words
        compared = shown.threshold(scene, alert)
        peak = shown.quantity(scene, alert, alert["peak"]) if alert["peak"] is not None else ""
        told = scene.instant(alert["announced_at"]) if alert["announced_at"] else words("alert_told_nobody")
        self._facts.show(
            {
                "state": f"{shown.state(scene, alert)} · {words('severity_' + alert['severity'])}",
                "place": words.of({"name_vi": alert["area_name_vi"], "name_en": alert["area_name_en"]}),
                "gateway": alert["gateway"] or "",
                "since": f"{scene.instant(alert['since'])} ({scene.ago(alert['since'])})",
                "value": " · ".join(filter(None, (shown.value(scene, alert), compared))),
                "peak": peak,
                "until": scene.instant(alert["value_end"]),
                "told": told,
            }
        )

    def _build_links(self, alert: Row) -> None:
        context, words = self._context, self._words
        with self._links:
            if alert["indicator"] is not None:
                onto = replace(context.choice().at(alert["area"]), view="map", indicator=alert["indicator"])
                link(words("on_the_map"), lambda: context.choose(onto))
            if alert["gateway"] is not None:
                link(alert["gateway"], lambda: context.open("gateway", alert["gateway"]))

    def _build_runbook(self, alert: Row) -> None:
        book, words = runbook(alert["rule"], alert["kind"]), self._words
        with self._runbook:
            steps(words, book)
            address = f"runbooks?lang={words.language}#{book.code}"
            with tag("a", "sheet-link", href=address, target="_blank"):
                text("span", words("runbook_link"))

    def _show_stations(self, scene: Scene, found: Found) -> None:
        agreed, words = found.stations, self._words
        counted = shown.count(scene, agreed) if agreed.stations else ""
        self._verdict.show(": ".join(filter(None, (counted, words(f"verdict_{agreed.verdict}")))))
        self._stations.set_visibility(bool(agreed.stations))
        self._stations.show(
            rows=[
                {
                    "key": each.code,
                    "strong": each.breaks,
                    "cells": [
                        {"text": each.code},
                        {
                            "text": formats.NO_VALUE if each.value is None
                            else shown.quantity(scene, found.alert, each.value),
                            "note": words.code("why", each.reason) if each.reason else "",
                        },
                        {"text": formats.number(each.suspect, 0, words.language), "dim": not each.suspect},
                    ],
                }
                for each in agreed.stations
            ]
        )  # fmt: skip


def _covers(silence: Row, alert: Row) -> bool:
    """Tell whether a silence is of an alert: of all that it names."""
    named = (
        (silence["rule"], alert["rule"]),
        (silence["area"], alert["area"]),
        (silence["alert"], alert["id"]),
    )
    return all(wanted is None or wanted == own for wanted, own in named)


def _line(scene: Scene, number: int, line: Row) -> dict[str, Any]:
    words = scene.words
    cause = words(f"alert_cause_{line['cause']}")
    who = cause if line["actor"] == "halong" else f"{cause}: {line['actor']}"
    changed = "" if line["before"] == line["after"] else words(f"alert_{line['after']}")
    return {
        "key": str(number),
        "cells": [
            {"text": scene.since(line["time"]), "title": scene.instant(line["time"])},
            {"text": changed or words("alert_note"), "note": who},
            {"text": line["note"] if line["cause"] == "operator" else notes.said(words, line["note"])},
        ],
    }


def _notice(scene: Scene, number: int, notice: Row) -> dict[str, Any]:
    words, tries = scene.words, notice["attempts"]
    if notice["sent_at"] is not None:
        state = words("notice_sent", time=scene.since(notice["sent_at"]))
    else:
        state = words("notice_gave_up" if notice["gave_up_at"] else "notice_waits", n=tries)
    return {
        "key": str(number),
        "cells": [
            {"text": scene.since(notice["created_at"])},
            {"text": notice["target"], "note": notice["channel"]},
            {"text": state, "note": notice["last_error"] or ""},
        ],
    }
