"""Parking, street lighting, waste bins and electricity from a gateway's messages to stored values."""

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

NOON = DAY + timedelta(hours=12)
#: Minutes from DAY: the quarters from 10 h of the day before to the end of DAY.
QUARTERS = range(-14 * 60, 24 * 60, 15)
FIVE_BINS = [35, 82, 101, 60, 90]
POPULATION = 322_710
EXPECTED = {
    ("parking_occupancy", NOON): 67.5,
    ("parking_high", NOON): 25,
    ("parking_turnover", NOON): 0.55,
    ("parking_occupancy_d", DAY): (67.5 + 23 * 40) / 24,
    ("light_energy_d", DAY): 22.6587,
    ("light_outage_d", DAY): 50,
    ("waste_fill", NOON): 73.4,
    ("waste_need", NOON): 60,
    ("waste_overflow", NOON): 20,
    ("waste_overflow_d", DAY): 20,
    ("waste_emptied_d", DAY): 1,
    ("electricity_per_capita_d", DAY): 1_000_000 / POPULATION,
}


def car_park() -> list[dict[str, Any]]:
    """40 of 100 spaces, but the changes of the worked example from noon on: 70 at 12:15, 90 at 12:45."""
    occupied = {**dict.fromkeys(range(0, 1440, 15), 40), 735: 70, 750: 70, 765: 90}
    arrived = dict(zip(range(720, 780, 15), (10, 20, 15, 10), strict=True))
    return [
        reading("lot", m, parking_occupied=n, parking_arrivals=arrived.get(m, 0)) for m, n in occupied.items()
    ]


def cabinets() -> list[dict[str, Any]]:
    """Two cabinets lit from 18 to 6 h: one counts 285.5 kWh over the end of its register, one stays dark."""
    found = []
    for m in QUARTERS:
        lit = -6 * 60 <= m < 6 * 60
        kwh = (99_800 + 285.5 * min(max((m + 6 * 60) / (12 * 60), 0), 1)) % 100_000
        found.append(
            reading("light", m, lamp_state=int(lit), lamp_power=150.0 * lit, electric_energy=round(kwh, 4))
        )
        found.append(reading("dark", m, lamp_state=int(lit), lamp_power=1.0 * lit))
    return found


def bins() -> list[dict[str, Any]]:
    """Five bins that stay as they are, but the last one, which is emptied at 20 h."""
    levels = [[fill] * 24 for fill in FIVE_BINS]
    levels[-1][20:] = [5] * 4
    return [
        reading(f"bin-{i}", 60 * h, bin_fill=level[h]) for i, level in enumerate(levels) for h in range(24)
    ]


def feeder() -> list[dict[str, Any]]:
    """A million kWh a day; the cabinets' meters do not measure the area's supply."""
    return [reading("feeder", m, electric_energy=5e6 + 1e6 * m / 1440) for m in QUARTERS]


async def test_a_day_of_messages_makes_the_values_of_the_worked_examples(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    lamps = {"lamp_state": 900, "lamp_power": 900}
    things = (
        thing("lot", {"parking_occupied": 900, "parking_arrivals": 900}, capacity=100),
        thing(
            "light", lamps | {"electric_energy": 900}, lit_km=12.6, lamp_watts=150, register_modulus=100_000
        ),
        thing("dark", lamps, lamp_watts=150),
        *(thing(f"bin-{i}", {"bin_fill": 3600}) for i in range(len(FIVE_BINS))),
        thing("feeder", {"electric_energy": 900}, supplies="area"),
    )  # fmt: skip
    messages = [car_park(), cabinets(), bins(), feeder()]
    await publish(conn, settings, broker, town(gateway_code, *things), messages)
    assert await computed(conn, EXPECTED) == pytest.approx(EXPECTED, abs=0.001)
    light = (await current(conn, "light_energy_d", "193"))[DAY][3]
    assert light["values"]["light"]["roll_overs"] == 1
    assert light["missing"] == {"dark": "no_length"}
    energy = (await current(conn, "electricity_per_capita_d", "193"))[DAY][3]
    assert (energy["population"], energy["kwh"], energy["reporting_pct"]) == (POPULATION, 1_000_000, 100)
