"""`halong keys …`: keys of the HTTP API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from runtime.commands.running import run
from runtime.settings import settings

app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP API.")
out = Console(highlight=False, soft_wrap=True)


@app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="Who or what it is for.")],
    days: Annotated[
        int | None, typer.Option(min=1, help="Days that it is valid; default: until revoked.")
    ] = None,
    scope: Annotated[
        list[str], typer.Option(help="read; operate: acknowledge and silence alerts; admin: change rules.")
    ] = ["read"],  # noqa: B006  (Typer copies it)
) -> None:
    """Create a key, read-only unless --scope says more, and print it, once: only its hash is kept.

    Example: `halong keys create "planning office" --days 365`
    """
    typer.echo(run(_create(name, days, sorted({"read", *scope}))))


async def _create(name: str, days: int | None, scopes: list[str]) -> str:
    from api.keys import create as create_key
    from storage.pool import connect

    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    async with await connect(settings().require_database_url()) as conn:
        key, _ = await create_key(conn, name, scopes=scopes, expires_at=expires)
        return key


@app.command("list")
def list_() -> None:
    """List keys by their prefix.

    Example: `halong keys list`
    """
    run(_list())


async def _list() -> None:
    from api.keys import list_keys
    from storage.pool import connect

    table = Table("prefix", "name", "scopes", "created", "expires", "revoked", "last used")
    async with await connect(settings().require_database_url()) as conn:
        for key in await list_keys(conn):
            times = (key.created_at, key.expires_at, key.revoked_at, key.last_used_at)
            shown = [t.isoformat(" ", "minutes") if t else "" for t in times]
            table.add_row(key.prefix, key.name, " ".join(key.scopes), *shown)
    out.print(table)


@app.command("revoke")
def revoke(
    prefix: Annotated[str, typer.Argument(help="The key's prefix, as `halong keys list` shows it.")],
) -> None:
    """Revoke a key at once.

    Example: `halong keys revoke 3f9a21c0`
    """
    run(_revoke(prefix))
    typer.echo(f"key {prefix} is revoked")


async def _revoke(prefix: str) -> None:
    from api.keys import revoke as revoke_key
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        await revoke_key(conn, prefix)
