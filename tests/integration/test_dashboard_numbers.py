"""What single panels say of a city with few values, as the reading role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

from analytics import values
from analytics.indicator import INDICATORS
from dashboards.grafana import device_queries, planner_queries, quality_queries, station_queries
from dashboards.grafana.queries import text
from dashboards.macros import Context, Variable, expand
from devices.liveness import FLAPPING_FROM
from tests.integration.city import register
from tests.integration.dashboard_city import reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

HA_LONG = "193@2020-01-01"
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    await register(conn, "gw-1")
    await values.write_catalogue(conn, INDICATORS.values())
    return conn


@pytest.fixture
async def reader(city: AsyncConnection[Any]) -> AsyncIterator[AsyncConnection[Any]]:
    async with reader_of(city) as connection:
        yield connection


async def rows(
    reader: AsyncConnection[Any], sql: str, hours: float = 2, **words: str
) -> list[tuple[Any, ...]]:
    """The rows of a query for the last hours of Hạ Long, at an interval of an hour."""
    variables = {"area": Variable((HA_LONG,), multi=True), "indicator": Variable("laeq_1h")}
    context = Context(NOW - timedelta(hours=hours), NOW, timedelta(hours=1), variables)
    return await (await reader.execute(expand(text(sql, "en", **words), context).encode())).fetchall()


async def test_a_period_is_compared_with_the_one_before(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    """Two hours: 60 and no value; the two before: 50 and 52; what is older counts in neither."""
    for hours, value, completeness in ((1, None, 0.25), (2, 60, 0.75), (3, 50, 1), (4, 52, 1), (5, 99, 1)):
        await city.execute(
            "INSERT INTO indicator_values "
            "(time, indicator, area_id, value, reason, completeness, version, revision) "
            "SELECT %s, 'laeq_1h', id, %s, %s, %s, 1, 1 FROM areas",
            [NOW - timedelta(hours=hours), value, None if value else "insufficient_data", completeness],
        )
    (compared,) = await rows(reader, planner_queries.COMPARISON)
    assert compared == ("Ha Long", 60, 51, 9, pytest.approx(9 / 51), 60, 60, 0.5, 1)
    before = await rows(reader, planner_queries.BEFORE, before="before")
    assert before == [
        (NOW - timedelta(hours=2), "Ha Long (before)", 52),
        (NOW - timedelta(hours=1), "Ha Long (before)", 50),
    ]
    band = await rows(reader, planner_queries.COMPLETENESS)
    assert [row[2] for row in band] == [0.75, 0.25]
    missing = await rows(reader, planner_queries.MISSING, none_missing="has a value")
    assert [(row[1], row[2]) for row in missing] == [("insufficient_data", 1), ("has a value", 1)]


async def test_a_gauge_stands_against_the_levels_in_force(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    """Levels of next year do not count yet; a gauge with one level reaches that; one without levels none."""
    await city.execute("UPDATE observed_properties SET code = 'river_level' WHERE code = 'pm2_5'")
    dated = [
        {"levels": [1.0, 1.7, 2.5], "datum": "station zero", "valid_from": "2020-01-01"},
        {"levels": [9.0, 9.7, 9.9], "datum": "station zero", "valid_from": f"{NOW.year + 1}-01-01"},
    ]
    await city.execute(
        "UPDATE things SET properties = %s WHERE code = 'gw-1'", [Jsonb({"alert_levels": dated})]
    )
    await city.execute(
        "INSERT INTO observations SELECT now() - interval '1 minute', d.id, 1.84, 0 FROM datastreams d "
        "JOIN observed_properties p ON p.id = d.observed_property_id WHERE p.code = 'river_level'"
    )
    found = await rows(reader, station_queries.LEVELS)
    assert [row[:7] for row in found] == [
        ("gw-1", 1.84, 1.0, 1.7, 2.5, 2, "station zero"),
        ("gw-1-aq", 1.84, None, None, None, -1, None),
    ]
    one = {"levels": [1.8], "datum": "sea"}
    await city.execute(
        "UPDATE things SET properties = %s WHERE code = 'gw-1'", [Jsonb({"alert_levels": one})]
    )
    assert (await rows(reader, station_queries.LEVELS))[0][:7] == ("gw-1", 1.84, 1.8, None, None, 1, "sea")


async def test_stations_have_readings_near_and_hours_far(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    """Suspect readings are left out of what is seen from near."""
    await city.execute(
        "INSERT INTO observations SELECT %s + n * interval '10 minutes', d.id, 10 + n, (n = 5)::int "
        "FROM generate_series(0, 5) n, datastreams d JOIN things t ON t.id = d.thing_id "
        "JOIN observed_properties p ON p.id = d.observed_property_id "
        "WHERE (t.code, p.code) = ('gw-1', 'pm2_5')",
        [NOW - timedelta(hours=1)],
    )
    sql = text(station_queries.over_time("pm2_5"), "en")
    for interval, expected in ((timedelta(minutes=5), [10, 11, 12, 13, 14]), (timedelta(hours=1), [12.5])):
        chosen = {"area": Variable((HA_LONG,), multi=True)}
        context = Context(NOW - timedelta(hours=2), NOW, interval, chosen)
        found = await (await reader.execute(expand(sql, context).encode())).fetchall()
        assert [row[2] for row in found] == expected


async def test_a_gateway_that_comes_and_goes_flaps(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    for n in range(FLAPPING_FROM):
        assert await rows(reader, device_queries.FLAPPING) == [(0,)]
        await city.execute(
            "INSERT INTO gateway_status_history SELECT id, now() - %s * interval '1 h', false FROM gateways",
            [n],
        )
    assert await rows(reader, device_queries.FLAPPING) == [(1,)]


async def test_flags_are_counted_by_what_found_them(
    city: AsyncConnection[Any], reader: AsyncConnection[Any]
) -> None:
    """One observation with two flags counts for both, and once as flagged."""
    await city.execute(
        "INSERT INTO observation_flags SELECT %s, min(id), 9, true, '1' FROM datastreams",
        [NOW - timedelta(minutes=30)],
    )
    sql = quality_queries.flags_over_time({1: "range", 2: "rate", 8: "spike"})
    assert [row[1:] for row in await rows(reader, sql)] == [("range", 1), ("spike", 1)]
    assert await rows(reader, quality_queries.FLAGGED_TODAY) == [(1,)]
    (stream,) = await rows(reader, quality_queries.FLAGGED_STREAMS)
    assert stream[2:4] == (1, 1)
