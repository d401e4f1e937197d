"""More waits at the broker than it may hold: it drops, says so, and `down/committed` brings the rest back."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from bench.publisher import publish
from runtime.local.mosquitto import LocalMosquitto
from tests.conftest import Broker, make_settings
from tests.faults.conftest import count, long, register_all, until
from tests.faults.ingesting import Ingest
from tests.faults.inputs import assert_stored, platform_client
from tests.faults.ledger import Ledger
from tests.integration.test_ingest import gateway_client

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries

MESSAGES = 6_000


class SmallMosquitto(LocalMosquitto):
    """A broker whose queues hold 1 MiB."""

    def _config(self) -> str:
        return super()._config().replace("max_queued_bytes 1073741824", "max_queued_bytes 1048576")


@pytest.fixture
def broker(binaries: Binaries, scratch: Path, gateway_code: str) -> Iterator[Broker]:
    with SmallMosquitto(binaries, scratch / f"mosquitto-{gateway_code}") as server:
        yield Broker(server)


@long
async def test_what_the_broker_drops_is_missing_and_sent_again(
    conn: AsyncConnection[Any], database_url: str, broker: Broker, gateway_code: str, tmp_path: Path
) -> None:
    ids = await register_all(conn, gateway_code)
    ledger = Ledger(gateway_code, ids[gateway_code, "pm10"], padding=300)
    journal = dict(ledger.next() for _ in range(MESSAGES))
    settings = make_settings(database_url=database_url, mqtt_url=broker.platform_url)
    ingest = Ingest(settings, tmp_path / "ingest.log")
    async with ingest:  # from here on the broker keeps its messages
        pass
    refused = await send(broker, gateway_code, journal.values())
    dropped = await dropped_messages(broker)
    assert dropped > 0
    async with ingest, gateway_client(broker, gateway_code) as client:
        # The gateway forgets what is committed and sends the rest again, at once.
        while journal:
            await send(broker, gateway_code, journal.values(), f"{gateway_code}-again")
            await forget_committed(client, journal)
        await until(lambda: all_stored(conn))
    expected = ledger.expected(range(1, MESSAGES + 1))
    await assert_stored(conn, {(stream, t * 1000): value for (stream, t), value in expected.items()})
    print(f"of {MESSAGES} messages the broker dropped {dropped}, and told so in {refused} PUBACKs; 0 lost")


async def send(broker: Broker, gateway: str, payloads: Iterable[str], client_id: str = "") -> int:
    """Publish as the gateway and return how many PUBACKs said something else than 0x00."""
    parts = urlsplit(broker.platform_url)
    topic = f"city/v1/{gateway}/up/observations"
    messages = ((topic, payload.encode()) for payload in list(payloads))
    return await publish(parts.geturl(), messages, client_id=client_id or gateway)


async def dropped_messages(broker: Broker) -> int:
    """What the broker says it has dropped."""
    async with platform_client(broker) as client, asyncio.timeout(60):
        await client.subscribe("$SYS/broker/publish/messages/dropped")
        async for message in client.messages:
            if int(str(message.payload, "ascii")):  # type: ignore[arg-type]
                return int(str(message.payload, "ascii"))  # type: ignore[arg-type]
    raise AssertionError


async def forget_committed(client: aiomqtt.Client, journal: dict[int, str]) -> None:
    """Take every message out of the journal that `down/committed` covers, until nothing more is told."""
    try:
        async with asyncio.timeout(3):
            async for message in client.messages:
                if message.topic.value.endswith("/down/committed"):
                    told = json.loads(message.payload)  # type: ignore[arg-type]
                    for number in [n for n in journal if n <= told["seq"]]:
                        del journal[number]
    except TimeoutError:
        return


async def all_stored(conn: AsyncConnection[Any]) -> bool:
    return await count(conn) == MESSAGES * 5
