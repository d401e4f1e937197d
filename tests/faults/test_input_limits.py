"""Messages that are in form and ask for too much."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import TYPE_CHECKING, Any

from tests.faults.conftest import FULL, register_all
from tests.faults.fuzz import LARGE, NativeFuzzer
from tests.faults.inputs import DAY_MS, NOW_MS, assert_stored, refusals, send_all, until_heard
from tests.integration.test_ingest import gateway_client, heard, send

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

LARGE_MESSAGES = 2000 if FULL else 40


async def test_every_day_of_the_retention_in_one_message(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    times = [NOW_MS - day * DAY_MS for day in range(1825)]
    readings = [{"time": time, "pm10": day} for day, time in enumerate(times)]
    async with ingest:
        await send_all(broker, gateway_code, [json.dumps({"readings": readings}).encode()])
        await until_heard(conn, gateway_code, 1)
    stream = ids[gateway_code, "pm10"]
    await assert_stored(conn, {(stream, time * 1000): float(day) for day, time in enumerate(times)})
    assert await refusals(conn, gateway_code) == {}


async def test_memory_is_bounded_when_every_message_is_large(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    fuzzer = NativeFuzzer(Random(7), gateway_code, NOW_MS - DAY_MS)
    cases = [fuzzer.large() for _ in range(LARGE_MESSAGES)]
    async with ingest:
        await send_all(broker, gateway_code, [case.payload for case in cases])
        await until_heard(conn, gateway_code, len(cases))
        print(f"peak {ingest.note_memory():.0f} MB after {len(cases)} messages of 1 MB")
    stream = ids[gateway_code, "pm10"]
    await assert_stored(conn, {(stream, t * 1000): value for case in cases for t, value in case.stored})


async def test_key_as_long_as_a_message_is_told_to_the_gateway_and_stops_nobody(
    conn: AsyncConnection[Any], broker: Broker, settings: Settings, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    time_ms = str(NOW_MS).encode()
    long_name = b'{"seq": 1, "readings": [{"time": %b, "%b": 1}]}' % (time_ms, b"k" * LARGE)
    async with ingest, gateway_client(broker, gateway_code) as client:
        await client.publish(f"city/v1/{gateway_code}/up/observations", long_name, qos=1)
        async with asyncio.timeout(60):
            told = await heard(client, "rejected")
        assert (told["reason"], told["count"]) == ("unknown_property", 1)
        assert len(told["at"]) < 1000
        await send(client, gateway_code, {"time": NOW_MS, "pm10": 1}, seq=2)
        while (await heard(client, "committed"))["seq"] < 2:
            pass
    cursor = await conn.execute(
        "SELECT length(at), length(detail), length(payload) FROM refusals WHERE gateway = %s", [gateway_code]
    )
    row = await cursor.fetchone()
    assert row
    assert row[0] < 1000
    assert row[1] < 1000
    assert row[2] == len(long_name)


async def test_key_that_is_no_text_is_told_to_the_gateway_and_stops_nobody(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    """JSON can escape a lone surrogate, which UTF-8 has no bytes for."""
    await register_all(conn, gateway_code)
    time_ms = str(NOW_MS).encode()
    payloads = [
        b'{"seq": 1, "\\ud800": 1, "readings": []}',
        b'{"seq": 2, "readings": [{"time": %b, "\\udfff": 1}]}' % time_ms,
        b'{"seq": 3, "readings": [{"device": "\\ud800", "time": %b, "pm10": 1}]}' % time_ms,
    ]
    async with ingest, gateway_client(broker, gateway_code) as client:
        for payload, reason in zip(payloads, ("schema", "unknown_property", "unknown_device"), strict=True):
            await client.publish(f"city/v1/{gateway_code}/up/observations", payload, qos=1)
            async with asyncio.timeout(60):
                assert (await heard(client, "rejected"))["reason"] == reason
    assert set(await refusals(conn, gateway_code)) == {"schema", "unknown_property", "unknown_device"}
