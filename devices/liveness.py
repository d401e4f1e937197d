"""Whether services and gateways are heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

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
