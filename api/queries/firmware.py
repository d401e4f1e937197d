"""Firmware of gateways, and its roll-outs. What begins and ends them stands in devices.rollouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import GATEWAY_IN_REACH, Row, fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_INVENTORY: LiteralString = f"""
SELECT n.version, coalesce(n.gateways, 0) AS gateways, f.version IS NOT NULL AS can_be_offered, f.url, f.size,
       f.sha256, f.signature, f.public_key, f.created_at, f.created_by
FROM (
    SELECT coalesce(s.version, f.version) AS version, s.gateways
    FROM (SELECT coalesce(s.firmware, '') AS version, count(*) AS gateways
          FROM gateways g JOIN gateway_status s ON s.gateway_id = g.id
          WHERE g.enabled AND {GATEWAY_IN_REACH} GROUP BY 1) s
    FULL JOIN firmware f ON f.version = s.version
) n LEFT JOIN firmware f ON f.version = n.version
WHERE %(after)s::text IS NULL OR n.version > %(after)s
ORDER BY n.version LIMIT %(limit)s"""
_ROLLOUT: LiteralString = f"""
SELECT r.id, r.version, r.stages, r.stage, r.settle_s, r.max_failed, r.state, r.reason, r.created_at,
       r.created_by, r.ended_at, count(g.id) FILTER (WHERE o.state = 'waiting') AS waiting,
       count(g.id) FILTER (WHERE o.state = 'offered') AS offered,
       count(g.id) FILTER (WHERE o.state = 'updated') AS updated,
       count(g.id) FILTER (WHERE o.state = 'failed') AS failed
FROM rollouts r LEFT JOIN rollout_gateways o ON o.rollout_id = r.id
LEFT JOIN gateways g ON g.id = o.gateway_id AND {GATEWAY_IN_REACH}
WHERE (%(id)s::int IS NULL OR r.id = %(id)s) AND (%(after)s::int IS NULL OR r.id < %(after)s)
GROUP BY r.id ORDER BY r.id DESC LIMIT %(limit)s"""
_GATEWAYS: LiteralString = f"""
SELECT g.code AS gateway, o.stage, o.state, o.before, s.firmware AS present, o.offered_at, o.ended_at,
       o.reason
FROM rollout_gateways o JOIN gateways g ON g.id = o.gateway_id
LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE o.rollout_id = %(id)s AND {GATEWAY_IN_REACH} ORDER BY o.stage, g.code"""


async def inventory(
    conn: AsyncConnection[Any], *, after: str | None = None, limit: int | None = None
) -> list[Row]:
    """Return each version with how many enabled gateways report it; an empty one: they report none."""
    return await fetch(conn, _INVENTORY, {"after": after, "limit": limit})


async def rollouts(
    conn: AsyncConnection[Any], *, after: int | None = None, limit: int | None = None
) -> list[Row]:
    """Return roll-outs with how many gateways are how far, the newest first."""
    return await fetch(conn, _ROLLOUT, {"id": None, "after": after, "limit": limit})


async def rollout(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one roll-out with its gateways, by stage."""
    found = await fetch_one(conn, _ROLLOUT, {"id": number, "after": None, "limit": 1})
    return found and found | {"gateways": await fetch(conn, _GATEWAYS, {"id": number})}
