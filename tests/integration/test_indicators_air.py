"""Air and heat from a gateway's messages to stored values: a day of two stations, a month of one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.run import compute
from analytics.steps import Step
from devices.model import Area, Gateway, Profile, Thing
from devices.profiles import load
from devices.registry import import_profile
from tests.integration.test_analytics import current
from tests.integration.test_ingest import gateway_client, heard, ingesting, send

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOUR = timedelta(hours=1)
#: Yesterday in Hạ Long.
DAY = Step.DAY.floor(datetime.now(UTC) - timedelta(days=1), ZONE)
#: The month before.
MONTH_END = Step.MONTH.floor(datetime.now(UTC), ZONE)
MONTH = Step.MONTH.floor(MONTH_END - timedelta(days=3), ZONE)
DAYS = round((MONTH_END - MONTH) / timedelta(days=1))
POPULATION = {"22": 100_000, "193": 60_000, "194": 40_000}
#: µg/m³, each hour of the day by its start; the air of 193 is that of the decision's example
AIR = {
    "aq-193": {"pm2_5": [55.7] * 24, "no2": [100.0] * 23 + [130.8], "o3": [60.0] * 23 + [114.6]},
    "aq-194": {"pm2_5": [22.0] * 24, "no2": [200.0] * 18 + [200.1] * 6},
}
#: °C and % by hour
TEMPERATURE = [27.0] * 13 + [33.0] + [27.0] * 10
HUMIDITY = [60.0] * 13 + [70.0] + [60.0] * 10
#: by indicator and area; the day's values
EXPECTED = {
    ("vn_aqi_d", "193"): 110, ("us_aqi", "193"): 151, ("pm2_5_d", "193"): 55.7, ("no2_d", "194"): 200.025,
    ("o3_8h_d", "193"): 66.825, ("qcvn05_pm2_5_24h_d", "193"): 0, ("qcvn05_pm2_5_24h_d", "194"): 100,
    ("qcvn05_pm2_5_24h_d", "22"): 50, ("qcvn05_no2_1h_d", "194"): 75, ("qcvn05_no2_1h_d", "22"): 87.5,
    ("pm2_5_area_d", "22"): 42.22, ("heat_index_d", "193"): 43.5,
}  # fmt: skip


def city(gateway: str) -> Profile:
    """A province of two districts, with an air station in each and a weather station in one."""
    properties = {p.code: p for p in load("quang_ninh").observed_properties}
    things = (
        *(_thing(code, code[3:], *measured) for code, measured in AIR.items()),
        _thing("weather", "193", "air_temperature", "relative_humidity"),
    )
    measured = sorted({name for thing in things for name in thing.datastreams})
    return Profile(
        code="test", name_en="Test", name_vi="Thử", time_zone=str(ZONE),
        areas=(_area("22", None, "province"), _area("193", "22", "district"), _area("194", "22", "district")),
        observed_properties=tuple(properties[name] for name in measured),
        gateways=(
            Gateway(
                code=gateway, name=gateway, latitude=20.95, longitude=107.07, areas=("193", "194"),
                things=things,
            ),
        ),
    )  # fmt: skip


def _area(code: str, parent: str | None, level: str) -> Area:
    return Area(
        code=code, parent=parent, level=level, kind=level, name_en=code, name_vi=code, latitude=20.95,
        longitude=107.07, valid_from=date(2020, 1, 1), population=POPULATION[code], reporting=True,
    )  # fmt: skip


def _thing(code: str, area: str, *measured: str) -> Thing:
    return Thing(
        code=code, name=code, kind=code, latitude=20.95, longitude=107.07, areas=(area,),
        datastreams=dict.fromkeys(measured, 3600),
    )  # fmt: skip


def hourly(device: str, start: datetime, **measured: list[float]) -> list[dict[str, Any]]:
    """A reading an hour, half an hour after it began."""
    columns = zip(*measured.values(), strict=True)
    return [
        {"device": device, "time": int((start + n * HOUR + HOUR / 2).timestamp() * 1000)}
        | dict(zip(measured, row, strict=True))
        for n, row in enumerate(columns)
    ]


async def publish(
    settings: Settings, broker: Broker, gateway: str, messages: list[list[dict[str, Any]]]
) -> None:
    """Publish and wait until everything is committed."""
    async with ingesting(settings), gateway_client(broker, gateway) as client:
        for seq, readings in enumerate(messages, 1):
            await send(client, gateway, *readings, seq=seq)
        while (await heard(client, "committed"))["seq"] < len(messages):
            pass


@pytest.fixture
async def registered(conn: AsyncConnection[Any], gateway_code: str) -> AsyncConnection[Any]:
    await import_profile(conn, city(gateway_code))
    await values.write_catalogue(conn, INDICATORS.values())
    return conn


async def test_a_day_of_messages_makes_the_values_of_the_worked_examples(
    registered: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    weather = hourly("weather", DAY, air_temperature=TEMPERATURE, relative_humidity=HUMIDITY)
    air = [hourly(device, DAY, **measured) for device, measured in AIR.items()]
    await publish(settings, broker, gateway_code, [*air, weather])
    codes = sorted({code for code, _ in EXPECTED} | {"heat_index", "humidex"})
    await compute(registered, select(codes), DAY, DAY + timedelta(days=1))

    found = {key: (await current(registered, *key))[DAY] for key in EXPECTED}
    assert {key: row[0] for key, row in found.items()} == pytest.approx(EXPECTED, abs=1e-3)
    assert found["vn_aqi_d", "193"][3]["sub_indices"] == {"pm2_5": 110, "no2": 65, "o3": 36}
    # 0.6 · 55.7 + 0.4 · 22 = 42.22: its index beside that of the worst station
    people = found["pm2_5_area_d", "22"][3]
    assert (people["vn_aqi_of_mean"], people["vn_aqi_of_maximum"], people["station"]) == (84, 110, "aq-193")
    assert found["heat_index_d", "193"][3]["hour"] == "13:00"
    hours = await current(registered, "humidex", "193")
    assert hours[DAY + 13 * HOUR][0] == 47.4
    cursor = await registered.execute(
        "SELECT category FROM indicator_values v JOIN areas a ON a.id = area_id "
        "WHERE indicator = 'vn_aqi_d' AND a.code = '193'"
    )
    assert await cursor.fetchall() == [("poor",)]


async def test_a_month_of_messages(
    registered: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    """Every third day is above the national limit and WHO's level, the others are below both."""
    means = [60.0 if day % 3 == 0 else 12.0 for day in range(DAYS)]
    readings = hourly("aq-193", MONTH, pm2_5=[mean for mean in means for _ in range(24)])
    await publish(
        settings, broker, gateway_code, [readings[i : i + 200] for i in range(0, len(readings), 200)]
    )
    codes = ["pm2_5_d", "qcvn05_pm2_5_24h_d", "pm2_5_area_d"]
    codes += ["pm2_5_month", "qcvn05_pm2_5_24h_month", "who_pm2_5_days_month", "pm2_5_area_month"]
    await compute(registered, select(codes), MONTH, MONTH_END)

    high = sum(mean == 60.0 for mean in means)
    mean = (60 * high + 12 * (DAYS - high)) / DAYS
    expected = {
        "pm2_5_month": mean, "qcvn05_pm2_5_24h_month": 100 * (DAYS - high) / DAYS,
        "who_pm2_5_days_month": high, "pm2_5_area_month": mean,
    }  # fmt: skip
    found = {code: (await current(registered, code, "22"))[MONTH][0] for code in expected}
    assert found == pytest.approx(expected, abs=1e-3)
    assert (await current(registered, "pm2_5_month", "194"))[MONTH][:2] == (None, "insufficient_data")
