"""Water, noise and footfall from a gateway's messages to stored values."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from analytics.indicator import select
from analytics.run import compute
from tests.integration.test_analytics import current
from tests.integration.town import DAY, publish, reading, thing, town

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from devices.model import Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

NOON = DAY + timedelta(hours=12)
LEVELS = [55, 54, 53, 52, 53, 57, 63, 68, 70, 69, 69, 69, 68, 67, 68, 69, 70, 72, 71, 69, 68, 66, 62, 58]
SENSED = {
    "water_ph": 7.4, "dissolved_oxygen": 5.5, "water_temperature": 27.0, "cod": 18.0, "ammonium_n": 0.4,
    "phosphate_p": 0.15,
}  # fmt: skip
SAMPLED = {"bod5": 8.0, "coliform": 4000.0}
ENTERED, LEFT = [120, 180, 240, 60], [90, 150, 210, 90]
LIMITS = [
    {"area_class": "ordinary", "period_start": 6, "period_end": 21, "limit": 70, "valid_from": "2020-01-01"},
    {"area_class": "ordinary", "period_start": 21, "period_end": 6, "limit": 55, "valid_from": "2020-01-01"},
]
#: by indicator and time
EXPECTED = {
    ("vn_wqi", NOON): 79, ("vn_wqi_d", DAY): 79, ("laeq_1h", NOON): 68, ("laeq_24h", DAY): 67.278,
    ("lday_d", DAY): 69.385, ("levening_d", DAY): 66.95, ("lnight_d", DAY): 57.255,
    ("lden_d", DAY): 69.407, ("la90_1h", NOON): 68, ("qcvn26_excess_d", DAY): 4.391,
    ("qcvn26_above_d", DAY): 100, ("footfall_d", DAY): 600,
    ("footfall_1h", DAY + timedelta(hours=23)): 600, ("people_density_peak_d", DAY): 0.225,
    ("people_present", DAY + timedelta(hours=23, minutes=45)): 60,
}  # fmt: skip


def city(gateway: str) -> Profile:
    """A town with a water probe whose samples a laboratory takes, a sound level meter and a counted gate."""
    return town(
        gateway,
        thing("water", dict.fromkeys(SENSED, 900) | dict.fromkeys(SAMPLED, 86_400)),
        thing("noise", {"sound_laeq": 60}, noise_area_class="ordinary", noise_limits=LIMITS),
        thing("gate", {"people_in": 900, "people_out": 900}, area_m2=400),
    )


def a_day() -> list[list[dict[str, Any]]]:
    """Messages: the meter's minutes, the probe's quarters, one sampling at 12:10, and the gate's quarters."""
    entered, left = [0] * 92 + ENTERED, [0] * 92 + LEFT
    return [
        [reading("noise", m, sound_laeq=LEVELS[m // 60]) for m in range(1440)],
        [reading("water", 15 * q, **SENSED) for q in range(96)],
        [reading("water", 12 * 60 + 10, **SAMPLED)],
        [reading("gate", 15 * q, people_in=entered[q], people_out=left[q]) for q in range(96)],
    ]


@pytest.fixture
async def stored(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> AsyncConnection[Any]:
    """A database with the day, published by the gateway and written by ingest, and its indicators."""
    await publish(conn, settings, broker, city(gateway_code), a_day())
    await compute(conn, select([code for code, _ in EXPECTED]), DAY, DAY + timedelta(days=1))
    return conn


async def test_a_day_of_messages_makes_the_values_of_the_worked_examples(
    stored: AsyncConnection[Any],
) -> None:
    found = {(code, at): (await current(stored, code, "193"))[at][0] for code, at in EXPECTED}
    assert found == pytest.approx(EXPECTED, abs=0.001)
    assert (await current(stored, "vn_wqi", "193"))[DAY][:2] == (None, "too_few_parameters")
    details = (await current(stored, "vn_wqi_d", "193"))[DAY][3]
    assert (details["weighted"], details["unweighted"]) == (76.587, 78.609)
