"""`halong quality …`: flags of observations, the rules that give them, and calibrations."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from runtime.commands.instants import instant, local
from runtime.commands.running import in_database
from runtime.listing import Listing

if TYPE_CHECKING:
    from psycopg import AsyncConnection

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
    from analytics.quality_store import list_flags

    first, last = instant(start, "--from"), instant(end, "--to")
    found = in_database(lambda conn: list_flags(conn, thing, first, last, prop))
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


@app.command("rules")
def rules(
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="Code of the observed property.")],
) -> None:
    """Print the rules of an observed property as they are in force in this city, as JSON.

    Example: `halong quality rules pm2_5`
    """
    import msgspec

    from analytics.quality_store import read_rules

    found = in_database(read_rules)
    if prop not in found.by_property:
        raise typer.BadParameter(f"no rules for {prop!r}: {', '.join(found.by_property)}")
    text = msgspec.json.format(msgspec.json.encode(found.by_property[prop]), indent=2).decode()
    out.print(f"rules {found.version} of {prop}", text, sep="\n", markup=False)


@app.command("run")
def run_(start: Start, end: End = "now") -> None:
    """Flag a period again, after other rules or coordinates; analytics computes again the hours that change.

    Example: `halong quality run --from 2026-11-20 --to 2026-11-22`
    """
    from analytics.quality_run import flag_again

    # The running hour is judged when it has ended.
    first = instant(start, "--from")
    last = min(instant(end, "--to"), datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
    if first >= last:
        raise typer.BadParameter(f"--from {start} is not before --to {end} and before the running hour")
    found = in_database(lambda conn: flag_again(conn, first, last))
    out.print(
        f"{found.flags} observations flagged; {len(found.changed)} hours of datastreams changed "
        "and are queued for analytics"
    )


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
    period = instant(start, "--from"), until
    queued = in_database(lambda conn: _calibrate(conn, thing, prop, period, (gain, offset), reference))
    if queued is None:
        out.print("it is recorded already")
    else:
        out.print(f"recorded; {queued} observed hours are queued: analytics flags and computes them again")


async def _calibrate(
    conn: AsyncConnection[Any],
    thing: str,
    prop: str,
    period: tuple[datetime, datetime | None],
    terms: tuple[float, float],
    reference: str,
) -> int | None:
    from analytics import calibrations, quality_store
    from devices.edit import ExistsError
    from devices.entries import FieldError

    (start, end), (gain, offset) = period, terms
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
