"""Columns in which whatever occurs stands once, and rows of JSON made of them. Pure.

A year of daily values of 13 areas is 4,745 rows, and 13 names: each is encoded once, and rows are joined of
bytes. No object is made per row.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from storage.columns import instants

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_encode: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Column:
    """What occurs in a column, and which of it each row has: places in `things`, shape (n,)."""

    things: Sequence[Any]
    places: NDArray[np.intp]

    def rows(self) -> list[Any]:
        """Return what each row has."""
        return list(map(self.things.__getitem__, self.places.tolist()))

    def each(self, change: Callable[[Any], Any]) -> Column:
        """Return the column with each thing changed."""
        return Column([change(thing) for thing in self.things], self.places)

    def array(self, kind: pa.DataType) -> pa.Array:
        """Return the column for a table; NaN is null."""
        return pa.array(self.things, kind, from_pandas=True).take(pa.array(self.places))


def of_rows(values: Sequence[Any]) -> Column:
    """Return a column of what is seldom equal in two rows."""
    return Column(values, np.arange(len(values)))


def of_objects(values: Sequence[Hashable]) -> Column:
    """Return a column of whatever is told apart by its hash."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    return Column(list(places), np.fromiter(map(places.__getitem__, values), np.intp, len(values)))


def of_numbers(values: NDArray[Any]) -> Column:
    """Return a column of numbers, shape (n,)."""
    things, places = np.unique(values, return_inverse=True)
    return Column(things.tolist(), places)


def of_instants(values: NDArray[np.datetime64]) -> Column:
    """Return a column of instants in UTC, shape (n,)."""
    things, places = np.unique(values, return_inverse=True)
    return Column(instants(things), places)


def of_array(array: pa.Array) -> Column:
    """Return a column of a table: of instants, texts or numbers, none of them null but for numbers."""
    if pa.types.is_timestamp(array.type):
        return of_instants(np.asarray(array.cast(pa.int64())).view("M8[us]"))
    if pa.types.is_string(array.type):
        encoded = array.dictionary_encode()
        return Column(encoded.dictionary.to_pylist(), np.asarray(encoded.indices))
    numbers = array.to_numpy(zero_copy_only=False)
    return of_rows(numbers.tolist()) if pa.types.is_floating(array.type) else of_numbers(numbers)


def json_rows(columns: Mapping[str, Column]) -> msgspec.Raw:
    """Return rows as a list of objects, with a member of each column; NaN is null."""
    return _joined([(_encode(name) + b":", column) for name, column in columns.items()], b"{", b"}")


def json_lists(columns: Iterable[Column]) -> msgspec.Raw:
    """Return rows as a list of lists, with an element of each column; NaN is null."""
    return _joined([(b"", column) for column in columns], b"[", b"]")


def _joined(columns: Sequence[tuple[bytes, Column]], begin: bytes, end: bytes) -> msgspec.Raw:
    groups = [list(group) for _, group in groupby(columns, lambda each: id(each[1].places))]
    pieces = np.empty((len(columns[0][1].places), len(groups)), object)
    for at, group in enumerate(groups):
        parts = _parts(group, b"," if at else b"," + begin, b"" if at < len(groups) - 1 else end)
        pieces[:, at] = np.fromiter(parts, object, len(parts))[group[0][1].places]
    # The first row begins with a comma as well.
    return msgspec.Raw(b"[" + b"".join(pieces.ravel().tolist())[1:] + b"]")


def _parts(group: Sequence[tuple[bytes, Column]], before: bytes, after: bytes) -> list[bytes]:
    """Return what columns that have the same places say at each of them."""
    (key, first), *others = group
    parts = _encoded(before + key, first)
    for key, column in others:
        parts = list(map(bytes.__add__, parts, _encoded(b"," + key, column)))
    return [each + after for each in parts] if after else parts


def _encoded(before: bytes, column: Column) -> list[bytes]:
    return [before + _encode(thing) for thing in column.things]
