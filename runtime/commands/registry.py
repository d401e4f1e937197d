"""`halong registry …`: what is registered as files, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.instants import duration
from runtime.commands.running import DryRun, in_database
from runtime.settings import settings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.bulk import BulkPlan
    from devices.profiles.tables import Tables

app = typer.Typer(
    no_args_is_help=True, help="What is registered, as files: out, changed by many, and in again."
)
out = Console(highlight=False, soft_wrap=True)
#: lines that are younger are kept
_YOUNGEST = timedelta(days=90)


@app.command("export")
def export(
    path: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.json|FILE.csv")],
    table: Annotated[
        str | None,
        typer.Option(help="For FILE.csv: gateways, things, observed_properties or areas; else by its name."),
    ] = None,
) -> None:
    """Write what is registered: a city profile as a folder, all of it as JSON, or one table as CSV.

    An import of the same changes nothing. It has no passwords, keys and outlines.
    Example: `halong registry export things.csv`
    """
    from devices.profiles.export import RECORDS

    if path.suffix == ".csv" and (table or path.stem) not in RECORDS:
        raise typer.BadParameter(f"say which table {path.name} is: --table {', '.join(RECORDS)}")
    files = in_database(lambda conn: _exported(conn, path, table))
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    out.print(f"{len(files)} {'file' if len(files) == 1 else 'files'} written: {path}", markup=False)


async def _exported(conn: AsyncConnection, path: Path, table: str | None) -> dict[Path, str]:
    from devices.profiles.export import as_csv, as_json, folder_files

    tables = await _registered(conn)
    if path.suffix == ".csv":
        return {path: as_csv(tables, table or path.stem)}
    if path.suffix == ".json":
        return {path: as_json(tables)}
    return {path / name: text for name, text in folder_files(tables).items()}


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(metavar="FOLDER|FILE.json|FILE.csv")],
    dry_run: DryRun = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Disable gateways, things and datastreams that are not named.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --prune disables something.")] = False,
) -> None:
    """Bring the registry to what files say, in one step: all rows or none; all wrong rows are told at once.

    What a file does not name stays, unless --prune; nothing is deleted. `enabled` switches a gateway or a
    thing, `pm2_5:300:off` a datastream.
    Example: `halong registry import things.csv --prune --dry-run`
    """
    in_database(lambda conn: _import(conn, path, dry_run=dry_run, prune=prune, yes=yes))


async def _import(conn: AsyncConnection, path: Path, *, dry_run: bool, prune: bool, yes: bool) -> None:
    from analytics.alert_actions import import_rules
    from devices import bulk
    from devices.profiles.bulk_files import read, require_free

    given = read(path, await _registered(conn))
    require_free(given, settings().platform_users)
    plan = await bulk.plan_import(conn, given, prune=prune)
    _show(plan)
    if dry_run:
        out.print("dry run: nothing was changed")
        return
    if plan.unnamed and not (yes or typer.confirm(f"disable these {len(plan.unnamed)}?")):
        raise typer.Abort
    async with conn.transaction():
        await bulk.apply(conn, plan)
        if given.has_rules:
            written = await import_rules(conn, given.tables.alert_rules)
            out.print(f"{written} of {len(given.tables.alert_rules)} alert rules written")


@app.command("forget")
def forget(
    older_than: Annotated[
        str,
        typer.Option("--older-than", help=f"Lines older than so many days, {_YOUNGEST.days} at least: 730d."),
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count them.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete old lines of the log of changes about access: keys, passwords, tokens, certificates, sessions.

    What numbers come from (areas, gateways, things, calibrations, maintenance, rules …) is never deleted:
    an old value can be explained for good. The log keeps that something was deleted, how much, and by whom.
    Example: `halong registry forget --older-than 730d --dry-run`
    """
    from devices import change_log

    age = duration(older_than)
    if age < _YOUNGEST:
        told = (
            f"{older_than!r} is less than {_YOUNGEST.days} days, in which somebody may still ask who it was"
        )
        raise typer.BadParameter(told, param_hint="--older-than")
    before = datetime.now(UTC) - age
    counts = in_database(lambda conn: change_log.forget(conn, before, dry_run=True))
    for kind, count in counts.items():
        out.print(f"  {count} of {kind}")
    if dry_run or not counts:
        out.print("dry run: nothing was deleted" if counts else f"nothing is older than {older_than}")
        return
    if not (yes or typer.confirm(f"delete these {sum(counts.values())} lines?")):
        raise typer.Abort
    done = in_database(lambda conn: change_log.forget(conn, before, dry_run=False))
    out.print(f"{sum(done.values())} lines deleted")


def _show(plan: BulkPlan) -> None:
    for change in plan.effective():
        out.print(f"  {change.describe()}", markup=False)
    out.print(plan.summary(), markup=False)


async def _registered(conn: AsyncConnection) -> Tables:
    from analytics.alert_actions import declared_rules
    from devices.bulk import registered

    return await registered(conn, await declared_rules(conn))
