"""CSV answers of any length: page after page by key, so that a slow reader holds no connection."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse
from psycopg import AsyncConnection

from api import csvs
from api.queries import Row

_CHUNK = 5_000

#: (connection, the last row so far or None, how many) -> rows
Fetch = Callable[[AsyncConnection[Any], Row | None, int], Awaitable[list[Row]]]


async def csv_answer(request: Request, name: str, columns: Sequence[str], fetch: Fetch) -> StreamingResponse:
    """Return the rows that `fetch` gives as a CSV file called `name`.

    The first rows are read before the answer begins, so that an error is still told as a problem.
    """
    pool = request.app.state.pool

    async def read(last: Row | None) -> list[Row]:
        async with pool.connection() as conn:
            return await fetch(conn, last, _CHUNK)

    async def text(rows: list[Row]) -> AsyncIterator[str]:
        yield csvs.header(columns)
        while rows:
            yield csvs.body(columns, rows)
            rows = await read(rows[-1]) if len(rows) == _CHUNK else []

    disposition = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(text(await read(None)), media_type=csvs.MEDIA_TYPE, headers=disposition)
