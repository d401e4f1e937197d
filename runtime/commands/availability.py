"""`halong devices availability`: how much of a period gateways and things were there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import track

from runtime.commands.instants import instant, local
from runtime.commands.running import in_database

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.availability import Availability, Span

out = Console(highlight=False, soft_wrap=True)
_DAY = timedelta(days=1)


def availability(
    things: Annotated[list[str] | None, typer.Argument(help="Codes of things.")] = None,
    gateway: Annotated[list[str] | None, typer.Option(help="A gateway; repeat it for several.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Date or RFC 3339 time; default: a day before the end.")
    ] = None,
    end: Annotated[str, typer.Option("--to", help="The same, or now.")] = "now",
) -> None:
    """Tell how much of a period things and gateways were there, and when they were not.

    A thing is silent from two of its shortest sampling intervals after an observation on, by their own times.
    A gateway is offline by its status and will, and silent from two heartbeats after its readings came. While
    halong was not listening, nothing is known of it.

    Example: `halong devices availability ha-long-air-1 --gateway ha-long-1 --from 2026-11-20`
    """
    from devices import heard

    if not things and not gateway:
        raise typer.BadParameter("name things, or gateways by --gateway")
    until = min(instant(end, "--to"), datetime.now(UTC))
    since = instant(start, "--from") if start else until - _DAY
    if not timedelta() < until - since <= heard.LONGEST:
        raise typer.BadParameter(f"--from is not within {heard.LONGEST.days} days before --to")
    in_database(lambda conn: _tell(conn, things or [], gateway or [], since, until))


async def _tell(
    conn: AsyncConnection[Any], things: list[str], gateways: list[str], start: datetime, end: datetime
) -> None:
    from devices import heard

    asked = [*((heard.of_thing, each) for each in things), *((heard.of_gateway, each) for each in gateways)]
    for find, code in track(asked, "reading", transient=True, console=Console(stderr=True)):
        _print(code, await find(conn, code, start, end))


def _print(code: str, found: Availability) -> None:
    share = "nothing is known" if found.share is None else f"{100 * found.share:.2f} %"
    out.print(f"{code}: {share} from {local(found.start)} to {local(found.end)}")
    for each in found.spans:
        out.print(f"  {local(each.start)} to {local(each.end)}  {_length(each)}  {each.why}")


def _length(span: Span) -> str:
    return str(timedelta(seconds=round((span.end - span.start).total_seconds())))
