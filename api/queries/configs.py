"""Desired configurations and what gateways report. What changes them stands in devices.configs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import GATEWAY_IN_REACH, Row, fetch, fetch_one
from devices.configs import COLUMNS, CONFIGURED, STATE

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_CONFIGS: LiteralString = f"""
SELECT {COLUMNS} FROM {CONFIGURED}
WHERE {GATEWAY_IN_REACH} AND coalesce(d.version, s.config_version) IS NOT NULL
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(state)s::text IS NULL OR {STATE} = %(state)s)
  AND (%(after)s::text IS NULL OR g.code > %(after)s)
ORDER BY g.code LIMIT %(limit)s"""
_VERSIONS: LiteralString = f"""
SELECT c.version, c.hash, c.config, c.created_at, c.created_by, c.note, c.published_at
FROM desired_configs c JOIN gateways g ON g.id = c.gateway_id
WHERE g.code = %(gateway)s AND {GATEWAY_IN_REACH} ORDER BY c.version DESC LIMIT 50"""


async def configs(
    conn: AsyncConnection[Any], *, state: str | None, after: str | None, limit: int
) -> list[Row]:
    """Return gateways that are configured, or say that they are, by code."""
    return await fetch(conn, _CONFIGS, {"gateway": None, "state": state, "after": after, "limit": limit})


async def config(conn: AsyncConnection[Any], gateway: str) -> Row | None:
    """Return a gateway's newest configuration with the last 50 versions, the newest first."""
    params = {"gateway": gateway, "state": None, "after": None, "limit": 1}
    found = await fetch_one(conn, _CONFIGS, params)
    return found and found | {"versions": await fetch(conn, _VERSIONS, {"gateway": gateway})}
