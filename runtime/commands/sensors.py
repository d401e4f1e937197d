"""`halong sensors …`: which sensor measured what, and when."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from runtime.commands.instants import instant, local
from runtime.commands.running import By, in_database, own_name
from runtime.listing import Listing

app = typer.Typer(no_args_is_help=True, help="Sensors in datastreams, with the time for which they count.")
out = Console(highlight=False, soft_wrap=True)


@app.command("install")
def install(
    thing: Annotated[str, typer.Argument(help="Code of the thing.")],
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="Code of the observed property.")],
    model: Annotated[str, typer.Option(help="The sensor's model.")],
    maker: Annotated[str, typer.Option(help="Who makes it.")] = "",
    serial: Annotated[str, typer.Option(help="Its serial number.")] = "",
    firmware: Annotated[str, typer.Option(help="Its firmware's version.")] = "",
    start: Annotated[str, typer.Option("--from", help="Time with offset, local date, or now.")] = "now",
    by: By = "",
) -> None:
    """Record that a sensor measures a property of a thing from a time on, in place of the one before.

    Example: `halong sensors install ha-long-air-1 pm2_5 --model OPC-N3 --serial 4711 --from 2026-11-01`
    """
    from devices.sensors import install as record

    at, who = instant(start, "--from"), by or own_name()
    number = in_database(
        lambda conn: record(
            conn, thing, prop, at, model=model, maker=maker, serial_number=serial, firmware=firmware, who=who
        )
    )
    out.print(f"sensor {number}: {model} measures {prop} of {thing} from {local(at)} on", markup=False)


@app.command("list")
def list_(
    thing: Annotated[str | None, typer.Argument(help="Code of a thing; left out: all.")] = None,
    at: Annotated[str | None, typer.Option(help="Only those of this time: RFC 3339, a date, now.")] = None,
) -> None:
    """List sensors, with when they measured.

    Example: `halong sensors list ha-long-air-1 --at 2026-11-20`
    """
    from devices.sensors import sensors

    when = None if at is None else instant(at, "--at")
    found = in_database(lambda conn: sensors(conn, thing, when))
    if not found:
        out.print("no sensor is recorded: `halong sensors install --help`")
        return
    names = "sensor", "thing", "property", "model", "maker", "serial number", "firmware", "from", "to"
    table = Listing(*names, prose=("maker",))
    for each in found:
        what = each.thing, each.property, each.model, each.maker, each.serial_number, each.firmware
        table.row(str(each.id), *what, local(each.valid_from), local(each.valid_to))
    table.show(out)


@app.command("remove")
def remove(
    number: Annotated[int, typer.Argument(help="Its number, as `halong sensors list` shows it.")],
    at: Annotated[str, typer.Option("--at", help="When it was taken out: RFC 3339, a date, now.")] = "now",
    mistake: Annotated[
        bool, typer.Option("--mistake", help="It never was there: the one before measures on in its time.")
    ] = False,
) -> None:
    """Record that a sensor was taken out, or with --mistake that it was recorded wrongly.

    Example: `halong sensors remove 3 --at 2026-11-20`
    """
    from devices.sensors import change, delete

    if mistake:
        in_database(lambda conn: delete(conn, number))
        out.print(f"sensor {number} is deleted")
    else:
        when = instant(at, "--at")
        in_database(lambda conn: change(conn, number, {"valid_to": when}))
        out.print(f"sensor {number} measured until {local(when)}")
