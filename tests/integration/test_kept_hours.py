"""Hours that are added up once: they say what all observations and arrivals say, also after late ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics import values
from analytics.indicator import INDICATORS
from analytics.kept import keep_hours
from analytics.recompute import recompute_late
from devices.registry import datastream_ids, import_profile
from simulators import backfill
from storage import arrivals, observations
from tests.integration.dashboard_city import three_districts

if TYPE_CHECKING:
    from psycopg import AsyncConnection

NOW = datetime.now(UTC)
#: what observations_hourly is to say, from every observation
EVERY = """
SELECT datastream_id, time_bucket('1 hour', time), count(*), count(*) FILTER (WHERE quality <> 0), avg(value),
       min(value), max(value), sum(value), first(value, time), last(value, time)
FROM observations GROUP BY 1, 2 ORDER BY 1, 2"""
HOURLY = "SELECT * FROM observations_hourly ORDER BY datastream_id, bucket"
KEPT = "SELECT count(*), max(bucket) FROM observation_hours"


async def rows(conn: AsyncConnection[Any], query: str) -> list[tuple[Any, ...]]:
    """Return rows; sums are rounded: they depend on the order in which rows are met."""
    found = await (await conn.execute(query.encode())).fetchall()
    return [tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in found]


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """Three days of three districts."""
    profile = three_districts()
    await import_profile(conn, profile)
    await values.write_catalogue(conn, INDICATORS.values())
    ids = await datastream_ids(conn)
    for some in backfill.rows(profile, ids, NOW - timedelta(days=3), NOW):
        await observations.copy_in(conn, some)
    return conn


async def test_kept_hours_say_what_observations_say(city: AsyncConnection[Any]) -> None:
    every = await rows(city, EVERY)
    assert await rows(city, HOURLY) == every

    await keep_hours(city, at_once_s=60)

    [[count, newest]] = await rows(city, KEPT)
    assert count > 60 * len({row[0] for row in every}) / 2
    assert newest <= datetime.now(UTC) - timedelta(hours=2)
    assert await rows(city, HOURLY) == every


async def test_a_day_is_kept_at_once(city: AsyncConnection[Any]) -> None:
    await keep_hours(city, at_once_s=0)

    [[_, first]] = await rows(city, KEPT)
    assert first < NOW - timedelta(days=2)
    assert await rows(city, HOURLY) == await rows(city, EVERY)


async def test_late_observations_change_their_hour(city: AsyncConnection[Any]) -> None:
    """One in an hour that is kept, one older than all that is kept."""
    await keep_hours(city, at_once_s=60)
    [[datastream]] = await rows(city, "SELECT min(datastream_id) FROM observations")
    late = observations.empty(2)
    late["datastream_id"], late["quality"], late["value"] = datastream, 0, 77.0
    for place, age in enumerate((timedelta(hours=30, seconds=1), timedelta(days=20))):
        late["time"][place] = observations.to_microseconds(NOW - age) + 7
    async with city.transaction():
        await observations.merge_in(city, late, NOW)
    assert await rows(city, HOURLY) != await rows(city, EVERY)

    await recompute_late(city, NOW)

    assert await rows(city, HOURLY) == await rows(city, EVERY)
    old = "SELECT n, maximum FROM observation_hours WHERE bucket < now() - interval '19 days'"
    assert await rows(city, old) == [(1, 77.0)]


async def test_nothing_is_kept_of_an_empty_city(conn: AsyncConnection[Any]) -> None:
    await keep_hours(conn, at_once_s=60)
    assert await rows(conn, KEPT) == [(0, None)]
    assert await rows(conn, "SELECT * FROM kept_until") == []


async def test_arrivals_by_hour(conn: AsyncConnection[Any]) -> None:
    """Live, replayed and ahead, of hours that are kept and of the present one."""
    await import_profile(conn, three_districts())
    await conn.execute(
        "INSERT INTO arrivals SELECT time_bucket('5 min', now()) - n * interval '5 min', id, 'ingest-0', "
        "now(), %s, '{1, 7, 2}' FROM gateways, generate_series(0, 48) n",
        [[arrivals.AHEAD, arrivals.FIRST, arrivals.REPLAY]],
    )
    query = "SELECT sum(live), sum(replayed), sum(ahead), count(DISTINCT time) FROM arrivals_hourly"
    before = await rows(conn, query)
    [[gateways]] = await rows(conn, "SELECT count(*) FROM gateways")
    assert before[0][:3] == (343 * gateways, 98 * gateways, 49 * gateways)

    await keep_hours(conn, at_once_s=60)

    assert await rows(conn, query) == before
    assert (await rows(conn, "SELECT count(DISTINCT time) FROM arrival_hours"))[0][0] in (2, 3)
