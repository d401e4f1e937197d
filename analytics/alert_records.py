"""The SQL of alerts as records, with history and outbox: for the transaction of whoever changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from analytics.alerts import Alert, State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.alerts import Transition

_INSERT = """
INSERT INTO alerts (rule_id, area_id, gateway_id, state, since, value, value_end, peak, activated_at,
                    announced_at, told, acknowledged, closed_at, retrospective)
VALUES (%(rule_id)s, %(area_id)s, %(gateway_id)s, %(state)s, %(since)s, %(value)s, %(value_end)s, %(peak)s,
        CASE WHEN %(raised)s THEN %(at)s::timestamptz END, %(announced_at)s, %(told)s, %(acknowledged)s,
        CASE WHEN %(closed)s THEN %(at)s::timestamptz END, %(retrospective)s) RETURNING id"""
_UPDATE = """
UPDATE alerts SET (state, since, value, value_end, peak, activated_at, announced_at, told, acknowledged,
                   closed_at)
  = (%(state)s, %(since)s, %(value)s, %(value_end)s, %(peak)s,
     coalesce(activated_at, CASE WHEN %(raised)s THEN %(at)s::timestamptz END), %(announced_at)s, %(told)s,
     %(acknowledged)s, CASE WHEN %(closed)s THEN %(at)s::timestamptz END)
WHERE id = %(id)s"""
_HISTORY = """
INSERT INTO alert_history (alert_id, time, before, after, cause, actor, note, value, value_time, revision)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""
_NOTIFY = """
INSERT INTO alert_notifications (alert_id, history_id, channel, target) VALUES (%s, %s, %s, %s)
ON CONFLICT DO NOTHING"""
_TOLD = """
SELECT DISTINCT channel, target FROM alert_notifications WHERE alert_id = %s AND channel <> 'mqtt'
ORDER BY 1, 2"""


def alert_of(row: dict[str, Any]) -> Alert:
    """Return an alert from its row."""
    return Alert(
        state=State(row["state"]),
        since=row["since"],
        value=row["value"],
        value_end=row["value_end"],
        peak=row["peak"],
        announced_at=row["announced_at"],
        told=row["told"],
        acknowledged=row["acknowledged"],
    )


async def write_alert(
    conn: AsyncConnection[Any],
    at: datetime,
    alert: Alert,
    *,
    alert_id: int | None,
    rule_id: int,
    area_id: int,
    gateway_id: int | None = None,
    retrospective: bool = False,
) -> int:
    """Insert or update an alert and return its id."""
    row = {name: getattr(alert, name) for name in Alert.__dataclass_fields__} | {
        "id": alert_id,
        "rule_id": rule_id,
        "area_id": area_id,
        "gateway_id": gateway_id,
        "at": at,
        "raised": alert.state not in {State.INACTIVE, State.PENDING},
        "closed": alert.is_closed,
        "retrospective": retrospective,
    }
    if alert_id is None:
        return await _number(conn, _INSERT, row)
    await conn.execute(_UPDATE, row)
    return alert_id


async def write_history(
    conn: AsyncConnection[Any], at: datetime, alert_id: int, transition: Transition
) -> int:
    """Append a line to an alert's history and return its id."""
    s, t = transition.sample, transition
    figures = (s.value, s.time, s.revision) if s else (None, None, None)
    row = [alert_id, at, t.before, t.after, t.cause, t.actor, t.note, *figures]
    return await _number(conn, _HISTORY, row)


async def enqueue(
    conn: AsyncConnection[Any], alert_id: int, history_id: int, recipients: Iterable[tuple[str, str]]
) -> None:
    """Have (channel, target) told of a line of history; each once, however often this is called."""
    for channel, target in recipients:
        await conn.execute(_NOTIFY, [alert_id, history_id, channel, target])


async def told(conn: AsyncConnection[Any], alert_id: int) -> list[tuple[str, str]]:
    """Return the (channel, target) that were told of an alert."""
    rows = await conn.execute(_TOLD, [alert_id])
    return [(channel, target) for channel, target in await rows.fetchall()]


async def _number(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any) -> int:
    row = await (await conn.execute(statement, arguments)).fetchone()
    assert row is not None
    return int(row[0])
