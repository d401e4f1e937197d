"""Exports are made here: in each API process one at a time, each by one process.

A job is a row of `exports`. Who takes it writes to it every second; one that is not written to for a minute
was interrupted, and begins anew. Files are called by export and attempt, so that no two
attempts share one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from uuid import UUID

import structlog

from api import reach
from api.answers import Batches, written
from api.export_sources import source_of
from api.formats.kinds import KINDS, Format, writer
from api.problems import Problem
from api.queries import exports as queries
from api.security import reach_of
from runtime.until_stopped import is_ending
from storage.errors import is_transient

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg_pool import AsyncConnectionPool

    from api.known import Registry
    from api.queries import Row
    from runtime.settings import Settings

_log = structlog.get_logger(__name__)

#: how often a job's progress is noted, and how often work is looked for, s
_NOTED_EVERY_S: Final = 1.0
_LOOKED_EVERY_S: Final = 5.0
#: a running job that was not noted for so long has lost its process
_SILENCE: Final = "1 minute"
_MOST_ATTEMPTS: Final = 3
#: how long what became of an export can be asked for after its file is gone
_KEPT: Final = "30 days"


class _StoppedError(Exception):
    """The job was cancelled or taken over."""


@dataclass
class Exports:
    """The jobs of this process."""

    pool: AsyncConnectionPool[Any]
    registry: Registry
    settings: Settings
    #: set when there is work, so that it does not wait for the next look
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return self.settings.exports_folder

    def file(self, export: Row) -> Path:
        """Return where a complete file is."""
        return self.folder / f"{export['id']}.{export['attempt']}.{KINDS[Format(export['format'])].suffix}"

    async def run(self) -> None:
        """Make exports until cancelled; whatever happens to one of them, the others are made."""
        while True:
            try:
                await self._tidy()
                while (job := await self._take()) is not None:
                    await self._make(job)
            except Exception as error:  # noqa: BLE001
                _tell(error)
            if is_ending():
                return
            # `asyncio.wait_for` of Python 3.11 loses a cancellation that comes with what it waits for.
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOKED_EVERY_S):
                    await self.wake.wait()
            self.wake.clear()

    async def _take(self) -> Row | None:
        async with self.pool.connection() as conn:
            return await queries.take(conn, _SILENCE)

    async def _make(self, job: Row) -> None:
        part = self.folder / f"{job['id']}.{job['attempt']}.part"
        try:
            if job["attempt"] > _MOST_ATTEMPTS:
                raise Problem("internal", f"it was interrupted {_MOST_ATTEMPTS} times: ask for less at once")  # noqa: TRY301
            await self._write(job, part)
        except _StoppedError:
            _log.info("export stopped", action="export.stopped", export=str(job["id"]))
        except asyncio.CancelledError:
            await asyncio.shield(self._told(queries.give_back, job))
            raise
        except Exception as error:  # noqa: BLE001  (told to who asked; the next job goes on)
            await self._failed(job, error)
        finally:
            part.unlink(missing_ok=True)

    async def _write(self, job: Row, part: Path) -> None:
        reach.enter(await reach_of(self.registry, job["areas"]))
        made = await source_of(self.pool, self.registry, self.settings, job)
        counted = _Counted(made.batches)
        file = await asyncio.to_thread(_open, part)
        digest, size, noted = hashlib.sha256(), 0, 0.0
        try:
            form = writer(Format(job["format"]), made.table, made.style)
            async with aclosing(written(form, counted.batches())) as chunks:
                async for chunk in chunks:
                    await asyncio.to_thread(_append, file, digest, chunk)
                    size += len(chunk)
                    if (now := asyncio.get_running_loop().time()) > noted + _NOTED_EVERY_S:
                        await self._noted(job, counted.rows, size)
                        noted = now
            await asyncio.to_thread(_sync, file)
        finally:
            file.close()
        await asyncio.to_thread(part.replace, self.file(job))
        done = {"size": size, "sha256": digest.hexdigest(), "lasts": f"{self.settings.export_days} days"}
        if not await self._told(queries.finish, job, counted.rows, **done):
            self.file(job).unlink(missing_ok=True)
            raise _StoppedError
        for left in self.folder.glob(f"{job['id']}.*.part"):
            left.unlink(missing_ok=True)

    async def _noted(self, job: Row, rows: int, size: int) -> None:
        if not await self._told(queries.note, job, rows, size):
            raise _StoppedError

    async def _told(self, query: Any, *arguments: Any, **named: Any) -> bool:
        async with self.pool.connection() as conn:
            told: bool = await query(conn, *arguments, **named)
            return told

    async def _failed(self, job: Row, error: Exception) -> None:
        if is_transient(error):
            await self._told(queries.give_back, job)
            raise error
        _log.error("export failed", action="export.failed", export=str(job["id"]), exc_info=error)
        await self._told(queries.fail, job, _reason(error, job))

    async def _tidy(self) -> None:
        """Remove the files of what is over; those of another database, which may share the folder, stay."""
        async with self.pool.connection() as conn:
            await queries.expire(conn, _KEPT)
            files = [(path, _id_of(path)) for path in self.folder.glob("*.*")]
            over = await queries.over(conn, [number for _, number in files if number])
        for path, number in files:
            if number in over:
                path.unlink(missing_ok=True)


class _Counted:
    """Counts the rows of batches on their way."""

    def __init__(self, batches: Batches) -> None:
        self._batches, self.rows = batches, 0

    async def batches(self) -> Batches:
        """Yield the batches."""
        async with aclosing(self._batches) as batches:
            async for batch in batches:
                self.rows += len(batch)
                yield batch


def _tell(error: Exception) -> None:
    if is_transient(error):
        _log.warning("exports wait for the database", action="export.retry", error=str(error))
    else:
        _log.error("exports cannot be made", action="export.crashed", exc_info=error)


def _open(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.open("wb")


def _append(file: BinaryIO, digest: Any, chunk: bytes) -> None:
    file.write(chunk)
    digest.update(chunk)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _id_of(path: Path) -> UUID | None:
    try:
        return UUID(path.name.partition(".")[0])
    except ValueError:
        return None


def _reason(error: Exception, job: Row) -> str:
    if isinstance(error, Problem):
        return error.detail
    if isinstance(error, OSError):
        return f"the file could not be written ({error.strerror}): the operator has to mend the folder"
    return f"it is our fault: tell the operator the export's id {job['id']}"
