"""The SQL of gateways that are not heard, for the rules that warn of them."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from analytics.alerts import Sample
from devices import maintenance

if TYPE_CHECKING:
    from datetime import datetime

    from psycopg import AsyncConnection

# Since when ingest has noted every ten seconds that it listens, without a pause of a minute; no row while it
# does not. A silence before counts for nothing: it may be ours. Where the broker tells its numbers, ingest
# listens while it has them.
_LISTENING: LiteralString = """
    SELECT max(began) FILTER (WHERE after_pause) AS since
    FROM (SELECT time, time - seconds * interval '1 second' AS began,
                 lag(time) OVER (ORDER BY time) + (seconds + 60) * interval '1 second' >= time
                     IS NOT TRUE AS after_pause
          FROM ingest_metrics m
          WHERE time <= %(at)s
            AND time > %(at)s - (SELECT 2 * max(heartbeat_s) + 60 FROM gateways) * interval '1 second'
            AND (broker_clients IS NOT NULL OR NOT EXISTS (
                    SELECT FROM ingest_metrics
                    WHERE time > %(at)s - interval '1 day' AND broker_clients IS NOT NULL))) noted
    HAVING max(time) > %(at)s - interval '1 minute'"""
# Each rule with each gateway that it means, and of the gateway's areas that report and that the rule looks at
# the smallest one.
_PAIRS: LiteralString = """
    alert_rules r JOIN gateways g ON r.kind = 'silent' AND g.enabled
    CROSS JOIN LATERAL (
        SELECT a.id FROM gateway_areas ga JOIN areas a ON a.id = ga.area_id
        WHERE ga.gateway_id = g.id AND a.reporting AND (r.levels = '{}' OR a.level = ANY(r.levels))
        ORDER BY array_position(ARRAY['commune', 'district', 'province'], a.level), a.code LIMIT 1
    ) a"""
_ON: LiteralString = """
    r.enabled AND r.deleted_at IS NULL AND (r.areas = '{}' OR EXISTS (
        SELECT FROM gateway_areas ga JOIN areas n ON n.id = ga.area_id
        WHERE ga.gateway_id = g.id AND n.code = ANY(r.areas)))"""
#: Of an open alert `l`: no rule looks at its gateway.
STRAY: LiteralString = f"""
    NOT EXISTS (SELECT FROM {_PAIRS} WHERE {_ON} AND r.id = l.rule_id AND g.id = l.gateway_id)"""
# Nothing begins meanwhile; what was open before ends when the gateway is heard again.
_IN_MAINTENANCE: LiteralString = f"""
    EXISTS (SELECT FROM ({maintenance.OF_GATEWAYS}) m
            WHERE m.gateway_id = g.id AND m.starts_at <= %(at)s AND m.ends_at > %(at)s)"""
# The states are those of the API: a will counts until a message proves the contrary, and two heartbeats
# without any message are a silence. A gateway that was never heard is not missed.
_CHANGED: LiteralString = f"""
    SELECT r.id, a.id, g.id, h.heard, h.state
    FROM {_PAIRS} CROSS JOIN ({_LISTENING}) i
    CROSS JOIN LATERAL (
        SELECT heard, CASE WHEN online IS FALSE AND status_at >= heard THEN 'offline'
                           WHEN greatest(heard, i.since) < %(at)s - 2 * g.heartbeat_s * interval '1 second'
                           THEN 'silent' END AS state
        FROM (SELECT *, coalesce(last_seen, status_at) AS heard FROM gateway_status) s
        WHERE s.gateway_id = g.id
    ) h
    LEFT JOIN alerts l ON l.rule_id = r.id AND l.gateway_id = g.id AND l.closed_at IS NULL
    WHERE {_ON} AND h.heard IS NOT NULL AND NOT (h.state IS NOT NULL AND {_IN_MAINTENANCE})
      AND ((h.state IS NULL) = (l.id IS NOT NULL)
           OR (l.state = 'pending' AND l.since <= %(at)s - r.hold_min * interval '1 minute'))"""
#: Whether a gateway fell silent, is heard again, or has been silent for as long as a rule says.
IS_CHANGED: LiteralString = f"EXISTS ({_CHANGED})"


@dataclass(frozen=True)
class Heard:
    """A gateway that a rule has to look at; the sample's time is when it was last heard."""

    rule_id: int
    area_id: int
    gateway_id: int
    sample: Sample


async def changed(conn: AsyncConnection[Any], at: datetime) -> list[Heard]:
    """Return the gateways that fell silent, are heard again, or have been silent for long enough."""
    rows = await (await conn.execute(_CHANGED, {"at": at})).fetchall()
    return [
        Heard(rule, area, gateway, Sample(heard, at, None, state, None))
        for rule, area, gateway, heard, state in rows
    ]
