"""`halong sessions …`: people who are logged in at the console."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from runtime.commands.instants import local
from runtime.commands.running import in_database
from runtime.listing import Listing

app = typer.Typer(no_args_is_help=True, help="People who are logged in at the console.")
out = Console(highlight=False, soft_wrap=True)


@app.command("list")
def list_() -> None:
    """List who is logged in, and until when.

    Example: `halong sessions list`
    """
    from api.queries import sessions

    table = Listing("subject", "name", "roles", "areas", "since", "until", prose=("name", "areas"))
    for row in in_database(sessions.present):
        areas = "everywhere" if row["areas"] is None else " ".join(row["areas"])
        times = local(row["created_at"]), local(row["expires_at"])
        table.row(row["subject"], row["name"], " ".join(row["roles"]), areas, *times)
    table.show(out)


@app.command("end")
def end(
    subject: Annotated[str, typer.Argument(help="The person's subject, as `halong sessions list` shows it.")],
) -> None:
    """Log a person out of every browser, within a minute. Close the account at the provider first.

    Example: `halong sessions end 5f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52`
    """
    from api.queries import sessions

    number = in_database(lambda conn: sessions.end_all(conn, subject))
    typer.echo(f"{number} {'session' if number == 1 else 'sessions'} of {subject} ended")
