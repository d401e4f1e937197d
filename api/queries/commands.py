"""Commands to gateways and what was answered. What creates them stands in devices.commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import GATEWAY_IN_REACH, THING_IN_REACH, Row, fetch, fetch_one

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from psycopg import AsyncConnection

_COMMAND: LiteralString = f"""
SELECT c.id, g.code AS gateway, t.code AS thing, c.command, c.arguments, c.created_at, c.created_by,
       c.expires_at, c.timeout_s, c.state, c.sent_at, c.acknowledged_at, c.ended_at, c.detail, c.result
FROM commands c JOIN gateways g ON g.id = c.gateway_id LEFT JOIN things t ON t.id = c.thing_id
WHERE {GATEWAY_IN_REACH}"""
_COMMANDS: LiteralString = f"""
{_COMMAND} AND c.created_at < coalesce(%(end)s::timestamptz, 'infinity')
  AND c.created_at >= coalesce(%(start)s::timestamptz, '-infinity')
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(thing)s::text IS NULL OR t.code = %(thing)s)
  AND CASE WHEN %(state)s::text IS NULL THEN true
           WHEN %(state)s = 'open' THEN c.ended_at IS NULL ELSE c.state = %(state)s END
  AND (%(after_time)s::timestamptz IS NULL OR (c.created_at, c.id) < (%(after_time)s, %(after_id)s::uuid))
ORDER BY c.created_at DESC, c.id DESC LIMIT %(limit)s"""
_BY_ID: LiteralString = f"{_COMMAND} AND c.id = %(id)s"
_HISTORY: LiteralString = f"""
SELECT h.time, h.state, h.stands, h.actor, h.detail, h.result
FROM command_history h JOIN commands c ON c.id = h.command_id JOIN gateways g ON g.id = c.gateway_id
WHERE c.id = %(id)s AND {GATEWAY_IN_REACH} ORDER BY h.id"""
_OWNER: LiteralString = f"""
SELECT g.code FROM things t JOIN gateways g ON g.id = t.gateway_id
WHERE t.code = %(thing)s AND {THING_IN_REACH} AND {GATEWAY_IN_REACH}"""


async def commands(
    conn: AsyncConnection[Any],
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    gateway: str | None = None,
    thing: str | None = None,
    state: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[Row]:
    """Return commands that were asked for in `start` <= time < `end`, if given, the newest first.

    `state` is one of a command's states, or `open` for those that have not ended.
    """
    time, number = after or (None, None)
    params = {"start": start, "end": end, "gateway": gateway, "thing": thing, "state": state}
    return await fetch(conn, _COMMANDS, params | {"after_time": time, "after_id": number, "limit": limit})


async def command(conn: AsyncConnection[Any], number: UUID) -> Row | None:
    """Return one command with its history."""
    found = await fetch_one(conn, _BY_ID, {"id": number})
    return found and found | {"history": await fetch(conn, _HISTORY, {"id": number})}


async def gateway_of(conn: AsyncConnection[Any], thing: str) -> str | None:
    """Return the code of the gateway of a thing, if both are in reach."""
    found = await fetch_one(conn, _OWNER, {"thing": thing})
    return None if found is None else str(found["code"])
