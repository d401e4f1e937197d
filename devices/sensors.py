"""Sensors: which one, of whom, with which firmware, a datastream's values came from at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.errors import CheckViolation, ExclusionViolation
from psycopg.rows import class_row, dict_row

from devices.edit import StaleError, UnknownEntryError, tag_of
from devices.entries import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

# Who takes a sensor's place ends its time.
_END = """
UPDATE sensors s SET valid_to = %(at)s
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE s.datastream_id = d.id AND t.code = %(thing)s AND p.code = %(property)s
  AND s.valid_from < %(at)s AND s.valid_to > %(at)s"""
_INSTALL = """
INSERT INTO sensors (datastream_id, model, maker, serial_number, firmware, valid_from, valid_to, recorded_by)
SELECT d.id, %(model)s, %(maker)s, %(serial_number)s, %(firmware)s, %(at)s,
       coalesce((SELECT min(n.valid_from) FROM sensors n
                 WHERE n.datastream_id = d.id AND n.valid_from > %(at)s), 'infinity'), %(who)s
FROM datastreams d JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE t.code = %(thing)s AND p.code = %(property)s
  AND NOT EXISTS (SELECT FROM sensors s WHERE s.datastream_id = d.id AND s.valid_from = %(at)s)
RETURNING id"""
_LIST = """
SELECT s.id, t.code AS thing, p.code AS property, s.model, s.maker, s.serial_number, s.firmware, s.valid_from,
       nullif(s.valid_to, 'infinity') AS valid_to, s.recorded_by
FROM sensors s JOIN datastreams d ON d.id = s.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND (%(at)s::timestamptz IS NULL OR (s.valid_from <= %(at)s AND s.valid_to > %(at)s))
ORDER BY t.code, p.code, s.valid_from"""
_LOCK = """
SELECT id, datastream_id, model, maker, serial_number, firmware, valid_from,
       nullif(valid_to, 'infinity') AS valid_to, version
FROM sensors WHERE id = %(id)s FOR UPDATE"""
_CHANGE = """
UPDATE sensors SET (model, maker, serial_number, firmware, valid_to)
  = (%(model)s, %(maker)s, %(serial_number)s, %(firmware)s, coalesce(%(valid_to)s::timestamptz, 'infinity'))
WHERE id = %(id)s"""
_DELETE = "DELETE FROM sensors WHERE id = %(id)s"
# The one whose place it took has its time back.
_RESTORE = """
UPDATE sensors SET valid_to = coalesce(%(valid_to)s::timestamptz, 'infinity')
WHERE datastream_id = %(datastream_id)s AND valid_to = %(valid_from)s"""
_HAS = """
SELECT FROM datastreams d JOIN things t ON t.id = d.thing_id JOIN observed_properties p
ON p.id = d.observed_property_id WHERE t.code = %(thing)s AND p.code = %(property)s"""


class SensorError(ValueError):
    """A sensor cannot be recorded so; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Sensor:
    """A sensor in a datastream from `valid_from` up to but not including `valid_to`; None: until now."""

    id: int
    thing: str
    property: str
    model: str
    maker: str
    serial_number: str
    firmware: str
    valid_from: datetime
    valid_to: datetime | None
    recorded_by: str


async def install(
    conn: AsyncConnection[Any],
    thing: str,
    prop: str,
    at: datetime,
    *,
    model: str,
    who: str,
    maker: str = "",
    serial_number: str = "",
    firmware: str = "",
) -> int:
    """Record that a sensor measures a property of a thing from `at` on, and return its number.

    It takes the place of the one that did until then; one that was recorded for a later time stays.

    Raises:
        SensorError: there is no such datastream, the model is empty, or a sensor begins at that very time.
    """
    if not model.strip():
        raise SensorError("say the sensor's model")
    values = {
        "thing": thing, "property": prop, "at": at, "model": model, "maker": maker,
        "serial_number": serial_number, "firmware": firmware, "who": who,
    }  # fmt: skip
    async with conn.transaction():
        await conn.execute(_END, values)
        row = await (await conn.execute(_INSTALL, values)).fetchone()
        if row is None:
            raise SensorError(await _why_not(conn, values))
    return int(row[0])


async def _why_not(conn: AsyncConnection[Any], values: dict[str, Any]) -> str:
    if not (await conn.execute(_HAS, values)).rowcount:
        return f"{values['thing']!r} does not measure {values['property']!r}: see `halong devices list`"
    return f"a sensor was installed at {values['at'].isoformat()} already: see `halong sensors list`"


async def change(
    conn: AsyncConnection[Any],
    number: int,
    changes: Mapping[str, Any],
    is_newest: Callable[[str], bool] = lambda _: True,
) -> None:
    """Change model, maker, serial_number, firmware, or valid_to (None: until now) of a sensor.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
        FieldError: it would not end after it began, or measure while another does.
    """
    async with conn.transaction():
        row = await _lock(conn, number, is_newest)
        try:
            await conn.execute(_CHANGE, {**row, **changes})
        except CheckViolation:
            told = f"it is not after valid_from, {row['valid_from']:%Y-%m-%dT%H:%M:%SZ}"
            raise FieldError(
                "valid_to", changes["valid_to"], told, "a later time, or null for no end"
            ) from None
        except ExclusionViolation:
            told = "another sensor measures before that"
            raise FieldError(
                "valid_to", changes["valid_to"], told, "when that one begins, or earlier"
            ) from None


async def delete(
    conn: AsyncConnection[Any], number: int, is_newest: Callable[[str], bool] = lambda _: True
) -> None:
    """Delete what was recorded by mistake: the sensor whose place it took measures on in its time.

    Raises:
        UnknownEntryError, StaleError: it is not there, or not as it was read.
    """
    async with conn.transaction():
        row = await _lock(conn, number, is_newest)
        await conn.execute(_DELETE, row)
        await conn.execute(_RESTORE, row)


async def _lock(conn: AsyncConnection[Any], number: int, is_newest: Callable[[str], bool]) -> dict[str, Any]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(_LOCK, {"id": number})
        row = await cursor.fetchone()
    if row is None:
        raise UnknownEntryError(f"there is no sensor {number}")
    if not is_newest(tag_of(row)):
        raise StaleError("sensor", tag_of(row))
    return row


async def sensors(
    conn: AsyncConnection[Any], thing: str | None = None, at: datetime | None = None
) -> list[Sensor]:
    """Return sensors by thing, property and time: all, or those of a thing, or of an instant."""
    async with conn.cursor(row_factory=class_row(Sensor)) as cursor:
        await cursor.execute(_LIST, {"thing": thing, "at": at})
        return await cursor.fetchall()
