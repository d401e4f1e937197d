"""What an export is made of: fixed when it is asked for, and read when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from api import export_values, series
from api.formats.table import Style, Table
from api.parameters import now, require_known, resolved
from api.periods import Asked
from api.problems import Problem, invalid
from api.queries import observations as queries
from api.queries.observations import Span, StreamFilter
from api.schemas.exports import NewExport
from api.series import Reading
from api.tables import observations as tables
from api.times import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.known import Registry
    from api.queries import Row
    from runtime.settings import Settings

#: datastreams of one export
MOST_STREAMS: Final = 100_000
_USUAL: Final = Duration(days=1)
_WHOSE: Final = ("datastream", "thing", "property", "area")


@dataclass(frozen=True)
class Source:
    """A table, its rows, and how it is to be written."""

    table: Table
    batches: Batches
    style: Style


async def fixed(
    pool: AsyncConnectionPool[Any], registry: Registry, wanted: NewExport, zone: ZoneInfo
) -> tuple[NewExport, int]:
    """Return what is wanted so that it means the same whenever it is read, and how many rows to expect.

    Raises:
        Problem: 422 or 404; something cannot be used, or nothing has what is asked for.
    """
    for name in wanted.misplaced():
        other = f"no such field, or what={_other(wanted)}"
        raise invalid(name, getattr(wanted, name), f"it chooses nothing of {wanted.what}", other)
    if not (wanted.start or wanted.end or wanted.period):
        raise invalid("from", None, "it is not said of which period", "period, or from and to")
    if wanted.what == "indicator_values":
        return await export_values.fixed(pool, registry, wanted, zone)
    async with pool.connection() as conn:
        found = await _with_instants(conn, wanted, zone)
        return found, (await _reading(conn, found, zone)).rows


async def source_of(
    pool: AsyncConnectionPool[Any], registry: Registry, settings: Settings, export: Row
) -> Source:
    """Return what a row of `exports` asks for.

    Raises:
        Problem: nothing has what is asked for any more.
    """
    wanted, zone = NewExport.model_validate(export["parameters"]), settings.zone
    if wanted.what == "indicator_values":
        table, batches, about = await export_values.rows_of(pool, registry, wanted, zone)
    else:
        async with pool.connection() as conn:
            reading = await _reading(conn, wanted, zone)
        table, batches = tables.TABLES[wanted.rollup], series.batches(pool, reading)
        about = {"rollup": wanted.rollup}
    return Source(table, batches, _style(wanted, zone, about))


def _style(wanted: NewExport, zone: ZoneInfo, about: Mapping[str, str]) -> Style:
    told = {"source": "halong", "from": str(wanted.start), "to": str(wanted.end), **about}
    return Style(wanted.headers, wanted.bom, wanted.decimal, zone, told)


def _other(wanted: NewExport) -> str:
    return "observations" if wanted.what == "indicator_values" else "indicator_values"


async def _with_instants(conn: AsyncConnection[Any], wanted: NewExport, zone: ZoneInfo) -> NewExport:
    if not any(getattr(wanted, name) for name in _WHOSE):
        raise invalid(
            "thing", None, "it is not said whose observations", "thing, area, property or datastream"
        )
    await require_known(conn, "thing", "thing", *wanted.thing or ())
    await require_known(conn, "observed property", "property", *wanted.property or ())
    await require_known(conn, "area", "area", *wanted.area or ())
    span = resolved(Asked(wanted.start, wanted.end, wanted.period), _USUAL, zone=zone, now=now())
    return wanted.fixed(start=span.start.isoformat(), end=span.end.isoformat())


async def _reading(conn: AsyncConnection[Any], wanted: NewExport, zone: ZoneInfo) -> Reading:
    chosen = StreamFilter(wanted.datastream, wanted.thing, wanted.property, wanted.area)
    start, end = (datetime.fromisoformat(str(each)) for each in (wanted.start, wanted.end))
    span = Span(start, end, zone)
    places = await queries.streams(conn, chosen, span, MOST_STREAMS)
    if not places:
        raise Problem("not-found", "nothing measures that: /v1/datastreams lists what is measured")
    return Reading(places, span, wanted.rollup)
