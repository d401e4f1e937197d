"""`halong things …`: where devices stand and stood."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from runtime.commands.instants import instant, local
from runtime.commands.moves import Areas, At, Reason, To, passage, position
from runtime.commands.running import By, DryRun, in_database, own_name
from runtime.listing import Listing, shortened

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.installations import Installation, Move
    from devices.locating import Relocation
    from devices.places import Units

app = typer.Typer(no_args_is_help=True, help="Devices one by one, and where they stand and stood.")
out = Console(highlight=False, soft_wrap=True)

Code = Annotated[str, typer.Argument(help="Code of the thing.")]
#: lines that are shown
_SHOWN = 100


@app.command("move")
def move(
    code: Code,
    to: To,
    at: At,
    areas: Areas = None,
    place: Annotated[str | None, typer.Option(help="In words, such as `roof of the school`.")] = None,
    reason: Reason = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Record that a device stands elsewhere since a time; what it measured before stays with the old place.

    Its areas follow from surveyed outlines (`halong devices import --boundaries`) and from --area.
    Example: `halong things move ha-long-air-1 --to 21.03,107.34 --at 2026-11-20T09:00+07:00 --area 195`
    """
    from devices import installations
    from devices.installations import Place

    latitude, longitude = position(to)
    wanted = Place(latitude=latitude, longitude=longitude, areas=tuple(areas or ()), words=place)
    who = by or own_name()
    since, now = instant(at, "--at"), datetime.now(UTC)
    _tell(
        in_database(
            lambda conn: installations.move(
                conn, code, wanted, since, now=now, who=who, reason=reason, dry_run=dry_run
            )
        )
    )


def _tell(done: Move) -> None:
    before, after = done.before, done.after
    out.print(f"{done.thing} since {local(done.at)}:")
    out.print(f"  {before.latitude}, {before.longitude} -> {after.latitude}, {after.longitude}", markup=False)
    out.print(f"  {passage(done.left, done.entered)}")
    if done.levels_lost:
        out.print(f"  it counts for no {' and no '.join(done.levels_lost)} any more: --area says for which")
    _tell_hours("recorded", done.hours)


def _tell_hours(done: str, hours: int | None) -> None:
    """Say what was done and how much of it is computed again; None: nothing, as it was a dry run."""
    if hours is None:
        out.print("dry run: nothing was changed")
    else:
        out.print(f"{done}; {hours} hours of datastreams are queued: analytics computes them again")


@app.command("locate")
def locate(dry_run: DryRun = False) -> None:
    """Have devices and gateways count for the areas in whose surveyed outlines they stand.

    For areas without one what was assigned counts on. Run it after `halong devices import --boundaries`.
    Example: `halong things locate --dry-run`
    """
    from devices.locating import locate as apply

    found = in_database(lambda conn: apply(conn, dry_run=dry_run))
    for line in shortened([_relocation(each) for each in found], _SHOWN):
        out.print(line, markup=False)
    changed = sum(bool(each.left or each.entered) for each in found)
    out.print(f"{changed} to change" if dry_run else f"{changed} changed")
    if dry_run:
        out.print("dry run: nothing was changed")
    elif changed:
        out.print("values of the past: `halong indicators run --from DATE` computes them again")


def _relocation(each: Relocation) -> str:
    told = []
    if each.left or each.entered:
        told.append(passage(each.left, each.entered))
    if each.outside:
        told.append(f"stands outside the outline of {' '.join(each.outside)}")
    return f"{each.kind} {each.code} {'; '.join(told)}"


@app.command("places")
def places(code: Code) -> None:
    """List where a device stood, from when to when.

    Example: `halong things places ha-long-air-1`
    """
    found, units = in_database(lambda conn: _places(conn, code))
    prose = ("areas", "place", "recorded by", "reason")
    table = Listing("from", "to", "position", *prose, prose=prose)
    for each in found:
        table.row(
            local(each.valid_from),
            local(each.valid_to),
            f"{each.latitude}, {each.longitude}",
            " ".join(units.codes(each.areas)),
            each.place or "",
            each.recorded_by or "",
            each.reason or "",
        )
    table.show(out)


async def _places(conn: AsyncConnection[Any], code: str) -> tuple[list[Installation], Units]:
    from devices.installations import history, read_units

    return await history(conn, code), await read_units(conn)


@app.command("since")
def since(
    code: Code,
    at: Annotated[str, typer.Argument(metavar="TIME", help="Since when it stands in its first place.")],
    dry_run: DryRun = False,
) -> None:
    """Correct since when a device stands in its first place.

    Before, nothing is expected of it, and what it measured belongs to no area: for one whose older readings
    are to count, and for one that is to be missed only from a later time on.

    Example: `halong things since ha-long-air-9 2026-11-01T07:00 --dry-run`
    """
    from devices import installations

    now, begin = datetime.now(UTC), instant(at, "TIME")
    first, hours = in_database(
        lambda conn: installations.stand_since(conn, code, begin, now=now, dry_run=dry_run)
    )
    out.print(
        f"{code}: in its first place since {local(begin)}, not {local(first.valid_from) or 'ever'}",
        markup=False,
    )
    _tell_hours("recorded", hours)


@app.command("take-back")
def take_back(code: Code, dry_run: DryRun = False) -> None:
    """Take a device's last move back, as if it had not been recorded.

    Example: `halong things take-back ha-long-air-1 --dry-run`
    """
    from devices import installations

    now = datetime.now(UTC)
    last, hours = in_database(lambda conn: installations.take_back(conn, code, now=now, dry_run=dry_run))
    out.print(
        f"{code}: the move of {local(last.valid_from)} to {last.latitude}, {last.longitude}", markup=False
    )
    _tell_hours("taken back", hours)
