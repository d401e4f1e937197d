"""`halong areas …`: units, who reports, and reorganisations."""

from __future__ import annotations

from collections import Counter
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.running import By, DryRun, in_database, own_name
from runtime.listing import Listing, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from psycopg import AsyncConnection

    from devices.area_store import Naming
    from devices.model import Area
    from devices.reorganisation import Reorganisation

app = typer.Typer(no_args_is_help=True, help="Administrative units: districts and what came after them.")
out = Console(highlight=False, soft_wrap=True)

#: lines of one kind that are shown
_SHOWN = 100


class Level(StrEnum):
    """Levels of areas."""

    PROVINCE = "province"
    DISTRICT = "district"
    COMMUNE = "commune"


class Switch(StrEnum):
    """Whether indicators are computed."""

    ON = "on"
    OFF = "off"


@app.command("list")
def list_(
    level: Annotated[Level | None, typer.Option(help="Only units of this level.")] = None,
    at: Annotated[
        str | None, typer.Option(help="Only units in force on this date, such as 2025-06-30.")
    ] = None,
) -> None:
    """List units: since when and until when, whether they report, and how many devices stand in them.

    Example: `halong areas list --level commune --at 2025-07-01`
    """
    from devices.area_store import listed

    table = Listing("code", "name", "level", "part of", "from", "to", "reports", "devices", prose=("name",))
    day = None if at is None else _day(at)
    for each in in_database(lambda conn: listed(conn, level=level, at=day)):
        names = (each.code, each.name_vi, each.level, each.parent or "")
        until = "" if each.valid_to is None else str(each.valid_to)
        table.row(*names, str(each.valid_from), until, "yes" if each.reporting else "", str(each.things))
    table.show(out)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--at {text!r} is no date such as 2025-06-30") from None


@app.command("show")
def show(code: Annotated[str, typer.Argument(help="Code of the area.")]) -> None:
    """Show every unit that had a code: what it came from and went into, and what stands in it.

    Example: `halong areas show 193`
    """
    from devices.area_store import listed

    found = in_database(lambda conn: listed(conn, code=code))
    if not found:
        raise typer.BadParameter(f"there is no area {code!r}: `halong areas list` shows them")
    for each in found:
        out.print(f"{each.code} {each.name_vi} ({each.name_en})", markup=False)
        until = "" if each.valid_to is None else f" until {each.valid_to}"
        part = f", part of {each.parent}" if each.parent else ""
        out.print(f"  {each.level}{part}, in force from {each.valid_from}{until}")
        out.print(f"  came from {', '.join(each.predecessors) or '–'}", markup=False)
        out.print(f"  went into {', '.join(each.successors) or '–'}", markup=False)
        reports = "are" if each.reporting else "are not"
        out.print(f"  {each.things} devices stand in it; indicators {reports} computed for it")
        out.print(f"  outline: {each.boundary_source or 'none'}", markup=False)


@app.command("report")
def report(
    switch: Annotated[Switch, typer.Argument(help="Whether indicators are computed.")],
    codes: Annotated[list[str] | None, typer.Argument(help="Codes of units.")] = None,
    level: Annotated[Level | None, typer.Option(help="All units of this level that are in force.")] = None,
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Have indicators computed for units from their next step on, or not; stored values stay.

    Example: `halong areas report on --level commune`
    """
    from devices.area_store import switch_reporting

    if not codes and level is None:
        raise typer.BadParameter("say which units: codes, or --level commune")
    on = switch is Switch.ON
    who = by or own_name()
    changed = in_database(
        lambda conn: switch_reporting(conn, codes or [], level, on=on, who=who, dry_run=dry_run)
    )
    told = f"{len(changed)} units switched {switch}: {' '.join(changed)}"
    out.print(told if changed else "nothing to change")
    if changed and on and not dry_run:
        out.print("what is past: `halong indicators run --from 2026-01-01 --area CODE`, a unit an --area")
    if dry_run:
        out.print("dry run: nothing was changed")


@app.command("reorganise")
def reorganise(
    file: Annotated[Path, typer.Argument(help="CSV with the units that end and those that begin.")],
    boundaries: Annotated[
        Path | None, typer.Option(help="GeoJSON with surveyed outlines of units that begin, by code or name.")
    ] = None,
    attribution: Annotated[str, typer.Option(help="Source and licence of the outlines.")] = "",
    dry_run: DryRun = False,
) -> None:
    """End units and begin others, with what went into which; devices are assigned to the units that begin.

    Columns are those of a profile's areas.csv: code, valid_from, valid_to, parent, level, kind, name_vi,
    name_en, latitude, longitude, area_km2, population, population_source, reporting, predecessors, shares.
    A row with valid_from begins a unit; one with code and valid_to alone ends the unit on that day. All wrong
    lines are told, and then nothing is changed; run again, nothing changes.
    Example: `halong areas reorganise units-2025.csv --dry-run`
    """
    in_database(lambda conn: _reorganise(conn, file, boundaries, attribution, dry_run=dry_run))


async def _reorganise(
    conn: AsyncConnection[Any], file: Path, boundaries: Path | None, attribution: str, *, dry_run: bool
) -> None:
    from devices import area_store

    async with conn.transaction():
        found = await _read(conn, file, boundaries, attribution)
        _tell(found, await area_store.naming(conn, found.ended))
        if dry_run:
            out.print("dry run: nothing was changed")
        elif not found.is_empty:
            await area_store.write(conn, found)
            out.print("written: bring areas.csv of the profile up to date as well, an import goes by it")


async def _read(
    conn: AsyncConnection[Any], file: Path, boundaries: Path | None, attribution: str
) -> Reorganisation:
    from devices import area_store
    from devices.boundaries import read_geojson
    from devices.profiles.rows import Row, each_row
    from devices.reorganisation import UnitRow, begun, reorganise

    rows, registered = list(each_row(file, UnitRow)), await area_store.registered(conn)
    areas: list[Area] = begun(row for row in rows if isinstance(row, Row))
    outlines = read_geojson(boundaries, areas) if boundaries else {}
    source = attribution or (boundaries.name if boundaries else None)
    return reorganise(rows, registered, outlines, source)


def _tell(found: Reorganisation, naming: Sequence[Naming]) -> None:
    _lines((change.describe() for change in found.told()), found.plan.summary())
    for code in found.heirless:
        out.print(f"  {code} ends and nothing came from it")
    counts = Counter(each.unit.partition("@")[0] for each in found.assigned)
    _lines(_assignments(found), f"{len(found.assigned)} places assigned to {len(counts)} units")
    _lines(
        (f"{each.kind} {each.code} stands in one of {' '.join(units)}" for each, units in found.unplaced),
        f"{len(found.unplaced)} places without a unit that begins",
    )
    if found.unplaced:
        out.print("say where they lie by outlines (--boundaries), or in areas of the profile's things.csv")
    _lines((f"{each.kind} {each.name} names {' '.join(each.areas)}, which end" for each in naming), "")


def _assignments(found: Reorganisation) -> Iterator[str]:
    for each in found.assigned:
        how = "by its outline" if each.by_outline else "the only one that came from where it stands"
        yield f"{each.located.kind} {each.located.code} enters {each.unit.partition('@')[0]}: {how}"


def _lines(lines: Iterator[str], summary: str) -> None:
    for line in shortened(list(lines), _SHOWN):
        out.print(line, markup=False)
    if summary:
        out.print(summary, markup=False)
