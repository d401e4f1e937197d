"""`halong quality …`: flags of observations, the rules that give them, and calibrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from runtime.commands.instants import instant, local
from runtime.commands.running import run
from runtime.listing import Listing
from runtime.settings import settings

if TYPE_CHECKING:
    from analytics.quality_rules import RuleSet
    from analytics.quality_run import Flagged
    from analytics.quality_store import FlaggedObservation

app = typer.Typer(no_args_is_help=True, help="Quality control of observations.")
out = Console(highlight=False, soft_wrap=True)

Start = Annotated[str, typer.Option("--from", help="RFC 3339 time or local date.")]
End = Annotated[str, typer.Option("--to", help="RFC 3339 time or local date, not included; or `now`.")]


@app.command("flags")
def flags(
    thing: Annotated[str, typer.Argument(help="Code of the thing.")],
    start: Start,
    end: End = "now",
    prop: Annotated[str | None, typer.Option("--property", help="Code of one observed property.")] = None,
) -> None:
    """List the flagged observations of a thing: value as measured, flags, whether indicators leave it out.

    Example: `halong quality flags ha-long-air-1 --from 2026-11-20 --property pm2_5`
    """
    found = run(_flags(thing, instant(start, "--from"), instant(end, "--to"), prop))
    if not found:
        out.print(f"no observation of {thing} has a flag in the period")
        return
    _table_of(found).show(out)
    out.print(f"by rules {', '.join(sorted({each.rule_version for each in found}))}")


def _table_of(found: list[FlaggedObservation]) -> Listing:
    from analytics.quality import names

    table = Listing("time", "property", "value", "flags", "in indicators")
    for each in found:
        value = "–" if each.value is None else f"{each.value:g}"
        flagged = " ".join(names(each.flags))
        used = "left out" if each.excluded else "used"
        table.row(local(each.time), each.observed_property, value, flagged, used)
    return table


async def _flags(thing: str, start: datetime, end: datetime, prop: str | None) -> list[FlaggedObservation]:
    from analytics.quality_store import list_flags
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        return await list_flags(conn, thing, start, end, prop)


@app.command("rules")
def rules(
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="Code of the observed property.")],
) -> None:
    """Print the rules of an observed property as they are in force in this city, as JSON.

    Example: `halong quality rules pm2_5`
    """
    import msgspec

    found = run(_rules())
    if prop not in found.by_property:
        raise typer.BadParameter(f"no rules for {prop!r}: {', '.join(found.by_property)}")
    text = msgspec.json.format(msgspec.json.encode(found.by_property[prop]), indent=2).decode()
    out.print(f"rules {found.version} of {prop}", text, sep="\n", markup=False)


async def _rules() -> RuleSet:
    from analytics.quality_store import read_rules
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        return await read_rules(conn)


@app.command("run")
def run_(start: Start, end: End = "now") -> None:
    """Flag a period again, after other rules or coordinates; analytics computes again the hours that change.

    Example: `halong quality run --from 2026-11-20 --to 2026-11-22`
    """
    # The running hour is judged when it has ended.
    first = instant(start, "--from")
    last = min(instant(end, "--to"), datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    if first >= last:
        raise typer.BadParameter(f"--from {start} is not before --to {end} and before the running hour")
    found = run(_run(first, last))
    out.print(
        f"{found.flags} observations flagged; {len(found.changed)} hours of datastreams changed "
        "and are queued for analytics"
    )


async def _run(start: datetime, end: datetime) -> Flagged:
    from analytics.quality_run import flag_again
    from storage.pool import connect

    async with await connect(settings().require_database_url()) as conn:
        return await flag_again(conn, start, end)


@app.command("calibrate")
def calibrate(
    thing: Annotated[str, typer.Argument(help="Code of the thing.")],
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="Code of the observed property.")],
    start: Start,
    reference: Annotated[str, typer.Option(help="Certificate, colocation or reason.")],
    end: Annotated[
        str | None, typer.Option("--to", help="Not included; without it: until further notice.")
    ] = None,
    gain: Annotated[float, typer.Option(help="Factor of the value as measured.")] = 1.0,
    offset: Annotated[float, typer.Option(help="Added after that, in the property's unit.")] = 0.0,
) -> None:
    """Have indicators use gain · value + offset for a time; observations stay as measured.

    Example: `halong quality calibrate ha-long-air-1 pm2_5 --from 2026-11-01 --gain 0.92 --reference K-114`
    """
    until = None if end is None else instant(end, "--to")
    queued = run(_calibrate(thing, prop, (instant(start, "--from"), until), (gain, offset), reference))
    if queued is None:
        out.print("it is recorded already")
    else:
        out.print(f"recorded; {queued} observed hours are queued: analytics flags and computes them again")


async def _calibrate(
    thing: str,
    prop: str,
    period: tuple[datetime, datetime | None],
    terms: tuple[float, float],
    reference: str,
) -> int | None:
    from analytics import calibrations, quality_store
    from devices.edit import ExistsError
    from devices.entries import FieldError
    from storage.pool import connect

    (start, end), (gain, offset) = period, terms
    async with await connect(settings().require_database_url()) as conn:
        datastream = await quality_store.datastream_id(conn, thing, prop)
        if datastream is None:
            raise typer.BadParameter(f"{thing!r} does not measure {prop!r}: see `halong devices list`")
        try:
            _, queued = await calibrations.add(
                conn,
                datastream,
                valid_from=start,
                valid_to=end,
                gain=gain,
                offset=offset,
                reference=reference,
            )
        except (ExistsError, FieldError) as error:
            raise typer.BadParameter(str(error)) from error
    return queued
