"""Of a gateway: its last commands, and a form that sends one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from nicegui import ui

from api import commanding
from api.rights import Right
from dashboards.console import queries
from dashboards.console.acting import Told, carry_out
from dashboards.console.elements import DataTable, tag
from dashboards.console.panels import commands as shown
from dashboards.console.sheets.asking import Question
from dashboards.console.sheets.parts import button, choose, field, lines, section
from devices.commands import DEFAULT_TIMEOUT_S, CommandError, NewCommand, value_of
from devices.identities import UnknownGatewayError
from devices.model import CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from api.queries import Row
    from dashboards.console.desk import Desk
    from dashboards.console.scene import Scene
    from dashboards.console.views.context import Context
    from dashboards.console.words import Words

#: minutes for which a command may wait for its gateway
_MINUTES: Final = (5, 60, 1440, 10_080)
_SHOWN: Final = 10
#: letters of the arguments that a question has room for
_MOST_ASKED: Final = 300


def asked(words: Words, gateway: str, sent: dict[str, str], *, by: str) -> NewCommand:
    """Return the command that a form asks for.

    Raises:
        CommandError: it is none; the message says why.
        PermissionError: the form has no such choice.
    """
    command, minutes = sent.get("command", "").strip(), sent.get("expires", "")
    if not CODE.fullmatch(command):
        raise CommandError(words("command_wrong", command=command[:64]))
    if minutes not in map(str, _MINUTES):
        raise PermissionError
    given = filter(None, map(str.strip, sent.get("arguments", "").split("\n")))
    return NewCommand(
        gateway=gateway,
        device=sent.get("device") or None,
        command=command,
        arguments=dict(_argument(words, line) for line in given),
        by=by,
        expires_in=timedelta(minutes=int(minutes)),
        timeout=timedelta(seconds=DEFAULT_TIMEOUT_S),
    )


def _argument(words: Words, line: str) -> tuple[str, Any]:
    name, equals, value = line.partition("=")
    if not (name and equals):
        raise CommandError(words("command_no_argument", line=line[:64]))
    return name, value_of(value)


async def send(desk: Desk, words: Words, gateway: str, sent: dict[str, str]) -> str:
    """Send what a form asks for, as `api.routers.commands` does, and return the command.

    Raises:
        PermissionError, CommandError, UnknownGatewayError, psycopg.Error: it is not done.
    """
    async with desk.acting(Right.COMMAND) as (conn, caller):
        new = asked(words, gateway, sent, by=caller.name)
        await commanding.send(conn, new)
    return new.command


class GatewayCommands:
    """The list for who may see it, and the form for who may send."""

    def __init__(self, context: Context, gateway: str) -> None:
        """Build the list; the form needs to know the devices."""
        self._context, self._gateway, viewer = context, gateway, context.desk.viewer
        self._may_look, self._may_send = viewer.may(Right.DOWNLINK), viewer.may(Right.COMMAND)
        words = context.words
        if not self._may_look:
            return
        with section(words("commands"), "sheet-commands"):
            columns = [(words("command"), ""), (words("state"), ""), (words("command_answer"), "")]
            empty = words("command_none_yet")
            self._table = DataTable(columns, label=words("commands"), empty=empty)
            self._told = Told()
            self._form = tag("form", "sheet-form")
            # What was wrong before is not what stands there from here on.
            self._form.on("input", self._told.clear, args=[], throttle=0.3)
            self._sent: dict[str, str] = {}
            self._question = Question(words("command_send_yes"), words("command_send_no"), self._on_yes)

    async def read(self, conn: AsyncConnection[Any]) -> list[Row]:
        """Return the gateway's last commands, none for who may not see them."""
        return await queries.commands(conn, gateway=self._gateway, limit=_SHOWN) if self._may_look else []

    def show(self, scene: Scene, commands: Sequence[Row], devices: Sequence[str]) -> None:
        """Show the commands, and the form with the gateway's devices in it."""
        if not self._may_look:
            return
        self._table.show(rows=[_row(scene, each) for each in commands])
        if self._may_send and not self._form.default_slot.children:
            with self._form:
                self._build_form(scene.words, devices)

    def _build_form(self, words: Words, devices: Sequence[str]) -> None:
        field(words("command"), "command", required="required", maxlength="64", spellcheck="false")
        whom = [("", words("command_itself")), *((code, code) for code in devices)]
        choose(words("command_to"), "device", whom)
        lasting = [(str(each), _lasting(words, each)) for each in _MINUTES]
        choose(words("command_expires_in"), "expires", lasting)
        lines(words("command_arguments"), "arguments")
        button(words("command_send"), self._on_send, enabled=True, why="", keep=True)

    def _on_send(self, sent: dict[str, str]) -> None:
        """Ask before the command is sent, as it was understood; what was typed stays until it is sent."""
        words, viewer = self._context.words, self._context.desk.viewer
        try:
            new = asked(words, self._gateway, sent, by=viewer.name)
        except CommandError as error:
            self._told.show(words("act_failed", why=str(error)))
            return
        self._told.clear()
        self._sent = sent
        whom = " · ".join(filter(None, (self._gateway, new.device)))
        given = ", ".join(f"{name}={value!r}" for name, value in new.arguments.items())[:_MOST_ASKED]
        self._question.ask(words("command_send_ask", command=new.command, whom=whom, given=given or "–"))

    async def _on_yes(self) -> None:
        words = self._context.words

        async def act() -> str:
            command = await send(self._context.desk, words, self._gateway, self._sent)
            ui.run_javascript(f"getHtmlElement({self._form.id}).reset()")
            return words("command_did_send", command=command)

        await carry_out(self._context, self._told, act, CommandError, UnknownGatewayError)
        self._context.lists.forget_commands()


def _lasting(words: Words, minutes: int) -> str:
    for key, size in (("silence_days", 1440), ("silence_hours", 60)):
        if minutes >= size:
            return words(key, n=minutes // size)
    return words("command_minutes", n=minutes)


def _row(scene: Scene, command: Row) -> dict[str, Any]:
    sent = f"{command['created_by']} · {scene.since(command['created_at'])}"
    told = " · ".join(filter(None, (sent, command["thing"], shown.arguments(command))))
    return {
        "key": str(command["id"]),
        "cells": [
            {"text": command["command"], "note": told},
            shown.state(scene.words, command),
            shown.answer(command),
        ],
    }
