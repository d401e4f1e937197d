"""The SQL of notifications: taken by one process at a time, tried again until they are sent or a day old."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from storage.rows import fetch

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    Row = dict[str, Any]

# Of what one target is to be told of one alert, the earliest comes first: nobody hears of the end before the
# beginning. A process that dies leaves its claim, which runs out.
_CLAIM = """
UPDATE alert_notifications n SET attempts = attempts + 1,
    claimed_until = now() + %(lease_s)s * interval '1 second'
FROM (
    SELECT id FROM alert_notifications o
    WHERE sent_at IS NULL AND gave_up_at IS NULL AND due_at <= now()
      AND (claimed_until IS NULL OR claimed_until < now())
      AND NOT EXISTS (SELECT FROM alert_notifications e
                      WHERE e.alert_id = o.alert_id AND e.channel = o.channel AND e.target = o.target
                        AND e.id < o.id AND e.sent_at IS NULL AND e.gave_up_at IS NULL)
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) c WHERE n.id = c.id RETURNING n.id"""
_ALERT: LiteralString = """
    l.id AS alert_id, l.state, l.since, l.value, l.value_end, l.peak, l.announced_at,
    r.code AS rule, r.kind, r.severity, r.name_en, r.name_vi, r.threshold, r.indicator, i.unit,
    g.code AS gateway, a.code AS area, a.name_en AS area_name_en, a.name_vi AS area_name_vi"""
_FROM_ALERTS: LiteralString = """
    alerts l JOIN alert_rules r ON r.id = l.rule_id JOIN areas a ON a.id = l.area_id
    LEFT JOIN indicators i ON i.code = r.indicator LEFT JOIN gateways g ON g.id = l.gateway_id"""
_CLAIMED: LiteralString = f"""
SELECT n.id, n.key::text, n.channel, n.target, n.attempts, h.time, h.before, h.after, h.cause,
       {_ALERT}
FROM alert_notifications n JOIN alert_history h ON h.id = n.history_id
JOIN {_FROM_ALERTS} ON l.id = n.alert_id
WHERE n.id = ANY(%s) ORDER BY n.id"""
_STANDING: LiteralString = f"""
SELECT {_ALERT} FROM {_FROM_ALERTS}
WHERE a.code = %s AND l.state IN ('active', 'acknowledged', 'silenced') ORDER BY l.id"""
# 10 s, 20 s, 40 s … 10 min; given up a day after it was written.
_FAILED = """
UPDATE alert_notifications SET claimed_until = NULL, last_error = %(error)s,
    due_at = now() + least(10 * 2 ^ least(attempts - 1, 10), 600) * interval '1 second',
    gave_up_at = CASE WHEN created_at < now() - interval '1 day' THEN now() END
WHERE id = %(id)s RETURNING gave_up_at IS NOT NULL"""
_SENT = """
UPDATE alert_notifications SET sent_at = now(), claimed_until = NULL, last_error = NULL WHERE id = ANY(%s)"""
_LOCK_AREA = "SELECT pg_advisory_xact_lock(hashtext('halong.alerts.mqtt'), hashtext(%s))"


async def claim(conn: AsyncConnection[Any], *, limit: int, lease_s: int) -> list[Row]:
    """Take notifications that are due, with what they tell, out of other processes' way for `lease_s`."""
    taken = await (await conn.execute(_CLAIM, {"limit": limit, "lease_s": lease_s})).fetchall()
    return await fetch(conn, _CLAIMED, [[row[0] for row in taken]])


async def standing(conn: AsyncConnection[Any], area: str) -> list[Row]:
    """Return the raised alerts of an area."""
    return await fetch(conn, _STANDING, [area])


async def lock_area(conn: AsyncConnection[Any], area: str) -> None:
    """Wait until no other transaction publishes an area's alerts: an older state must not come last."""
    await conn.execute(_LOCK_AREA, [area])


async def sent(conn: AsyncConnection[Any], ids: list[int]) -> None:
    """Note that notifications were sent."""
    await conn.execute(_SENT, [ids])


async def failed(conn: AsyncConnection[Any], notification: int, error: str) -> bool:
    """Have a notification tried again, ever more rarely; True: it is a day old and given up."""
    cursor = await conn.execute(_FAILED, {"id": notification, "error": error[:500]})
    row = await cursor.fetchone()
    return bool(row and row[0])
