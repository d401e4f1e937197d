"""One gateway: its state and how it came about, its devices, its alerts, what was refused of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from api.queries import gateways as queries
from api.queries import liveness
from dashboards.console import formats
from dashboards.console.elements import DataTable
from dashboards.console.panels.refusals import short_row
from dashboards.console.scene import state
from dashboards.console.sheets.gateway_commands import GatewayCommands
from dashboards.console.sheets.parts import Facts, alert_rows, read_alerts, section

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.choice import Detail
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context

_REFUSED_FOR: Final = timedelta(days=7)
#: how many of each list are shown
_REFUSALS: Final = 10
_THINGS: Final = 200


@dataclass(frozen=True)
class Found:
    """A gateway with what belongs to it."""

    gateway: Row
    things: list[Row]
    alerts: list[Row]
    refusals: list[Row]
    history: list[Row]
    commands: list[Row]


class GatewaySheet:
    """The sheet of a gateway."""

    def __init__(self, context: Context, detail: Detail) -> None:
        """Build it."""
        self._code, words = detail.code, context.words
        self._facts = Facts(
            {
                "state": words("state"), "heard": words("heard"), "areas": words("areas"),
                "firmware": words("firmware"), "messages": words("messages"),
                "missing": words("ingest_missing"),
            }
        )  # fmt: skip
        with section(words("alerts")):
            columns = [(words("alert"), ""), (words("alert_since"), "tight"), (words("state"), "")]
            empty = words("side_no_alerts")
            self._alerts = DataTable(columns, label=words("alerts"), empty=empty, choosable=True)
            self._alerts.on_choose(lambda code: context.open("alert", code))
        with section(words("devices")):
            columns = [(words("device"), ""), (words("newest"), "right")]
            empty = words("side_no_devices")
            self._things = DataTable(columns, label=words("devices"), empty=empty, choosable=True)
            self._things.on_choose(lambda code: context.open("thing", code))
        self._commands = GatewayCommands(context, self._code)
        with section(words("refusals")):
            columns = [(words("time"), "tight"), (words("reason"), ""), (words("place"), "")]
            empty = words("refusals_empty")
            self._refusals = DataTable(columns, label=words("refusals"), empty=empty, choosable=True)
            self._refusals.on_choose(lambda number: context.open("refusal", number))
        with section(words("side_states")):
            columns = [(words("time"), "tight"), (words("state"), ""), (words("firmware"), "")]
            self._history = DataTable(columns, label=words("side_states"), empty=words("side_no_states"))

    async def read(self, conn: AsyncConnection[Any]) -> Found | None:
        """Return the gateway, None where there is none of that code in reach."""
        gateway = None if "\0" in self._code else await queries.gateway(conn, self._code)
        if gateway is None:
            return None
        end = datetime.now(UTC) + timedelta(minutes=1)
        return Found(
            gateway,
            await liveness.things(conn, area=None, gateway=self._code, state=None, after=None, limit=_THINGS),
            await read_alerts(conn, gateway=self._code),
            await queries.refusals(
                conn, end - _REFUSED_FOR, end, gateway=self._code, reason=None, open_alone=True,
                payload_bytes=0, after=None, limit=_REFUSALS,
            ),
            await queries.history(conn, gateway["id"]),
            await self._commands.read(conn),
        )  # fmt: skip

    def title(self, _scene: Scene, found: Found) -> str:
        """Return the gateway's name and code."""
        name, code = found.gateway["name"], found.gateway["code"]
        return str(code) if name in ("", code) else f"{name} ({code})"

    def show(self, scene: Scene, found: Found) -> None:
        """Show the gateway."""
        row, words = found.gateway, scene.words
        self._facts.show(
            {
                "state": words(state(row)),
                "heard": f"{scene.instant(row['last_seen'])} ({scene.ago(row['last_seen'])})"
                if row["last_seen"]
                else words("heard_never"),
                "areas": scene.names_of(row["areas"]),
                "firmware": row["firmware"] or "",
                "messages": formats.number(row["messages"], 0, words.language),
                "missing": words("side_gaps", n=row["seq_gaps"]) if row["seq_gaps"] else "",
            }
        )
        self._alerts.show(rows=alert_rows(scene, found.alerts))
        self._things.show(rows=[_thing_row(scene, each) for each in found.things])
        self._commands.show(scene, found.commands, [each["thing"] for each in found.things])
        self._refusals.show(rows=[short_row(scene, each) for each in found.refusals])
        self._history.show(rows=[_state_row(scene, n, each) for n, each in enumerate(found.history)])


def _thing_row(scene: Scene, row: Row) -> dict[str, Any]:
    heard = scene.ago(row["newest"]) if row["newest"] else scene.words("heard_never")
    marked = {"mark": row["state"], "markLabel": scene.words(row["state"])}
    title = scene.instant(row["newest"]) if row["newest"] else ""
    return {"key": row["thing"], "cells": [{"text": row["thing"]} | marked, {"text": heard, "title": title}]}


def _state_row(scene: Scene, number: int, row: Row) -> dict[str, Any]:
    key = "online" if row["online"] else "offline"
    marked = {"mark": key, "markLabel": scene.words(key)}
    return {
        "key": str(number),
        "cells": [
            {"text": scene.instant(row["time"]), "note": scene.ago(row["time"])},
            {"text": scene.words(key)} | marked,
            {"text": row["firmware"] or ""},
        ],
    }
