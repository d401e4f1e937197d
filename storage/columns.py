"""Rows as a numpy structured array: in through binary COPY, out as one value a column.

psycopg needs longer for a row than the server: packed columns come several times as fast as COPY's rows.
"""

from __future__ import annotations

from datetime import UTC
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import LiteralString

    from numpy.typing import NDArray
    from psycopg import AsyncConnection

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
#: PostgreSQL counts time from 2000-01-01, in microseconds.
EPOCH_2000 = 946_684_800_000_000
_SENT_BY = {"i2": "int2send", "i4": "int4send", "i8": "int8send", "f8": "float8send", "b1": "boolsend"}
_TIME, _INSTANT, _TEXT = "time", "M8[us]", "O"


async def read(
    conn: AsyncConnection[Any],
    query: LiteralString,
    arguments: Sequence[Any] | Mapping[str, Any],
    dtype: np.dtype[np.void],
) -> NDArray[np.void]:
    """Return the rows of an ordered query as an array of `dtype`, shape (n,).

    The query's columns are named as the fields of `dtype`: boolean, int2, int4, int8, float8, never null; a
    field of type M8[us], or called `time`, is a timestamptz and becomes microseconds since 1970 UTC; one of
    objects is text, and None where it is null.
    """
    names = dtype.names or ()
    packed = sql.SQL(", ").join(_packed(name, dtype[name]) for name in names)
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(sql.SQL("SELECT {} FROM ({}) s").format(packed, sql.SQL(query)), arguments)
        found = await cursor.fetchone()
    sent = [_unpacked(name, dtype[name], each) for name, each in zip(names, found or (), strict=True)]
    rows = np.empty(len(sent[0]), dtype)
    for name, column in zip(names, sent, strict=True):
        rows[name] = column
    return rows


def _packed(name: str, kind: np.dtype[Any]) -> sql.Composed:
    if kind == _TEXT:
        return sql.SQL("array_agg({})").format(sql.Identifier(name))
    send = "timestamptz_send" if _is_instant(name, kind) else _SENT_BY[kind.str[1:]]
    return sql.SQL("string_agg({}({}), ''::bytea)").format(sql.SQL(send), sql.Identifier(name))


def _unpacked(name: str, kind: np.dtype[Any], sent: Any) -> NDArray[Any]:
    if kind == _TEXT:
        return np.fromiter(sent or (), kind)
    if _is_instant(name, kind):
        return (np.frombuffer(sent or b"", ">i8").astype("i8") + EPOCH_2000).view(kind)
    return np.frombuffer(sent or b"", kind.newbyteorder(">"))


def _is_instant(name: str, kind: np.dtype[Any]) -> bool:
    return name == _TIME or kind == _INSTANT


def instants(times: NDArray[np.datetime64]) -> list[datetime]:
    """Return times of type M8[us] as aware datetimes in UTC."""
    return [each.replace(tzinfo=UTC) for each in times.tolist()]


def encode(rows: NDArray[np.void]) -> bytearray:
    """Return an array, shape (n,), as a whole binary COPY stream of its fields.

    The wire form is built by numpy for all rows at once: one structured big-endian array whose bytes are the
    stream (PostgreSQL 17, COPY, "Binary Format").
    """
    names, row = rows.dtype.names or (), _wire(rows.dtype)
    stream = bytearray(len(_HEADER) + len(rows) * row.itemsize + len(_TRAILER))
    stream[: len(_HEADER)], stream[-len(_TRAILER) :] = _HEADER, _TRAILER
    wire = np.frombuffer(stream, row, len(rows), len(_HEADER))
    wire["fields"] = len(names)
    for name in names:
        wire[f"length of {name}"] = rows.dtype[name].itemsize
        wire[name] = rows[name] - EPOCH_2000 if name == _TIME else rows[name]
    return stream


@cache
def _wire(dtype: np.dtype[np.void]) -> np.dtype[np.void]:
    """The wire form of a row: its field count, then each field's length and big-endian bytes."""
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for name in dtype.names or ():
        fields += [(f"length of {name}", ">i4"), (name, dtype[name].newbyteorder(">"))]
    return np.dtype(fields)
