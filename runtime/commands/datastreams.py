"""`halong things datastream`: what a thing measures, one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.commands.entries import Code, Enabled, given_alone
from runtime.commands.entry import change_in, changing, checked, create_in
from runtime.commands.labels import Tags, Untags, labelled
from runtime.commands.running import DryRun, in_database

if TYPE_CHECKING:
    from psycopg import AsyncConnection


def set_datastream(
    thing: Code,
    prop: Annotated[str, typer.Argument(metavar="PROPERTY", help="Code of the observed property.")],
    interval: Annotated[
        int | None, typer.Option("--interval", help="Seconds between samples; the property's if left out.")
    ] = None,
    tags: Tags = None,
    untags: Untags = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
) -> None:
    """Have a thing measure a property, or change what is named of how it does; the rest stays.

    Example: `halong things datastream ha-long-air-1 pm2_5 --interval 60 --tag reference --dry-run`
    """
    given = given_alone(sampling_interval_s=interval, enabled=enabled)
    in_database(lambda conn: _set(conn, thing, prop, given, (tags, untags), dry_run=dry_run))


async def _set(
    conn: AsyncConnection[Any],
    thing: str,
    prop: str,
    given: dict[str, Any],
    labels: tuple[list[str] | None, list[str] | None],
    *,
    dry_run: bool,
) -> None:
    from api.schemas.registration import DatastreamChange, NewDatastream
    from devices.edit import datastream_number
    from devices.entries import DATASTREAM

    number = await datastream_number(conn, thing, prop)
    if number is None:
        named = {"thing": thing, "observed_property": prop, **given, **labelled({}, *labels)}
        async with changing(conn, dry_run=dry_run):
            await create_in(conn, DATASTREAM, checked(NewDatastream, named))
        return
    called = number, f"{thing}/{prop}"
    await change_in(
        conn, DATASTREAM, called, DatastreamChange, given, lambda now: labelled(now, *labels), dry_run=dry_run
    )
