"""Columns in which whatever occurs stands once, and rows of JSON made of them. Pure.

A year of daily values of 13 areas is 4,745 rows, and 13 names: each is encoded once, and rows are joined of
bytes. No object is made per row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

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
    """What occurs in a column, and which of it each row has: places in `things`, shape (n,).

    form: of `things`, if they are encoded faster together than one by one.
    """

    things: Sequence[Any]
    places: NDArray[np.intp]
    form: Literal["any", "numbers", "json"] = "any"

    def rows(self) -> list[Any]:
        """Return what each row has."""
        return list(map(self.things.__getitem__, self.places.tolist()))

    def each(self, change: Callable[[Any], Any]) -> Column:
        """Return the column with each thing changed."""
        return Column([change(thing) for thing in self.things], self.places)

    def array(self, kind: pa.DataType) -> pa.Array:
        """Return the column for a table; NaN is null."""
        return pa.array(self.things, kind, from_pandas=True).take(pa.array(self.places))


def of_floats(values: NDArray[np.float64]) -> Column:
    """Return a column of what is seldom equal in two rows, shape (n,)."""
    return Column(values.tolist(), np.arange(len(values)), "numbers")


def of_objects(values: Sequence[Hashable]) -> Column:
    """Return a column of whatever is told apart by its hash."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    if len(places) == 1:
        return Column(list(places), np.zeros(len(values), np.intp))
    return Column(list(places), np.fromiter(map(places.__getitem__, values), np.intp, len(values)))


def of_json(texts: Sequence[str]) -> Column:
    """Return a column of JSON."""
    return replace(of_objects(texts), form="json")


def of_numbers(values: NDArray[Any]) -> Column:
    """Return a column of numbers, shape (n,)."""
    things, places = _unique(values)
    return Column(things.tolist(), places, "numbers")


def of_instants(values: NDArray[np.datetime64]) -> Column:
    """Return a column of instants in UTC, shape (n,)."""
    things, places = _unique(values)
    return Column(instants(things), places)


def of_pairs(first: Column, second: Column) -> Column:
    """Return a column of (first, second)."""
    count = len(second.things)
    found = of_numbers(first.places * count + second.places)
    pairs = (divmod(each, count) for each in found.things)
    return Column([(first.things[one], second.things[other]) for one, other in pairs], found.places)


def _unique(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    # What is the same in all rows needs no sorting.
    if len(values) and (values == values[0]).all():
        return values[:1], np.zeros(len(values), np.intp)
    return np.unique(values, return_inverse=True)


def of_array(array: pa.Array) -> Column:
    """Return a column of a table: of instants, texts or numbers, none of them null but for numbers."""
    if pa.types.is_timestamp(array.type):
        return of_instants(np.asarray(array.cast(pa.int64())).view("M8[us]"))
    if pa.types.is_string(array.type):
        encoded = array.dictionary_encode()
        return Column(encoded.dictionary.to_pylist(), np.asarray(encoded.indices))
    numbers = array.to_numpy(zero_copy_only=False)
    return of_floats(numbers) if pa.types.is_floating(array.type) else of_numbers(numbers)


def json_rows(columns: Mapping[str, Column]) -> msgspec.Raw:
    """Return rows as a list of objects, with a member of each column; NaN is null."""
    return _joined([(_encode(name) + b":", column) for name, column in columns.items()], b"{", b"}")


def json_lists(columns: Iterable[Column]) -> msgspec.Raw:
    """Return rows as a list of lists, with an element of each column; NaN is null."""
    return _joined([(b"", column) for column in columns], b"[", b"]")


def _joined(columns: Sequence[tuple[bytes, Column]], begin: bytes, end: bytes) -> msgspec.Raw:
    count = len(columns[0][1].places)
    # Each row begins with the comma after the one before it.
    groups, same = _groups(columns, b"," + begin)
    pieces = np.empty((count, len(groups) + 1), object)
    for at, (parts, places) in enumerate(groups):
        pieces[:, at] = np.fromiter(parts, object, len(parts))[places]
    pieces[:, -1] = same + end
    return msgspec.Raw(b"[" + b"".join(pieces.ravel().tolist())[1:] + b"]")


def _groups(
    columns: Sequence[tuple[bytes, Column]], begin: bytes
) -> tuple[list[tuple[list[bytes], NDArray[np.intp]]], bytes]:
    """Return what columns that have the same places say at each of them, and what all rows say at their end.

    What is the same in all rows stands in what comes after it.
    """
    groups: list[tuple[list[bytes], NDArray[np.intp]]] = []
    before = begin
    for at, (key, column) in enumerate(columns):
        before += (b"," if at else b"") + key
        encoded = _encoded(column)
        if len(encoded) == 1:
            before += encoded[0]
            continue
        parts = [before + each for each in encoded]
        before = b""
        if groups and groups[-1][1] is column.places:
            earlier, _ = groups.pop()
            parts = list(map(bytes.__add__, earlier, parts))
        groups.append((parts, column.places))
    return groups, before


def _encoded(column: Column) -> list[bytes]:
    if column.form == "numbers":
        return _encode(column.things)[1:-1].split(b",")
    if column.form == "json":
        return [thing.encode() for thing in column.things]
    return [_encode(thing) for thing in column.things]
