"""CSV on the Web's metadata of a published file, which say what its columns are. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from api.formats.table import BOOLEAN, DATE, INTEGER, NUMBER, TEXT, TIME
from api.tables.open_data import HOURS, KEYS, VALUES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics.texts import Text
    from api.formats.table import Column, Table
    from api.open_data.data_sets import DataSet

#: Arrow's types as W3C's Model for Tabular Data names them (6.4.2)
_DATATYPES: Final = {
    TEXT: "string",
    NUMBER: "double",
    INTEGER: "integer",
    BOOLEAN: "boolean",
    DATE: "date",
    TIME: "dateTime",
}


def table_of(data_set: DataSet) -> Table:
    """Return the table that a data set's files hold."""
    return HOURS if data_set.properties else VALUES


def csvw(table: Table, title: Text, name: str, about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a CSV file (W3C Metadata Vocabulary for Tabular Data).

    Args:
        table: whose columns it has.
        title: of the data set.
        name: of the CSV file, beside which the metadata stand.
        about: further annotations, with prefixed names such as dc:license.
    """
    key = KEYS[table.name]
    return {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": name,
        "dc:title": [_said(title.en, "en"), _said(title.vi, "vi")],
        **about,
        "dialect": {"encoding": "utf-8", "delimiter": ",", "header": True, "headerRowCount": 1},
        "tableSchema": {
            "columns": [_column(each, is_required=each.name in key) for each in table.shown],
            "primaryKey": list(key),
        },
    }


def datatype(column: Column) -> str:
    """Return a column's type as CSV on the Web names it."""
    return _DATATYPES[column.type]


def _column(column: Column, *, is_required: bool) -> dict[str, Any]:
    return {
        "name": column.name,
        # The first title is the header's, which a validator compares.
        "titles": {"en": [column.name, column.en], "vi": column.vi},
        "datatype": datatype(column),
        "dc:description": [_said(column.description, "en"), _said(column.description_vi, "vi")],
        "required": is_required,
    }


def _said(text: str, language: str) -> dict[str, str]:
    return {"@value": text, "@language": language}
