"""Availability, latency and the open-data share from a gateway's messages to stored values."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.run import compute
from devices import maintenance
from devices.model import Gateway, Profile, Thing
from devices.profiles import load
from ingest import arrivals
from ingest.metrics_table import Recorder
from storage.arrivals import store
from tests.integration.city import AREA, register
from tests.integration.test_analytics import current
from tests.integration.test_ingest import gateway_client, heard, ingesting, send, until
from tests.integration.test_ingest_metrics import background, stats
from tests.integration.town import DAY, ZONE, publish, reading

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

DEVICES, DATA_SETS = "193", "194"
#: device -> sampling interval in s, messages of the day
HEARD = {
    "minutes": (60, 1398),
    "quarters": (900, 96),
    "silent": (900, 0),
    "gap": (432, 199),
    "rare": (4320, 16),
}
OPEN = {"licence": "CC-BY-4.0", "machine_readable": True, "updated_every_d": 30}
PUBLISHED = 18
STALE = 3
INVENTORY = 25


def city(gateway: str) -> Profile:
    """A town with five devices, and another with an inventory of data sets."""
    properties = {p.code: p for p in load("quang_ninh").observed_properties}
    devices = [_thing(code, DEVICES, {"pm2_5": interval}) for code, (interval, _) in HEARD.items()]
    planned = {key: (DAY + timedelta(hours=h)).isoformat() for key, h in
               {"recorded_at": -30, "from": 0, "to": 24}.items()}  # fmt: skip
    devices.append(_thing("serviced", DEVICES, {"pm2_5": 900}, maintenance=[planned]))
    devices.append(_thing("rebuilt", DEVICES, {"pm2_5": 900}))
    sets = [
        _thing(f"set-{n}", DATA_SETS, {"dataset_age": 86_400}, **OPEN,
               **({"published": "2026-01-01"} if n < PUBLISHED else {}))
        for n in range(INVENTORY)
    ]  # fmt: skip
    return Profile(
        code="test", name_en="Test", name_vi="Thử", time_zone=str(ZONE),
        areas=(AREA, replace(AREA, code=DATA_SETS)),
        observed_properties=(properties["pm2_5"], properties["dataset_age"]),
        gateways=(
            Gateway(
                code=gateway, name=gateway, latitude=20.95, longitude=107.07, areas=(DEVICES,),
                things=(*devices, *sets),
            ),
        ),
    )  # fmt: skip


def _thing(code: str, area: str, datastreams: dict[str, int], **properties: Any) -> Thing:
    return Thing(
        code=code, name=code, kind="device", latitude=20.95, longitude=107.07, areas=(area,),
        datastreams=datastreams, properties=properties,
    )  # fmt: skip


def messages() -> list[list[dict[str, Any]]]:
    """What the devices said that day, and how old the published data sets were."""
    said = [
        [reading(code, n * interval / 60, pm2_5=20.0) for n in range(count)]
        for code, (interval, count) in HEARD.items()
        if count
    ]
    ages = [reading(f"set-{n}", 60, dataset_age=31.0 if n < STALE else 2.0) for n in range(PUBLISHED)]
    return [*said, ages]


@pytest.fixture
async def stored(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> AsyncConnection[Any]:
    """A database with what the gateway published and ingest wrote, and its indicators."""
    await publish(conn, settings, broker, city(gateway_code), messages())
    await _plan(conn, "rebuilt")
    codes = ["iot_availability_d", "iot_available_d", "open_data_share", "data_completeness"]
    await compute(conn, select(codes), DAY, DAY + timedelta(days=1))
    return conn


async def _plan(conn: AsyncConnection[Any], thing: str) -> None:
    """Plan what the property of another device tells, and what changes nothing: too late, or called off."""
    end = DAY + timedelta(days=1)
    await maintenance.add(conn, "thing", thing, DAY, end, reason="new mast", who="Lan")
    await conn.execute("UPDATE maintenance_windows SET created_at = %s", [DAY - timedelta(hours=30)])
    await maintenance.add(conn, "thing", "silent", DAY, end, reason="told afterwards", who="Lan")
    await conn.execute(
        "INSERT INTO maintenance_windows "
        "(thing_id, starts_at, ends_at, reason, created_by, created_at, ended_by) "
        "SELECT id, %(at)s, %(at)s, 'called off', 'Lan', %(at)s, 'Lan' FROM things WHERE code = 'gap'",
        {"at": DAY},
    )


async def test_five_devices_are_the_fleet_of_the_worked_example(stored: AsyncConnection[Any]) -> None:
    mean, share = [
        (await current(stored, code, DEVICES))[DAY] for code in ("iot_availability_d", "iot_available_d")
    ]
    assert (mean[0], share[0]) == (75.317, 60.0)
    assert mean[3]["worst"] == {"silent": 0.0, "rare": 80.0}
    assert mean[3]["maintenance"] == ["serviced", "rebuilt"]


async def test_an_inventory_of_25_data_sets(stored: AsyncConnection[Any]) -> None:
    value, _, _, details = (await current(stored, "open_data_share", DATA_SETS))[DAY]
    assert (value, details["strict_share_pct"]) == (72.0, 60.0)
    assert details["lacking"] == {f"set-{n}": ["update on schedule"] for n in range(STALE)}
    assert len(details["not_published"]) == INVENTORY - PUBLISHED


async def test_latency_is_that_of_the_commits(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    """Of four readings two are live, one is of a buffer and one ahead of the clock."""
    await register(conn, gateway_code)
    await values.write_catalogue(conn, INDICATORS.values())
    began = time.time()
    seconds = [began, began - 20, began - 7200, began + 30]
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await send(client, gateway_code, *({"time": int(s * 1000), "pm10": 1.0} for s in seconds), seq=1)
        await heard(client, "committed")
    took = time.time() - began
    after = time.time() + arrivals.SLOT_S
    counted = [row for row in arrivals.ARRIVALS.finished(after) if row[1] == gateway_code]
    for _ in range(2):  # the same rows again change nothing
        await store(conn, "ingest-0", arrivals.ARRIVALS.started, counted)
    hour = counted[0][0].replace(minute=0, second=0, microsecond=0)
    await compute(conn, select(["iot_latency"]), hour, hour + timedelta(hours=2))
    value, reason, _, details = (await current(conn, "iot_latency", "193"))[hour]
    assert reason is None
    assert [details[k] for k in ("readings", "replayed", "ahead")] == [2, 1, 1]
    assert 19 < value < (20 + took) * 1.02
    assert 9 < details["p50"] < (10 + took) * 1.02
    assert list(details["slowest"]) == [gateway_code]


async def test_what_was_counted_is_stored_once(
    conn: AsyncConnection[Any], settings: Settings, gateway_code: str
) -> None:
    """A gateway that is not registered is left out: its readings were refused."""
    await register(conn, gateway_code)
    counted = arrivals.Arrivals(slot_s=0.2)
    owners = np.array([0, 0, 1], np.int32)
    counted.note(np.array([1.0, 1.0, 2.0]), owners, [gateway_code, "unknown"], time.time())
    recorder = Recorder(
        str(settings.database_url), client_id="test", broker=stats("mqtt://127.0.0.1:9"), every_s=0.1,
        arrived=counted,
    )  # fmt: skip
    async with background(recorder.run()):
        await until(lambda: _stored(conn))
        await asyncio.sleep(0.5)
    cursor = await conn.execute(
        "SELECT g.code, a.counts FROM arrivals a JOIN gateways g ON g.id = gateway_id"
    )
    assert await cursor.fetchall() == [(gateway_code, [2])]
    assert counted.finished(time.time() + 1) == []


async def _stored(conn: AsyncConnection[Any]) -> bool:
    cursor = await conn.execute("SELECT count(*) FROM arrivals")
    return (await cursor.fetchone() or (0,))[0] > 0
