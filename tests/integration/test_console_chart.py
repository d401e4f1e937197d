"""How much of an indicator the console's chart shows: by the length of its steps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Value
from dashboards.console.snapshot import read_series
from tests.integration.city import batch, register

if TYPE_CHECKING:
    from psycopg import AsyncConnection

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("code", "shown", "left_out"),
    [
        ("vn_aqi_h", 40 * DAY / 24, 3 * DAY),
        ("pm2_5_d", 58 * DAY, 63 * DAY),
        ("pm2_5_month", 700 * DAY, 770 * DAY),
        ("pm2_5_year", 4000 * DAY, None),
    ],
)
async def test_the_span_of_a_chart(
    conn: AsyncConnection[Any], code: str, shown: timedelta, left_out: timedelta | None
) -> None:
    await register(conn, "gw-console")
    await values.write_catalogue(conn, INDICATORS.values())
    indicator, present = INDICATORS[code], datetime.now(UTC)
    ((area,),) = await (await conn.execute("SELECT id FROM areas WHERE code = '193'")).fetchall()
    times = [present - age for age in (shown, left_out, timedelta(hours=1)) if age is not None]
    async with conn.transaction():
        await values.store(conn, batch([(indicator, area, time, Value(50.0, 1.0)) for time in times]))
    row = {"code": code, "step_s": int(indicator.step.length.total_seconds())}
    found = await read_series(conn, row, {"id": area, "code": "193", "level": "district"})
    assert [each["time"] for each in found.rows] == [present - shown, present - timedelta(hours=1)]
    assert found.start <= present - shown
