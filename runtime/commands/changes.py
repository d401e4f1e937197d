"""`halong changes`: who changed what in the registry."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from runtime.commands.instants import local
from runtime.commands.running import in_database

if TYPE_CHECKING:
    from api.queries import Row

out = Console(highlight=False, soft_wrap=True)
#: characters of a value that are shown
_LENGTH = 80


def changes(
    kind: Annotated[
        str | None, typer.Option(help="Only gateway, thing, datastream, api_key, alert_rule …")
    ] = None,
    code: Annotated[str | None, typer.Option(help="Only of what is called so; a key by its prefix.")] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only by whom the name begins so: 'key 1a2b3c4d', 'command line'.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=36_500, help="How far back.")] = 7,
    limit: Annotated[int, typer.Option(min=1, help="How many at most: the newest ones.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="All values, a line of JSON each.")] = False,
) -> None:
    """Show who changed gateways, things, keys, rules and all else that is registered; the newest last.

    Example: `halong changes --kind thing --code ha-long-air-1 --days 30`
    """
    from api.queries import changes as queries

    now = datetime.now(UTC)
    start = now - timedelta(days=days)
    wanted = queries.ChangeFilter(start=start, end=now, kind=kind, code=code, actor=actor)
    rows = in_database(lambda conn: queries.changes(conn, wanted, everything=True, limit=limit))
    for row in reversed(rows):
        if as_json:
            typer.echo(json.dumps(row, default=str, ensure_ascii=False))
        else:
            out.print(line(row), markup=False)
    if not rows and not as_json:
        out.print(f"nothing was changed in the last {days} days")


def line(row: Row) -> str:
    """Return a change in one line: `2026-11-22 08:00:00+07:00  key …  change thing aq-1: name "a" -> "b"`."""
    head = f"{local(row['time'])}  {row['actor']}  {row['action']} {row['kind']} {row['code']}"
    return f"{head}: {_difference(row)}" if row["action"] == "change" else head


def _difference(row: Row) -> str:
    before, after = row["before"], row["after"]
    both = ((name, before.get(name), after.get(name)) for name in row["fields"])
    return ", ".join(f"{name} {_shown(old)} -> {_shown(new)}" for name, old, new in both)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"
