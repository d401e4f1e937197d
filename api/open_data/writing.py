"""A month of a data set as local files: Parquet, CSV, and the CSV's metadata."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from api.formats.kinds import KINDS, Format
from api.formats.table import Style
from api.open_data.csvw import csvw, table_of
from api.open_data.manifest import File
from api.open_data.rows import CHUNK, SUPPRESSED

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Mapping
    from pathlib import Path

    from api.open_data.data_sets import DataSet
    from api.queries import Row

CSV: Final = KINDS[Format.CSV].media_type
PARQUET: Final = KINDS[Format.PARQUET].media_type
CSVW: Final = "application/csvm+json"


@dataclass(frozen=True)
class Written:
    """What was written: the files, and how many rows they have."""

    files: tuple[File, ...]
    rows: int
    #: rows that have a value, or a suppressed one
    filled: int
    suppressed: int


async def write_month(
    folder: Path,
    stem: str,
    data_set: DataSet,
    parts: AsyncIterable[list[Row]],
    about: Mapping[str, Any],
) -> Written:
    """Write STEM.csv, STEM.csv-metadata.json and STEM.parquet with the same rows into a folder.

    Memory is bounded by the parts. The same rows give the same bytes of CSV.

    Args:
        folder: an existing one.
        stem: of the files' names.
        data_set: whose columns they have.
        parts: the rows, some at a time.
        about: annotations of the CSV (W3C CSV on the Web).
    """
    table, rows, filled, suppressed = table_of(data_set), 0, 0, 0
    paths = {form: folder / f"{stem}.{KINDS[form].suffix}" for form in (Format.CSV, Format.PARQUET)}
    with ExitStack() as stack:
        open_files = [
            (stack.enter_context(path.open("wb")), KINDS[form].writer(table, Style()))
            for form, path in paths.items()
        ]
        for file, writer in open_files:
            file.write(writer.begin())
        async for part in _gathered(parts):
            batch = table.batch(part)
            for file, writer in open_files:
                file.write(writer.write(batch))
            rows, hidden = rows + len(part), sum(row.get(SUPPRESSED, False) for row in part)
            suppressed += hidden
            filled += hidden + sum(row["value"] is not None for row in part)
        for file, writer in open_files:
            file.write(writer.end())
    metadata = folder / f"{stem}.csv-metadata.json"
    metadata.write_bytes(_json(csvw(table, data_set.title, f"{stem}.csv", about)))
    made = ((paths[Format.CSV], CSV), (metadata, CSVW), (paths[Format.PARQUET], PARQUET))
    return Written(tuple(_described(path, media_type) for path, media_type in made), rows, filled, suppressed)


async def _gathered(parts: AsyncIterable[list[Row]]) -> AsyncIterator[list[Row]]:
    """Yield small parts together: a row group of Parquet is worth some thousand rows."""
    waiting: list[Row] = []
    async for part in parts:
        waiting += part
        if len(waiting) >= CHUNK:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def _described(path: Path, media_type: str) -> File:
    return File(path.name, media_type, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
