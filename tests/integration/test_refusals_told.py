"""What a gateway learns of refusals from MQTT alone, and that who keeps the rules comes to an end."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from ingest.batch import Entry
from ingest.feedback import Feedback
from ingest.mqtt import Delivery
from ingest.resolve import Resolved
from runtime.broker_client import client as client_of
from tests.integration.city import register
from tests.integration.test_ingest import NOW_MS, gateway_client, heard, ingesting, send

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

#: how often a gateway sends what is refused without a number (docs/firmware.md, Messages that cannot be read)
TRIES = 3
SILENCE_S = 5.0


async def rows(conn: AsyncConnection[Any], gateway: str) -> list[tuple[Any, ...]]:
    """The refusals that are kept, as they are told."""
    cursor = await conn.execute(
        "SELECT seq, reason, at, detail, stored, count, time FROM refusals WHERE gateway = %s "
        "ORDER BY time, id",
        [gateway],
    )
    return await cursor.fetchall()


def told_of(message: dict[str, Any]) -> Iterable[tuple[Any, ...]]:
    """The refusals that a message tells, as `rows` has them; the first one's count is not told by itself."""
    others = message.get("others", [])
    first = message | {"count": message["count"] - sum(each["count"] for each in others)}
    for each in (first, *others):
        words = (each.get(k) for k in ("seq", "reason", "at", "detail", "stored", "count"))
        yield (*words, datetime.fromisoformat(each["time"]))


async def test_every_refusal_is_told_and_is_found_again(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    topic = f"city/v1/{gateway_code}/up/observations"
    told: list[dict[str, Any]] = []
    async with ingesting(settings), gateway_client(broker, gateway_code) as client:
        await client.publish(topic, b'{"seq": 15, "readings": [{"time": ', qos=1)
        await client.publish(topic, b'{"readings": ', qos=1)
        await send(
            client,
            gateway_code,
            {"time": NOW_MS, "pm10": 7},
            {"device": "nobody", "time": NOW_MS, "pm10": 7},
            {"time": NOW_MS, "pm10": None, "pm2_5": None},
            {"time": NOW_MS + 1, "pm10": 1e6},
            seq=16,
        )
        while sum(each["count"] for each in told) < 6:
            told.append(await heard(client, "rejected"))
    kept = await rows(conn, gateway_code)
    assert [each for message in told for each in told_of(message)] == kept
    assert [(seq, reason, count) for seq, reason, _, _, _, count, _ in kept] == [
        (15, "not_decodable", 1),
        (None, "not_decodable", 1),
        (16, "value_not_finite", 2),
        (16, "unknown_device", 1),
        (16, "value_out_of_range", 1),
    ]


async def test_a_refusal_that_is_kept_already_is_told_by_its_own_time(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    topic, told = f"city/v1/{gateway_code}/up/observations", []
    async with gateway_client(broker, gateway_code) as client:
        await client.publish(topic, b'{"seq": 1, "readings": [1, {"pm10": 1}]}', qos=1, retain=True)
        for _ in range(2):  # a retained message comes whenever ingest begins
            async with ingesting(settings):
                told.append(await heard(client, "rejected"))
        await client.publish(topic, b"", qos=1, retain=True)
    assert told[0] == told[1]
    assert list(told_of(told[0])) == await rows(conn, gateway_code)
    assert len(told[0]["others"]) == 1


async def test_what_could_not_be_sent_is_told_when_it_can_be(broker: Broker, gateway_code: str) -> None:
    feedback = Feedback(broker.platform_url, topic_root="city/v1", client_id=gateway_code)
    async with client_of(broker.platform_url, f"{gateway_code}-lost") as lost:
        pass
    feedback.tell_rejected(entry_of(gateway_code, seq=1))
    with pytest.raises(aiomqtt.MqttError):
        await feedback._send(lost)
    feedback.tell_rejected(entry_of(gateway_code, seq=2))
    async with (
        gateway_client(broker, gateway_code) as listening,
        client_of(broker.platform_url, f"{gateway_code}-feedback") as connected,
    ):
        await feedback._send(connected)
        told = await heard(listening, "rejected")
    assert (told["seq"], [each["seq"] for each in told["others"]], told["count"]) == (1, [2], 2)


def entry_of(gateway: str, seq: int) -> Entry:
    resolved = Resolved(1, seq)
    resolved.refuse("schema", "$", "words")
    return Entry(
        Delivery(f"city/v1/{gateway}/up/observations", b"", None, False, False, 1, 1), gateway, resolved
    )


@dataclass
class Firmware:
    """A gateway that keeps the rules of docs/firmware.md; its messages are texts, right or wrong."""

    client: aiomqtt.Client
    topic: str
    journal: dict[int, bytes]
    sent: Counter[int] = field(default_factory=Counter)
    #: refusals whose message has no number
    unnumbered: int = 0

    async def run(self) -> None:
        """Send what is kept until nothing is; after a silence the oldest again."""
        for seq in self.journal:
            await self.send(seq)
        while self.journal:
            try:
                async with asyncio.timeout(SILENCE_S):
                    message = await anext(aiter(self.client.messages))
            except TimeoutError:
                await self.send_again(min(self.journal))
                continue
            told = json.loads(message.payload)  # type: ignore[arg-type]
            if message.topic.value.endswith("/rejected"):
                self.unnumbered += sum("seq" not in each for each in (told, *told.get("others", ())))
            else:
                await self.committed(told)

    async def send(self, seq: int) -> None:
        self.sent[seq] += 1
        await self.client.publish(self.topic, self.journal[seq], qos=1)

    async def send_again(self, seq: int) -> None:
        if self.sent[seq] >= TRIES:
            if self.unnumbered < TRIES:
                return
            self.journal[seq] = b'{"seq": %d, "readings": []}' % seq
        await self.send(seq)

    async def committed(self, told: dict[str, Any]) -> None:
        self.journal = {seq: text for seq, text in self.journal.items() if seq > told["seq"]}
        for first, last in told.get("missing", []):
            for seq in [each for each in self.journal if first <= each <= last]:
                await self.send_again(seq)


async def test_a_gateway_that_keeps_the_rules_does_not_send_a_broken_message_for_ever(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    await register(conn, gateway_code)
    broken, unreadable = b'{"seq": 2, "readings": [{"time": ', b'{"readings": [{"time": '
    good = b'{"seq": %d, "readings": [{"time": %d, "pm10": 7}]}'
    journal = {1: good % (1, NOW_MS), 2: broken, 3: unreadable, 4: good % (4, NOW_MS + 1)}
    async with ingesting(settings), gateway_client(broker, gateway_code) as client, asyncio.timeout(60):
        firmware = Firmware(client, f"city/v1/{gateway_code}/up/observations", journal)
        await firmware.run()
    kept = Counter((seq, reason) for seq, reason, *_ in await rows(conn, gateway_code))
    assert kept == {(2, "not_decodable"): 1, (None, "not_decodable"): TRIES}
    cursor = await conn.execute("SELECT count(*) FROM observations")
    assert await cursor.fetchone() == (2,)
