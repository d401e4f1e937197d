"""A small city for the API's tests: the profile's areas, two generations, three things, known values."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics.alert_actions import import_rules
from analytics.indicator import INDICATORS
from devices import configs, maintenance, profiles, registry, sensors
from devices.model import Gateway, Thing
from storage import observations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

    from devices.alert_rules import AlertRule

#: a full hour in the near past, so that default periods contain everything
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
STEPS = 6 * 12
PAYLOAD = '{"seq": 4711, "readings": [{"device": "ha-long-air-1", "pm2_5": 31200, "note": "Hạ Long"}]}'
BINARY = b"\xff\xfe\x00not text"

_THINGS = (
    Thing(
        code="ha-long-air-1",
        name="Air station Bãi Cháy",
        kind="air_station",
        latitude=20.961,
        longitude=107.046,
        datastreams={"pm2_5": 300, "pm10": 300},
        areas=("193", "06652"),
        properties={"height_m": 4},
    ),
    Thing(
        code="ha-long-rain-1",
        name="Rain gauge",
        kind="rain_gauge",
        latitude=20.97,
        longitude=107.05,
        datastreams={"rainfall": 600},
        areas=("193",),
    ),
    Thing(
        code="mong-cai-air-1",
        name="Air station Móng Cái",
        kind="air_station",
        latitude=21.52,
        longitude=107.97,
        datastreams={"pm2_5": 300},
        areas=("194",),
    ),
)


def _gateway(code: str, area: str, *things: Thing) -> Gateway:
    return Gateway(
        code=code, name=f"Gateway {code}", latitude=20.96, longitude=107.04, areas=(area,), things=things
    )


GATEWAYS = (
    _gateway("ha-long-1", "193", *_THINGS[:2]),
    _gateway("ha-long-2", "193"),
    _gateway("mong-cai-1", "194", _THINGS[2]),
    _gateway("gw-new", "194"),
)


async def seed(conn: AsyncConnection[Any]) -> None:
    """Write the whole city."""
    await seed_lasting(conn)
    await seed_present(conn)


async def seed_lasting(conn: AsyncConnection[Any]) -> None:
    """Write the registry, 6 h of observations every 5 min up to HOUR, indicator values, alerts."""
    profile = dataclasses.replace(profiles.load("quang_ninh"), gateways=GATEWAYS)
    await registry.import_profile(conn, profile)
    await _observations(conn)
    await _calibration(conn)
    await _upkeep(conn)
    await _indicators(conn)
    await _alerts(conn, profile.alert_rules)


async def seed_present(conn: AsyncConnection[Any]) -> None:
    """Write what is a few minutes old: states, refusals, a command, a configuration, a roll-out."""
    await _states(conn)
    await _refusals(conn)
    await _commands(conn)
    await configs.change(conn, "ha-long-1", {"settings": {"led": "on"}}, by="Lan")
    await _rollout(conn)
    await _unknown(conn)


async def _observations(conn: AsyncConnection[Any]) -> None:
    """ha-long-air-1: pm2_5 is 10, 11, 12 … (the last one suspect), pm10 twice that; the others have none."""
    ids = await registry.datastream_ids(conn)
    rows = observations.empty(2 * STEPS)
    rows["datastream_id"][:STEPS] = ids["ha-long-air-1", "pm2_5"]
    rows["datastream_id"][STEPS:] = ids["ha-long-air-1", "pm10"]
    micros = int(HOUR.timestamp() * 1e6) - np.arange(STEPS, 0, -1, dtype="i8") * 300_000_000
    rows["time"] = np.tile(micros, 2)
    rows["value"][:STEPS] = 10.0 + np.arange(STEPS)
    rows["value"][STEPS:] = 2 * rows["value"][:STEPS]
    rows["quality"] = 0
    rows["quality"][STEPS - 1] = 1
    await observations.copy_in(conn, observations.sort(rows))


async def _upkeep(conn: AsyncConnection[Any]) -> None:
    """Window 1 of ha-long-1, long over, and sensor 1 of ha-long-rain-1."""
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    ends_at = begun + timedelta(hours=4)
    await maintenance.add(conn, "gateway", "ha-long-1", begun, ends_at, reason="new mast", who="Minh")
    await sensors.install(conn, "ha-long-rain-1", "rainfall", begun, model="TB4", who="Minh")


async def _calibration(conn: AsyncConnection[Any]) -> None:
    """Calibration 1, of a month that is long over, of ha-long-rain-1."""
    await conn.execute(
        """INSERT INTO calibrations (datastream_id, valid_from, valid_to, reference)
           SELECT d.id, '2020-01-01', '2020-02-01', 'certificate K-1'
           FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code = 'ha-long-rain-1'"""
    )


async def _states(conn: AsyncConnection[Any]) -> None:
    await conn.execute(
        """INSERT INTO gateway_status (gateway_id, online, firmware, started, status_at, last_seen, messages,
                                       received_seq)
           SELECT g.id, s.online, '1.4.2', now() - interval '1 day',
                  now() - s.status_age * interval '1 second',
                  now() - s.seen_age * interval '1 second', 4711, s.seq::int8multirange
           FROM (VALUES ('ha-long-1', true, 86400, 3, '{[0,4711),[4720,4730)}'),
                        ('ha-long-2', true, 86400, 7200, '{}'),
                        ('mong-cai-1', false, 60, 61, '{}')) s (code, online, status_age, seen_age, seq)
           JOIN gateways g USING (code)"""
    )
    await conn.execute(
        """INSERT INTO gateway_status_history (gateway_id, time, online, firmware)
           SELECT id, now() - n * interval '1 hour', n % 2 = 0, '1.4.2'
           FROM gateways, generate_series(1, 3) n WHERE code = 'ha-long-1'"""
    )


async def _refusals(conn: AsyncConnection[Any]) -> None:
    """Three that are text and one that is not, a minute apart, the last one three minutes ago."""
    payloads = [PAYLOAD.encode(), BINARY, PAYLOAD.encode(), ("é" * 1500).encode()]
    for age, payload in enumerate(payloads, 3):
        await conn.execute(
            """INSERT INTO refusals (time, gateway, topic, seq, reason, at, detail, count, stored, payload)
               VALUES (now() - %s * interval '1 minute', %s, 'city/v1/ha-long-1/up/observations', 4711,
                       %s, '$.readings[0].pm2_5', 'pm2_5 = 31200 ug/m3 is above 1000', 2, true, %s)""",
            [
                age,
                "ha-long-1" if age % 2 else "gw-stranger",
                "value_out_of_range" if age % 2 else "unknown_gateway",
                payload,
            ],
        )


async def _commands(conn: AsyncConnection[Any]) -> None:
    """One to ha-long-1, the example of the API's document, which is done."""
    await conn.execute(
        """INSERT INTO commands (id, gateway_id, command, created_by, expires_at, timeout_s, state, ended_at)
           SELECT '6f1c0a52-f4b1-4b0b-9d0c-6a6f0f7d3b52', id, 'reboot', 'Lan', now() + interval '5 minutes',
                  60, 'done', now()
           FROM gateways WHERE code = 'ha-long-1'"""
    )


async def _unknown(conn: AsyncConnection[Any]) -> None:
    """Unknown thing 1, which ha-long-1 named."""
    await conn.execute(
        """INSERT INTO unknown_things (gateway_id, device, source, first_seen, last_seen, messages)
           SELECT id, 'aq-999', 'native', now(), now(), 14 FROM gateways WHERE code = 'ha-long-1'"""
    )
    await conn.execute(
        """INSERT INTO unknown_properties (thing_id, property, readings, minimum, maximum, times)
           VALUES (1, 'pm2_5', 14, 12.5, 30, ARRAY[now()])"""
    )


async def _rollout(conn: AsyncConnection[Any]) -> None:
    """Roll-out 1 runs, to ha-long-1, ha-long-2 and mong-cai-1; none of them has been offered anything."""
    await conn.execute(
        """INSERT INTO firmware (version, url, size, sha256, signature, public_key, created_by)
           VALUES ('1.5.0', 'https://fw.example/1.5.0.bin', 8, repeat('0', 64), '', '', 'Lan')"""
    )
    await conn.execute(
        """INSERT INTO rollouts (version, stages, settle_s, max_failed, created_by)
           VALUES ('1.5.0', '{100}', 60, 5, 'Lan')"""
    )
    await conn.execute(
        """INSERT INTO rollout_gateways (rollout_id, gateway_id, stage)
           SELECT 1, id, 1 FROM gateways WHERE code <> 'gw-new'"""
    )


async def _indicators(conn: AsyncConnection[Any]) -> None:
    """vn_aqi_h of areas 193 and 22 for 6 h: 50, 60, …; the first was 40 until it was computed again.

    The last value of 193 is missing with a reason; rain_1h has one value, whose reason looks like a formula.
    """
    rows = [
        [
            each.code,
            each.name_en,
            each.name_vi,
            each.unit,
            each.step.length.total_seconds(),
            each.window.total_seconds(),
            each.version,
            json.dumps(each.declaration()),
        ]
        for each in INDICATORS.values()
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany("INSERT INTO indicators VALUES (%s, %s, %s, %s, %s, %s, %s, %s)", rows)
    for area in ("193", "22"):
        for step in range(6):
            await _aqi(conn, area, step)
    await conn.execute(
        """UPDATE indicator_values SET superseded_at = computed_at + interval '1 hour', value = 40
           WHERE indicator = 'vn_aqi_h' AND time = %s
             AND area_id = (SELECT id FROM areas WHERE code = '193')""",
        [HOUR - timedelta(hours=6)],
    )
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, category, completeness, version,
                                         revision, computed_at)
           SELECT time, indicator, area_id, 50, category, 1, version, 2, superseded_at
           FROM indicator_values WHERE superseded_at IS NOT NULL"""
    )
    await conn.execute(
        """UPDATE indicator_values SET value = NULL, category = NULL, reason = 'insufficient_data',
               completeness = 0.25
           WHERE time = %s AND area_id = (SELECT id FROM areas WHERE code = '193')""",
        [HOUR - timedelta(hours=1)],
    )
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, reason, completeness, version, revision)
           SELECT %s, 'rain_1h', id, '=HYPERLINK("http://x")', 0, 1, 1 FROM areas WHERE code = '193'""",
        [HOUR - timedelta(hours=1)],
    )


async def _alerts(conn: AsyncConnection[Any], rules: Sequence[AlertRule]) -> None:
    """Alert 1 of air_bad in 193 is active, 2 in 194 is over; silence 1 is in force."""
    await import_rules(conn, rules)
    await conn.execute(
        """INSERT INTO alerts (rule_id, area_id, state, since, value, value_end, peak, activated_at,
                               closed_at)
           SELECT r.id, a.id, s.state, %(hour)s, 160, %(hour)s, 171, %(hour)s, s.closed_at
           FROM (VALUES ('193', 'active', NULL), ('194', 'resolved', now())) s (area, state, closed_at)
           JOIN areas a ON a.code = s.area AND a.reporting JOIN alert_rules r ON r.code = 'air_bad'
           ORDER BY s.area""",
        {"hour": HOUR},
    )
    await conn.execute(
        """INSERT INTO alert_history (alert_id, time, before, after, cause, actor, value, value_time,
                                      revision)
           VALUES (1, %(hour)s, 'inactive', 'active', 'value', 'halong', 160, %(hour)s, 1)""",
        {"hour": HOUR},
    )
    await conn.execute(
        """INSERT INTO alert_notifications (alert_id, history_id, channel, target, last_error, attempts)
           VALUES (1, 1, 'webhook', 'operators', 'hooks.example answered 500', 1)"""
    )
    await conn.execute(
        """INSERT INTO alert_silences (area, ends_at, reason, created_by)
           VALUES ('194', now() + interval '1 hour', 'gauge is being cleaned', 'Lan')"""
    )


async def _aqi(conn: AsyncConnection[Any], area: str, step: int) -> None:
    time = HOUR - timedelta(hours=6 - step)
    category = INDICATORS["vn_aqi_h"].categories[0 if step == 0 else 1].code
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, category, completeness, details,
                                         version, revision, computed_at)
           SELECT %s, 'vn_aqi_h', id, %s, %s, 0.98, '{"dominant": "pm2_5"}', 1, 1, %s
           FROM areas WHERE code = %s""",
        [time, 50.0 + 10 * step, category, time + timedelta(hours=1, minutes=2), area],
    )
