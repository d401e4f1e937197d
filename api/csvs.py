"""CSV (RFC 4180, UTF-8) in chunks, safe to open in a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"

# A cell that starts with one of these is taken for a formula by spreadsheets (OWASP, CSV Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def header(columns: Sequence[str]) -> str:
    """Return the first line."""
    return _lines([columns])


def body(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return one line for each row."""
    return _lines([cell(row[name]) for name in columns] for row in rows)


def cell(value: object) -> object:
    """Return a value as a cell: times in RFC 3339, texts never as a formula, numbers as they are."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _lines(rows: Iterable[Iterable[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
