"""Real road detectors, published over MQTT as firmware would, end in the indicators that numpy finds.

The series (Twin Cities, 2015) are local times without a zone, in miles an hour, per cent and seconds.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import numpy as np
import paho.mqtt.client as mqtt
import psycopg
import pytest

from analytics import values
from analytics.indicator import INDICATORS, select
from analytics.recompute import recompute_late
from analytics.run import compute
from devices.model import Gateway, ObservedProperty, Thing
from devices.registry import datastream_ids, import_profile
from storage.observations import read, to_microseconds
from tests.conftest import changed
from tests.integration.city import small_city
from tests.integration.test_ingest import ingesting, until

if TYPE_CHECKING:
    from pathlib import Path

    from devices.model import Profile
    from runtime.settings import Settings
    from tests.conftest import Broker

Connection = psycopg.AsyncConnection[Any]
Series = dict[datetime, float]
KM_PER_MILE = 1.609344
ZONE = ZoneInfo("America/Chicago")
#: file, observed property, factor to its unit
DETECTORS = [
    ("speed_7578", "traffic_speed", KM_PER_MILE),
    ("occupancy_6005", "traffic_occupancy", 1.0),
    ("TravelTime_387", "travel_time", 1.0),
]


def observed(code: str, unit: str, maximum: float) -> ObservedProperty:
    return ObservedProperty(
        code=code, name_en=code, name_vi=code, unit=unit, minimum=0, maximum=maximum, aggregation="mean",
        sampling_interval_s=300, device_kind="traffic_counter",
    )  # fmt: skip


def detectors(gateway: str) -> Profile:
    """One gateway with three things, each observing one property."""
    things = tuple(
        Thing(
            code=f"{gateway}-{prop}", name=prop, kind="traffic_counter", latitude=20.95, longitude=107.07,
            datastreams={prop: 300}, areas=("193",),
        )
        for _, prop, _ in DETECTORS
    )  # fmt: skip
    return replace(
        small_city(gateway),
        observed_properties=(
            observed("traffic_speed", "km/h", 200),
            observed("traffic_occupancy", "%", 100),
            observed("travel_time", "s", 36_000),
        ),
        gateways=(
            Gateway(
                code=gateway, name=gateway, latitude=20.95, longitude=107.07, areas=("193",), things=things
            ),
        ),
    )


def read_series(folder: Path, name: str, factor: float) -> Series:
    """The file's values by instant; of two values at the same instant the first counts."""
    series: Series = {}
    with (folder / f"{name}.csv").open() as file:
        for row in csv.DictReader(file):
            local = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=ZONE)
            series.setdefault(local.astimezone(UTC), float(row["value"]) * factor)
    return series


def payloads(gateway: str, series: dict[str, Series]) -> list[bytes]:
    """Native messages of 40 readings, with local offsets as the devices' clocks have them."""
    readings = [
        {"device": f"{gateway}-{prop}", "time": time.astimezone(ZONE).isoformat(), prop: value}
        for prop, one in series.items()
        for time, value in one.items()
    ]
    packs = [readings[i : i + 40] for i in range(0, len(readings), 40)]
    return [json.dumps({"seq": n, "readings": pack}).encode() for n, pack in enumerate(packs, start=1)]


def publish(broker: Broker, gateway: str, password: str, messages: list[bytes]) -> None:
    """Publish with paho, which is no code of ours, and wait for every PUBACK."""
    url = urlsplit(broker.gateway_url)
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=gateway, protocol=mqtt.MQTTv5)
    client.username_pw_set(gateway, password)
    client.connect(url.hostname or "", url.port or 0)
    client.loop_start()
    sent = [client.publish(f"city/v1/{gateway}/up/observations", message, qos=1) for message in messages]
    for each in sent:
        each.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def series(shared: Path) -> dict[str, Series]:
    return {prop: read_series(shared / "cases/traffic", name, factor) for name, prop, factor in DETECTORS}


async def stored_rows(conn: Connection) -> np.ndarray:
    ids = await datastream_ids(conn)
    return await read(
        conn, list(ids.values()), datetime(2015, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
    )


async def test_real_series_end_in_the_indicators_that_numpy_finds(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str, series: dict[str, Series]
) -> None:
    await import_profile(conn, detectors(gateway_code))
    password, messages = broker.add_gateway(gateway_code), payloads(gateway_code, series)
    async with ingesting(changed(settings, retention_days=7300)):
        await asyncio.to_thread(publish, broker, gateway_code, password, messages)
        await until(lambda: all_committed(conn, len(messages)))
        await assert_complete(conn, gateway_code, series)
        await compute_from_late_hours(conn)
        await compute_speed(conn, series["traffic_speed"])
        first = await indicator_rows(conn)
        assert_speed_as_in_the_file(first, series["traffic_speed"])
        await assert_completeness_as_in_the_files(conn, series)

        before = (await stored_rows(conn)).tobytes()
        await asyncio.to_thread(publish, broker, gateway_code, password, messages)
        await until(lambda: all_heard(conn, 2 * len(messages)))
    assert (await stored_rows(conn)).tobytes() == before
    assert await late_hours(conn) == 0
    await compute_speed(conn, series["traffic_speed"])
    assert await indicator_rows(conn) == first


async def assert_complete(conn: Connection, gateway: str, series: dict[str, Series]) -> None:
    ids, rows = await datastream_ids(conn), await stored_rows(conn)
    for prop, one in series.items():
        stored = rows[rows["datastream_id"] == ids[f"{gateway}-{prop}", prop]]
        assert stored["time"].tolist() == [to_microseconds(t) for t in sorted(one)]
        assert stored["value"].tolist() == [one[t] for t in sorted(one)]
    cursor = await conn.execute("SELECT count(*) FROM refusals WHERE gateway = %s", [gateway])
    assert await cursor.fetchone() == (0,)


async def compute_from_late_hours(conn: Connection) -> None:
    """As the analytics service does: what came late is queued, and computed from the queue."""
    await values.write_catalogue(conn, INDICATORS.values())
    assert await late_hours(conn) > 0
    while await late_hours(conn):
        await recompute_late(conn, datetime.now(UTC))


async def compute_speed(conn: Connection, speed: Series) -> None:
    """On demand, over the whole span: hours without any reading get their reason."""
    await compute(conn, select(["traffic_speed"]), min(speed), max(speed))


def hourly(series: Series) -> dict[datetime, list[float]]:
    hours: dict[datetime, list[float]] = defaultdict(list)
    for time, value in series.items():
        hours[time.replace(minute=0, second=0)].append(value)
    return hours


def assert_speed_as_in_the_file(rows: list[tuple[Any, ...]], speed: Series) -> None:
    hours = hourly(speed)
    found = {time: (value, reason) for time, value, reason, _ in rows}
    assert set(hours) <= set(found)
    full = {hour: np.mean(values) for hour, values in hours.items() if len(values) >= 9}
    assert len(full) > 50
    for hour in hours:
        value, reason = found[hour]
        if hour in full:
            assert value == pytest.approx(full[hour], abs=0.001)
        else:
            assert (value, reason) == (None, "insufficient_data")


async def assert_completeness_as_in_the_files(conn: Connection, series: dict[str, Series]) -> None:
    counts = [hourly(one) for one in series.values()]
    cursor = await conn.execute(
        "SELECT time, value FROM indicator_values "
        "WHERE indicator = 'data_completeness' AND superseded_at IS NULL"
    )
    found, excluded = dict(await cursor.fetchall()), await excluded_by_hour(conn)
    hours = set().union(*counts)
    assert hours <= set(found)
    for hour in hours:
        valid = sum(min(12, len(each.get(hour, []))) for each in counts) - excluded.get(hour, 0)
        assert found[hour] == pytest.approx(100 * valid / 36, abs=0.001)


async def excluded_by_hour(conn: Connection) -> dict[datetime, int]:
    """How many values quality control leaves out: of real traffic, with its jams and gaps, next to none."""
    cursor = await conn.execute(
        "SELECT date_trunc('hour', time), count(*) FROM observation_flags WHERE excluded GROUP BY 1"
    )
    excluded = dict(await cursor.fetchall())
    cursor = await conn.execute("SELECT count(*) FROM observations")
    (stored,) = await cursor.fetchone() or (0,)
    assert sum(excluded.values()) < stored / 100
    return excluded


async def indicator_rows(conn: Connection) -> list[tuple[Any, ...]]:
    cursor = await conn.execute(
        "SELECT time, value, reason, revision FROM indicator_values "
        "WHERE indicator = 'traffic_speed' AND superseded_at IS NULL ORDER BY time"
    )
    return await cursor.fetchall()


async def late_hours(conn: Connection) -> int:
    cursor = await conn.execute("SELECT count(*) FROM late_hours")
    row = await cursor.fetchone()
    assert row
    return int(row[0])


async def all_committed(conn: Connection, numbers: int) -> bool:
    cursor = await conn.execute("SELECT received_seq::text FROM gateway_status")
    return await cursor.fetchone() == (f"{{[1,{numbers + 1})}}",)


async def all_heard(conn: Connection, messages: int) -> bool:
    cursor = await conn.execute("SELECT messages FROM gateway_status")
    return await cursor.fetchone() == (messages,)
