"""Values of indicators, all of a question's, page after page: for files and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api import answers, questions, value_columns
from api.queries import indicators as queries
from storage.columns import instants

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from psycopg_pool import AsyncConnectionPool

    from api.answers import Batches
    from api.formats.table import Table
    from api.known import Known
    from api.stand_ins import Choice


async def batches(
    pool: AsyncConnectionPool[Any],
    known: Known,
    choice: Choice,
    table: Table,
    *,
    as_of: datetime,
    zone: ZoneInfo,
) -> Batches:
    """Yield the values of some series as they were in force at an instant, by indicator, area and time.

    Between two pages no connection is held.
    """
    key, limit = None, answers.CHUNK
    while True:
        series = questions.after(choice, key).series
        async with pool.connection() as conn:
            rows = await queries.values(conn, series, queries.FIELDS, as_of=as_of, limit=limit)
        if len(rows):
            yield value_columns.of_series(known, series, rows, zone).batch(table)
        if len(rows) < limit:
            return
        key = (*series[rows["series"][-1]].key, instants(rows["time"][-1:])[0])
