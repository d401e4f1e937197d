"""How the OpenAPI document shows a table's formats: by what the writers make of an example row. Pure."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from api.formats.kinds import KINDS, Format, formats_of, writer
from api.formats.table import DATE, TIME, Style, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FEATURES: Final = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"type": "object"}},
    },
}
_SUMMARY: Final = "What this address answers"
_TEXT: Final = {"type": "string"}
_BINARY: Final = {"type": "string", "format": "binary"}


def contents(table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return media type -> content of every format of a table but JSON, with `rows` as the example."""
    return {
        KINDS[each].media_type: _content(each, table, rows)
        for each in formats_of(table)
        if each is not Format.JSON
    }


def _content(form: Format, table: Table, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    if form not in {Format.CSV, Format.GEOJSON}:
        return {"schema": _BINARY, "x-file": form.value}
    made = writer(form, table, Style())
    batch = table.batch([_typed(table, row) for row in rows])
    text = (made.begin() + made.write(batch) + made.end()).decode()
    if form is Format.CSV:
        return {"schema": _TEXT, "example": text}
    return {"schema": _FEATURES, "example": json.loads(text)}


def _typed(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of JSON's types with its times and dates as such."""
    read = {TIME: datetime.fromisoformat, DATE: date.fromisoformat}
    types = {each.name: read.get(each.type) for each in table.columns}
    return {
        name: parse(value) if (parse := types.get(name)) and value else value for name, value in row.items()
    }


def page(media_type: str | None) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` of a text that is shown by its address alone."""
    return {200: {"content": {media_type: {"schema": _TEXT, "x-file": ""}}}}


def leads(to: str) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` of a redirection (303)."""
    place = {"description": to, "schema": {"type": "string", "format": "uri-reference"}}
    return {303: {"description": to, "headers": {"Location": place}}}


def files(places: Mapping[str, str]) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses` of a file: media type -> where there is one of it."""
    return {
        200: {
            "content": {
                media_type: {
                    "schema": {"type": "object"} if media_type.endswith("json") else _BINARY,
                    "examples": {"file": {"summary": _SUMMARY, "externalValue": place}},
                }
                for media_type, place in places.items()
            }
        }
    }


def fill_in(path: str, operation: dict[str, Any]) -> None:
    """Show each file that JSON can not hold by the address at which it is answered (OpenAPI 3.1, 4.8.19)."""
    for content in operation["responses"].get("200", {}).get("content", {}).values():
        if "x-file" in content:
            form = content.pop("x-file")
            address = example_address(path, operation, **({"format": form} if form else {}))
            content["examples"] = {"file": {"summary": _SUMMARY, "externalValue": address}}


def example_address(path: str, operation: Mapping[str, Any], **query: str) -> str:
    """Return a path with the examples of its parameters filled in, and with further ones."""
    shown: dict[str, str] = {}
    for each in operation.get("parameters", []):
        for value in (found["value"] for found in each.get("examples", {}).values()):
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", quote(str(value)))
            elif each["in"] == "query":
                shown[each["name"]] = value
    shown |= query
    return f"{path}?{urlencode(shown)}" if shown else path
