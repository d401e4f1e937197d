"""Calibrations, one by one: recorded, changed and deleted; the observed hours that differ then are queued."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.errors import CheckViolation, ExclusionViolation

from devices.edit import ExistsError, StaleError, UnknownEntryError, tag_of
from devices.entries import FieldError
from storage.rows import fetch_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg import AsyncConnection

    Connection = AsyncConnection[Any]
    Row = dict[str, Any]

_FOREVER = datetime(9999, 1, 1, tzinfo=UTC)

_OBSERVED_HOURS = """
WITH observed AS (
    SELECT DISTINCT datastream_id, time_bucket('1 hour', time) AS hour FROM observations
    WHERE datastream_id = %s AND time >= %s AND time < %s
), queued AS (
    INSERT INTO late_hours (datastream_id, hour) SELECT * FROM observed ON CONFLICT DO NOTHING
)
SELECT count(*) AS n FROM observed"""
_UNTIL: LiteralString = "coalesce(%(valid_to)s::timestamptz, 'infinity')"
_SAME: LiteralString = f"""
SELECT id FROM calibrations WHERE datastream_id = %(datastream)s AND valid_from = %(valid_from)s
  AND valid_to = {_UNTIL} AND gain = %(gain)s AND offset_ = %(offset)s AND reference = %(reference)s"""
_INSERT: LiteralString = f"""
INSERT INTO calibrations (datastream_id, valid_from, valid_to, gain, offset_, reference)
VALUES (%(datastream)s, %(valid_from)s, {_UNTIL}, %(gain)s, %(offset)s, %(reference)s) RETURNING id"""
_LOCK = """
SELECT id, datastream_id AS datastream, valid_from, nullif(valid_to, 'infinity') AS valid_to, gain,
       offset_ AS offset, reference, version
FROM calibrations WHERE id = %(id)s FOR UPDATE"""
_UPDATE: LiteralString = f"""
UPDATE calibrations SET (valid_from, valid_to, gain, offset_, reference)
  = (%(valid_from)s, {_UNTIL}, %(gain)s, %(offset)s, %(reference)s) WHERE id = %(id)s"""
_DELETE = "DELETE FROM calibrations WHERE id = %(id)s"


async def add(
    conn: Connection,
    datastream: int,
    *,
    valid_from: datetime,
    valid_to: datetime | None,
    gain: float,
    offset: float,
    reference: str,
) -> tuple[int, int | None]:
    """Record a calibration; return its id and how many observed hours it changes, None where it was there.

    Raises:
        ExistsError: the datastream has another one for a part of the time.
        FieldError: the gain is 0, or the period is empty.
    """
    values = {"datastream": datastream, "valid_from": valid_from, "valid_to": valid_to}
    values |= {"gain": gain, "offset": offset, "reference": reference}
    async with conn.transaction():
        if (same := await fetch_one(conn, _SAME, values)) is not None:
            return int(same["id"]), None
        with _telling(values):
            made = await fetch_one(conn, _INSERT, values)
        assert made is not None
        return int(made["id"]), await _queue(conn, values)


async def change(
    conn: Connection, calibration: int, changes: Mapping[str, Any], is_newest: Callable[[str], bool]
) -> None:
    """Change fields of a calibration.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
        ExistsError, FieldError: as `add`.
    """
    async with conn.transaction():
        row = await _lock(conn, calibration, is_newest)
        values = {**row, **changes}
        if values == row:
            return
        with _telling(values):
            await conn.execute(_UPDATE, values)
        await _queue(conn, row)
        await _queue(conn, values)


async def delete(conn: Connection, calibration: int, is_newest: Callable[[str], bool]) -> None:
    """Delete a calibration: its time is computed without it.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
    """
    async with conn.transaction():
        row = await _lock(conn, calibration, is_newest)
        await conn.execute(_DELETE, row)
        await _queue(conn, row)


async def _lock(conn: Connection, calibration: int, is_newest: Callable[[str], bool]) -> Row:
    row = await fetch_one(conn, _LOCK, {"id": calibration})
    if row is None:
        raise UnknownEntryError(f"there is no calibration {calibration}")
    if not is_newest(tag_of(row)):
        raise StaleError("calibration", tag_of(row))
    return row


async def _queue(conn: Connection, values: Mapping[str, Any]) -> int:
    span = [values["datastream"], values["valid_from"], values["valid_to"] or _FOREVER]
    found = await fetch_one(conn, _OBSERVED_HOURS, span)
    return found["n"] if found else 0


@contextmanager
def _telling(values: Mapping[str, Any]) -> Iterator[None]:
    try:
        yield
    except ExclusionViolation:
        raise ExistsError(
            "the datastream has a calibration for a part of the period: choose another, or end that one first"
        ) from None
    except CheckViolation:
        if values["gain"] == 0:
            raise FieldError(
                "gain", 0, "it would make every value the same", "a number other than 0"
            ) from None
        told = f"it is not after valid_from, {values['valid_from']:%Y-%m-%dT%H:%M:%SZ}"
        raise FieldError("valid_to", values["valid_to"], told, "a later time, or null for no end") from None
