"""`halong devices …`: the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.labels import Tagged  # noqa: TC001  (typer reads it)
from runtime.commands.running import run
from runtime.listing import Listing
from runtime.settings import settings

if TYPE_CHECKING:
    from devices.model import Area, Profile

app = typer.Typer(no_args_is_help=True, help="Areas, gateways, devices and what they observe.")
out = Console(highlight=False, soft_wrap=True)
_SHOWN = 50


@app.command("import")
def import_(
    profile: Annotated[str, typer.Argument(help="Profile name (quang_ninh) or a folder of the same form.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    boundaries: Annotated[
        Path | None, typer.Option(help="GeoJSON with the areas' boundaries, matched by code or name.")
    ] = None,
    attribution: Annotated[
        str, typer.Option(help="Source and licence of the boundaries, shown on the map.")
    ] = "",
    level: Annotated[str, typer.Option(help="Level of the areas in that file.")] = "district",
    simulated: Annotated[bool, typer.Option("--simulated", help="Also the simulators' gateways.")] = False,
) -> None:
    """Import a city profile, or bring it up to date; nothing is ever deleted.

    Example: `halong devices import quang_ninh --dry-run`
    """
    from devices.profiles import load

    city = load(profile)
    if simulated:
        from simulators.city import populate

        city = populate(city)
    run(_import(city, dry_run=dry_run))
    if boundaries:
        areas = [area for area in city.areas if area.level == level]
        run(_import_boundaries(areas, boundaries, attribution or boundaries.name, dry_run=dry_run))


async def _import(profile: Profile, *, dry_run: bool) -> None:
    from analytics.alert_actions import import_rules
    from devices.registry import apply, plan_import
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        plan = await plan_import(conn, profile)
        effective = list(plan.effective())
        for change in effective[:_SHOWN]:
            out.print(f"  {change.describe()}", markup=False)
        if len(effective) > _SHOWN:
            out.print(f"  … and {len(effective) - _SHOWN} more")
        out.print(plan.summary(), markup=False)
        if dry_run:
            out.print("dry run: nothing was changed")
        else:
            await apply(conn, plan)
            rules = await import_rules(conn, profile.alert_rules)
            out.print(f"{rules} of {len(profile.alert_rules)} alert rules written")


async def _import_boundaries(areas: list[Area], file: Path, attribution: str, *, dry_run: bool) -> None:
    from devices.boundaries import read_geojson
    from devices.registry import set_boundaries
    from storage.pool import connect

    found = read_geojson(file, areas)
    out.print(f"{len(found)} boundaries from {file}")
    if not dry_run:
        async with await connect(settings().require_database_url()) as conn:
            await set_boundaries(conn, found, attribution)


@app.command("list")
def list_(
    gateway: Annotated[str | None, typer.Option(help="Only this gateway's devices.")] = None,
    tags: Tagged = None,
) -> None:
    """List gateways and their devices.

    Example: `halong devices list --gateway ha-long-1 --tag near-school`
    """
    run(_list(gateway, tags))


async def _list(gateway: str | None, tags: list[str] | None) -> None:
    from devices.registry import list_things
    from storage.pool import connect

    names = "gateway", "device", "kind", "model", "DevEUI", "observes", "tags"
    table = Listing(*names, prose=("model", "observes", "tags"))
    async with await connect(settings().require_database_url()) as conn:
        for row in await list_things(conn, gateway, tags):
            table.row(*row)
    table.show(out)
