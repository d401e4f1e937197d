"""Maintenance windows: planned work on a thing, a gateway or in an area."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, LiteralString

from storage.rows import fetch

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

Kind = Literal["thing", "gateway", "area"]

#: gateway_id, starts_at, ends_at of each window of a gateway, its areas' included
OF_GATEWAYS: LiteralString = """
SELECT w.gateway_id, w.starts_at, w.ends_at FROM maintenance_windows w WHERE w.gateway_id IS NOT NULL
UNION
SELECT l.gateway_id, w.starts_at, w.ends_at
FROM maintenance_windows w JOIN areas a ON a.code = w.area JOIN gateway_areas l ON l.area_id = a.id"""
#: thing_id, starts_at, ends_at, created_at of each window of a thing: its own, its gateway's, and those of
#: areas for as long as it stands there
OF_THINGS: LiteralString = """
SELECT w.thing_id, w.starts_at, w.ends_at, w.created_at
FROM maintenance_windows w WHERE w.thing_id IS NOT NULL
UNION
SELECT t.id, w.starts_at, w.ends_at, w.created_at
FROM maintenance_windows w JOIN things t ON t.gateway_id = w.gateway_id
UNION
SELECT l.thing_id, greatest(w.starts_at, i.valid_from), least(w.ends_at, i.valid_to), w.created_at
FROM maintenance_windows w JOIN areas a ON a.code = w.area JOIN installation_areas l ON l.area_id = a.id
JOIN installations i ON (i.thing_id, i.valid_from) = (l.thing_id, l.valid_from)
    AND i.valid_from < w.ends_at AND i.valid_to > w.starts_at"""

# What is planned by now was not planned before its transaction began.
_ADD = """
INSERT INTO maintenance_windows
    (thing_id, gateway_id, area, starts_at, ends_at, reason, created_by, created_at)
SELECT CASE %(kind)s WHEN 'thing' THEN (SELECT id FROM things WHERE code = %(code)s) END,
       CASE %(kind)s WHEN 'gateway' THEN (SELECT id FROM gateways WHERE code = %(code)s) END,
       CASE %(kind)s WHEN 'area' THEN %(code)s END,
       %(starts_at)s, %(ends_at)s, %(reason)s, %(who)s, clock_timestamp()
WHERE CASE %(kind)s WHEN 'thing' THEN EXISTS (SELECT FROM things WHERE code = %(code)s)
                    WHEN 'gateway' THEN EXISTS (SELECT FROM gateways WHERE code = %(code)s)
                    ELSE EXISTS (SELECT FROM areas WHERE code = %(code)s) END
RETURNING id"""
_LIST = """
SELECT w.id, CASE WHEN w.thing_id IS NOT NULL THEN 'thing' WHEN w.gateway_id IS NOT NULL THEN 'gateway'
                  ELSE 'area' END AS kind,
       coalesce(t.code, g.code, w.area) AS code, w.starts_at, w.ends_at, w.reason, w.created_by, w.created_at,
       w.ended_by, w.created_at <= w.starts_at AS counts
FROM maintenance_windows w LEFT JOIN things t ON t.id = w.thing_id LEFT JOIN gateways g ON g.id = w.gateway_id
WHERE w.ends_at > greatest(%(since)s, w.starts_at) ORDER BY w.starts_at, w.id"""
# What is over has been counted with.
_END = """
UPDATE maintenance_windows SET ends_at = greatest(starts_at, now()), ended_by = %(who)s
WHERE id = %(id)s AND ends_at > now() RETURNING id"""


class MaintenanceError(ValueError):
    """A window cannot be made or ended so; the message says why and what to do."""


async def add(
    conn: AsyncConnection[Any],
    kind: Kind,
    code: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    reason: str,
    who: str,
) -> int:
    """Plan work on a thing, a gateway with all its things, or in an area; return the window's number.

    One that is made after it began keeps alerts quiet, and stays in availability.

    Raises:
        MaintenanceError: there is no such thing, gateway or area, or the window cannot be.
    """
    if ends_at <= starts_at:
        raise MaintenanceError(f"it ends at {ends_at.isoformat()}, not after it begins: say a later end")
    if not reason.strip():
        raise MaintenanceError("say why: the reason is shown with what is not counted")
    values = {
        "kind": kind, "code": code, "starts_at": starts_at, "ends_at": ends_at, "reason": reason, "who": who,
    }  # fmt: skip
    row = await (await conn.execute(_ADD, values)).fetchone()
    if row is None:
        raise MaintenanceError(
            f"there is no {kind} {code!r}: `halong devices list` shows things and gateways"
        )
    return int(row[0])


async def windows(conn: AsyncConnection[Any], since: datetime) -> list[dict[str, Any]]:
    """Return the windows that were not over at an instant, nor called off, by their start.

    Each has id, kind, code, starts_at, ends_at, reason, created_by, created_at, ended_by, and `counts`: it
    was recorded before it began.
    """
    return await fetch(conn, _LIST, {"since": since})


async def end(conn: AsyncConnection[Any], number: int, who: str) -> None:
    """End a window now, or call off one that has not begun.

    Raises:
        MaintenanceError: there is none of this number that is not over.
    """
    if await (await conn.execute(_END, {"id": number, "who": who})).fetchone() is None:
        raise MaintenanceError(
            f"no window {number} is planned or under way: `halong maintenance list` shows them"
        )
