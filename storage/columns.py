"""Rows of fixed width as a numpy structured array: in through binary COPY, out as one value a column.

psycopg needs longer for a row than the server: packed columns come several times as fast as COPY's rows.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: PostgreSQL counts time from 2000-01-01, in microseconds.
EPOCH_2000 = 946_684_800_000_000
_SENT_BY = {"i2": "int2send", "i4": "int4send", "i8": "int8send", "f8": "float8send", "b1": "boolsend"}
_TIME = "time"


async def read(
    conn: AsyncConnection[Any],
    query: LiteralString,
    arguments: Sequence[Any] | Mapping[str, Any],
    dtype: np.dtype[np.void],
) -> NDArray[np.void]:
    """Return the rows of an ordered query as an array of `dtype`, shape (n,).

    The query's columns are named as the fields of `dtype`: boolean, int2, int4, int8, float8, never null; a
    field called `time` is a timestamptz and becomes microseconds since 1970 UTC.
    """
    names = dtype.names or ()
    packed = sql.SQL(", ").join(
        sql.SQL("string_agg({}({}), ''::bytea)").format(
            sql.SQL("timestamptz_send" if name == _TIME else _SENT_BY[dtype[name].str[1:]]),
            sql.Identifier(name),
        )
        for name in names
    )
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(sql.SQL("SELECT {} FROM ({}) s").format(packed, sql.SQL(query)), arguments)
        found = await cursor.fetchone()
    sent = [
        np.frombuffer(each or b"", dtype[name].newbyteorder(">"))
        for name, each in zip(names, found or (), strict=True)
    ]
    rows = np.empty(len(sent[0]), dtype)
    for name, column in zip(names, sent, strict=True):
        rows[name] = column + EPOCH_2000 if name == _TIME else column
    return rows


def encode(rows: NDArray[np.void]) -> bytes:
    """Return an array, shape (n,), as a whole binary COPY stream of its fields.

    The wire form is built by numpy for all rows at once: one structured big-endian array whose bytes are the
    stream (PostgreSQL 17, COPY, "Binary Format").
    """
    wire = np.empty(len(rows), _wire(rows.dtype))
    wire["fields"] = len(rows.dtype.names or ())
    for name in rows.dtype.names or ():
        wire[f"length of {name}"] = rows.dtype[name].itemsize
        wire[name] = rows[name] - EPOCH_2000 if name == _TIME else rows[name]
    return b"".join((_HEADER, wire.tobytes(), _TRAILER))


@cache
def _wire(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """The wire form of a row: its field count, then each field's length and big-endian bytes."""
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for name in dtype.names or ():
        fields += [(f"length of {name}", ">i4"), (name, dtype[name].newbyteorder(">"))]
    return np.dtype(fields)
