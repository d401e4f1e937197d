"""What was refused and is accepted, while ingest is killed: each reading is stored, once."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

from devices import unknown_store
from tests.faults.conftest import FULL, register_all, until
from tests.faults.inputs import DAY_MS, NOW_MS, assert_stored, refusals, send_all

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

MESSAGES = 6000 if FULL else 1500
KILLS = 12 if FULL else 3


async def test_killed_while_it_replays(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    device, moments = f"{gateway_code}-new", random.Random(20261129)
    times = [NOW_MS - DAY_MS + number * 1000 for number in range(MESSAGES)]
    sent = [
        json.dumps({"readings": [{"device": device, "time": time, "pm10": number % 1000}]}).encode()
        for number, time in enumerate(times)
    ]

    async def replayed() -> int:
        cursor = await conn.execute("SELECT count(*) FROM refusals WHERE replayed_at IS NOT NULL")
        ((number,),) = await cursor.fetchall()
        return int(number)

    async def seen() -> bool:
        cursor = await conn.execute("SELECT messages FROM unknown_things")
        return await cursor.fetchall() == [(MESSAGES,)]

    async with ingest:
        await send_all(broker, gateway_code, sent)
        await until(seen)
        await unknown_store.accept(conn, 1, "Lan")
        amid = 0
        for _ in range(KILLS):
            before = await replayed()

            async def goes_on(before: int = before) -> bool:
                return await replayed() > before or before == MESSAGES

            await until(goes_on)
            await asyncio.sleep(moments.uniform(0.0, 0.1))
            ingest.kill()
            amid += 0 < await replayed() < MESSAGES
            await ingest.start()

        async def through() -> bool:
            cursor = await conn.execute(
                "SELECT (SELECT count(*) FROM observations), (SELECT count(*) FROM deferred_messages)"
            )
            return await cursor.fetchall() == [(MESSAGES, 0)]

        await until(through)
    assert amid
    assert await refusals(conn, gateway_code) == {"unknown_device": (MESSAGES, MESSAGES)}
    assert await replayed() == MESSAGES
    cursor = await conn.execute(
        "SELECT d.id FROM datastreams d JOIN things t ON t.id = thing_id WHERE code = %s", [device]
    )
    ((stream,),) = await cursor.fetchall()
    await assert_stored(conn, {(stream, time * 1000): n % 1000.0 for n, time in enumerate(times)})
    print(f"killed {ingest.lives - 1} times, {amid} of them amid the replay: 0 lost, none twice")
