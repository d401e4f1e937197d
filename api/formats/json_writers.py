"""JSON and GeoJSON (RFC 7946). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from api.formats.table import Style, Table, Writer
from api.formats.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping

_encode = msgspec.json.Encoder().encode


class JsonWriter(Writer):
    """An object with the rows as `items`."""

    _open = b'{"items":['
    _close = b"]}"

    def __init__(self, table: Table, style: Style) -> None:
        super().__init__(table, style)
        self._between = b""

    def begin(self) -> bytes:
        """Return what opens the list."""
        return self._open

    def write(self, batch: pa.RecordBatch) -> bytes:
        """Return rows with commas between them and before them, but for the first."""
        encoded = b",\n".join([_encode(self._item(row)) for row in _plain(batch).to_pylist()])
        if not encoded:
            return b""
        before, self._between = self._between, b",\n"
        return before + encoded

    def end(self) -> bytes:
        """Return what closes the list."""
        return self._close

    def _item(self, row: dict[str, Any]) -> Mapping[str, Any]:
        return {name: value for name, value in row.items() if name != self.table.outline}


class GeoJsonWriter(JsonWriter):
    """A feature collection: a feature a row, its geometry the outline or the point of its place."""

    _open = b'{"type":"FeatureCollection","features":['

    def _item(self, row: dict[str, Any]) -> Mapping[str, Any]:
        properties = dict(row)
        outline = properties.pop(self.table.outline, None) if self.table.outline else None
        point = [properties.pop(name) for name in self.table.place or ()]
        geometry = msgspec.Raw(outline.encode()) if outline else _point(point)
        return {"type": "Feature", "geometry": geometry, "properties": properties}


def _point(place: list[float | None]) -> dict[str, Any] | None:
    """Return a point (longitude, latitude), or null, which RFC 7946, 3.2 has for what lies nowhere."""
    return {"type": "Point", "coordinates": place} if place and None not in place else None


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with its times as text: to make an object of each of them takes much longer."""
    columns = [text(each) if pa.types.is_timestamp(each.type) else each for each in batch.columns]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)
