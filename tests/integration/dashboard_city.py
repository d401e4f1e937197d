"""A simulated city for the dashboards: three districts with two days of data, and what operators meet."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from analytics import values
from analytics.alert_actions import import_rules
from analytics.indicator import INDICATORS, with_sources
from analytics.run import compute
from analytics.steps import Step
from dashboards.grafana.targets import targets
from dashboards.role import ensure_reader
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators import backfill
from simulators.city import populate
from storage import arrivals, observations
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

    from devices.model import Profile

PASSWORD = "reader's password: 0123"
#: on the coast and inland
DISTRICTS = ("193", "195", "202")


TARGETS = list(targets())


@asynccontextmanager
async def reader_of(conn: AsyncConnection[Any]) -> AsyncIterator[AsyncConnection[Any]]:
    """Connect to a connection's database as the reading role, which is dropped at the end."""
    name = f"reader_{conn.info.dbname}"
    await ensure_reader(conn, PASSWORD, name)
    known = conninfo_to_dict(conn.info.dsn)
    parts = {k: known[k] for k in ("host", "port", "dbname") if k in known}
    async with await connect(make_conninfo(**parts, user=name, password=PASSWORD)) as connection:
        yield connection
    await conn.execute(f'DROP OWNED BY "{name}"'.encode())
    await conn.execute(f'DROP ROLE "{name}"'.encode())


def three_districts() -> Profile:
    """The profile of Quảng Ninh with simulated devices in three districts alone."""
    profile = populate(load("quang_ninh"))
    return replace(profile, gateways=tuple(g for g in profile.gateways if set(DISTRICTS) & set(g.areas)))


async def fill(conn: AsyncConnection[Any]) -> None:
    """Import the city, store its observations, compute what the dashboards show, and let things go wrong."""
    profile, now = three_districts(), datetime.now(UTC)
    await import_profile(conn, profile)
    await import_rules(conn, profile.alert_rules)
    for rows in backfill.rows(profile, await datastream_ids(conn), now - timedelta(hours=50), now):
        await observations.copy_in(conn, rows)
    await _arrive(conn)
    await _compute(conn, profile, now)
    await go_wrong(conn)
    await ingest_metrics(conn)
    await conn.execute("ANALYZE")


def shown() -> list[str]:
    """Return the codes of the indicators that some panel shows whatever is chosen."""
    named = set(
        re.findall(r"'(\w+)'", " ".join(t.sql for t in TARGETS if t.form in ("table", "time_series")))
    )
    return [code for code in INDICATORS if code in named]


async def _compute(conn: AsyncConnection[Any], profile: Profile, now: datetime) -> None:
    await values.write_catalogue(conn, INDICATORS.values())
    chosen = with_sources([INDICATORS[code] for code in shown()])
    today = Step.DAY.floor(now, ZoneInfo(profile.time_zone))
    day = timedelta(days=1)
    await compute(conn, [INDICATORS["vn_aqi_h"]], today - 2 * day, today - day, areas=DISTRICTS)
    await compute(conn, chosen, today - day, now, areas=(*DISTRICTS, "22"))
    await conn.execute("INSERT INTO indicator_progress SELECT code, now() FROM indicators")


async def _arrive(conn: AsyncConnection[Any]) -> None:
    """Live readings, a replay and one of a clock that is ahead, of each gateway every five minutes."""
    await conn.execute(
        "INSERT INTO arrivals SELECT time_bucket('5 min', now()) - n * interval '5 min', id, 'ingest-0', "
        "now(), %s, '{1, 700, 2}' FROM gateways, generate_series(0, 48) n",
        [[arrivals.AHEAD, arrivals.FIRST + 40, arrivals.REPLAY]],
    )


async def go_wrong(conn: AsyncConnection[Any]) -> None:
    """An alert, maintenance, a value that was computed again, a refusal and a gateway that is silent."""
    await conn.execute(
        "INSERT INTO alerts (rule_id, area_id, state, since, value, value_end, peak, activated_at) "
        "SELECT r.id, a.id, 'active', now() - interval '2 h', 160, now(), 170, now() - interval '2 h' "
        "FROM alert_rules r, areas a WHERE r.code = 'air_bad' AND a.code = '193'"
    )
    await conn.execute(
        "INSERT INTO maintenance_windows (gateway_id, starts_at, ends_at, reason, created_by) "
        "SELECT min(gateway_id), now() - interval '3 hours', now() - interval '1 hour', 'new mast', 'me' "
        "FROM gateway_areas JOIN areas a ON a.id = area_id WHERE a.code = '193'"
    )
    await conn.execute(
        "WITH earlier AS (UPDATE indicator_values SET superseded_at = now() WHERE indicator = 'vn_aqi_h' "
        "AND time = (SELECT max(time) FROM indicator_values WHERE indicator = 'vn_aqi_h') RETURNING *) "
        "INSERT INTO indicator_values (time, indicator, area_id, value, reason, category, completeness, "
        "version, revision) SELECT time, indicator, area_id, value + 1, reason, category, completeness, "
        "version, 2 FROM earlier"
    )
    await conn.execute(
        "INSERT INTO refusals (gateway, topic, reason, at, detail, count, stored, payload) "
        "SELECT code, 'city/v1/up/observations', 'value_out_of_range', '$', 'x', 2, true, 'secret' "
        "FROM gateways ORDER BY code LIMIT 1"
    )
    await conn.execute(
        "INSERT INTO gateway_status (gateway_id, online, firmware, status_at, last_seen, received_seq) "
        "SELECT id, true, '1.4.2', now() - interval '2 hours', "
        "CASE WHEN row_number() OVER (ORDER BY code) = 1 THEN now() - interval '1 hour' ELSE now() END, "
        "'{[0,4), [6,9)}' FROM gateways"
    )
    await conn.execute(
        "INSERT INTO gateway_status_history SELECT id, now() - interval '90 minutes', false FROM gateways"
    )
    await conn.execute(
        "INSERT INTO observation_flags SELECT time, datastream_id, 5, true, '1' FROM observations "
        "WHERE datastream_id IN (SELECT min(id) FROM datastreams) AND time > now() - interval '2 hours'"
    )


async def ingest_metrics(conn: AsyncConnection[Any]) -> None:
    """Two rows of each of two processes, in one interval of any chart."""
    await conn.execute(
        "INSERT INTO ingest_metrics SELECT now() - second * interval '1 millisecond', client, "
        "10, 20, 200, 1, 3, 2, 1, 2, 100, 4, 9, 10, 30 + second, 800, 1900, 7, 256, 12, 1024, 40, 3, "
        "2, 106, 5 FROM generate_series(0, 1) second, (VALUES ('ingest-0'), ('ingest-1')) c (client)"
    )
