"""Rows of a profile's tables: records that remember where they stand, read from CSV."""

from __future__ import annotations

import csv
import json
import unicodedata
from dataclasses import MISSING, dataclass, fields, replace
from io import StringIO
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

T = TypeVar("T")


class ProfileError(ValueError):
    """A profile can't be read or contradicts itself; each message names file, line and column."""

    def __init__(self, *messages: str) -> None:
        super().__init__("\n".join(messages))
        self.messages = messages


@dataclass(frozen=True)
class Row(Generic[T]):
    """One record and where it stands: a line of a table, or what `word` calls it."""

    file: str
    line: int
    record: T
    word: str = "line"

    def error(self, column: str, what: str) -> ProfileError:
        """Return the error to raise for a wrong cell of this row."""
        return ProfileError(f"{self.file}, {self.word} {self.line}, {column}: {what}")


def read_rows(
    path: Path,
    record: type[T],
    unread: dict[str, list[ProfileError]],
    *,
    absent: tuple[str, ...] = (),
    optional: bool = False,
) -> list[Row[T]]:
    """Return the rows of a table; of those that cannot be read `unread` gets what is wrong, by file.

    Raises:
        ProfileError: it is missing or not UTF-8, or has a column that is not known.
    """
    if optional and not path.exists():
        return []
    rows = list(each_row(path, record, absent=absent))
    if wrong := [row for row in rows if isinstance(row, ProfileError)]:
        unread[path.name] = wrong
    return [row for row in rows if isinstance(row, Row)]


def each_row(path: Path, record: type[T], *, absent: tuple[str, ...] = ()) -> Iterator[Row[T] | ProfileError]:
    """Yield each row of a table as a record, or what is wrong with it.

    Args:
        path: a CSV file, UTF-8.
        record: a dataclass, whose fields are the columns.
        absent: fields that are no columns.

    Raises:
        ProfileError: the file cannot be read, or has a column that is no field.
    """
    known = [each.name for each in fields(record) if each.name not in absent]  # type: ignore[arg-type]
    reader = csv.DictReader(StringIO(text_of(path), newline=""), strict=True)
    if unknown := set(reader.fieldnames or ()) - set(known):
        raise ProfileError(f"{path.name}, line 1: no such column: {_list(unknown)}; known: {_list(known)}")
    for cells in reader:
        try:
            yield _row(path.name, reader.line_num, cells, record)
        except ProfileError as error:
            yield error


def _row(file: str, line: int, cells: dict[str, str], record: type[T]) -> Row[T]:
    place = Row(file, line, None)
    if None in cells or None in cells.values():
        raise place.error("row", "it has not as many cells as line 1; a comma within a name needs quotes")
    values = {column: _cell(place, column, cell.strip()) for column, cell in cells.items()}
    return converted(place, _without_unset(values, record), record, strict=False)


def converted(place: Row[None], values: dict[str, Any], record: type[T], *, strict: bool) -> Row[T]:
    """Return a record from its values; texts stand for numbers unless `strict`.

    Raises:
        ProfileError: a value is missing or of another type.
    """
    try:
        return replace(place, record=msgspec.convert(values, type=record, strict=strict))  # type: ignore[arg-type, return-value]
    except msgspec.ValidationError as error:
        what, _, column = str(error).partition(" - at `$.")
        raise place.error(column.rstrip("`") or "row", what) from error


def _without_unset(values: dict[str, Any], record: type[Any]) -> dict[str, Any]:
    # an empty cell means the field's default, and is an error (or an allowed None) where there is none
    required = {each.name for each in fields(record) if each.default is each.default_factory is MISSING}
    return {name: value for name, value in values.items() if value is not None or name in required}


def _cell(place: Row[None], column: str, cell: str) -> Any:
    if not cell:
        return [] if column in _LISTS else None  # of the others, empty means the default
    read = _READ_BY.get(column)
    try:
        return unicodedata.normalize("NFC", cell) if read is None else read(cell)
    except ValueError as error:
        raise place.error(column, str(error)) from error


#: columns whose empty cell says that there are none
_LISTS = frozenset({"areas", "tags", "links"})
#: columns whose cells are not taken as they are
_READ_BY: dict[str, Callable[[str], Any]] = {
    "areas": str.split,
    "datastreams": str.split,
    "dev_eui": str.lower,
    "links": json.loads,
    "predecessors": str.split,
    "properties": json.loads,
    "shares": str.split,
    "tags": str.split,
}


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ProfileError(f"{path.name}: there is no such file in {path.parent}") from error
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path.name}: it is not UTF-8 text ({error})") from error


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
