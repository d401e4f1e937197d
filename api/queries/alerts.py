"""Alerts with their history, rules and silences. What changes them stands in analytics.alert_actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import AREA_IN_REACH, Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_CODES_IN_REACH: LiteralString = f"SELECT a.code FROM areas a WHERE {AREA_IN_REACH}"
#: a rule without areas is of all of them, one of several is shown whole to who reaches one of them
RULE_IN_REACH: LiteralString = f"""(%(reach)s::int[] IS NULL OR r.areas = '{{}}'
      OR r.areas && ARRAY({_CODES_IN_REACH}))"""
_ALERT: LiteralString = f"""
SELECT l.id, l.state, l.since, l.value, l.value_end, l.peak, l.activated_at, l.announced_at, l.acknowledged,
       l.closed_at, l.retrospective, r.code AS rule, r.kind, r.severity, r.name_en, r.name_vi, r.threshold,
       r.indicator, i.unit, g.code AS gateway, a.code AS area, a.name_en AS area_name_en,
       a.name_vi AS area_name_vi
FROM alerts l JOIN alert_rules r ON r.id = l.rule_id JOIN areas a ON a.id = l.area_id
LEFT JOIN indicators i ON i.code = r.indicator LEFT JOIN gateways g ON g.id = l.gateway_id
WHERE {AREA_IN_REACH}"""
# What was never more than pending is no alert to a reader.
_ALERTS: LiteralString = f"""
{_ALERT} AND l.since < %(end)s
  AND (%(start)s::timestamptz IS NULL OR l.closed_at IS NULL OR l.closed_at >= %(start)s)
  AND CASE WHEN %(state)s::text IS NULL THEN l.state <> 'inactive'
           WHEN %(state)s = 'open' THEN l.state IN ('active', 'acknowledged', 'silenced')
           ELSE l.state = %(state)s END
  AND (%(rule)s::text IS NULL OR r.code = %(rule)s)
  AND (%(area)s::text IS NULL OR a.code = %(area)s)
  AND (%(severity)s::text IS NULL OR r.severity = %(severity)s)
  AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
  AND (%(thing)s::text IS NULL OR EXISTS (
      SELECT FROM site_values s JOIN things t ON t.id = s.thing_id
      JOIN installation_areas ia ON ia.thing_id = t.id AND ia.area_id = l.area_id
      WHERE t.code = %(thing)s AND s.indicator = r.indicator
        AND s.time >= l.since - interval '1 day' AND s.time < l.value_end))
  AND (%(after)s::bigint IS NULL OR l.id < %(after)s)
ORDER BY l.id DESC LIMIT %(limit)s"""
# `closed_at` has an index that holds the open ones alone.
_RAISED: LiteralString = f"""
SELECT open.*, count(*) OVER () AS total, count(*) FILTER (WHERE state <> 'silenced') OVER () AS raised,
       count(*) FILTER (WHERE state = 'active') OVER () AS untaken,
       (SELECT h.actor FROM alert_history h WHERE h.alert_id = open.id AND h.cause = 'operator'
        ORDER BY h.id LIMIT 1) AS acknowledged_by
FROM ({_ALERT} AND l.closed_at IS NULL AND l.state IN ('active', 'acknowledged', 'silenced')) open
ORDER BY state = 'silenced', array_position(ARRAY['critical', 'warning', 'info'], severity), acknowledged,
    CASE kind WHEN 'below' THEN threshold - value ELSE value - threshold END / nullif(abs(threshold), 0)
        DESC NULLS LAST, since, id
LIMIT %(limit)s"""
_HISTORY = """
SELECT time, before, after, cause, actor, note, value, value_time, revision FROM alert_history
WHERE alert_id = %(id)s ORDER BY id"""
_BY_HISTORY = """
SELECT id, alert_id, time, before, after, cause, actor, note, value, value_time, revision FROM alert_history
WHERE id = ANY(%(lines)s)"""
_NOTIFICATIONS = """
SELECT channel, target, created_at, sent_at, gave_up_at, attempts, last_error FROM alert_notifications
WHERE alert_id = %(id)s ORDER BY id"""
_RULES = f"""
SELECT code, indicator, kind, threshold, clear, hold_min, severity, name_en, name_vi, areas, levels,
       escalation, enabled, version, changed_by, changed_at
FROM alert_rules r
WHERE deleted_at IS NULL AND {RULE_IN_REACH} AND (%(code)s::text IS NULL OR code = %(code)s) ORDER BY code"""
# One of a rule alone is of all areas; one of what is out of reach is not shown.
_SILENCES = f"""
SELECT s.id, r.code AS rule, s.area, s.alert_id AS alert, s.starts_at, s.ends_at, s.reason, s.created_by,
       s.created_at, s.ended_by
FROM alert_silences s LEFT JOIN alert_rules r ON r.id = s.rule_id
WHERE (s.area IS NULL OR s.area IN ({_CODES_IN_REACH}))
  AND (s.alert_id IS NULL
       OR s.alert_id IN (SELECT l.id FROM alerts l JOIN areas a ON a.id = l.area_id WHERE {AREA_IN_REACH}))
  AND (r.id IS NULL OR {RULE_IN_REACH})
  AND (%(id)s::int IS NULL OR s.id = %(id)s)
  AND (NOT %(in_force)s::boolean OR (s.starts_at <= now() AND s.ends_at > now()))
  AND (%(after)s::int IS NULL OR s.id < %(after)s)
ORDER BY s.id DESC LIMIT %(limit)s"""


async def alerts(
    conn: AsyncConnection[Any],
    *,
    start: datetime | None,
    end: datetime,
    state: str | None = None,
    rule: str | None = None,
    area: str | None = None,
    severity: str | None = None,
    gateway: str | None = None,
    thing: str | None = None,
    after: int | None = None,
    limit: int,
) -> list[Row]:
    """Return alerts that began before `end` and were not over by `start`, the newest first.

    `state` is one of a state's names, or `open` for those that are raised; `thing`: those over values that it
    had a part in.
    """
    params = {"start": start, "end": end, "state": state, "rule": rule, "area": area, "severity": severity}
    params |= {"gateway": gateway, "thing": thing}
    return await fetch(conn, _ALERTS, params | {"after": after, "limit": limit})


async def raised(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return the alerts that are raised, silenced ones last, by severity, those that nobody has taken first.

    Of those the first is furthest beyond its threshold, as a share of it, then the oldest. Each has in
    `total` how many there are, in `raised` how many of them are not silenced, in `untaken` how many nobody
    has taken, and in `acknowledged_by` who was the first to acknowledge it.
    """
    return await fetch(conn, _RAISED, {"limit": limit})


async def by_history(conn: AsyncConnection[Any], lines: Sequence[int]) -> dict[int, Row]:
    """Return what happened (`change`) and the alert as it is, by the id of the line in the history."""
    rows = await fetch(conn, _BY_HISTORY, {"lines": list(lines)})
    alerts = {
        row["id"]: row
        for row in await fetch(
            conn, f"{_ALERT} AND l.id = ANY(%(ids)s)", {"ids": [r["alert_id"] for r in rows]}
        )
    }
    return {row["id"]: alerts[row["alert_id"]] | {"change": row} for row in rows if row["alert_id"] in alerts}


async def alert(conn: AsyncConnection[Any], alert_id: int) -> Row | None:
    """Return one alert with its history and who was told."""
    found = await fetch_one(conn, f"{_ALERT} AND l.id = %(id)s", {"id": alert_id})
    if found is None:
        return None
    found["history"] = await fetch(conn, _HISTORY, {"id": alert_id})
    found["notifications"] = await fetch(conn, _NOTIFICATIONS, {"id": alert_id})
    return found


async def rules(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every rule by code."""
    return await fetch(conn, _RULES, {"code": None})


async def rule(conn: AsyncConnection[Any], code: str) -> Row | None:
    """Return one rule."""
    return await fetch_one(conn, _RULES, {"code": code})


async def silences(
    conn: AsyncConnection[Any], *, in_force: bool, after: int | None = None, limit: int
) -> list[Row]:
    """Return silences, the newest first."""
    params = {"id": None, "in_force": in_force, "after": after, "limit": limit}
    return await fetch(conn, _SILENCES, params)


async def silence(conn: AsyncConnection[Any], silence_id: int) -> Row | None:
    """Return one silence."""
    params = {"id": silence_id, "in_force": False, "after": None, "limit": 1}
    return await fetch_one(conn, _SILENCES, params)
