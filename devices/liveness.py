"""Whether services and gateways are heard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection


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
