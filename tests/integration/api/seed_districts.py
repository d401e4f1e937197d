"""What the small city lacks for its two districts, 193 and 194, to have as much of everything."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from devices import configs, maintenance, sensors, unknown_limits, unknown_seen

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def seed_districts(conn: AsyncConnection[Any]) -> None:
    """Write over the seeded city what one of the districts has and the other one has not."""
    await _measured(conn)
    await _alerts(conn)
    await _refusal(conn)
    await _unknown(conn)
    await _commands(conn)
    await configs.change(conn, "mong-cai-1", {"settings": {"led": "on"}}, by="Minh")
    await _calibration(conn)
    await _maintain(conn)


async def _measured(conn: AsyncConnection[Any]) -> None:
    """The values of 193 in 194, too, and an observation of mong-cai-air-1."""
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, completeness, version, revision)
           SELECT v.time, indicator, (SELECT id FROM areas WHERE code = '194'), value, 1, 1, 1
           FROM indicator_values v JOIN areas a ON a.id = v.area_id WHERE a.code = '193' AND revision = 1
             AND value IS NOT NULL"""
    )
    await conn.execute(
        """INSERT INTO observations (datastream_id, time, value, quality)
           SELECT d.id, now() - interval '1 hour', 5, 0
           FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code = 'mong-cai-air-1'"""
    )


async def _alerts(conn: AsyncConnection[Any]) -> None:
    """Both alerts are active, silence 2 is of 193, the rule of_194 of 194 alone."""
    await conn.execute("UPDATE alerts SET state = 'active', closed_at = NULL")
    await conn.execute(
        """INSERT INTO alert_silences (area, ends_at, reason, created_by)
           VALUES ('193', now() + interval '1 hour', 'works', 'Minh')"""
    )
    await conn.execute(
        """INSERT INTO alert_rules (code, indicator, kind, threshold, severity, name_en, name_vi, areas,
                                    levels, escalation)
           SELECT 'of_194', indicator, kind, threshold, severity, name_en, name_vi, '{194}', levels,
                  escalation
           FROM alert_rules WHERE code = 'air_bad'"""
    )


async def _refusal(conn: AsyncConnection[Any]) -> None:
    await conn.execute(
        """INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload)
           SELECT time, 'mong-cai-1', topic, seq, reason, at, detail, count, stored, payload
           FROM refusals LIMIT 1"""
    )


async def _unknown(conn: AsyncConnection[Any]) -> None:
    """1 and 3 of a gateway in 193, 2 and 4 of one in 194."""
    await conn.execute("TRUNCATE unknown_things RESTART IDENTITY CASCADE")
    at = datetime.now(UTC)
    for device, gateway in itertools.product(("new-1", "new-2"), ("ha-long-1", "mong-cai-1")):
        seen = unknown_seen.Seen("pm2_5", None, 1, 3.0, 3.0, [at])
        named = unknown_seen.Noted(
            gateway=gateway, device=f"{gateway}-{device}", source="native", dev_eui=None, first=at, last=at,
            messages=1, properties=(seen,),
        )  # fmt: skip
        await unknown_seen.note(conn, [named])


async def _commands(conn: AsyncConnection[Any]) -> None:
    """One to a gateway of each."""
    await conn.execute(
        """INSERT INTO commands (gateway_id, command, created_by, expires_at, timeout_s)
           SELECT id, 'ping', 'Minh', now() + interval '1 hour', 60 FROM gateways
           WHERE code IN ('ha-long-1', 'mong-cai-1')"""
    )


async def _calibration(conn: AsyncConnection[Any]) -> None:
    """Calibration 2, of mong-cai-air-1."""
    await conn.execute(
        """INSERT INTO calibrations (datastream_id, valid_from, valid_to, reference)
           SELECT d.id, '2026-01-01', '2026-02-01', 'K-113'
           FROM datastreams d JOIN things t ON t.id = d.thing_id
           WHERE t.code = 'mong-cai-air-1'"""
    )


async def _maintain(conn: AsyncConnection[Any]) -> None:
    """Windows, sensors and limits: 1 of each in 193, 2 in 194."""
    await conn.execute("TRUNCATE maintenance_windows, sensors RESTART IDENTITY")
    now = datetime.now(UTC)
    for thing, gateway in (("ha-long-air-1", "ha-long-1"), ("mong-cai-air-1", "mong-cai-1")):
        await maintenance.add(
            conn, "gateway", gateway, now, now + timedelta(days=1), reason="mast", who="Minh"
        )
        await sensors.install(conn, thing, "pm2_5", now - timedelta(days=3), model="old", who="Minh")
        await unknown_limits.set_automatic(conn, gateway, (1, 1), "Minh")
