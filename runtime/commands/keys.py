"""`halong keys …`: keys of the HTTP API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from api.rights import Role
from runtime.commands.instants import local
from runtime.commands.running import in_database
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.keys import ApiKey

_ROLES = (
    "public: open data alone; planner: indicators, the catalogue, and files of them; operator: also what "
    "devices send, alerts and commands; installer: as planner, and what devices send, commands, "
    "configurations and the registry; admin: all, also roll-outs of firmware, rules of alerts, observed "
    "properties and calibrations."
)
_SEVERAL = "it reaches all that is in it. Repeat it for several."
_RATE = "Requests a minute, in place of HALONG_API_RATE_LIMIT_KEY."
_NO_SCOPES = (
    "keys have a role: --role planner reads indicators (was read), --role operator reads what devices send "
    "and acknowledges alerts (was operate), --role admin may do all (was admin)"
)

app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP API.")
out = Console(highlight=False, soft_wrap=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")],
    days: Annotated[
        int | None, typer.Option(min=1, help="Days that it is valid; default: until revoked.")
    ] = None,
    role: Annotated[Role, typer.Option(help=_ROLES)] = Role.PLANNER,
    area: Annotated[
        list[str] | None, typer.Option(help=f"Code of an area that it is confined to; {_SEVERAL}")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help=_RATE)] = None,
    scope: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
) -> None:
    """Create a key and print it, once: only its hash is kept.

    Example: `halong keys create "duty desk Hạ Long" --role operator --area 193 --days 365`
    """
    from api.keys import create as create_key

    if scope:
        raise typer.BadParameter(_NO_SCOPES, param_hint="--scope")
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    key, _ = in_database(lambda conn: create_key(conn, name, role, expires, areas=area or None, rate=rate))
    typer.echo(key)


@app.command("change")
def change(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `halong keys list` shows it.")],
    role: Annotated[Role | None, typer.Option(help=_ROLES)] = None,
    area: Annotated[list[str] | None, typer.Option(help=f"In place of its areas; {_SEVERAL}")] = None,
    everywhere: Annotated[bool, typer.Option("--everywhere", help="Confined to no areas any more.")] = False,
    rate: Annotated[int | None, typer.Option(min=0, help=f"{_RATE} 0: as any key.")] = None,
) -> None:
    """Change what a key may do, from its next request on; what is not named stays as it is.

    Example: `halong keys change 3f9a21c0 --role operator --area 193`
    """
    if area and everywhere:
        raise typer.BadParameter("one of --area and --everywhere, not both", param_hint="--everywhere")
    if role is None and not area and not everywhere and rate is None:
        raise typer.BadParameter("say what is to change: --role, --area, --everywhere or --rate")
    changed = in_database(lambda conn: _change(conn, prefix, role, area, everywhere=everywhere, rate=rate))
    typer.echo(f"key {prefix}: {changed.role}, {_areas(changed)}, {_rate(changed)}")


async def _change(
    conn: AsyncConnection[Any],
    prefix: str,
    role: Role | None,
    areas: list[str] | None,
    *,
    everywhere: bool,
    rate: int | None,
) -> ApiKey:
    from api import keys

    before = await keys.find(conn, prefix)
    return await keys.change(
        conn,
        prefix,
        role=role or before.role,
        areas=None if everywhere else areas or before.areas,
        rate=before.rate if rate is None else rate or None,
    )


def _areas(key: ApiKey) -> str:
    return "everywhere" if key.areas is None else " ".join(key.areas)


def _rate(key: ApiKey) -> str:
    return "usual rate" if key.rate is None else f"{key.rate} a minute"


@app.command("list")
def list_() -> None:
    """List keys by their prefix.

    Example: `halong keys list`
    """
    from api.keys import list_keys

    times = ("created", "expires", "revoked", "last used")
    table = Listing("prefix", "name", "role", "areas", "rate", *times, prose=("name", "areas"))
    for key in in_database(list_keys):
        shown = map(local, (key.created_at, key.expires_at, key.revoked_at, key.last_used_at))
        table.row(key.prefix, key.name, key.role, _areas(key), _rate(key), *shown)
    table.show(out)


@app.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `halong keys list` shows it.")],
) -> None:
    """Revoke a key at once.

    Example: `halong keys revoke 3f9a21c0`
    """
    from api.keys import revoke as revoke_key

    in_database(lambda conn: revoke_key(conn, prefix))
    typer.echo(f"key {prefix} is revoked")
