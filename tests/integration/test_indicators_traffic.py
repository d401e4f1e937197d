"""Traffic from a gateway's messages to stored values."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.test_analytics import current
from tests.integration.town import DAY, computed, publish, reading, thing, town

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

EIGHT = DAY + timedelta(hours=8)
#: 1200 vehicles in the hour from 8 h at 32 km/h, else 400 at 50 km/h; the side road is always free.
MAIN = {True: (300, 32.0), False: (100, 50.0)}
SIDE = (150, 44.0)
#: by indicator and time; the main road is 2 km long, the side road 1 km
EXPECTED = {
    ("traffic_flow", EIGHT): (1200 * 2 + 600) / 3,
    ("traffic_flow_15min", EIGHT): (1200 * 2 + 600) / 3,
    ("traffic_pcu", EIGHT): (1200 * 2 + 600) / 3 * (0.8 * 0.25 + 0.15 + 0.05 * 2.5),
    ("traffic_vkt", EIGHT): 2400 + 600,
    ("traffic_speed", EIGHT): 1800 / (1200 / 32 + 600 / 44),
    ("traffic_tti", EIGHT): (2400 * 1.5625 + 600 * 1.0) / 3000,
    ("traffic_congestion", EIGHT): 2400 * 56.25 / 3000,
    ("traffic_los", EIGHT): 0,
    ("traffic_vhd", EIGHT): 27.0,
    ("traffic_flow_d", DAY): ((1200 + 23 * 400) * 2 + 24 * 600) / 3,
    ("traffic_vkt_d", DAY): (1200 + 23 * 400) * 2 + 24 * 600,
    ("traffic_vhd_d", DAY): 27.0,
    ("traffic_los_d", DAY): 0,
    ("traffic_tti_d", DAY): (2400 * 1.5625 + 23 * 800 + 24 * 600) / (2400 + 23 * 800 + 24 * 600),
    ("traffic_pti_d", DAY): 1.0,
}


def a_day() -> list[list[dict[str, Any]]]:
    """A message an hour of both counters, with quarters of an hour."""

    def quarter(device: str, q: int, count: int, speed: float) -> dict[str, Any]:
        return reading(
            device, 15 * q, traffic_flow=count, traffic_speed=speed, motorcycle_share=80, heavy_share=5
        )

    return [
        [
            each
            for q in range(4 * hour, 4 * hour + 4)
            for each in (quarter("main", q, *MAIN[hour == 8]), quarter("side", q, *SIDE))
        ]
        for hour in range(24)
    ]


async def test_a_day_of_messages_makes_the_values_of_the_worked_examples(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    measured = dict.fromkeys(("traffic_flow", "traffic_speed", "motorcycle_share", "heavy_share"), 900)
    things = (
        thing("main", measured, v_ff=50, length_km=2, design_speed_kmh=50),
        thing("side", measured, v_ff=44, length_km=1, design_speed_kmh=50),
    )
    await publish(conn, settings, broker, town(gateway_code, *things), a_day())
    assert await computed(conn, EXPECTED) == pytest.approx(EXPECTED, abs=0.001)
    delay = (await current(conn, "traffic_vhd", "193"))[EIGHT][3]
    assert (delay["vkt"], delay["s_per_vehicle_km"], delay["reporting_pct"]) == (3000, 32.4, 100)
    levels = (await current(conn, "traffic_los", "193"))[EIGHT][3]
    assert (levels["shares_pct"]["A"], levels["shares_pct"]["C"]) == (20, 80)
    day = (await current(conn, "traffic_flow_d", "193"))[DAY][3]["values"]["main"]
    assert (day["peak_hour"], day["peak"], day["hours"]) == ("08:00", 1200, 24)
