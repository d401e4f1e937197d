"""What a table's columns are: the one place that names, types, units and headers come from. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TEXT: Final = pa.string()
NUMBER: Final = pa.float64()
INTEGER: Final = pa.int64()
BOOLEAN: Final = pa.bool_()
DATE: Final = pa.date32()
#: an instant, microseconds since 1970 UTC
TIME: Final = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Column:
    """A column: its name in every format, its type, and its headers for people."""

    name: str
    type: pa.DataType
    en: str
    vi: str
    #: UCUM; empty where the unit stands in another column, or there is none
    unit: str = ""
    description: str = ""
    description_vi: str = ""

    def field(self) -> pa.Field:
        """Return the column for a schema; what is known of it stands in the field's metadata."""
        known = {"title_en": self.en, "title_vi": self.vi, "unit": self.unit, "description": self.description}
        return pa.field(self.name, self.type, metadata={key: text for key, text in known.items() if text})


@dataclass(frozen=True)
class Table:
    """The columns of a table, and where its rows lie, if they have a place."""

    name: str
    columns: tuple[Column, ...]
    #: the columns of longitude and latitude in degrees, WGS 84
    place: tuple[str, str] | None = None
    #: a column of GeoJSON geometries as text, shown by GeoJSON alone, in place of points where it is not null
    outline: str | None = None

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns of every format but GeoJSON."""
        return tuple(each for each in self.columns if each.name != self.outline)

    @property
    def names(self) -> list[str]:
        """The names of the columns that are shown."""
        return [each.name for each in self.shown]

    def schema(self, about: Mapping[str, str] | None = None) -> pa.Schema:
        """Return the Arrow schema of all columns, with `about` as its metadata."""
        return pa.schema([each.field() for each in self.columns], metadata=dict(about or {}))

    def batch(self, rows: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
        """Return rows as a batch: keys that are no column are left out, columns without a key are null."""
        return pa.RecordBatch.from_pylist(list(rows), schema=self.schema())

    def only(self, names: Sequence[str]) -> Table:
        """Return the table with these columns alone, in their order here."""
        kept = tuple(each for each in self.columns if each.name in set(names))
        return Table(self.name, kept, self.place, self.outline)


class Headers(StrEnum):
    """What stands in the first line of CSV and XLSX."""

    NAMES = "names"
    EN = "en"
    VI = "vi"


class Decimal(StrEnum):
    """How CSV writes 31.2."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True)
class Style:
    """How a file is written: choices of who asks, and what the file says of itself."""

    headers: Headers = Headers.NAMES
    #: CSV alone: begin with a byte order mark, by which spreadsheets know UTF-8
    bom: bool = False
    #: CSV alone: a decimal comma, and semicolons between cells
    decimal: Decimal = Decimal.POINT
    #: XLSX alone, whose times have no zone
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    #: source, licence, period, as_of …: metadata of Parquet and Arrow, the second sheet of XLSX
    about: Mapping[str, str] = field(default_factory=dict)

    def header(self, column: Column) -> str:
        """Return what stands above a column."""
        if self.headers is Headers.NAMES:
            return column.name
        title = column.vi if self.headers is Headers.VI else column.en
        return f"{title} ({column.unit})" if column.unit else title


class Writer:
    """Writes a table piece by piece: `begin`, then `write` for each batch, then `end`.

    The bytes of all calls together are the file. Without `end` no reader takes it for whole, but for CSV,
    which has no end.
    """

    def __init__(self, table: Table, style: Style) -> None:
        self.table, self.style = table, style

    def begin(self) -> bytes:
        """Return what stands before the first row."""
        return b""

    def write(self, batch: pa.RecordBatch) -> bytes:
        """Return rows: batches have the table's schema."""
        raise NotImplementedError

    def end(self) -> bytes:
        """Return what stands after the last row."""
        return b""

    def close(self) -> None:
        """Let go of a file that will not be finished; after `end` there is nothing to do."""
