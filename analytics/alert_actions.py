"""The SQL of what people do about alerts: rules, acknowledgements, silences. `who` stands in the history."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

import msgspec
from psycopg.types.json import Jsonb

from analytics import alert_records
from analytics import alerts as pure
from devices.alert_rules import AlertRule, RuleError, check
from storage.rows import fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_COLUMNS: LiteralString = """
    code, indicator, kind, severity, name_en, name_vi, threshold, clear, hold_min, areas, levels, escalation,
    enabled"""
_STORED: LiteralString = """
    r.code, r.indicator, r.kind, r.severity, r.name_en, r.name_vi, r.threshold, r.clear, r.hold_min, r.areas,
    r.levels, r.escalation, r.enabled"""
_VALUES: LiteralString = """
    %(code)s, %(indicator)s, %(kind)s, %(severity)s, %(name_en)s, %(name_vi)s, %(threshold)s::float8,
    %(clear)s::float8, %(hold_min)s, %(areas)s::text[], %(levels)s::text[],
    %(escalation)s::jsonb, %(enabled)s"""
_SET: LiteralString = f"""
    SET ({_COLUMNS}, version, changed_by, changed_at, deleted_at)
      = ({_VALUES}, r.version + 1, %(who)s, now(), NULL)"""
_IMPORT: LiteralString = f"""
INSERT INTO alert_rules AS r ({_COLUMNS}) VALUES ({_VALUES})
ON CONFLICT (code) DO UPDATE {_SET}
WHERE r.changed_by IS NULL AND ({_STORED}) IS DISTINCT FROM ({_VALUES})"""
# The code of a deleted rule may be given again.
_CREATE: LiteralString = f"""
INSERT INTO alert_rules AS r ({_COLUMNS}, changed_by) VALUES ({_VALUES}, %(who)s)
ON CONFLICT (code) DO UPDATE {_SET} WHERE r.deleted_at IS NOT NULL"""
_CHANGE: LiteralString = f"UPDATE alert_rules r {_SET} WHERE r.code = %(code)s"
_DELETE = """
UPDATE alert_rules SET deleted_at = now(), changed_by = %s, changed_at = now(), version = version + 1
WHERE code = %s AND deleted_at IS NULL"""
_RULE: LiteralString = (
    f"SELECT {_STORED} FROM alert_rules r WHERE code = %s AND deleted_at IS NULL FOR UPDATE"
)
_RULES: LiteralString = f"SELECT {_STORED} FROM alert_rules r WHERE deleted_at IS NULL ORDER BY code"
_ALERT = """
SELECT l.*, a.code AS area FROM alerts l JOIN areas a ON a.id = l.area_id WHERE l.id = %s FOR UPDATE OF l"""
_SILENCE = """
INSERT INTO alert_silences (rule_id, area, alert_id, ends_at, reason, created_by)
VALUES ((SELECT id FROM alert_rules WHERE code = %(rule)s), %(area)s, %(alert)s, %(ends_at)s,
        %(reason)s, %(who)s)
RETURNING id"""
_END_SILENCE = """
UPDATE alert_silences SET ends_at = least(ends_at, now()), ended_by = %s WHERE id = %s AND ends_at > now()"""


class UnknownError(LookupError):
    """There is no rule, alert or silence of this name."""


async def import_rules(conn: AsyncConnection[Any], declared: Sequence[AlertRule]) -> int:
    """Write a profile's rules and return how many were new or differed.

    A rule that somebody has changed or deleted stays as it is.
    """
    rows = [_row(rule) | {"who": None} for rule in declared]
    return sum([(await conn.execute(_IMPORT, row)).rowcount for row in rows])


async def declared_rules(conn: AsyncConnection[Any]) -> list[AlertRule]:
    """Return every rule by code."""
    return [parse_rule(row) for row in await fetch(conn, _RULES)]


async def create_rule(conn: AsyncConnection[Any], rule: AlertRule, who: str) -> None:
    """Store another rule.

    Raises:
        RuleError: a field is wrong, or another rule has the code.
    """
    check(rule)
    if not (await conn.execute(_CREATE, _row(rule) | {"who": who})).rowcount:
        raise RuleError("code", f"there is a rule {rule.code!r}: choose another code, or change that one")


async def change_rule(
    conn: AsyncConnection[Any], code: str, changes: Mapping[str, Any], who: str
) -> AlertRule:
    """Change fields of a rule, from then on an operator's: imports leave it alone.

    Raises:
        UnknownError: there is none of this code.
        RuleError: a field is wrong.
    """
    async with conn.transaction():
        row = await fetch_one(conn, _RULE, [code])
        if row is None:
            raise UnknownError(f"there is no alert rule {code!r}")
        rule = parse_rule(row | dict(changes) | {"code": code})
        await conn.execute(_CHANGE, _row(rule) | {"who": who})
    return rule


def parse_rule(values: Mapping[str, Any]) -> AlertRule:
    """Return a rule from JSON values.

    Raises:
        RuleError: a field is wrong, missing, or none of a rule's.
    """
    try:
        rule = msgspec.convert(dict(values), AlertRule)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        raise RuleError(path.strip(".`") or "rule", what) from error
    check(rule)
    return rule


async def delete_rule(conn: AsyncConnection[Any], code: str, who: str) -> None:
    """Delete a rule; its alerts end, their history stays.

    Raises:
        UnknownError: there is none of this code.
    """
    if not (await conn.execute(_DELETE, [who, code])).rowcount:
        raise UnknownError(f"there is no alert rule {code!r}")


async def acknowledge(
    conn: AsyncConnection[Any], alert_id: int, at: datetime, *, who: str, note: str, publish: bool
) -> None:
    """Acknowledge a raised alert: nobody further is told. `publish` has the broker's readers told.

    Raises:
        UnknownError: there is no such alert.
        AlertError: it is not raised.
    """
    async with conn.transaction():
        row = await fetch_one(conn, _ALERT, [alert_id])
        if row is None:
            raise UnknownError(f"there is no alert {alert_id}")
        alert, line = pure.acknowledge(alert_records.alert_of(row), who, note)
        await alert_records.write_alert(
            conn, at, alert, alert_id=alert_id, rule_id=row["rule_id"], area_id=row["area_id"]
        )
        history = await alert_records.write_history(conn, at, alert_id, line)
        await alert_records.enqueue(conn, alert_id, history, [("mqtt", row["area"])] if publish else [])


async def add_silence(
    conn: AsyncConnection[Any],
    *,
    rule: str | None,
    area: str | None,
    alert: int | None,
    ends_at: datetime,
    reason: str,
    who: str,
) -> int:
    """Silence a rule, an area, a rule in an area, or one alert, up to an instant; return the silence's id.

    It takes effect at the next tick of analytics. Everything at once cannot be silenced.

    Raises:
        AlertError: it names neither rule nor area nor alert, or has no reason.
        UnknownError: there is no such rule, area or alert.
    """
    if rule is None and area is None and alert is None:
        raise pure.AlertError("a silence needs a rule, an area or an alert: say which")
    if not reason.strip():
        raise pure.AlertError("a silence needs a reason: others will ask why nobody was told")
    async with conn.transaction():
        await _require(
            conn, "alert rule", "SELECT 1 FROM alert_rules WHERE code = %s AND deleted_at IS NULL", rule
        )
        await _require(conn, "area", "SELECT 1 FROM areas WHERE code = %s LIMIT 1", area)
        await _require(conn, "alert", "SELECT 1 FROM alerts WHERE id = %s", alert)
        given = {"rule": rule, "area": area, "alert": alert, "ends_at": ends_at, "reason": reason, "who": who}
        row = await fetch_one(conn, _SILENCE, given)
    assert row is not None
    return int(row["id"])


async def end_silence(conn: AsyncConnection[Any], silence: int, who: str) -> None:
    """End a silence before its time.

    Raises:
        UnknownError: there is no such silence, or it is over.
    """
    if not (await conn.execute(_END_SILENCE, [who, silence])).rowcount:
        raise UnknownError(f"there is no silence {silence} in force")


async def _require(
    conn: AsyncConnection[Any], kind: str, query: LiteralString, key: str | int | None
) -> None:
    if key is not None and await fetch_one(conn, query, [key]) is None:
        raise UnknownError(f"there is no {kind} {key!r}")


def _row(rule: AlertRule) -> dict[str, Any]:
    row: dict[str, Any] = msgspec.to_builtins(rule)
    lists = {"areas": list(rule.areas), "levels": list(rule.levels)}
    return row | lists | {"escalation": Jsonb(row["escalation"])}
