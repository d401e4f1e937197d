"""Sensors: which one, of whom, with which firmware, a datastream's values came from at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.rows import class_row

if TYPE_CHECKING:
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


async def sensors(
    conn: AsyncConnection[Any], thing: str | None = None, at: datetime | None = None
) -> list[Sensor]:
    """Return sensors by thing, property and time: all, or those of a thing, or of an instant."""
    async with conn.cursor(row_factory=class_row(Sensor)) as cursor:
        await cursor.execute(_LIST, {"thing": thing, "at": at})
        return await cursor.fetchall()
