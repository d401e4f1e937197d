"""What is refused again of a replay: for its true reason, at the time when it was heard, counted once."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

from devices import unknown_store as store
from tests.integration.city import register
from tests.integration.test_ingest import gateway_client, ingesting, send, stored, until
from tests.integration.test_unknown_things import queue, until_seen, until_stored, until_waiting

if TYPE_CHECKING:
    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

    Connection = AsyncConnection[Any]

HOUR_MS = 3_600_000


async def refusals(conn: Connection) -> list[tuple[Any, ...]]:
    """Sequence number, reason, whether replayed, and time of receipt of each, by number and reason."""
    cursor = await conn.execute(
        "SELECT seq, reason, replayed_at IS NOT NULL, time FROM refusals "
        "ORDER BY seq, replayed_at IS NULL, id"
    )
    return await cursor.fetchall()


async def told(client: aiomqtt.Client, wanted: set[str]) -> set[str]:
    """The reasons that a gateway is told, until all that are wanted were."""
    found: set[str] = set()
    async with asyncio.timeout(20):
        async for message in client.messages:
            if message.topic.value.endswith("/down/rejected"):
                payload = json.loads(bytes(message.payload))  # type: ignore[arg-type]
                found |= {each["reason"] for each in (payload, *payload.get("others", ()))}
            if wanted <= found:
                break
    return found


async def test_what_is_refused_again_has_its_true_reason_and_nothing_stays_unregistered(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    device, now_ms = f"{gateway_code}-my", int(time.time() * 1000)
    sent = [
        {"time": now_ms, "pm2_5": 7}, {"time": now_ms // 1000, "pm2_5": 7},
        {"time": now_ms + HOUR_MS, "pm2_5": 7}, {"time": now_ms, "pm25": 7},
    ]  # fmt: skip
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        for seq, reading in enumerate(sent, 1):
            await send(client, gateway_code, {"device": device, **reading}, seq=seq)
        unknown, _ = await until_seen(conn, device, 4)
        before = await refusals(conn)
        await store.accept(conn, unknown.id, "Lan")
        true = {"time_too_old", "time_in_future", "unknown_property"}
        assert await told(client, true) >= true
        await until_waiting(conn, device)
        waiting, _ = await until_seen(conn, device, 1)
    heard = {seq: at for seq, _, _, at in before}
    replayed = [(seq, "unknown_device", True, at) for seq, at in heard.items()]
    again = [
        (2, "time_too_old", False, heard[2]), (3, "time_in_future", False, heard[3]),
        (4, "unknown_property", False, heard[4]),
    ]  # fmt: skip
    assert await refusals(conn) == sorted([*replayed, *again], key=lambda row: (row[0], not row[2]))
    assert [(t, value) for _, t, value, _ in await stored(conn)] == [(now_ms, 7.0)]
    assert waiting.replayed == 4
    assert (waiting.first_seen, waiting.last_seen) == (heard[4], heard[4])


async def test_a_replay_counts_nothing_twice_and_is_as_old_as_its_messages(
    conn: Connection, settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    device, now_ms = f"{gateway_code}-my", int(time.time() * 1000)
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        for seq in (1, 2, 3):
            reading = {"device": device, "time": now_ms + seq, "pm2_5": 7, "co3": seq}
            await send(client, gateway_code, reading, seq=seq)
        unknown, _ = await until_seen(conn, device, 3)
        heard = {seq: at for seq, _, _, at in await refusals(conn)}
        await store.accept(conn, unknown.id, "Lan")
        await until_stored(conn, 3)
        await until_waiting(conn, device)
        # Noted once more, it would be by the time that a later message is.
        await send(client, gateway_code, {"device": "later", "time": now_ms, "pm2_5": 7}, seq=4)
        await until_seen(conn, "later", 1)
        waiting, _ = next(each for each in await queue(conn) if each[0].device == device)
        assert (waiting.messages, waiting.first_seen, waiting.last_seen) == (3, heard[1], heard[3])
        assert {each.code: each.readings for each in waiting.properties} == {"pm2_5": 3, "co3": 3}
        open_ = [
            (seq, reason, at) for seq, reason, is_replayed, at in await refusals(conn) if not is_replayed
        ]
        assert open_[:3] == [(seq, "unknown_property", heard[seq]) for seq in (1, 2, 3)]
        await send(client, gateway_code, {"device": device, "time": now_ms + 9, "co3": 9}, seq=5)
        again, _ = await until_seen(conn, device, 4)
        assert {each.code: each.readings for each in again.properties} == {"pm2_5": 3, "co3": 4}
        # The property is created later: the messages that wait for it are stored, each once.
        await conn.execute(
            "INSERT INTO observed_properties (code, name_en, name_vi, unit, minimum, maximum, aggregation, "
            "sampling_interval_s, device_kind) SELECT 'co3', name_en, name_vi, unit, minimum, maximum, "
            "aggregation, sampling_interval_s, device_kind FROM observed_properties WHERE code = 'pm10'"
        )
        await store.accept(conn, unknown.id, "Minh")
        await until_stored(conn, 7)

    async def all_open() -> list[str]:
        return [reason for _, reason, is_replayed, _ in await refusals(conn) if not is_replayed]

    async def one_open() -> bool:
        return await all_open() == ["unknown_device"]

    await until(one_open)
    assert len(await stored(conn)) == 7
