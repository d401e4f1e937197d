"""XLSX (ECMA-376, SpreadsheetML) as a stream: rows go out as they come, whatever their number. Pure."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from typing import IO, TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from api.formats import xlsx_parts as parts
from api.formats.sink import Sink
from api.formats.table import Column, Style, Table, Writer
from api.formats.text import lines, text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

#: rows of a sheet (Excel's own limit), its header included
SHEET_ROWS: Final = 1_048_576
#: rows that are made text at once: as XML they are many times as large
_ROWS_AT_ONCE: Final = 8_192
#: characters of a cell (Excel's own limit)
_CELL_CHARACTERS: Final = 32_767
#: … by which the widths of columns are chosen
_ROWS_MEASURED: Final = 1_000
#: 1970-01-01 as a serial number of days since 1899-12-30
_DAY_1970: Final = 25_569
_DAY_US: Final = 86_400_000_000
_ABOUT: Final = ("column", "English", "Tiếng Việt", "unit", "description")
#: characters, of a column's width
_AIR: Final = 2
_TIME_CHARACTERS: Final = 19
_NUMBER_CHARACTERS: Final = 10
_WIDEST: Final = 60
#: XML 1.0 has no such characters, however they are written
_NOT_IN_XML: Final = "[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\x00"

#: in a description: the zone of a column's times, but not that of the hours that they begin
_ZONE: Final = re.compile(r"\bUTC\b(?! hour)")


class XlsxWriter(Writer):
    """A sheet of rows, further ones where a sheet is full, and one that says what the columns are."""

    def __init__(self, table: Table, style: Style) -> None:
        super().__init__(table, style)
        self._sink = Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._sheets: list[str] = []
        self._sheet: IO[bytes] | None = None
        self._left = 0
        self._widths: list[int] = []

    def write(self, batch: pa.RecordBatch) -> bytes:
        """Return rows; a full sheet is closed and another begun. The first rows say how wide columns are."""
        while len(batch):
            if not self._left:
                self._next_sheet(batch)
            number = min(self._left, _ROWS_AT_ONCE)
            self._rows(batch.slice(0, number))
            batch = batch.slice(min(number, len(batch)))
        return self._sink.take()

    def end(self) -> bytes:
        """Return the end of the last sheet, the sheet about the columns, and what makes a workbook."""
        if not self._sheets:
            self._next_sheet(self.table.schema().empty_table())
        self._close_sheet()
        self._about()
        for name, content in parts.workbook(self._sheets):
            self._zip.writestr(name, content)
        self._zip.close()
        return self._sink.take()

    def close(self) -> None:
        """Let go of a workbook that was not finished: `zipfile` complains of what is left open."""
        if self._sheet is not None:
            self._close_sheet()
            self._zip.close()

    def _rows(self, batch: pa.RecordBatch) -> None:
        assert self._sheet is not None
        cells = [self._cells(batch.column(each.name)) for each in self.table.shown]
        self._sheet.write(lines([pa.array(["<row>"] * len(batch)), *cells], separator="", end="</row>\n"))
        self._left -= len(batch)

    def _cells(self, column: pa.Array) -> pa.Array:
        if pa.types.is_timestamp(column.type):
            return _wrapped(
                text(_serials(column, str(self.style.zone))), f'<c s="{parts.TIME}"><v>', "</v></c>"
            )
        if pa.types.is_date(column.type):
            days = pc.add(pc.cast(column, pa.int32()), _DAY_1970)
            return _wrapped(text(days), f'<c s="{parts.DATE}"><v>', "</v></c>")
        if pa.types.is_boolean(column.type):
            return _wrapped(text(pc.cast(column, pa.int8())), '<c t="b"><v>', "</v></c>")
        if pa.types.is_string(column.type):
            return _texts(column)
        return _wrapped(text(_finite(column)), "<c><v>", "</v></c>")

    def _next_sheet(self, rows: pa.RecordBatch | pa.Table) -> None:
        self._close_sheet()
        number = len(self._sheets) + 1
        headers = [self._header(each) for each in self.table.shown]
        first = rows.slice(0, _ROWS_MEASURED)
        self._widths = self._widths or [
            _width(first.column(each.name), header)
            for each, header in zip(self.table.shown, headers, strict=True)
        ]
        self._open_sheet(self.table.name if number == 1 else f"{self.table.name} {number}", self._widths)
        self._write_headers(headers)

    def _header(self, column: Column) -> str:
        """Return a header; of a time it says in which zone, because a cell can not."""
        zone = f" ({self.style.zone})" if pa.types.is_timestamp(column.type) else ""
        return self.style.header(column) + zone

    def _open_sheet(self, title: str, widths: Sequence[int]) -> None:
        self._sheets.append(title[: parts.TITLE_CHARACTERS])
        self._sheet = self._zip.open(parts.sheet_name(len(self._sheets)), "w")
        self._sheet.write(parts.sheet_head(widths))
        self._left = SHEET_ROWS

    def _write_headers(self, titles: Sequence[str]) -> None:
        assert self._sheet is not None
        cells = [
            _wrapped(_inline(pa.array([each])), f'<c t="inlineStr" s="{parts.BOLD}">', "</c>")
            for each in titles
        ]
        self._sheet.write(lines([pa.array(["<row>"]), *cells], separator="", end="</row>\n"))
        self._left -= 1

    def _close_sheet(self) -> None:
        if self._sheet is not None:
            self._sheet.write(parts.SHEET_TAIL)
            self._sheet.close()
            self._sheet = None

    def _about(self) -> None:
        """Write the sheet that says where the rows come from and what the columns are."""
        zone = self.style.zone
        rows = [(name, _in_zone(value, zone), "", "", "") for name, value in self.style.about.items()]
        columns = [
            (each.name, each.en, each.vi, each.unit, _meaning(each, zone)) for each in self.table.shown
        ]
        told = list(zip(_ABOUT, *columns, *rows, strict=True))
        self._open_sheet("about", [min(max(map(len, each)) + _AIR, _WIDEST) for each in told])
        self._write_headers(_ABOUT)
        assert self._sheet is not None
        cells = [_texts(pa.array(each[1:])) for each in told]
        begun = pa.array(["<row>"] * (len(rows) + len(columns)))
        self._sheet.write(lines([begun, *cells], separator="", end="</row>\n"))
        self._close_sheet()


def _wrapped(column: pa.Array, before: str, after: str) -> pa.Array:
    """Return texts as cells; a null is an empty one, so that its neighbours stay where they are."""
    return pc.fill_null(pc.binary_join_element_wise(before, column, after, ""), "<c/>")


def _texts(column: pa.Array) -> pa.Array:
    return _wrapped(_inline(column), '<c t="inlineStr">', "</c>")


def _inline(column: pa.Array) -> pa.Array:
    """Return texts as inline strings, which no spreadsheet takes for formulas."""
    plain = pc.replace_substring_regex(pc.utf8_slice_codeunits(column, 0, _CELL_CHARACTERS), _NOT_IN_XML, "")
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        plain = pc.replace_substring(plain, character, entity)
    return pc.binary_join_element_wise('<is><t xml:space="preserve">', plain, "</t></is>", "")


def _serials(column: pa.Array, zone: str) -> pa.Array:
    """Return instants as days since 1899-12-30 by the clock of a zone."""
    local = pc.local_timestamp(pc.cast(column, pa.timestamp("us", zone)))
    days = pc.divide(pc.cast(pc.cast(local, pa.int64()), pa.float64()), float(_DAY_US))
    return pc.add(days, float(_DAY_1970))


def _finite(column: pa.Array) -> pa.Array:
    """Return numbers; what is not finite, which a sheet can not hold, as null."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_finite(column), column, None)


def _in_zone(value: str, zone: ZoneInfo) -> str:
    """Return an instant by the clock of a zone, with its offset; any other text as it is."""
    try:
        instant = datetime.fromisoformat(value)
        return str(instant.astimezone(zone)) if instant.tzinfo else value
    except (ValueError, OverflowError):
        return value


def _meaning(column: Column, zone: ZoneInfo) -> str:
    """Return a column's description; of a time it names the zone that the sheet uses."""
    is_time = pa.types.is_timestamp(column.type)
    return _ZONE.sub(str(zone), column.description) if is_time else column.description


def _width(column: pa.Array | pa.ChunkedArray, header: str) -> int:
    """Return how wide a column is, in characters: its header and its first values can be read."""
    if pa.types.is_timestamp(column.type):
        longest = _TIME_CHARACTERS
    elif pa.types.is_string(column.type):
        longest = pc.max(pc.utf8_length(column)).as_py() or 0
    else:
        longest = _NUMBER_CHARACTERS
    return min(max(longest, len(header)) + _AIR, _WIDEST)
