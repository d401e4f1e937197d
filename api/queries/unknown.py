"""Which unknown things there are; devices.unknown_store reads them by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import GATEWAY_IN_REACH, fetch

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
