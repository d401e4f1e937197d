"""The newest values and the counts of changes follow the values, however these are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics.indicator import INDICATORS
from analytics.results import Reason, Value
from analytics.values import store, write_catalogue
from devices import profiles, registry
from tests.integration.city import batch

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CODES = ("vn_aqi_h", "rain_1h")
START = datetime(2026, 3, 1, tzinfo=UTC)

EXPECTED = """
SELECT DISTINCT ON (indicator, area_id) indicator, area_id,
       min(time) OVER (PARTITION BY indicator, area_id), time, value, category, reason, completeness, details,
       version, revision, computed_at
FROM indicator_values WHERE superseded_at IS NULL ORDER BY indicator, area_id, time DESC"""


@pytest.fixture
async def areas(conn: AsyncConnection[Any]) -> list[int]:
    await registry.import_profile(conn, profiles.load("quang_ninh"))
    await write_catalogue(conn, INDICATORS.values())
    rows = await (await conn.execute("SELECT id FROM areas WHERE reporting ORDER BY id LIMIT 3")).fetchall()
    return [row[0] for row in rows]


def value(number: float | None) -> Value:
    reason = None if number is not None else Reason.NO_STATION
    return Value(number, 0.5, reason, None, {"dominant": "pm2_5"})


async def put(conn: Any, code: str, hours: range, areas: list[int], number: float | None) -> None:
    times = [START + timedelta(hours=hour) for hour in hours]
    async with conn.transaction():
        rows = [(INDICATORS[code], area, time, value(number)) for time in times for area in areas]
        await store(conn, batch(rows))


async def counts(conn: Any) -> dict[str, int]:
    return dict(await (await conn.execute("SELECT topic, changes FROM data_changes")).fetchall())


async def assert_newest(conn: Any) -> int:
    stored = await (await conn.execute("SELECT * FROM latest_values ORDER BY indicator, area_id")).fetchall()
    expected = await (await conn.execute(EXPECTED)).fetchall()
    assert stored == expected
    return len(stored)


async def test_the_newest_values_follow_what_is_stored(conn: AsyncConnection[Any], areas: list[int]) -> None:
    await put(conn, "vn_aqi_h", range(10, 20), areas, 50.0)
    assert await assert_newest(conn) == 3
    await put(conn, "rain_1h", range(10, 12), areas[:1], None)
    assert await assert_newest(conn) == 4
    await put(conn, "vn_aqi_h", range(18, 20), areas[:2], 60.0)  # late data make revisions
    await assert_newest(conn)
    await put(conn, "vn_aqi_h", range(5), areas, 40.0)  # an older period is computed
    await assert_newest(conn)
    await put(conn, "vn_aqi_h", range(20, 21), areas[1:], None)
    await assert_newest(conn)


async def test_they_follow_what_is_changed_and_deleted_by_hand(
    conn: AsyncConnection[Any], areas: list[int]
) -> None:
    for code in CODES:
        await put(conn, code, range(10), areas, 50.0)
    await conn.execute("UPDATE indicator_values SET value = 7 WHERE indicator = 'rain_1h'")
    await assert_newest(conn)
    last = START + timedelta(hours=9)
    await conn.execute("UPDATE indicator_values SET superseded_at = now() WHERE time = %s", [last])
    await assert_newest(conn)
    await conn.execute("DELETE FROM indicator_values WHERE time > %s", [START + timedelta(hours=6)])
    await assert_newest(conn)
    await conn.execute("DELETE FROM indicator_values WHERE indicator = 'rain_1h'")
    assert await assert_newest(conn) == 3


async def test_each_change_is_counted_for_its_own_indicator(
    conn: AsyncConnection[Any], areas: list[int]
) -> None:
    await put(conn, "vn_aqi_h", range(2), areas, 50.0)
    before = await counts(conn)
    await put(conn, "vn_aqi_h", range(2), areas, 50.0)  # nothing differs: nothing is written
    assert await counts(conn) == before
    await put(conn, "rain_1h", range(2), areas, 5.0)
    after = await counts(conn)
    assert {topic for topic in after if after[topic] != before.get(topic)} == {"values:rain_1h"}
    assert before["values:vn_aqi_h"] == 1


async def test_what_finds_everything_as_it_should_be_counts_nothing(
    conn: AsyncConnection[Any], areas: list[int]
) -> None:
    before = await counts(conn)
    await registry.import_profile(conn, profiles.load("quang_ninh"))
    await write_catalogue(conn, INDICATORS.values())
    assert await counts(conn) == before
    await conn.execute("UPDATE areas SET population = 1 WHERE id = %s", [areas[0]])
    assert (await counts(conn))["areas"] == before["areas"] + 1
