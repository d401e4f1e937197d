"""`halong devices …`: the registry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.labels import Tagged  # noqa: TC001  (typer reads it)
from runtime.commands.running import DryRun, in_database
from runtime.listing import Listing, shortened
from runtime.settings import settings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Area, Profile

app = typer.Typer(no_args_is_help=True, help="Areas, gateways, devices and what they observe.")
out = Console(highlight=False, soft_wrap=True)
_SHOWN = 50


@app.command("import")
def import_(
    profile: Annotated[str, typer.Argument(help="Profile name (quang_ninh) or a folder of the same form.")],
    dry_run: DryRun = False,
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
    _require_free(city)
    in_database(lambda conn: _import(conn, city, dry_run=dry_run))
    if boundaries:
        areas = [area for area in city.areas if area.level == level]
        _import_boundaries(areas, boundaries, attribution or boundaries.name, dry_run=dry_run)


def _require_free(profile: Profile) -> None:
    """Check that no gateway goes by the name of a user that halong logs in as at its broker."""
    from devices.model import reserved_text
    from devices.profiles import ProfileError

    users = settings().platform_users
    if wrong := [each.code for each in profile.gateways if each.code in users]:
        raise ProfileError(*(f"gateways: code {reserved_text(code)}" for code in wrong))


async def _import(conn: AsyncConnection, profile: Profile, *, dry_run: bool) -> None:
    from analytics.alert_actions import import_rules
    from devices.registry import apply, plan_import

    plan = await plan_import(conn, profile)
    for line in shortened([change.describe() for change in plan.effective()], _SHOWN):
        out.print(line, markup=False)
    out.print(plan.summary(), markup=False)
    if dry_run:
        out.print("dry run: nothing was changed")
    else:
        await apply(conn, plan)
        rules = await import_rules(conn, profile.alert_rules)
        out.print(f"{rules} of {len(profile.alert_rules)} alert rules written")


def _import_boundaries(areas: list[Area], file: Path, attribution: str, *, dry_run: bool) -> None:
    from devices.boundaries import read_geojson
    from devices.registry import set_boundaries

    found = read_geojson(file, areas)
    out.print(f"{len(found)} boundaries from {file}")
    if not dry_run:
        in_database(lambda conn: set_boundaries(conn, found, attribution))


@app.command("list")
def list_(
    gateway: Annotated[str | None, typer.Option(help="Only this gateway's devices.")] = None,
    tags: Tagged = None,
) -> None:
    """List gateways and their devices.

    Example: `halong devices list --gateway ha-long-1 --tag near-school`
    """
    from devices.registry import list_things

    names = "gateway", "device", "kind", "model", "DevEUI", "observes", "tags"
    table = Listing(*names, prose=("model", "observes", "tags"))
    for row in in_database(lambda conn: list_things(conn, gateway, tags)):
        table.row(*row)
    table.show(out)
