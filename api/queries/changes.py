"""Who changed what in the registry. Triggers write it (migration 0027)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import Row, fetch

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

# What left an area, or came into one, is told to who reaches both states of it.
_STATES_IN_REACH: LiteralString = """(%(reach)s::int[] IS NULL OR (
      coalesce(c.areas_before && %(reach)s::int[], c.before IS NULL)
      AND coalesce(c.areas_after && %(reach)s::int[], c.after IS NULL)))"""
_CHANGES: LiteralString = f"""
SELECT c.id, c.time, c.actor, c.request_id, c.kind, c.code, c.action, c.before, c.after,
       ARRAY(SELECT coalesce(b.key, a.key) FROM jsonb_each(coalesce(c.before, '{{}}')) b
             FULL JOIN jsonb_each(coalesce(c.after, '{{}}')) a ON a.key = b.key
             WHERE b.value IS DISTINCT FROM a.value ORDER BY 1) AS fields
FROM registry_changes c
WHERE {_STATES_IN_REACH}
  AND (%(everything)s::boolean OR c.areas_before IS NOT NULL OR c.areas_after IS NOT NULL)
  AND c.time >= %(start)s AND c.time < %(end)s
  AND (%(kind)s::text IS NULL OR c.kind = %(kind)s)
  AND (%(code)s::text IS NULL OR c.code = %(code)s)
  AND (%(actor)s::text IS NULL OR starts_with(c.actor, %(actor)s))
  AND (%(request_id)s::text IS NULL OR c.request_id = %(request_id)s)
  AND (%(after)s::bigint IS NULL OR c.id < %(after)s)
ORDER BY c.id DESC LIMIT %(limit)s"""


@dataclass(frozen=True, kw_only=True)
class ChangeFilter:
    """Which changes are wanted; `actor` is how its name begins; None: any."""

    start: datetime
    end: datetime
    kind: str | None = None
    code: str | None = None
    actor: str | None = None
    request_id: str | None = None


async def changes(
    conn: AsyncConnection[Any],
    wanted: ChangeFilter,
    *,
    everything: bool,
    after: int | None = None,
    limit: int,
) -> list[Row]:
    """Return changes, the newest first; unless `everything`, of what stands in areas."""
    params = vars(wanted) | {"everything": everything, "after": after, "limit": limit}
    return await fetch(conn, _CHANGES, params)
