"""`halong config …`: what gateways are to be configured as, and whether they are."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from runtime.commands.instants import local
from runtime.commands.named_values import named_values
from runtime.commands.running import By, DryRun, in_database, own_name
from runtime.device_report import plain
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.configs import Change

app = typer.Typer(no_args_is_help=True, help="Desired configuration of gateways.")
out = Console(highlight=False, soft_wrap=True)
_STYLES = {"applied": "green", "pending": "yellow"}
_REPEATED = "; repeat it for several."


@app.command("set")
def set_(
    gateways: Annotated[list[str], typer.Argument(help="Codes of gateways.")],
    interval: Annotated[
        list[str] | None,
        typer.Option(help=f"DEVICE/PROPERTY=SECONDS: a sampling interval; empty: the firmware's{_REPEATED}"),
    ] = None,
    enable: Annotated[list[str] | None, typer.Option(help=f"A device that is to measure{_REPEATED}")] = None,
    disable: Annotated[list[str] | None, typer.Option(help=f"A device that is not to{_REPEATED}")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option(help=f"NAME=VALUE, JSON or text, for the firmware; null removes it{_REPEATED}"),
    ] = None,
    note: Annotated[str, typer.Option(help="Why, for the history.")] = "",
    by: By = "",
    dry_run: DryRun = False,
) -> None:
    """Change what gateways are to be configured as; ingest publishes it, and the broker keeps it for them.

    What is not named stays as it is. The registry's sampling intervals follow, so that availability counts by
    what a device is told.

    Example: `halong config set ha-long-1 --interval ha-long-air-1/pm2_5=60 --dry-run`
    """
    patch = patch_of(interval or [], enable or [], disable or [], setting or [])
    if not patch:
        raise typer.BadParameter("say what is to change: --interval, --enable, --disable or --setting")
    who = by or own_name()
    changes = in_database(lambda conn: _set(conn, gateways, patch, who, note, dry_run=dry_run))
    for gateway, made in changes.items():
        _print_change(gateway, made, dry_run=dry_run)


def patch_of(
    intervals: list[str], enabled: list[str], disabled: list[str], chosen: list[str]
) -> dict[str, Any]:
    """Return the merge patch (RFC 7396) that options mean.

    Raises:
        typer.BadParameter: one has another form.
    """
    devices: dict[str, dict[str, Any]] = {}
    for each in intervals:
        place, equals, seconds = each.partition("=")
        device, slash, code = place.partition("/")
        if not (equals and slash and (seconds.isdecimal() or not seconds)):
            raise typer.BadParameter(f"{each!r} is not DEVICE/PROPERTY=SECONDS", param_hint="--interval")
        wanted = devices.setdefault(device, {}).setdefault("intervals", {})
        wanted[code] = int(seconds) if seconds else None
    for device in disabled:
        devices.setdefault(device, {})["enabled"] = False
    for device in enabled:
        devices.setdefault(device, {})["enabled"] = True
    parts = {"devices": devices, "settings": named_values(chosen, "--setting")}
    return {name: part for name, part in parts.items() if part}


async def _set(
    conn: AsyncConnection[Any],
    gateways: list[str],
    patch: dict[str, Any],
    by: str,
    note: str,
    *,
    dry_run: bool,
) -> dict[str, Change]:
    from devices.configs import change
    from storage.actor import act_as

    async with conn.transaction():
        await act_as(conn, f"command line, {by}")
        return {each: await change(conn, each, patch, by=by, note=note, dry_run=dry_run) for each in gateways}


def _print_change(gateway: str, made: Change, *, dry_run: bool) -> None:
    if not made.is_new:
        out.print(f"{gateway}: version {made.version} says so already")
        return
    out.print(f"{gateway}: {'would become ' if dry_run else ''}version {made.version}")
    for name in sorted(made.before.keys() | made.after.keys()):
        before, after = (json.dumps(each.get(name), ensure_ascii=False) for each in (made.before, made.after))
        if before != after:
            out.print(Text(f"  - {name}: {before}", "red"))
            out.print(Text(f"  + {name}: {after}", "green"))


@app.command("list")
def list_(
    drift: Annotated[
        bool, typer.Option("--drift", help="Only those that are not as they should be.")
    ] = False,
) -> None:
    """List gateways that are configured, or say that they are, and how far they are.

    Example: `halong config list --drift`
    """
    from devices.configs import configured

    found = [each for each in in_database(configured) if not (drift and each.state == "applied")]
    table = Listing("gateway", "state", "wanted", "reported", "since", "by", "note", prose=("by", "note"))
    for each in found:
        table.row(
            each.gateway,
            Text(each.state, _STYLES.get(each.state, "red")),
            _number(each.version),
            _number(each.reported_version),
            local(each.created_at),
            Text(each.created_by or ""),
            Text(plain(each.error or each.note or "")),
        )
    table.show(out)


def _number(version: int | None) -> str:
    return "–" if version is None else str(version)


@app.command("show")
def show(gateway: Annotated[str, typer.Argument(help="The gateway's code.")]) -> None:
    """Show what a gateway is to be configured as, and what it reports.

    Example: `halong config show ha-long-1`
    """
    from devices.configs import configured

    found = in_database(lambda conn: configured(conn, gateway))
    if not found:
        raise typer.BadParameter(f"gateway {gateway!r} has no configuration, and reports none")
    (each,) = found
    wanted, reported = _number(each.version), _number(each.reported_version)
    out.print(f"{gateway}: {each.state}, wanted version {wanted}, reported {reported}")
    for name, value in (("hash", each.hash), ("reported", each.reported_hash), ("error", each.error)):
        if value:
            out.print(f"  {name:<8} {plain(value)}", markup=False)
    out.print(json.dumps(each.config or {}, ensure_ascii=False, indent=2), markup=False)
