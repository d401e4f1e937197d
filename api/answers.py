"""Tables as answers: batches of rows become a file while they are sent.

Rows are read page after page by key, so that a slow reader holds no connection, and written in a thread.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pyarrow as pa
from fastapi import Request
from fastapi.responses import StreamingResponse
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from api.formats.kinds import KINDS, writer
from api.formats.table import Table, Writer
from api.lending import lent
from api.negotiation import Wanted
from api.queries import Row

#: rows that are read at once where they come as dictionaries
CHUNK = 5_000

Batches = AsyncGenerator[pa.RecordBatch, None]
#: (connection, the last row so far or None, how many) -> rows
Fetch = Callable[[AsyncConnection[Any], Row | None, int], Awaitable[list[Row]]]

_NO_ROWS = "no rows: nothing that the request asks for is stored"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


async def by_key(
    pool: AsyncConnectionPool[Any], table: Table, fetch: Fetch, first: AsyncConnection[Any] | None = None
) -> Batches:
    """Yield the rows that `fetch` gives, page after page; between two pages no connection is held.

    The first page is read on the connection `first` that a request may hold already: requests that each held
    one and waited for a second would wait for each other.
    """
    last: Row | None = None
    while True:
        async with lent(pool, first) as conn:
            rows = await fetch(conn, last, CHUNK)
        first = None
        if rows:
            yield table.batch(rows)
        if len(rows) < CHUNK:
            return
        last = rows[-1]


async def table_answer(
    table: Table, wanted: Wanted, batches: Batches, *, name: str, about: Mapping[str, str] | None = None
) -> StreamingResponse:
    """Return a table as a file called `name`; `about` is what the file says of itself.

    The first rows are read before the answer begins, so that an error is still told as a problem. A later one
    breaks the answer off: the connection is closed in the middle of a chunk, which every client takes for an
    error (RFC 9112, 8).
    """
    kind, first = KINDS[wanted.format], await anext(batches, None)
    told = dict(about or {}) | ({"note": _NO_ROWS} if first is None else {})
    made = writer(wanted.format, table, replace(wanted.style, about=told))
    disposition = f'attachment; filename="{_NOT_IN_NAMES.sub("-", name)}.{kind.suffix}"'
    return StreamingResponse(
        written(made, _after(first, batches)),
        media_type=kind.content_type,
        headers={"Content-Disposition": disposition},
    )


async def written(made: Writer, batches: Batches) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a file, batch by batch; writing one holds up nobody else."""
    try:
        yield made.begin()
        async with aclosing(batches):
            async for batch in batches:
                yield await asyncio.to_thread(made.write, batch)
        yield await asyncio.to_thread(made.end)
    finally:
        made.close()


async def _after(first: pa.RecordBatch | None, batches: Batches) -> Batches:
    async with aclosing(batches):
        if first is None:
            return
        yield first
        async for batch in batches:
            yield batch


def request_pool(request: Request) -> AsyncConnectionPool[Any]:
    """Return the application's pool of connections."""
    pool: AsyncConnectionPool[Any] = request.app.state.pool
    return pool
