"""`halong gateways …`: identities on MQTT."""

from __future__ import annotations

from pathlib import Path
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


@app.command("passwords")
def passwords(
    profile: Annotated[str, typer.Argument(help="Profile name (quang_ninh) or a folder of the same form.")],
    file: Annotated[Path, typer.Option("--out", help="JSON file of gateway code to password, mode 0600.")],
    simulated: Annotated[bool, typer.Option("--simulated", help="Also the simulators' gateways.")] = False,
) -> None:
    """Give every gateway of a profile the password that a file has for it, or a random one, which it keeps.

    It may be run again: nobody's password changes. The broker knows them after `halong broker files` and a
    reload; `halong simulate --passwords` reads the file.
    Example: `halong gateways passwords quang_ninh --simulated --out gateways.json`
    """
    from devices.identities import kept_passwords
    from devices.profiles import load

    city = load(profile)
    if simulated:
        from simulators.city import populate

        city = populate(city)
    kept = kept_passwords(file, (gateway.code for gateway in city.gateways))
    run(_admit(kept))
    typer.echo(f"{len(kept)} gateways of {profile} may log in with their passwords in {file}")


async def _admit(kept: dict[str, str]) -> None:
    from devices.identities import admit
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        await admit(conn, kept)
