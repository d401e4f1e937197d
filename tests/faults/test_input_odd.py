"""Status storms, retained messages, QoS 0, odd properties, and gateways that nobody knows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from bench.publisher import publish
from tests.faults.conftest import FULL, register_all, until
from tests.faults.inputs import NOW_MS, assert_stored, platform_client, refusals, send_all, until_heard
from tests.integration.test_ingest import gateway_client, heard, send

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.faults.ingesting import Ingest

STORM = 100_000 if FULL else 4_000


async def history(conn: AsyncConnection[Any]) -> list[tuple[Any, ...]]:
    cursor = await conn.execute("SELECT online, firmware FROM gateway_status_history ORDER BY time")
    return await cursor.fetchall()


async def test_status_storm_leaves_one_row_a_change_and_the_last_word(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    same = [b'{"online": true, "firmware": "1"}'] * STORM
    flapping = [b'{"online": %b}' % (b"false" if i % 2 else b"true") for i in range(STORM // 4)]
    async with ingest:
        await send_all(broker, gateway_code, same + flapping, kind="status")
        await until_heard(conn, gateway_code, STORM + STORM // 8)
    assert await history(conn) == [(True, "1"), *[(False, "1"), (True, "1")] * (STORM // 8)][:-1]
    cursor = await conn.execute("SELECT online, firmware FROM gateway_status")
    assert await cursor.fetchone() == (False, "1")


async def test_retained_messages_count_once_however_often_ingest_returns(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    readings = json.dumps({"seq": 1, "readings": [{"time": NOW_MS, "pm10": 1}, {"pm10": 2}]})
    async with ingest, gateway_client(broker, gateway_code) as client:
        for kind, payload in (("status", '{"online": "yes"}'), ("observations", readings)):
            await client.publish(f"city/v1/{gateway_code}/up/{kind}", payload, qos=1, retain=True)
        await heard(client, "committed")
        for seq in range(2, 5):
            await ingest.stop()
            await ingest.start()
            await send(client, gateway_code, seq=seq)
            while await heard(client, "committed") != {"seq": seq}:
                pass
        for kind in ("status", "observations"):
            await client.publish(f"city/v1/{gateway_code}/up/{kind}", b"", qos=1, retain=True)
    assert (await refusals(conn, gateway_code))["schema"] == (1, 1)
    assert (await refusals(conn, gateway_code))["time_missing"] == (1, 1)
    await assert_stored(conn, {(ids[gateway_code, "pm10"], NOW_MS * 1000): 1.0})


async def test_qos_0_and_properties_of_every_kind(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    ids = await register_all(conn, gateway_code)
    odd = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    odd.PayloadFormatIndicator = 1
    odd.ContentType = "a/\ue000\U0001f600" * 5000
    odd.ResponseTopic = "nobody/listens"
    odd.CorrelationData = bytes(range(256)) * 200
    odd.UserProperty = [("key", "value"), ("", ""), ("key", "\u202e" * 1000)] * 10
    async with ingest, gateway_client(broker, gateway_code) as client:
        topic = f"city/v1/{gateway_code}/up/observations"
        for number, (qos, properties) in enumerate([(0, None), (1, odd), (2, odd), (0, odd)]):
            payload = json.dumps({"readings": [{"time": NOW_MS + number, "pm10": number}]})
            await client.publish(topic, payload, qos=qos, properties=properties)
        await client.publish(topic, b"\xff\xfe", qos=1, properties=odd)
        await until_heard(conn, gateway_code, 5)
    stream = ids[gateway_code, "pm10"]
    await assert_stored(conn, {(stream, (NOW_MS + number) * 1000): float(number) for number in range(4)})
    assert await refusals(conn, gateway_code) == {"not_decodable": (1, 1)}


async def test_unknown_gateways_are_refused_and_nobody_is_told(
    conn: AsyncConnection[Any], broker: Broker, ingest: Ingest, gateway_code: str
) -> None:
    await register_all(conn, gateway_code)
    names = [f"{gateway_code}-x", "Not A Code", "", "\U0001f600" * 80, "x" * 2000, "$SYS", "%s", "'; --"]
    kinds = {
        "observations": json.dumps({"seq": 1, "readings": [{"time": NOW_MS, "pm10": 1}]}).encode(),
        "status": b'{"online": true}',
    }
    messages = [(f"city/v1/{name}/up/{kind}", kinds[kind]) for name in names for kind in kinds]

    async def refused() -> list[tuple[str, bytes]]:
        cursor = await conn.execute("SELECT topic, payload FROM refusals WHERE reason = 'unknown_gateway'")
        return sorted(await cursor.fetchall())

    async def all_refused() -> bool:
        return await refused() == sorted(messages)

    async with ingest, platform_client(broker) as listener, gateway_client(broker, gateway_code) as client:
        await listener.subscribe("city/v1/+/down/#", qos=1)
        assert await publish(broker.platform_url, messages, client_id=f"{gateway_code}-platform") == 0
        await until(all_refused)
        await send(client, gateway_code, seq=1)
        assert await heard(client, "committed") == {"seq": 1}
        first = await anext(aiter(listener.messages))
        assert first.topic.value == f"city/v1/{gateway_code}/down/committed"
    assert await refused() == sorted(messages)
    await assert_stored(conn, {})
