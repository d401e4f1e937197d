"""The formats that a table can be had in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from api.formats.columnar_writers import ArrowWriter, ParquetWriter
from api.formats.csv_writer import CsvWriter
from api.formats.json_writers import GeoJsonWriter, JsonWriter
from api.formats.xlsx_writer import XlsxWriter

if TYPE_CHECKING:
    from api.formats.table import Style, Table, Writer


class Format(StrEnum):
    """The form of an answer."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"
    ARROW = "arrow"
    XLSX = "xlsx"
    GEOJSON = "geojson"


@dataclass(frozen=True)
class Kind:
    """How a format is told over HTTP, and what writes it."""

    media_type: str
    suffix: str
    writer: type[Writer]
    #: parameters of the media type in an answer
    parameters: str = ""

    @property
    def content_type(self) -> str:
        """The header Content-Type of an answer."""
        return self.media_type + self.parameters


#: Media types as registered with IANA; those of Parquet and Arrow are their projects' own.
KINDS: Final = {
    Format.JSON: Kind("application/json", "json", JsonWriter),
    Format.CSV: Kind("text/csv", "csv", CsvWriter, "; charset=utf-8; header=present"),
    Format.PARQUET: Kind("application/vnd.apache.parquet", "parquet", ParquetWriter),
    Format.ARROW: Kind("application/vnd.apache.arrow.stream", "arrows", ArrowWriter),
    Format.XLSX: Kind(
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", XlsxWriter
    ),
    Format.GEOJSON: Kind("application/geo+json", "geojson", GeoJsonWriter),
}
#: answers in these are packed already: to compress them again costs time and gains nothing
PACKED: Final = tuple(KINDS[each].media_type for each in (Format.PARQUET, Format.XLSX))


def formats_of(table: Table) -> tuple[Format, ...]:
    """Return the formats that a table can be had in: GeoJSON only where its rows have a place."""
    return tuple(each for each in Format if each is not Format.GEOJSON or table.place)


def writer(form: Format, table: Table, style: Style) -> Writer:
    """Return a writer of a table."""
    return KINDS[form].writer(table, style)
