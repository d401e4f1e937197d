"""`halong unknown …`: devices that gateways name and the registry has not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from runtime.commands.instants import local
from runtime.commands.running import By, in_database, own_name
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.unknown import Proposal, UnknownThing

app = typer.Typer(no_args_is_help=True, help="Unknown devices: accept them, and store what was refused.")
out = Console(highlight=False, soft_wrap=True)

Which = Annotated[str, typer.Argument(help="Its number or code, as `halong unknown list` shows them.")]
_SHOWN = 1000
#: how often, and for how long without any news, the replay is looked at
_LOOK_S, _PATIENCE_LOOKS = 0.5, 60


@app.command("list")
def list_(
    gateway: Annotated[str | None, typer.Option(help="Only of this gateway.")] = None,
    state: Annotated[str, typer.Option(help="waiting, accepted, ignored or all.")] = "waiting",
) -> None:
    """List what gateways name and the registry has not, with what it would be.

    Example: `halong unknown list --gateway ha-long-1`
    """
    if state not in {"waiting", "accepted", "ignored", "all"}:
        raise typer.BadParameter(f"--state {state!r} is none of waiting, accepted, ignored, all")
    found = in_database(lambda conn: _listed(conn, gateway, None if state == "all" else state))
    if not found:
        out.print("nothing is unknown: whatever gateways name is registered, or ignored (--state all)")
        return
    columns = ("seen", "would be", "what to do" if state == "waiting" else "state")
    table = Listing("number", "device", "gateway", *columns, prose=columns)
    for unknown, proposal in found:
        told = _decided(unknown) or f"halong unknown {proposal.verb} {unknown.id}"
        said = "" if unknown.state == "accepted" else proposal.describe()
        table.row(str(unknown.id), unknown.device, unknown.gateway, _seen(unknown), said, told)
    table.show(out)


async def _listed(
    conn: AsyncConnection[Any], gateway: str | None, state: str | None
) -> list[tuple[UnknownThing, Proposal]]:
    from api.queries import unknown
    from devices.unknown_store import read

    return await read(conn, await unknown.ids(conn, gateway=gateway, state=state, limit=_SHOWN))


@app.command("show")
def show(which: Which) -> None:
    """Show what was seen of one, property by property.

    Example: `halong unknown show aq-999`
    """
    from devices.unknown_store import read_one

    async def _shown(conn: AsyncConnection[Any]) -> tuple[UnknownThing, Proposal]:
        return await read_one(conn, await _number(conn, which))

    _print(*in_database(_shown))


@app.command("accept")
def accept(
    which: Which,
    name: Annotated[str | None, typer.Option(help="Its name; default: its code.")] = None,
    kind: Annotated[str | None, typer.Option(help="Such as air_station; default: as guessed.")] = None,
    latitude: Annotated[float | None, typer.Option(min=-90, max=90, help="Default: its gateway's.")] = None,
    longitude: Annotated[
        float | None, typer.Option(min=-180, max=180, help="Default: its gateway's.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Device model, which LoRaWAN devices need.")] = None,
    interval: Annotated[
        list[str] | None, typer.Option(help="PROPERTY=SECONDS, instead of the interval that was guessed.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Only this property; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would be.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until what was refused has gone through ingest.")] = True,
    by: By = "",
) -> None:
    """Register an unknown device, and have its refused messages stored, each reading once.

    It gets the areas in whose surveyed outlines it stands, or else its gateway's.
    Twice does no more than once.
    Example: `halong unknown accept aq-999 --dry-run`
    """
    from devices.unknown import Wishes

    wishes = Wishes(
        name=name, kind=kind, latitude=latitude, longitude=longitude, model=model,
        intervals=dict(map(_interval, interval or ())), only=frozenset(only) if only else None,
    )  # fmt: skip
    in_database(lambda conn: _accept(conn, which, wishes, by or own_name(), dry_run=dry_run, wait=wait))


async def _accept(
    conn: AsyncConnection[Any], which: str, wishes: Any, who: str, *, dry_run: bool, wait: bool
) -> None:
    from devices import unknown_store

    number = await _number(conn, which)
    unknown, proposal = await unknown_store.read_one(conn, number, wishes)
    _print(unknown, proposal)
    if dry_run:
        out.print("dry run: nothing was changed")
        return
    await unknown_store.accept(conn, number, who, wishes)
    out.print(f"{unknown.device} is accepted")
    if wait:
        await _follow(conn, unknown)


async def _follow(conn: AsyncConnection[Any], before: UnknownThing) -> None:
    """Show the replay until it is through, or until ingest does nothing for it."""
    from devices.unknown_store import read_one

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        task = progress.add_task("replaying refused messages", total=before.messages)
        replayed, looks = 0, 0
        while looks < _PATIENCE_LOOKS:
            unknown, _ = await read_one(conn, before.id)
            now = unknown.replayed - before.replayed
            progress.update(task, completed=now, total=max(now, before.messages))
            if not unknown.is_replaying:
                out.print(f"{now} refused messages went through ingest again")
                return
            replayed, looks = now, looks + 1 if now == replayed else 0
            await asyncio.sleep(_LOOK_S)
    out.print(f"{replayed} messages so far: the rest follows when `halong ingest` runs and has time for it")


@app.command("ignore")
def ignore(
    which: Which, reason: Annotated[str, typer.Option(help="Why nobody wants it.")] = "", by: By = ""
) -> None:
    """Take one out of the queue: what it sends is refused as before. It may be accepted later.

    Example: `halong unknown ignore aq-999 --reason "a test bench"`
    """
    from devices import unknown_store

    async def _ignored(conn: AsyncConnection[Any]) -> UnknownThing:
        return await unknown_store.ignore(conn, await _number(conn, which), by or own_name(), reason)

    found = in_database(_ignored)
    out.print(f"{found.device} of {found.gateway} is ignored: `halong unknown list --state ignored`")


@app.command("automatic")
def automatic(
    gateway: Annotated[str | None, typer.Argument(help="The gateway's code; left out: list them.")] = None,
    things: Annotated[int, typer.Option(min=0, help="Things that may be created in 24 hours.")] = 5,
    datastreams: Annotated[int, typer.Option(min=0, help="Datastreams, likewise.")] = 50,
    off: Annotated[bool, typer.Option("--off", help="Accept nothing without somebody.")] = False,
    by: By = "",
) -> None:
    """Accept what a gateway names without anybody, so much a day; off unless set.

    Example: `halong unknown automatic ha-long-1 --things 5 --datastreams 50`
    """
    from devices import unknown_limits

    limits = None if off else (things, datastreams)
    if gateway is not None:
        who = by or own_name()
        in_database(lambda conn: unknown_limits.set_automatic(conn, gateway, limits, who))
    table = Listing("gateway", "things a day", "datastreams a day", "set by", prose=("set by",))
    for row in in_database(unknown_limits.automatic):
        limits = row["things_per_day"], row["datastreams_per_day"]
        table.row(row["code"], *map(str, limits), f"{row['set_by']}, {local(row['set_at'])}")
    if table.row_count:
        table.show(out)
    else:
        out.print("nothing is accepted without somebody")


def _interval(text: str) -> tuple[str, int]:
    from devices.unknown import LONGEST_INTERVAL_S

    code, _, seconds = text.partition("=")
    if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_INTERVAL_S:
        told = f"not of the form pm10=60, in seconds from 1 to {LONGEST_INTERVAL_S} (a day)"
        raise typer.BadParameter(f"--interval {text!r} is {told}")
    return code, int(seconds)


async def _number(conn: AsyncConnection[Any], which: str) -> int:
    """Return the number of an unknown thing that is named by it or by its code."""
    from api.queries import unknown
    from devices.unknown import UnknownThingError

    if which.isdecimal():
        return int(which)
    found = await unknown.ids(conn, device=which, limit=_SHOWN)
    if len(found) > 1:
        numbers = ", ".join(map(str, found))
        raise UnknownThingError(f"several gateways name {which!r}: say which by its number, {numbers}")
    if not found:
        raise UnknownThingError(f"there is no unknown thing {which!r}: `halong unknown list` shows them")
    return found[0]


def _print(unknown: UnknownThing, proposal: Proposal) -> None:
    state = _decided(unknown) or "waiting"
    out.print(f"{unknown.device} of {unknown.gateway}, {state}: {_seen(unknown)}", markup=False)
    what = "cannot be accepted" if proposal.problem else "would be"
    out.print(f"{what}: {proposal.describe()}", markup=False)
    table = Listing("property", "readings", "from", "to", "unit", "would be", prose=("would be",))
    for each in unknown.properties:
        every = proposal.intervals.get(each.code)
        be = proposal.left.get(each.code) or (f"every {every} s" if every else "registered")
        span = f"{each.minimum:g}", f"{each.maximum:g}"
        unit = each.unit or proposal.units.get(each.code, "")
        table.row(each.code, str(each.readings), *span, unit, be)
    table.show(out)


def _seen(unknown: UnknownThing) -> str:
    times = "once" if unknown.messages == 1 else f"{unknown.messages} times"
    return f"{times} since {local(unknown.first_seen)}"


def _decided(unknown: UnknownThing) -> str:
    if unknown.state == "waiting" or unknown.decided_at is None:
        return ""
    why = f": {unknown.note}" if unknown.note and unknown.state == "ignored" else ""
    told = f"; {unknown.replayed} messages replayed" if unknown.state == "accepted" else ""
    return f"{unknown.state} by {unknown.decided_by}, {local(unknown.decided_at)}{why}{told}"
