"""Maintenance windows. What changes them stands in devices.maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import AREA_IN_REACH, GATEWAY_IN_REACH, INSTALLATION_IN_REACH, Row, fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# That of a thing belongs to where it stood meanwhile.
_WINDOWS: LiteralString = f"""
SELECT w.id, t.code AS thing, g.code AS gateway, w.area, w.starts_at, w.ends_at, w.reason, w.created_by,
       w.created_at, w.ended_by, w.created_at <= w.starts_at AS left_out
FROM maintenance_windows w LEFT JOIN things t ON t.id = w.thing_id LEFT JOIN gateways g ON g.id = w.gateway_id
WHERE (w.thing_id IS NULL OR EXISTS (
      SELECT FROM installations i WHERE i.thing_id = w.thing_id AND i.valid_from <= w.ends_at
         AND w.starts_at < i.valid_to AND {INSTALLATION_IN_REACH}))
  AND (w.gateway_id IS NULL OR {GATEWAY_IN_REACH})
  AND (w.area IS NULL OR w.area IN (SELECT a.code FROM areas a WHERE {AREA_IN_REACH}))
  AND (%(id)s::bigint IS NULL OR w.id = %(id)s)
  AND (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (NOT %(open)s::boolean OR w.ends_at > greatest(now(), w.starts_at))
  AND (%(after)s::bigint IS NULL OR w.id < %(after)s)
ORDER BY w.id DESC LIMIT %(limit)s"""


async def windows(
    conn: AsyncConnection[Any],
    *,
    thing: str | None,
    gateway: str | None,
    open_alone: bool,
    after: int | None,
    limit: int,
) -> list[Row]:
    """Return windows, the newest first; `open_alone`: planned or under way."""
    chosen = {"id": None, "thing": thing, "gateway": gateway, "open": open_alone}
    return await fetch(conn, _WINDOWS, chosen | {"after": after, "limit": limit})


async def window(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one window."""
    chosen = {"id": number, "thing": None, "gateway": None, "open": False, "after": None, "limit": 1}
    return await fetch_one(conn, _WINDOWS, chosen)
