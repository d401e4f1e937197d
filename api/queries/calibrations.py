"""Calibrations of datastreams. What changes them stands in analytics.calibrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import THING_IN_REACH, Row, fetch, fetch_one, has_tags

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from api.queries.things import DatastreamFilter

_CALIBRATION: LiteralString = f"""
SELECT c.id, c.datastream_id AS datastream, t.code AS thing, p.code AS observed_property, c.valid_from,
       nullif(c.valid_to, 'infinity') AS valid_to, c.gain, c.offset_ AS "offset", c.reference, c.recorded_at,
       c.version, c.changed_at
FROM calibrations c JOIN datastreams d ON d.id = c.datastream_id JOIN things t ON t.id = d.thing_id
JOIN observed_properties p ON p.id = d.observed_property_id
WHERE {THING_IN_REACH}"""
_CALIBRATIONS: LiteralString = f"""{_CALIBRATION}
  AND (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND (%(observed_property)s::text IS NULL OR p.code = %(observed_property)s)
  AND (%(area)s::text IS NULL OR t.id IN (
      SELECT ta.thing_id FROM thing_areas ta JOIN areas a ON a.id = ta.area_id WHERE a.code = %(area)s))
  AND {has_tags("d.tags")}
  AND (%(after)s::int IS NULL OR c.id > %(after)s)
ORDER BY c.id LIMIT %(limit)s"""
_BY_ID: LiteralString = f"{_CALIBRATION} AND c.id = %(id)s"


async def calibrations(
    conn: AsyncConnection[Any], chosen: DatastreamFilter, *, after: int | None, limit: int
) -> list[Row]:
    """Return calibrations by number."""
    return await fetch(conn, _CALIBRATIONS, chosen._asdict() | {"after": after, "limit": limit})


async def calibration(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one calibration."""
    return await fetch_one(conn, _BY_ID, {"id": number})
