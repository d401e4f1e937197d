"""Which unknown things there are; devices.unknown_store reads them by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import GATEWAY_IN_REACH, Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

_IDS = f"""
SELECT u.id FROM unknown_things u JOIN gateways g ON g.id = u.gateway_id
WHERE {GATEWAY_IN_REACH}
  AND (%(ids)s::bigint[] IS NULL OR u.id = ANY(%(ids)s))
  AND (%(state)s::text IS NULL OR u.state = %(state)s)
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(device)s::text IS NULL OR u.device = %(device)s)
  AND (%(after)s::bigint IS NULL OR u.id < %(after)s)
ORDER BY u.id DESC LIMIT %(limit)s"""
_AUTOMATIC = f"""
SELECT g.code AS gateway, a.things_per_day, a.datastreams_per_day, a.set_by, a.set_at
FROM automatic_acceptance a JOIN gateways g ON g.id = a.gateway_id
WHERE {GATEWAY_IN_REACH} AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(after)s::text IS NULL OR g.code > %(after)s)
ORDER BY g.code LIMIT %(limit)s"""


async def automatic(conn: AsyncConnection[Any], *, after: str | None, limit: int) -> list[Row]:
    """Return the gateways whose unknown things are accepted without anybody, by code."""
    return await fetch(conn, _AUTOMATIC, {"gateway": None, "after": after, "limit": limit})


async def automatic_of(conn: AsyncConnection[Any], gateway: str) -> Row | None:
    """Return what is accepted of one gateway without anybody."""
    return await fetch_one(conn, _AUTOMATIC, {"gateway": gateway, "after": None, "limit": 1})


async def ids(
    conn: AsyncConnection[Any],
    *,
    ids: Sequence[int] | None = None,
    state: str | None = None,
    gateway: str | None = None,
    device: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[int]:
    """Return the numbers of unknown things, the newest first."""
    params = {
        "ids": None if ids is None else list(ids), "state": state, "gateway": gateway, "device": device,
        "after": after, "limit": limit,
    }  # fmt: skip
    return [row["id"] for row in await fetch(conn, _IDS, params)]
