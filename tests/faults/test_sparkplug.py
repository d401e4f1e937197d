"""Sparkplug under faults: what the broker sends again is no gap, and nothing is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ingest.formats.sparkplug import Metric
from ingest.sparkplug import table
from tests.conftest import changed
from tests.faults.ingesting import Ingest
from tests.integration.city import register
from tests.integration.test_ingest import ingesting
from tests.integration.test_sparkplug import (
    BD_SEQ,
    NOW_MS,
    PM10,
    edge_client,
    publish,
    refused,
    until_stored,
    values,
)
from tests.processes import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    import aiomqtt
    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

LIVES = 3


class Edge:
    """An edge node that publishes one reading a message, with QoS 1 so that the broker keeps what waits."""

    def __init__(self, client: aiomqtt.Client, code: str) -> None:
        self._client = client
        self._code = code
        self.sent = 0
        self._is_done = False

    async def begin(self) -> None:
        await publish(self._client, f"NBIRTH/{self._code}", BD_SEQ, PM10, seq=0)

    async def send(self) -> None:
        self.sent += 1
        reading = Metric(None, 1, NOW_MS + self.sent, None, float(self.sent))
        await publish(self._client, f"NDATA/{self._code}", reading, seq=self.sent % 256)

    async def send_on(self) -> None:
        while not self._is_done:
            await self.send()
            await asyncio.sleep(0.003)

    def stop(self) -> None:
        """End `send_on` after a message; aiomqtt may swallow a cancellation."""
        self._is_done = True


async def test_killed_at_any_moment_no_message_is_missing_and_none_is_out_of_order(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str, tmp_path: Path
) -> None:
    ids = await register(conn, gateway_code)
    pm10 = ids[gateway_code, "pm10"]
    async with Ingest(settings, tmp_path / "log") as ingest, edge_client(broker, gateway_code) as client:
        edge = Edge(client, gateway_code)
        await edge.begin()
        sending = asyncio.create_task(edge.send_on())
        for life in range(LIVES):
            await until_stored(conn, pm10, float(edge.sent + 20))
            await asyncio.sleep(0.11 * life)
            ingest.kill()
            await ingest.start()
        edge.stop()
        await sending
        await edge.send()
        await until_stored(conn, pm10, float(edge.sent))
    # 5.0 came with the birth certificate.
    assert sorted(await values(conn, pm10)) == sorted([5.0, *map(float, range(1, edge.sent + 1))])
    session = (await table.load(conn))[gateway_code]
    assert (session.stale, session.seq) == (False, edge.sent % 256)
    assert ingest.count("rebirth") == 0
    assert edge.sent > 256


async def test_what_is_committed_and_comes_again_is_no_gap(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str
) -> None:
    ids = await register(conn, gateway_code)
    pm10 = ids[gateway_code, "pm10"]
    async with (
        Proxy(broker.platform_url).serving() as proxy,
        ingesting(changed(settings, mqtt_url=proxy.url)),
        edge_client(broker, gateway_code) as client,
    ):
        edge = Edge(client, gateway_code)
        proxy.hold_upstream()  # the acknowledgements
        await edge.begin()
        for _ in range(100):
            await edge.send()
        await until_stored(conn, pm10, 100.0)
        before = (await table.load(conn))[gateway_code]
        proxy.cut()
        proxy.let_flow()
        await edge.send()
        await until_stored(conn, pm10, 101.0)
    session = (await table.load(conn))[gateway_code]
    assert (before.seq, session.seq, session.stale) == (100, 101, False)
    assert sorted(await values(conn, pm10)) == sorted([5.0, *map(float, range(1, 102))])
    assert await refused(conn, gateway_code) == []
