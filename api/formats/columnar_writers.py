"""Apache Parquet and Arrow's streaming format, with pyarrow. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from api.formats.sink import Sink
from api.formats.table import Style, Table, Writer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class _Columnar(Writer):
    """A writer of pyarrow's whose bytes are taken after each batch."""

    def __init__(self, table: Table, style: Style) -> None:
        super().__init__(table, style)
        self._sink = Sink()
        shown = pa.schema([each.field() for each in table.shown], metadata=dict(style.about))
        self._writer = self._open(shown)

    def _open(self, schema: pa.Schema) -> AbstractContextManager[object]:
        raise NotImplementedError

    def begin(self) -> bytes:
        """Return the head."""
        return self._sink.take()

    def write(self, batch: pa.RecordBatch) -> bytes:
        """Return a batch as Arrow's record batch or Parquet's row group."""
        self._writer.write_batch(batch.select(self.table.names))  # type: ignore[attr-defined]
        return self._sink.take()

    def end(self) -> bytes:
        """Return the foot, without which no reader opens the file."""
        self._writer.close()  # type: ignore[attr-defined]
        return self._sink.take()


class ParquetWriter(_Columnar):
    """Parquet 2.6, zstd; a row group a batch."""

    def _open(self, schema: pa.Schema) -> pq.ParquetWriter:
        return pq.ParquetWriter(self._sink, schema, compression="zstd", version="2.6")


class ArrowWriter(_Columnar):
    """Arrow IPC, streaming format (Columnar Format 1.5): it can be read while it comes."""

    def _open(self, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        return pa.ipc.new_stream(self._sink, schema)
