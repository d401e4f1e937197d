"""Rows as numpy columns: in through binary COPY, out as one value a column.

psycopg needs longer for a row than the server: packed columns come several times as fast as COPY's rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
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


#: name -> numpy type of a column, as text
Kinds = Mapping[str, str]


@dataclass(frozen=True)
class Columns:
    """Columns of one length, shape (n,), by name: `rows["time"]` is a column, `rows[:10]` has the first rows.

    For rows with text: numpy looks through the fields of a structured array with objects one by one.
    """

    arrays: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(next(iter(self.arrays.values())))

    @overload
    def __getitem__(self, at: str) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, at: slice | NDArray[Any]) -> Columns: ...
    def __getitem__(self, at: str | slice | NDArray[Any]) -> NDArray[Any] | Columns:
        """Return a column by its name, or the rows at some places."""
        if isinstance(at, str):
            return self.arrays[at]
        return Columns({name: column[at] for name, column in self.arrays.items()})

    def replaced(self, **others: NDArray[Any]) -> Columns:
        """Return the same rows with other columns in the place of some."""
        return Columns({**self.arrays, **others})

    @staticmethod
    def joined(parts: Iterable[Columns], kinds: Kinds) -> Columns:
        """Return the rows of all parts, whose columns are of these kinds."""
        found = list(parts)
        return Columns(
            {
                name: np.concatenate([np.empty(0, kind), *(part[name] for part in found)])
                for name, kind in kinds.items()
            }
        )


async def read_columns(
    conn: AsyncConnection[Any],
    query: LiteralString,
    arguments: Sequence[Any] | Mapping[str, Any],
    kinds: Kinds,
) -> Columns:
    """Return the rows of an ordered query as columns.

    The query's columns are named as in `kinds`: boolean, int2, int4, int8, float8, never null; one of type
    M8[us], or called `time`, is a timestamptz and becomes microseconds since 1970 UTC; one of objects is
    text, and None where it is null.
    """
    async with conn.cursor(binary=True) as cursor:
        await cursor.execute(_packing(query, tuple(kinds.items())), arguments)
        found = await cursor.fetchone()
    sent = zip(kinds.items(), found or (), strict=True)
    return Columns({name: unpacked(name, np.dtype(kind), each) for (name, kind), each in sent})


@lru_cache(maxsize=512)
def _packing(query: LiteralString, kinds: tuple[tuple[str, str], ...]) -> bytes:
    # psycopg takes a tenth of a millisecond and more to write out what is composed.
    sent_as = sql.SQL(", ").join(packed(name, np.dtype(kind)) for name, kind in kinds)
    return sql.SQL("SELECT {} FROM ({}) s").format(sent_as, sql.SQL(query)).as_bytes(None)


async def read(
    conn: AsyncConnection[Any],
    query: LiteralString,
    arguments: Sequence[Any] | Mapping[str, Any],
    dtype: np.dtype[np.void],
) -> NDArray[np.void]:
    """Return the rows of an ordered query without text as an array of `dtype`, shape (n,)."""
    kinds = {name: dtype[name].str for name in dtype.names or ()}
    found = await read_columns(conn, query, arguments, kinds)
    rows = np.empty(len(found), dtype)
    for name in kinds:
        rows[name] = found[name]
    return rows


def packed(name: str, kind: np.dtype[Any]) -> sql.Composed:
    """Return the aggregate that packs a query's column: text as an array, all else as its type is sent."""
    if kind == _TEXT:
        return sql.SQL("array_agg({})").format(sql.Identifier(name))
    send = "timestamptz_send" if _is_instant(name, kind) else _SENT_BY[kind.str[1:]]
    return sql.SQL("string_agg({}({}), ''::bytea)").format(sql.SQL(send), sql.Identifier(name))


def unpacked(name: str, kind: np.dtype[Any], sent: Any) -> NDArray[Any]:
    """Return a packed column, shape (n,)."""
    if kind == _TEXT:
        return np.fromiter(sent or (), kind)
    if _is_instant(name, kind):
        return (np.frombuffer(sent or b"", ">i8").astype("i8") + EPOCH_2000).view(kind)
    return np.frombuffer(sent or b"", kind.newbyteorder(">")).astype(kind)


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
