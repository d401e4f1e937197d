"""Whoever sends commands is killed: what was asked for is sent, at most twice under the same id."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from devices import commands
from storage.pool import connect
from tests.conftest import changed
from tests.faults.ingesting import Ingest
from tests.integration.city import register
from tests.integration.test_commands import asking, gateway, reaches, read_command
from tests.listening import heard, next_of
from tests.processes import Proxy

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.settings import Settings
    from tests.conftest import Broker

_END = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'halong ingest downlink' AND datname = current_database()"""


async def test_killed_before_it_is_published_it_is_sent_once(
    conn: AsyncConnection[Any], settings: Settings, broker: Broker, gateway_code: str, tmp_path: Path
) -> None:
    await register(conn, gateway_code)
    broker.add_gateway(gateway_code, f"secret-{gateway_code}")
    async with Proxy(broker.platform_url).serving() as proxy, gateway(broker, gateway_code) as client:
        ingest = Ingest(changed(settings, mqtt_url=proxy.url), tmp_path / "ingest.log")
        async with ingest, heard(client) as messages:
            proxy.hold_upstream()
            number = await commands.create(conn, asking(gateway_code))
            await asyncio.sleep(1)
            ingest.kill()
            assert (await read_command(conn, number))["state"] == "queued"
            proxy.let_flow()
            await ingest.start()
            await reaches(conn, number, "sent")
            topic, payload = await next_of(messages)
            assert topic.endswith("/down/command")
            assert str(number).encode() in payload
            assert messages.empty()


async def test_killed_before_it_is_noted_it_is_sent_again_with_the_same_id(
    conn: AsyncConnection[Any], database_url: str, settings: Settings, broker: Broker, gateway_code: str,
    tmp_path: Path,
) -> None:  # fmt: skip
    await register(conn, gateway_code)
    broker.add_gateway(gateway_code, f"secret-{gateway_code}")
    async with Proxy(broker.platform_url).serving() as proxy, gateway(broker, gateway_code) as client:
        ingest = Ingest(changed(settings, mqtt_url=proxy.url), tmp_path / "ingest.log")
        async with ingest, heard(client) as messages, await connect(database_url) as other:
            proxy.hold_upstream()
            number = await commands.create(conn, asking(gateway_code))
            async with other.transaction(force_rollback=True):
                # Nobody can note that it is sent while this is held.
                await other.execute("SELECT FROM commands WHERE id = %s FOR UPDATE", [number])
                proxy.let_flow()
                first = await next_of(messages)
                ingest.kill()
                await conn.execute(_END)  # the server would do what its dead client has asked for
            await ingest.start()
            again = await next_of(messages)
            await reaches(conn, number, "sent")
    assert first == again
    assert str(number).encode() in first[1]
