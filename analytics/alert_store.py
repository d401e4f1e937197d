"""The SQL of alerts: rules, what they look at, the alerts and their history."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, LiteralString

import msgspec

from analytics import alert_gateways
from analytics.alert_records import alert_of
from analytics.alerts import Sample, Silence
from devices.alert_rules import AlertRule
from storage.rows import fetch

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

    from analytics.alerts import Alert

#: Revisions of older values say nothing that an operator could act on: `as_of` tells of them.
LATE_REACH = timedelta(days=7)

# Each enabled rule with each area that it looks at.
_PAIRS: LiteralString = """
    alert_rules r JOIN indicators i ON i.code = r.indicator
    JOIN areas a ON a.reporting AND (r.areas = '{}' OR a.code = ANY(r.areas))
                AND (r.levels = '{}' OR a.level = ANY(r.levels))"""
_ON: LiteralString = "r.enabled AND r.deleted_at IS NULL"
# The pairs of which a newer value, or a newer revision of it, or a changed rule has to be looked at.
_CHANGED: LiteralString = f"""
    FROM {_PAIRS}
    CROSS JOIN LATERAL (
        SELECT time, revision FROM indicator_values
        WHERE indicator = r.indicator AND area_id = a.id AND superseded_at IS NULL
        ORDER BY time DESC LIMIT 1
    ) v
    LEFT JOIN alert_watches w ON w.rule_id = r.id AND w.area_id = a.id
    WHERE {_ON} AND (w.time, w.revision, w.rule_version) IS DISTINCT FROM (v.time, v.revision, r.version)"""
# The silences of an alert that have begun.
_BEGUN: LiteralString = """
    alert_silences s JOIN areas sa ON sa.id = l.area_id
    WHERE s.starts_at <= %(at)s
      AND (s.rule_id IS NULL OR s.rule_id = l.rule_id) AND (s.area IS NULL OR s.area = sa.code)
      AND (s.alert_id IS NULL OR s.alert_id = l.id)"""
_SILENCED: LiteralString = f"EXISTS (SELECT FROM {_BEGUN} AND s.ends_at > %(at)s)"
_STRAY: LiteralString = f"""
    CASE WHEN l.gateway_id IS NULL
         THEN NOT EXISTS (SELECT FROM {_PAIRS} WHERE {_ON} AND r.id = l.rule_id AND a.id = l.area_id)
         ELSE {alert_gateways.STRAY} END"""
# Revisions of values before the last one that a rule has looked at.
_LATE: LiteralString = f"""
    FROM indicator_values v
    JOIN indicator_values p ON p.indicator = v.indicator AND p.area_id = v.area_id AND p.time = v.time
                           AND p.revision = v.revision - 1
    JOIN alert_rules r ON r.indicator = v.indicator AND r.kind IN ('above', 'below') AND {_ON}
    JOIN indicators i ON i.code = r.indicator
    JOIN alert_watches w ON w.rule_id = r.id AND w.area_id = v.area_id AND v.time < w.time
    WHERE v.revision > 1 AND v.computed_at >= (SELECT revised FROM alert_cursor)
      AND v.time >= %(late_from)s"""

# Whoever still writes may commit rows whose computed_at lies after the beginning of its transaction.
_LOOK: LiteralString = f"""
SELECT EXISTS (SELECT {_CHANGED})
    OR EXISTS (SELECT {_LATE})
    OR {alert_gateways.IS_CHANGED}
    OR EXISTS (SELECT FROM alerts l JOIN alert_rules r ON r.id = l.rule_id WHERE l.closed_at IS NULL AND (
        (l.state = 'silenced') IS DISTINCT FROM
            (l.state IN ('active', 'acknowledged', 'silenced') AND {_SILENCED})
        OR l.state = 'active' AND EXISTS (
            SELECT FROM jsonb_array_elements(r.escalation) WITH ORDINALITY e (step, n) WHERE e.n > l.told
            AND l.announced_at + (e.step->>'after_min')::int * interval '1 minute' <= %(at)s)
        OR {_STRAY})),
  EXISTS (SELECT FROM alert_notifications
          WHERE sent_at IS NULL AND gave_up_at IS NULL AND due_at <= now()
            AND (claimed_until IS NULL OR claimed_until < now())),
  (SELECT least(now(), min(xact_start)) FROM pg_stat_activity
   WHERE datname = current_database() AND backend_xid IS NOT NULL)"""
_CLAIM = "SELECT pg_try_advisory_xact_lock(hashtext('halong.alerts'))"

_RULE: LiteralString = """
    r.id, r.version, r.code, r.indicator, r.kind, r.severity, r.name_en, r.name_vi, r.threshold, r.clear,
    r.hold_min, r.areas, r.levels, r.escalation, r.enabled"""
_RULES: LiteralString = (
    f"SELECT {_RULE}, coalesce(i.step_s, 0) AS step_s FROM alert_rules r "
    "LEFT JOIN indicators i ON i.code = r.indicator WHERE i.code IS NOT NULL OR r.indicator IS NULL"
)
# A rule that has not looked yet begins with what its duration needs; one that was away for long, with
# the last two days. A rise is measured against values of two hours before.
_SAMPLES: LiteralString = f"""
WITH changed AS MATERIALIZED (
    SELECT r.id AS rule_id, r.version, r.indicator, r.kind, i.step_s * interval '1 second' AS step,
           a.id AS area_id, least(v.time, greatest(w.time, v.time - r.hold_min * interval '1 minute' - CASE
               WHEN w.time IS NULL THEN interval '0'
               ELSE greatest(interval '2 days', 3 * i.step_s * interval '1 second') END)) AS first
    {_CHANGED}
)
SELECT c.rule_id, c.version, c.area_id, c.first, s.time, s.time + c.step, s.value, s.reason, s.revision
FROM changed c CROSS JOIN LATERAL (
    SELECT time, value, reason, revision FROM indicator_values
    WHERE indicator = c.indicator AND area_id = c.area_id AND superseded_at IS NULL
      AND time >= c.first - CASE c.kind WHEN 'rise' THEN interval '2 hours' ELSE interval '0' END
) s
ORDER BY c.rule_id, c.area_id, s.time"""
_OPEN: LiteralString = f"""
SELECT l.*, {_SILENCED} AS is_silenced, {_STRAY} AS is_stray FROM alerts l
WHERE l.closed_at IS NULL ORDER BY l.id FOR UPDATE OF l"""
_LAST_SILENCE: LiteralString = f"""
SELECT found.*
FROM (SELECT %(id)s::bigint AS id, %(rule_id)s::int AS rule_id, %(area_id)s::int AS area_id) l
CROSS JOIN LATERAL (
    SELECT s.created_by, s.reason, s.ended_by, s.ends_at > %(at)s FROM {_BEGUN}
    ORDER BY s.ends_at DESC, s.id DESC LIMIT 1
) found"""
_REVISED: LiteralString = f"""
SELECT r.id, v.area_id, v.time, v.time + i.step_s * interval '1 second', p.value, v.value, v.revision
{_LATE} AND v.computed_at < %(horizon)s
ORDER BY r.id, v.area_id, v.time, v.revision"""
_COVERING = """
SELECT id, state FROM alerts WHERE rule_id = %s AND area_id = %s AND state <> 'inactive' AND since <= %s
  AND (closed_at IS NULL OR value_end >= %s) ORDER BY id DESC LIMIT 1"""

_WATCH = """
INSERT INTO alert_watches (rule_id, area_id, time, revision, rule_version) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (rule_id, area_id) DO UPDATE
    SET (time, revision, rule_version) = (excluded.time, excluded.revision, excluded.rule_version)"""


@dataclass(frozen=True)
class Look:
    """What there is to do, and the instant before which every revision can be seen."""

    alerts: bool
    notifications: bool
    horizon: datetime


@dataclass(frozen=True)
class WatchedRule:
    """A rule as it is stored, with the length of its indicator's step; 0 without an indicator."""

    id: int
    version: int
    rule: AlertRule
    step: timedelta


@dataclass(frozen=True)
class Watched:
    """The values of a rule and area, in order of time; those from `first` on are to be looked at."""

    rule_id: int
    version: int
    area_id: int
    first: datetime
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class OpenAlert:
    """An alert that is not over, and what is so of it at the instant of reading."""

    id: int
    rule_id: int
    area_id: int
    gateway_id: int | None
    alert: Alert
    is_silenced: bool
    is_stray: bool


@dataclass(frozen=True)
class Revised:
    """A value that a rule had looked at and that is another one in its last revision."""

    rule_id: int
    area_id: int
    time: datetime
    end: datetime
    before: float | None
    after: float | None
    revision: int

    @property
    def sample(self) -> Sample:
        """The value as it is in its revision."""
        return Sample(self.time, self.end, self.after, None, self.revision)


def _times(at: datetime) -> dict[str, Any]:
    return {"at": at, "late_from": at - LATE_REACH}


async def look(conn: AsyncConnection[Any], at: datetime) -> Look:
    """Return what there is to do at an instant: one query."""
    return Look(*(await _all(conn, _LOOK, _times(at)))[0])


async def claim(conn: AsyncConnection[Any]) -> bool:
    """Become the one transaction that evaluates rules; False if there is one."""
    return bool((await _all(conn, _CLAIM))[0][0])


async def rules(conn: AsyncConnection[Any]) -> dict[int, WatchedRule]:
    """Return every rule of a known indicator or of gateways by id, deleted ones included."""
    return {row["id"]: watched_rule(row) for row in await fetch(conn, _RULES)}


def watched_rule(row: dict[str, Any]) -> WatchedRule:
    """Return a rule from its row."""
    columns = {name: row[name] for name in AlertRule.__struct_fields__}
    step = timedelta(seconds=row["step_s"])
    return WatchedRule(row["id"], row["version"], msgspec.convert(columns, AlertRule), step)


async def watched(conn: AsyncConnection[Any], at: datetime) -> list[Watched]:
    """Return the values that have not been looked at, with the earlier ones that their rules need."""
    found: dict[tuple[int, int, int, datetime], list[Sample]] = {}
    for rule_id, version, area_id, first, *sample in await _all(conn, _SAMPLES, _times(at)):
        found.setdefault((rule_id, version, area_id, first), []).append(Sample(*sample))
    return [Watched(*key, tuple(samples)) for key, samples in found.items()]


async def open_alerts(conn: AsyncConnection[Any], at: datetime) -> list[OpenAlert]:
    """Return the alerts that are not over, locked: who acknowledges one waits."""
    return [
        OpenAlert(
            r["id"],
            r["rule_id"],
            r["area_id"],
            r["gateway_id"],
            alert_of(r),
            r["is_silenced"],
            r["is_stray"],
        )
        for r in await fetch(conn, _OPEN, _times(at))
    ]


async def last_silence(
    conn: AsyncConnection[Any], at: datetime, alert_id: int | None, rule_id: int, area_id: int
) -> Silence | None:
    """Return the silence of an alert that ends last, of those that have begun; None where there was none."""
    given = {"id": alert_id, "rule_id": rule_id, "area_id": area_id, "at": at}
    found = await _all(conn, _LAST_SILENCE, given)
    return Silence(*found[0]) if found else None


async def watch(conn: AsyncConnection[Any], seen: Watched) -> None:
    """Note that the values of a rule and area have been looked at."""
    last = seen.samples[-1]
    await conn.execute(_WATCH, [seen.rule_id, seen.area_id, last.time, last.revision, seen.version])


async def area_codes(conn: AsyncConnection[Any]) -> dict[int, str]:
    """Return the codes of all areas by id."""
    return dict(await _all(conn, "SELECT id, code FROM areas"))


async def revised(conn: AsyncConnection[Any], at: datetime, horizon: datetime) -> list[Revised]:
    """Return the revisions up to `horizon` that no rule has looked at, of values that one has."""
    found = await _all(conn, _REVISED, _times(at) | {"horizon": horizon})
    await conn.execute("UPDATE alert_cursor SET revised = %(h)s WHERE revised < %(h)s", {"h": horizon})
    return [Revised(*row) for row in found]


async def covering(conn: AsyncConnection[Any], value: Revised) -> tuple[int, str] | None:
    """Return id and state of the alert that was pending or raised when a value's step ended."""
    found = await _all(conn, _COVERING, [value.rule_id, value.area_id, value.end, value.end])
    return found[0] if found else None


async def _all(conn: AsyncConnection[Any], statement: LiteralString, arguments: Any = None) -> list[Any]:
    return await (await conn.execute(statement, arguments)).fetchall()
