"""`halong commands …`: tell a gateway what to do, and see what came of it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.text import Text

from devices.commands import DEFAULT_EXPIRY_S, DEFAULT_TIMEOUT_S, MAX_EXPIRY_S, MAX_TIMEOUT_S
from runtime.commands.instants import local
from runtime.commands.named_values import named_values
from runtime.commands.running import By, in_database, own_name
from runtime.device_report import plain
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries import Row
    from devices.commands import NewCommand

app = typer.Typer(no_args_is_help=True, help="Commands to gateways.")
_Id = Annotated[UUID, typer.Argument(metavar="ID", help="The command's id.")]
out = Console(highlight=False, soft_wrap=True)
_LOOK_S = 0.2
_STYLES = {"done": "green", "failed": "red", "expired": "red", "timed_out": "red", "cancelled": "yellow"}


class CommandNotDoneError(Exception):
    """A command was sent for, and did not end in `done`."""


@app.command("send")
def send(
    gateway: Annotated[str, typer.Argument(help="The gateway's code.")],
    command: Annotated[str, typer.Argument(help="What to do; what is known, its firmware says.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME=VALUE]…", help="Arguments; a value is JSON or text.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="A device of the gateway that is meant.")] = None,
    expires: Annotated[
        int, typer.Option(min=1, max=MAX_EXPIRY_S, help="Seconds after which it is not delivered or begun.")
    ] = DEFAULT_EXPIRY_S,
    timeout: Annotated[
        int, typer.Option(min=1, max=MAX_TIMEOUT_S, help="Seconds from its acknowledgement to its end.")
    ] = DEFAULT_TIMEOUT_S,
    by: By = "",
    wait: Annotated[bool, typer.Option(help="Wait for its end, and show how far it is.")] = True,
) -> None:
    """Send a command to a gateway and wait for what comes of it.

    Ingest sends it at once. A gateway that is away gets it when it is back, but not after it has expired.
    Ctrl-C ends the waiting, not the command.

    Exit code: 0 done (with --no-wait: queued), 1 failed, expired, timed out or cancelled.

    Example: `halong commands send ha-long-1 reboot delay_s=5 --expires 600`
    """
    from devices.commands import NewCommand

    new = NewCommand(
        gateway=gateway,
        command=_code(command),
        arguments=named_values(arguments or [], "ARGUMENTS"),
        device=device,
        by=by or own_name(),
        expires_in=timedelta(seconds=expires),
        timeout=timedelta(seconds=timeout),
    )
    ended = in_database(lambda conn: _send(conn, new, wait=wait))
    if ended is not None and ended["state"] != "done":
        raise CommandNotDoneError(_words(ended))


def _code(command: str) -> str:
    from devices.model import CODE

    if not CODE.fullmatch(command):
        raise typer.BadParameter(f"{command!r} is no command: {CODE.pattern}", param_hint="COMMAND")
    return command


async def _send(conn: AsyncConnection[Any], new: NewCommand, *, wait: bool) -> Row | None:
    from devices.commands import create

    number = await create(conn, new)
    out.print(f"command {number}")
    return await _wait(conn, number) if wait else None


async def _wait(conn: AsyncConnection[Any], number: UUID) -> Row:
    """Return a command when it has ended, and show how far it is until then."""
    from api.queries.commands import command
    from devices.commands import ENDED

    told = ""
    with out.status("queued") as display:
        while True:
            found = await command(conn, number)
            assert found is not None
            if found["state"] != told:
                told = found["state"]
                display.update(f"{told} …")
                out.print(f"{_moment(found)}  {told}", style=_STYLES.get(told))
            if told in ENDED:
                _print_result(found)
                return found
            await asyncio.sleep(_LOOK_S)


def _moment(found: Row) -> str:
    column = {"queued": "created_at", "sent": "sent_at", "acknowledged": "acknowledged_at"}
    return local(found[column.get(found["state"], "ended_at")])


def _print_result(found: Row) -> None:
    if found["detail"]:
        out.print(plain(found["detail"]), markup=False)
    if found["result"] is not None:
        out.print(json.dumps(found["result"], ensure_ascii=False, indent=2), markup=False)


def _words(found: Row) -> str:
    why = {
        "failed": f"the gateway could not: {found['detail'] or 'it does not say why'}",
        "cancelled": "`halong commands show` tells who called it off",
        "expired": "no answer before it expired: is the gateway online (`halong check`), does ingest run?",
        "timed_out": f"begun, and not done within {found['timeout_s']} s: a later answer still counts",
    }
    return f"{found['command']} of {found['gateway']} {found['state']}: {why[found['state']]}"


@app.command("cancel")
def cancel(number: _Id, by: By = "") -> None:
    """Call off a command that its gateway has not begun.

    One that is queued is not sent. One that the broker has may still reach its gateway: what that answers
    counts then.

    Example: `halong commands cancel 6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52`
    """
    from api.commanding import cancel as call_off

    found = in_database(lambda conn: call_off(conn, number, by=by or own_name()))
    told = "the broker had it: its gateway may still do it" if found["sent_at"] else "it was not sent"
    out.print(f"{found['command']} of {found['gateway']} is cancelled: {told}", markup=False)


@app.command("list")
def list_(
    gateway: Annotated[str | None, typer.Option(help="Only of this gateway.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="So many of the newest.")] = 20,
) -> None:
    """List commands, the newest first.

    Example: `halong commands list --gateway ha-long-1`
    """
    from api.queries.commands import commands

    found = in_database(lambda conn: commands(conn, gateway=gateway, limit=limit))
    table = Listing("created", "id", "gateway", "command", "state", "by", "detail", prose=("by", "detail"))
    for each in found:
        target = f"{each['gateway']}/{each['thing']}" if each["thing"] else each["gateway"]
        cells = (local(each["created_at"]), str(each["id"]), target, each["command"])
        state = Text(each["state"], _STYLES.get(each["state"], ""))
        table.row(*cells, state, Text(each["created_by"]), Text(plain(each["detail"])))
    table.show(out)


@app.command("show")
def show(number: _Id) -> None:
    """Show one command: what was asked, everything that happened, and what came out.

    Example: `halong commands show 6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52`
    """
    from api.commanding import command

    found = in_database(lambda conn: command(conn, number))
    target = f"{found['gateway']}, device {found['thing']}" if found["thing"] else found["gateway"]
    arguments = json.dumps(found["arguments"], ensure_ascii=False)
    out.print(f"{found['command']} {arguments} to {target}", markup=False)
    out.print(f"by {found['created_by']}, expires {local(found['expires_at'])}", markup=False)
    for line in found["history"]:
        out.print(_line(line), markup=False)
    _print_result(found)


def _line(line: Row) -> str:
    detail = f": {plain(line['detail'])}" if line["detail"] else ""
    aside = "" if line["stands"] else " (changes nothing)"
    return f"{local(line['time'])}  {line['state']}{aside}, {line['actor']}{detail}"
