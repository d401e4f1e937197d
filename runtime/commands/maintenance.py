"""`halong maintenance …`: planned work, which is nobody's outage."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.instants import instant, local
from runtime.commands.running import By, in_database, own_name
from runtime.listing import Listing

if TYPE_CHECKING:
    from devices.maintenance import Kind

app = typer.Typer(no_args_is_help=True, help="Planned maintenance of things, gateways and areas.")
out = Console(highlight=False, soft_wrap=True)


@app.command("add")
def add(
    reason: Annotated[str, typer.Option(help="What is done.")],
    hours: Annotated[float, typer.Option(min=0.01, max=8784, help="For how long.")],
    start: Annotated[str, typer.Option("--from", help="Time with offset, local date, or now.")] = "now",
    thing: Annotated[str | None, typer.Option(help="On this thing,")] = None,
    gateway: Annotated[str | None, typer.Option(help="on this gateway and its things,")] = None,
    area: Annotated[str | None, typer.Option(help="or in this area.")] = None,
    by: By = "",
) -> None:
    """Plan work: left out of availability if it is planned beforehand, and no gateway is silent meanwhile.

    Example: `halong maintenance add --gateway ha-long-1 --from 2026-12-01 --hours 4 --reason "new mast"`
    """
    from devices.maintenance import add as plan

    kinds: dict[Kind, str | None] = {"thing": thing, "gateway": gateway, "area": area}
    given = [(kind, code) for kind, code in kinds.items() if code is not None]
    if len(given) != 1:
        raise typer.BadParameter("name one of --thing, --gateway and --area")
    starts_at = instant(start, "--from")
    ends_at, (kind, code) = starts_at + timedelta(hours=hours), given[0]
    who = by or own_name()
    number = in_database(lambda conn: plan(conn, kind, code, starts_at, ends_at, reason=reason, who=who))
    out.print(f"window {number}: {kind} {code} from {local(starts_at)} to {local(ends_at)}")
    if starts_at <= datetime.now(UTC):
        out.print("it has begun: alerts are quiet, and availability counts on")


@app.command("list")
def list_(
    days: Annotated[float, typer.Option(min=0, help="Also those that ended within so many days.")] = 0,
) -> None:
    """List what is planned or under way.

    Example: `halong maintenance list --days 30`
    """
    from devices.maintenance import windows

    since = datetime.now(UTC) - timedelta(days=days)
    found = in_database(lambda conn: windows(conn, since))
    if not found:
        out.print("no maintenance is planned: `halong maintenance add --help` plans some")
        return
    table = Listing(
        "window", "where", "from", "to", "by", "reason", "availability",
        prose=("by", "reason", "availability"),
    )  # fmt: skip
    for row in found:
        times = local(row["starts_at"]), local(row["ends_at"])
        counts = "left out" if row["counts"] else "counts on: planned too late"
        where = f"{row['kind']} {row['code']}"
        table.row(str(row["id"]), where, *times, row["created_by"], row["reason"], counts)
    table.show(out)


@app.command("end")
def end(
    window: Annotated[int, typer.Argument(help="Its number, as `halong maintenance list` shows it.")],
    by: By = "",
) -> None:
    """End a window before its time, or call it off.

    Example: `halong maintenance end 3`
    """
    from devices.maintenance import end as stop

    in_database(lambda conn: stop(conn, window, by or own_name()))
    out.print(f"window {window} is over")
