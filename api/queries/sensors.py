"""Sensors in datastreams. What changes them stands in devices.sensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import INSTALLATION_IN_REACH, Row, fetch, fetch_one, has_tags

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from api.queries.things import DatastreamFilter

# A sensor belongs to where its thing stood while it measured.
_SENSOR: LiteralString = f"""
SELECT s.id, s.datastream_id AS datastream, t.code AS thing, p.code AS observed_property, s.model, s.maker,
       s.serial_number, s.firmware, s.valid_from, nullif(s.valid_to, 'infinity') AS valid_to, s.recorded_by,
       s.recorded_at, s.version, s.changed_at,
       coalesce((SELECT json_agg(json_build_object(
           'id', c.id, 'valid_from', c.valid_from, 'valid_to', nullif(c.valid_to, 'infinity'), 'gain', c.gain,
           'offset', c.offset_, 'reference', c.reference) ORDER BY c.valid_from)
        FROM calibrations c WHERE c.datastream_id = s.datastream_id
          AND c.valid_from < s.valid_to AND s.valid_from < c.valid_to), '[]') AS calibrations
FROM sensors s JOIN datastreams d ON d.id = s.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE EXISTS (SELECT FROM installations i WHERE i.thing_id = t.id AND i.valid_from < s.valid_to
                AND s.valid_from < i.valid_to AND {INSTALLATION_IN_REACH})"""
_SENSORS: LiteralString = f"""{_SENSOR}
  AND (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND (%(observed_property)s::text IS NULL OR p.code = %(observed_property)s)
  AND (%(area)s::text IS NULL OR t.id IN (
      SELECT ta.thing_id FROM thing_areas ta JOIN areas a ON a.id = ta.area_id WHERE a.code = %(area)s))
  AND {has_tags("d.tags")}
  AND (%(at)s::timestamptz IS NULL OR (s.valid_from <= %(at)s AND %(at)s < s.valid_to))
  AND (%(after)s::int IS NULL OR s.id > %(after)s)
ORDER BY s.id LIMIT %(limit)s"""
_BY_ID: LiteralString = f"{_SENSOR} AND s.id = %(id)s"
_SAME = """
SELECT id FROM sensors WHERE datastream_id = %(datastream)s AND valid_from = %(valid_from)s
   AND (model, maker, serial_number, firmware) = (%(model)s, %(maker)s, %(serial_number)s, %(firmware)s)"""


async def sensors(
    conn: AsyncConnection[Any],
    chosen: DatastreamFilter,
    *,
    at: datetime | None,
    after: int | None,
    limit: int,
) -> list[Row]:
    """Return sensors by number: all, or those that measured at an instant."""
    return await fetch(conn, _SENSORS, chosen._asdict() | {"at": at, "after": after, "limit": limit})


async def sensor(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one sensor with the calibrations of its time."""
    return await fetch_one(conn, _BY_ID, {"id": number})


async def same(conn: AsyncConnection[Any], given: dict[str, Any]) -> int | None:
    """Return the number of a sensor that is recorded already just so."""
    found = await fetch_one(conn, _SAME, given)
    return None if found is None else found["id"]
