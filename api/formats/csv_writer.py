"""CSV (RFC 4180, UTF-8), safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc

from api.formats.table import Decimal, Style, Table, Writer
from api.formats.text import lines, text

if TYPE_CHECKING:
    from collections.abc import Callable

# A cell that starts with one of these is taken for a formula by spreadsheets (OWASP, CSV Injection).
_FORMULA: Final = r"^[=+\-@\t\r\n]"
_QUOTED: Final = r'[",;\r\n]'


class CsvWriter(Writer):
    """One header line, then a line a row; nulls are empty cells."""

    def __init__(self, table: Table, style: Style) -> None:
        super().__init__(table, style)
        self._comma = style.decimal is Decimal.COMMA

    def begin(self) -> bytes:
        """Return the header line, after the byte order mark if one is wanted."""
        mark = codecs.BOM_UTF8 if self.style.bom else b""
        return mark + self._lines([pa.array([self.style.header(each)]) for each in self.table.shown])

    def write(self, batch: pa.RecordBatch) -> bytes:
        """Return a line a row."""
        return self._lines([batch.column(name) for name in self.table.names])

    def _lines(self, columns: list[pa.Array]) -> bytes:
        cells = [self._cell(each)(each) for each in columns]
        return lines(cells, separator=";" if self._comma else ",", end="\r\n")

    def _cell(self, column: pa.Array) -> Callable[[pa.Array], pa.Array]:
        if pa.types.is_string(column.type):
            return _quoted
        if pa.types.is_floating(column.type) and self._comma:
            return _with_comma
        return text


def _quoted(column: pa.Array) -> pa.Array:
    """Return texts, none of which is a formula, in quotes where they need them (RFC 4180, 2.5 to 2.7)."""
    safe = _where(column, _FORMULA, pc.binary_join_element_wise("'", column, ""))
    doubled = pc.replace_substring(safe, '"', '""')
    return _where(safe, _QUOTED, pc.binary_join_element_wise('"', doubled, '"', ""))


def _where(column: pa.Array, pattern: str, other: pa.Array) -> pa.Array:
    return pc.if_else(pc.match_substring_regex(column, pattern), other, column)


def _with_comma(column: pa.Array) -> pa.Array:
    return pc.replace_substring(text(column), ".", ",")
