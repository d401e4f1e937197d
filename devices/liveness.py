"""Whether services and gateways are heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

#: How a gateway `g` with status `s` is doing. It is silent after two heartbeats without any message. What its
#: will said counts only until a message proves the contrary.
STATE: LiteralString = """
    CASE WHEN s.last_seen IS NULL AND s.status_at IS NULL THEN 'never_heard'
         WHEN s.online IS FALSE AND s.status_at >= coalesce(s.last_seen, s.status_at) THEN 'offline'
         WHEN coalesce(s.last_seen, s.status_at) < now() - 2 * g.heartbeat_s * interval '1 second'
             THEN 'silent'
         ELSE 'online' END"""
#: Since when it is in that state: silent since it was due, never heard since it was registered.
STATE_SINCE: LiteralString = f"""
    CASE {STATE}
         WHEN 'never_heard' THEN g.created_at
         WHEN 'silent' THEN coalesce(s.last_seen, s.status_at) + 2 * g.heartbeat_s * interval '1 second'
         ELSE s.status_at END"""
#: A gateway flaps that said, or whose will said, so often in 24 h that it is offline.
FLAPPING_FROM: Final = 3
#: gateway_id, how often it said so in the last 24 h, and when what it says of itself changed last
CHANGES_TODAY: LiteralString = """
    SELECT gateway_id, count(*) FILTER (WHERE NOT online) AS offline, max(time) AS last_change
    FROM gateway_status_history WHERE time > now() - interval '24 hours' GROUP BY 1"""


async def is_connected(conn: AsyncConnection[Any], service: str) -> bool:
    """Tell whether a service, such as `ingest`, holds a connection to this database."""
    cursor = await conn.execute(
        "SELECT EXISTS (SELECT FROM pg_stat_activity "
        "WHERE application_name = %s AND datname = current_database())",
        [f"halong {service}"],
    )
    row = await cursor.fetchone()
    return bool(row and row[0])


async def last_message(conn: AsyncConnection[Any]) -> datetime | None:
    """Return when any gateway was last heard."""
    cursor = await conn.execute("SELECT max(last_seen) FROM gateway_status")
    row = await cursor.fetchone()
    return row[0] if row else None
