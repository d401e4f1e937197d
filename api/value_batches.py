"""Values of indicators, all of a question's, page after page: for files and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import questions, values
from api.answers import by_key
from api.queries import indicators as queries
from api.tables.indicators import value_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg import AsyncConnection
    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.formats.table import Table
    from api.known import Known
    from api.queries import Row
    from api.queries.indicators import Stored
    from api.stand_ins import Choice, Series


def batches(
    pool: AsyncConnectionPool[Any],
    known: Known,
    choice: Choice,
    table: Table,
    *,
    as_of: datetime,
    zone: ZoneInfo,
) -> Batches:
    """Yield the values of some series as they were in force at an instant, by indicator, area and time."""

    async def fetch(conn: AsyncConnection[Any], last: Row | None, limit: int) -> list[Row]:
        key = (last["indicator"], last["area_id"], last["time"]) if last else None
        series = questions.after(choice, key).series
        rows = await queries.values(conn, series, tuple(queries.FIELDS), as_of=as_of, limit=limit)
        ids = [series[row[-1] - 1].unit.id for row in rows]
        told = [value_row(explained(known, row, series, zone)) for row in rows]
        return [row | {"area_id": area} for row, area in zip(told, ids, strict=True)]

    return by_key(pool, table, fetch)


def explained(known: Known, row: Stored, series: Sequence[Series], zone: ZoneInfo) -> Row:
    """Return a value that was read of some series, with all of FIELDS, as a row that explains itself."""
    of = series[row[-1] - 1]
    return values.value(row, of.unit, known, zone, of.stands_for)
