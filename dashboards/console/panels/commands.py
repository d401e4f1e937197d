"""Commands to gateways: who sent what, how far each is, what was answered; what is not begun is cancelled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from api import commanding
from api.rights import Right, roles_with
from dashboards.console import formats
from dashboards.console.acting import Told, carry_out
from dashboards.console.elements import DataTable, tag, text
from dashboards.console.panels import head, panel
from dashboards.console.worklists import MOST
from devices.commands import NOT_BEGUN, BegunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from api.queries import Row
    from dashboards.console.choice import Choice
    from dashboards.console.desk import Desk
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context
    from dashboards.console.words import Words

#: what the address says of the commands that are shown
KEY, ALL = "commands", "all"
_MARKS: Final[Mapping[str, str]] = {
    "done": "online", "failed": "offline", "expired": "offline", "timed_out": "offline",
    "cancelled": "never_heard",
}  # fmt: skip


async def cancel(desk: Desk, command: Row) -> Row:
    """Cancel a command, as `api.routers.commands` does, and return it as it is then.

    Raises:
        PermissionError, UnknownCommandError, BegunError, psycopg.Error: it is not done.
    """
    async with desk.acting(Right.COMMAND) as (conn, caller):
        return await commanding.cancel(conn, command["id"], by=caller.name)


class CommandsPanel:
    """The list, for who may see what is sent to gateways; the others are told what it takes."""

    def __init__(self, context: Context) -> None:
        """Build the panel."""
        self._context, self._words = context, context.words
        self.may_look = context.desk.viewer.may(Right.DOWNLINK)
        self._shown: dict[str, Row] = {}
        section = panel("commands", self._words("commands")).classes("cards")
        if self.may_look:
            with head(section):
                self._more = text("p", "", "panel-sub")
                self._build_choice()
        with section:
            if self.may_look:
                self._build_table()
            else:
                roles = ", ".join(roles_with(Right.DOWNLINK))
                text("p", self._words("commands_may_not", roles=roles), "table-empty")

    def _build_choice(self) -> None:
        words, chosen = self._words, self._context.choice
        with tag("div", "languages list-choice", role="group", aria_label=words("commands_which")):
            self._choices = {which: _choice(words(f"commands_{which}")) for which in ("open", ALL)}
        self._choices["open"].on("click", lambda: self._context.choose(_chosen(chosen(), {})))
        self._choices[ALL].on("click", lambda: self._context.choose(_chosen(chosen(), {KEY: ALL})))

    def _build_table(self) -> None:
        words, may_act = self._words, self._context.desk.viewer.may(Right.COMMAND)
        columns = [
            (words("gateway"), ""), (words("command"), ""), (words("command_by"), ""),
            (words("command_expiry"), "tight"), (words("state"), ""), (words("command_answer"), "wide-text"),
            *([(words("unknown_act"), "acts")] if may_act else []),
        ]  # fmt: skip
        self._may_act = may_act
        self._told = Told()
        self._table = DataTable(columns, label=words("commands"), empty=words("loading"), choosable=True)
        self._table.on_choose(lambda key: self._context.open("gateway", self._shown[key]["gateway"]))
        self._table.on_act(self._on_cancel)

    async def draw(self, scene: Scene) -> None:
        """Read the chosen commands, where the viewer may, and show them."""
        if not self.may_look:
            return
        open_alone = is_open_alone(scene.choice)
        found = await self._context.lists.commands(open_alone=open_alone)
        if found is None or open_alone != is_open_alone(self._context.choice()):
            return
        for which, button in self._choices.items():
            button.props["aria-pressed"] = "true" if (which == "open") == open_alone else "false"
            button.update()
        empty = self._words("commands_none_open") if open_alone else self._words("commands_none")
        self._show(scene, found, empty)

    def _show(self, scene: Scene, found: Sequence[Row], empty: str) -> None:
        shown = found[:MOST]
        self._shown = {str(each["id"]): each for each in shown}
        self._more.show(self._words("commands_newest", n=MOST) if len(found) > MOST else "")
        self._table.show(rows=[row(scene, each, may_act=self._may_act) for each in shown], empty=empty)

    async def _on_cancel(self, key: str, _name: str) -> None:
        async def act() -> str:
            found = await cancel(self._context.desk, self._shown[key])
            named = {"command": found["command"], "gateway": found["gateway"]}
            if found["sent_at"]:
                return self._words("command_did_cancel_late", **named)
            return self._words("command_did_cancel", **named)

        if key in self._shown:
            expected = BegunError, commanding.UnknownCommandError
            await carry_out(self._context, self._told, act, *expected)
            self._context.lists.forget_commands()


def is_open_alone(choice: Choice) -> bool:
    """Tell whether an address asks for commands alone that have not ended."""
    return choice.own.get(KEY) != ALL


def _chosen(choice: Choice, own: dict[str, str]) -> Choice:
    return replace(choice, own={key: each for key, each in choice.own.items() if key != KEY} | own)


def _choice(words: str) -> Any:
    with tag("button", "tool", type_="button") as button:
        text("span", words)
    return button


def row(scene: Scene, command: Row, *, may_act: bool) -> dict[str, Any]:
    """Return a row of the list; `may_act`: with what may be done about it."""
    act = [cancelling(scene.words, command)] if may_act and command["state"] in NOT_BEGUN else []
    cells = [
        {"text": command["gateway"], "note": command["thing"] or ""},
        {"text": command["command"], "note": arguments(command), "title": arguments(command)},
        sent(scene, command, command["created_by"]),
        {"text": scene.since(command["expires_at"]), "title": scene.instant(command["expires_at"])},
        state(scene.words, command),
        answer(command),
    ]
    return {"key": str(command["id"]), "cells": [*cells, *([{"acts": act}] if may_act else [])]}


def sent(scene: Scene, command: Row, who: str) -> dict[str, Any]:
    """Return the cell of who sent a command, and when."""
    at = command["created_at"]
    return {"text": who, "note": f"{scene.since(at)} · {scene.ago(at)}", "title": scene.instant(at)}


def arguments(command: Row) -> str:
    """Return a command's arguments as they are written; nothing where there are none."""
    return "" if command["arguments"] == "{}" else str(command["arguments"])


def state(words: Words, command: Row) -> dict[str, Any]:
    """Return the cell of how far a command is."""
    told = words(f"command_{command['state']}")
    return {"text": told, "mark": _MARKS.get(command["state"], "severity info"), "markLabel": told}


def answer(command: Row) -> dict[str, Any]:
    """Return the cell of what a gateway answered: its words and what came out."""
    found = command["result"] if command["result"] not in (None, "null") else ""
    if not (found or command["detail"]):
        return {"text": formats.NO_VALUE, "dim": True}
    return {"text": command["detail"] or found, "note": found if command["detail"] else ""}


def cancelling(words: Words, command: Row) -> dict[str, Any]:
    """Return the button that cancels a command, once that was asked for."""
    named = {"command": command["command"], "gateway": command["gateway"]}
    return {
        "name": "cancel",
        "kind": "cancel",
        "text": words("command_cancel"),
        "label": words("command_cancel_label", **named),
        "ask": {
            "text": words("command_cancel_ask", **named),
            "yes": words("command_cancel_yes"),
            "no": words("command_keep"),
        },
    }
