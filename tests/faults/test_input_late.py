"""Two days of one gateway's buffer at full speed, while another gateway goes on."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from tests.conftest import changed
from tests.faults.conftest import FULL, register_all
from tests.faults.ingesting import Ingest
from tests.faults.inputs import (
    DAY_MS,
    NOW_MS,
    Probe,
    assert_stored,
    expect_often,
    late_hours,
    refusals,
    send_all,
    until_heard,
)
from tests.integration.test_ingest import gateway_client

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

HOUR_MS = 3_600_000
STEP_MS = 1_000 if FULL else 60_000
MESSAGE_MS = 600_000
#: the buffer ends an hour ago: analytics has passed all of it
START_MS = (NOW_MS - 2 * DAY_MS - HOUR_MS) // MESSAGE_MS * MESSAGE_MS
PROPERTIES = ("pm2_5", "pm10")


async def test_buffer_of_two_days_is_stored_once_and_queues_each_hour_once(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, ingest: Ingest, gateway_code: str
) -> None:
    live = f"{gateway_code}-live"
    ids = await register_all(conn, gateway_code, live)
    await expect_often(conn, live)
    devices = (gateway_code, f"{gateway_code}-aq")
    buffered = [message(start, devices) for start in range(START_MS, START_MS + 2 * DAY_MS, MESSAGE_MS)]
    async with ingest, gateway_client(broker, live) as client:
        alone, beside = (Probe(live, ids[live, "pm10"], client, settings) for _ in range(2))
        await alone.until(set_event(), at_least=30)
        replayed = asyncio.Event()
        probing = asyncio.create_task(beside.until(replayed, at_least=1))
        await send_all(broker, gateway_code, buffered)
        await until_heard(conn, gateway_code, len(buffered))
        replayed.set()
        await probing
        first = await late_hours(conn)
        await conn.execute("TRUNCATE late_hours")
        await send_all(broker, gateway_code, buffered)
        await until_heard(conn, gateway_code, 2 * len(buffered))
        again = await late_hours(conn)
    print(
        f"live readings committed alone after {alone.summary()}, beside the replay after {beside.summary()}"
    )
    streams = [ids[device, prop] for device in devices for prop in PROPERTIES]
    times = range(START_MS, START_MS + 2 * DAY_MS, STEP_MS)
    hours = sorted({time // HOUR_MS * HOUR_MS for time in times})
    assert first == sorted((stream, hour) for stream in streams for hour in hours)
    assert again == []
    late = {(stream, time * 1000): value(time) for stream in streams for time in times}
    await assert_stored(conn, late | alone.expected | beside.expected)


def message(start_ms: int, devices: tuple[str, ...]) -> bytes:
    times = range(start_ms, start_ms + MESSAGE_MS, STEP_MS)
    readings = [
        {"device": device, "time": time} | dict.fromkeys(PROPERTIES, value(time))
        for time in times
        for device in devices
    ]
    return json.dumps({"readings": readings}).encode()


def value(time_ms: int) -> float:
    return (time_ms // 1000 * 7919 % 7993) / 8


def set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


async def test_what_was_dropped_is_stored_again_within_the_horizon_and_refused_beyond(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, tmp_path: Path, gateway_code: str
) -> None:
    stream = (await register_all(conn, gateway_code))[gateway_code, "pm10"]
    days = {day: NOW_MS // HOUR_MS * HOUR_MS - day * DAY_MS for day in (1, 5, 31)}
    payloads = [json.dumps({"readings": [{"time": days[day], "pm10": day}]}).encode() for day in days]
    kept = {(stream, days[day] * 1000): float(day) for day in (1, 5)}
    month = changed(settings, retention_days=30)
    async with Ingest(month, tmp_path / "ingest.log"):
        await send_all(broker, gateway_code, payloads)
        await until_heard(conn, gateway_code, 3)
        await assert_stored(conn, dict(kept))
        await conn.execute("SELECT drop_chunks('observations', older_than => interval '3 days')")
        await assert_stored(conn, {key: value for key, value in kept.items() if value == 1})
        await conn.execute("TRUNCATE late_hours")
        await send_all(broker, gateway_code, payloads)
        await until_heard(conn, gateway_code, 6)
    await assert_stored(conn, kept)
    assert await late_hours(conn) == [(stream, days[5])]
    assert await refusals(conn, gateway_code) == {"time_too_old": (2, 2)}
