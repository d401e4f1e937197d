"""What an export is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from api import series
from api.formats.table import Style, Table
from api.problems import Problem
from api.queries import observations as queries
from api.queries.observations import Span, StreamFilter
from api.schemas.exports import NewExport
from api.series import Reading
from api.tables import observations as tables

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.queries import Row
    from runtime.settings import Settings

#: datastreams of one export
MOST_STREAMS: Final = 100_000


@dataclass(frozen=True)
class Source:
    """A table, its rows, and how it is to be written."""

    table: Table
    batches: Batches
    style: Style


async def source_of(pool: AsyncConnectionPool[Any], settings: Settings, export: Row) -> Source:
    """Return what a row of `exports` asks for.

    Raises:
        Problem: nothing measures what is asked for.
    """
    wanted = NewExport.model_validate(export["parameters"])
    async with pool.connection() as conn:
        reading = await reading_of(conn, settings, wanted)
    about = {"source": "halong", "from": wanted.start, "to": wanted.end, "rollup": wanted.rollup}
    style = Style(wanted.headers, wanted.bom, wanted.decimal, settings.zone, about)
    return Source(tables.TABLES[wanted.rollup], series.batches(pool, reading), style)


async def reading_of(conn: AsyncConnection[Any], settings: Settings, wanted: NewExport) -> Reading:
    """Return what is to be read; `wanted` has its period as instants.

    Raises:
        Problem: 404 where nothing measures what is asked for.
    """
    chosen = StreamFilter(wanted.datastream, wanted.thing, wanted.property, wanted.area)
    streams = await queries.streams(conn, chosen, MOST_STREAMS)
    if not streams:
        raise Problem("not-found", "nothing measures that: /v1/datastreams lists what is measured")
    start, end = (datetime.fromisoformat(each) for each in (wanted.start, wanted.end))
    return Reading(streams, Span(start, end, settings.zone), wanted.rollup)
