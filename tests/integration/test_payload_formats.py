"""Every payload format end to end: MQTT with its content type, ingest, a real TimescaleDB."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from ingest.formats import native, senml
from tests.integration.city import register
from tests.integration.test_ingest import NOW_MS, gateway_client, heard, ingesting, stored, until

if TYPE_CHECKING:
    from collections.abc import Callable

    import aiomqtt
    import psycopg

    from runtime.settings import Settings
    from tests.conftest import Broker

#: sent in kg/m3, stored in ug/m3
UNITS = {"pm10": "kg/m3"}
JSON, CBOR = "application/senml+json", "application/senml+cbor"


async def publish(client: aiomqtt.Client, code: str, payload: bytes, content_type: str | None) -> None:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if content_type:
        properties.ContentType = content_type
    await client.publish(f"city/v1/{code}/up/observations", payload, qos=1, properties=properties)


@pytest.mark.parametrize("is_named", [True, False], ids=["content type", "first bytes"])
async def test_formats_and_compressions_are_stored_alike(
    conn: psycopg.AsyncConnection[Any],
    settings: Settings,
    broker: Broker,
    gateway_code: str,
    is_named: bool,
) -> None:
    ids = await register(conn, gateway_code)
    device = f"{gateway_code}-aq"
    formats: list[tuple[Callable[..., bytes], str]] = [(senml.encode_json, JSON), (senml.encode_cbor, CBOR)]
    packers: list[Callable[[bytes], bytes]] = [bytes, gzip.compress, zstandard.compress]
    sent = [(encode, content_type, pack) for encode, content_type in formats for pack in packers]
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        for seq, (encode, content_type, pack) in enumerate(sent, 1):
            reading = {"device": device, "time": NOW_MS + seq, "pm2_5": 31.25, "pm10": 48e-9}
            payload = pack(encode([reading], seq=seq, units=UNITS))
            await publish(client, gateway_code, payload, content_type if is_named else None)
        while (await heard(client, "committed"))["seq"] < len(sent):
            pass
    rows = {(stream, time): value for stream, time, value, _ in await stored(conn)}
    assert len(rows) == 2 * len(sent)
    for seq in range(1, len(sent) + 1):
        assert rows[ids[device, "pm2_5"], NOW_MS + seq] == 31.25
        assert rows[ids[device, "pm10"], NOW_MS + seq] == pytest.approx(48)


async def test_what_cannot_be_stored_is_told_with_its_place(
    conn: psycopg.AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    reading = {"device": f"{gateway_code}-aq", "time": NOW_MS, "pm2_5": 31.25, "pm10": 48}
    bad_unit = senml.encode_cbor([reading], seq=1, units={"pm10": "Cel"})
    bomb = gzip.compress(native.encode([reading]) + b" " * (1 << 20))

    async def both_refused() -> bool:
        cursor = await conn.execute("SELECT payload FROM refusals WHERE gateway = %s", [gateway_code])
        return {row[0] for row in await cursor.fetchall()} == {bad_unit, bomb}

    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await publish(client, gateway_code, bad_unit, CBOR)
        told = await heard(client, "rejected")
        await publish(client, gateway_code, bomb, "application/json")
        await until(both_refused)
    assert (told["seq"], told["reason"], told["at"]) == (1, "unit_mismatch", "$[1].v")
    assert "'Cel' is no SenML unit that becomes ug/m3" in told["detail"]
    assert [row[2] for row in await stored(conn)] == [31.25]
