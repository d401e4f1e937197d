"""Two months of a city's values, for tests of open data: written as analytics writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Reason, Value
from devices import profiles, registry
from tests.integration.city import batch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
#: the first instant of September 2026 in Hạ Long; the tests' present is later
SEPTEMBER = datetime(2026, 8, 31, 17, tzinfo=UTC)
OCTOBER = datetime(2026, 9, 30, 17, tzinfo=UTC)
#: visits by district in each hour of 1 September 2026: one is small, two are zero at night
VISITS = {"193": (300, 40, 0), "194": (4, 50, 0), "195": (90, 60, 12)}


async def build(conn: AsyncConnection[Any]) -> None:
    """Import the profile; VN_AQI of two districts by day in September and October, visits of one day."""
    await registry.import_profile(conn, profiles.load("quang_ninh"))
    await values.write_catalogue(conn, INDICATORS.values())
    for day in range(61):
        await store(conn, "vn_aqi_d", SEPTEMBER + timedelta(days=day), {"193": 50 + day, "194": 40.5})
    for hour in range(3):
        counts = {area: visits[hour] for area, visits in VISITS.items()}
        time = SEPTEMBER + timedelta(hours=hour)
        await store(conn, "footfall_1h", time, counts | {"22": sum(counts.values())})
    days = {area: sum(visits) for area, visits in VISITS.items()}
    for code in ("footfall_d", "footfall_month"):
        await store(conn, code, SEPTEMBER, days | {"22": sum(days.values())})
    # Long before any publication of the tests.
    await conn.execute("UPDATE indicator_values SET computed_at = time + interval '1 day'")


async def store(
    conn: AsyncConnection[Any], code: str, time: datetime, found: Mapping[str, float | None]
) -> None:
    """Store values by area; None is one that could not be computed."""
    indicator, ids = INDICATORS[code], await area_ids(conn)
    rows = [(indicator, ids[area], time, _value(code, value)) for area, value in found.items()]
    async with conn.transaction():
        await values.lock(conn, [indicator])
        await values.store(conn, batch(rows))


def _value(code: str, value: float | None) -> Value:
    if value is None:
        return Value(None, 0.1, Reason.INSUFFICIENT_DATA)
    category = "moderate" if code == "vn_aqi_d" else None
    return Value(float(value), 0.96, None, category, {})


async def area_ids(conn: AsyncConnection[Any]) -> dict[str, int]:
    rows = await (await conn.execute("SELECT code, id FROM areas WHERE reporting")).fetchall()
    return dict(rows)
