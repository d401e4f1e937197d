"""`halong gateways …`: identities on MQTT."""

from __future__ import annotations

from typing import Annotated

import typer

from runtime.commands.running import run
from runtime.settings import settings

app = typer.Typer(no_args_is_help=True, help="Gateways' passwords.")


@app.command("password")
def password(code: Annotated[str, typer.Argument(help="The gateway's code.")]) -> None:
    """Give a gateway another random password and print it, once: only its hash is kept.

    The broker knows it after `halong broker files` and a reload.
    Example: `halong gateways password ha-long-1`
    """
    typer.echo(run(_password(code)))


async def _password(code: str) -> str:
    from devices.identities import set_password
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        return await set_password(conn, code)
