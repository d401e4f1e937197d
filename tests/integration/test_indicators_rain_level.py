"""Rain, river, sea and wind from a gateway's messages to stored values."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analytics.indicator import select
from analytics.run import compute
from analytics.series import to_micros
from analytics.tide import Tide, predict
from tests.integration.test_analytics import current
from tests.integration.town import DAY, publish, thing, town
from tests.integration.town import reading as town_reading

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

MINUTE = timedelta(minutes=1)
NOON = DAY + timedelta(hours=12)
TEN = timedelta(minutes=10)
#: The meteorological day began at 19 h of the day before.
EVENING = DAY - timedelta(hours=5)
SHOWER = [0, 0.5, 2, 6.5, 9, 12, 8, 4.5, 3, 2, 1.5, 1, 0.5, 0.5, 0, 0, 0.5, 0]
#: m, from noon on
RIVER = [1.66, 1.7, 1.72, 1.75, 1.8, 1.82, 1.84, 1.65, 1.65, 1.65]
SURGE = 0.83
LEVELS = {"levels": [1.0, 1.7, 2.5], "datum": "station zero"}
CONSTANTS = {"O1": (0.813, 290.2), "K1": (0.710, 345.8), "M2": (0.064, 198.2)}
TIDE = {
    "datum": "lowest astronomical tide", "mean_level_m": 1.97,
    "constituents": {name: list(pair) for name, pair in CONSTANTS.items()},
}  # fmt: skip
#: by indicator and time
EXPECTED = {
    ("rain_d", DAY): 51.5, ("rain_intensity", NOON + 5 * TEN): 72.0, ("rain_1h", NOON + 8 * TEN): 43.0,
    ("rain_3h", NOON + 17 * TEN): 51.5, ("level_alert", NOON): 1, ("level_alert", NOON + 6 * TEN): 2,
    ("level_alert", NOON + 8 * TEN): 2, ("level_alert", NOON + 9 * TEN): 1, ("level_surge", NOON): SURGE,
    ("wind_direction_mean", NOON): 10.1, ("wind_speed_mean", NOON): 2.67,
}  # fmt: skip


def city(gateway: str) -> Profile:
    """A town with a rain gauge, a river and a tide gauge, and a weather station."""
    return town(
        gateway,
        thing("rain", {"rainfall": 600}),
        thing("river", {"river_level": 600}, alert_levels=LEVELS),
        thing("sea", {"sea_level": 600}, tide=TIDE, datum="lowest astronomical tide"),
        thing("weather", {"wind_speed": 600, "wind_direction": 600}),
    )


def reading(device: str, at: datetime, **measured: float) -> dict[str, Any]:
    return town_reading(device, (at - DAY) / MINUTE, **measured)


def messages() -> list[list[dict[str, Any]]]:
    """A meteorological day of rain with 60 mm after it, hours of the river, the sea and the wind."""
    rain = dict.fromkeys((EVENING + n * TEN for n in range(144)), 0.0) | {EVENING + 144 * TEN: 30.0}
    rain |= {NOON + n * TEN: mm for n, mm in enumerate(SHOWER)} | {EVENING - TEN: 30.0}
    tide = Tide(mean_level=1.97, constants=CONSTANTS)
    sea = float(predict(tide, np.array([to_micros(NOON)]))[0]) + SURGE
    wind = [(350.0, 2.0), (10.0, 2.0), (20.0, 4.0)] * 2
    return [
        [reading("rain", at, rainfall=mm) for at, mm in rain.items()],
        [reading("river", NOON + n * TEN, river_level=m) for n, m in enumerate(RIVER)],
        [reading("sea", NOON, sea_level=sea)],
        [
            reading("weather", NOON + n * TEN, wind_direction=direction, wind_speed=speed)
            for n, (direction, speed) in enumerate(wind)
        ],
    ]


@pytest.fixture
async def stored(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> AsyncConnection[Any]:
    """A database with what the gateway published and ingest wrote, and its indicators."""
    await publish(conn, settings, broker, city(gateway_code), messages())
    await compute(conn, select(sorted({code for code, _ in EXPECTED})), DAY, DAY + timedelta(days=1))
    return conn


async def test_a_day_of_messages_makes_the_values_of_the_worked_examples(
    stored: AsyncConnection[Any],
) -> None:
    computed = {code: await current(stored, code, "193") for code, _ in EXPECTED}
    assert {(code, at): computed[code][at][0] for code, at in EXPECTED} == pytest.approx(EXPECTED, abs=1e-3)
    day = computed["rain_d"][DAY][3]
    assert (day["max_30min_mm"], day["max_60min_mm"], day["max_180min_mm"]) == (29.0, 43.0, 51.5)
    assert (day["peak_mm_h"], day["risk_level"], day["missing_min"]) == (72.0, 1, 0)
    river = computed["level_alert"][NOON + 6 * TEN][3]
    assert [river[k] for k in ("above_m", "share_to_next", "rise_m_per_h", "hours_to_next")] == [
        0.14, 0.175, 0.18, 3.6667,
    ]  # fmt: skip
    assert computed["level_surge"][NOON + TEN][:2] == (None, "insufficient_data")


async def test_the_class_of_the_day_is_stored(stored: AsyncConnection[Any]) -> None:
    cursor = await stored.execute("SELECT category FROM indicator_values WHERE indicator = 'rain_d'")
    assert await cursor.fetchall() == [("heavy",)]
