"""Streams that are slow, too many, without a key, or open when the server stops."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from api import keys, service
from api.live import stream as streams
from runtime.local.process import free_port
from runtime.settings import Settings
from tests.integration.api.streams import (
    HOUR,
    LAEQ,
    Client,
    area_id,
    following,
    serving,
    told,
    write,
)
from tests.processes import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from psycopg import AsyncConnection


async def test_a_stream_that_has_nothing_to_say_says_so_and_how_far_it_is(
    address: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.3)
    async with following(address, f"{LAEQ}&area=194") as client:
        begin = int(client.last_id)
        await write(city, 1, area="193")
        reading = asyncio.create_task(client.read())
        async with asyncio.timeout(60):
            while int(client.last_id) == begin or client.comments < 3:
                await asyncio.sleep(0.05)
        reading.cancel()


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_not_held_up(
    address: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE_S", 0.5)
    with _deaf(address) as slow:
        async with following(address, LAEQ) as client:
            await _hear_many(city, client)
            await _metrics_until(address, 'halong_api_live_cut_total{reason="slow"} 1.0')
        received = await asyncio.to_thread(_read_all, slow)
    assert b'event: end\ndata: {"reason": "slow"' in received[-400:]


async def test_a_client_that_never_reads_again_is_gone_in_the_end(
    database_url: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_DEAF_MS", 1000)
    async with serving(database_url) as address:
        with _deaf(address):
            async with following(address, LAEQ) as client:
                await _hear_many(city, client)
                await _metrics_until(address, "halong_api_live_clients 1.0")


@contextmanager
def _deaf(address: str) -> Iterator[socket.socket]:
    """A client that asks for a stream and reads nothing."""
    place = urlsplit(address)
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(60)
        slow.connect((place.hostname, place.port))
        slow.sendall(f"GET /v1/live?{LAEQ} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        yield slow


async def _hear_many(city: AsyncConnection[Any], client: Client) -> None:
    """Have more told than the system keeps for a client that does not read."""
    await _metrics_until(str(client.answer.url.copy_with(path="/", query=None))[:-1], "_live_clients 2.0")
    found = await area_id(city, "193")
    for portion in range(10):
        await _write_many(city, found, portion)
        for _ in range(700):
            await client.next("value")


async def _write_many(city: AsyncConnection[Any], area: int, portion: int) -> None:
    await city.execute(
        """WITH written AS (
               INSERT INTO indicator_values (time, indicator, area_id, value, completeness, details, version,
                                             revision)
               SELECT %s + n * interval '1 second', 'laeq_1h', %s, n, 1, '{"padding": "%s"}', 1, 1
               FROM generate_series(%s::int, %s::int) n RETURNING *)
           INSERT INTO live_outbox (kind, indicator, area_id, time, revision)
           SELECT 'value', indicator, area_id, time, revision FROM written""".replace(
            '"%s"', json.dumps("x" * 300)
        ).encode(),
        [HOUR, area, portion * 700, portion * 700 + 699],
    )


async def _metrics_until(address: str, line: str) -> str:
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as http:
        while line not in (text := (await http.get(f"{address}/metrics")).text):
            await asyncio.sleep(0.1)
    return text


def _read_all(link: socket.socket) -> bytes:
    received = b""
    while part := link.recv(65536):
        received += part
    return received


async def test_no_more_streams_than_allowed(database_url: str, city: AsyncConnection[Any]) -> None:
    async with (
        serving(database_url, api_live_clients=2) as address,
        following(address) as client,
    ):
        async with following(address), following(address) as third:
            assert third.answer.status_code == 503
            assert third.answer.json()["type"] == "urn:halong:problem:too-many-streams"
            assert int(third.answer.headers["retry-after"]) > 0
        await _metrics_until(address, "halong_api_live_clients 1.0")
        async with following(address) as again:
            assert again.answer.status_code == 200
            await write(city, 1)
            assert await told(client, 1) == await told(again, 1)


async def test_a_stream_needs_a_key_and_ends_with_it(database_url: str, city: AsyncConnection[Any]) -> None:
    text, key = await keys.create(city, "a screen in the hall")
    kept, _ = await keys.create(city, "another one")
    async with serving(database_url, api_public=False) as address:
        async with following(address) as client:
            assert client.answer.status_code == 401
        async with (
            following(address, authorization=f"Bearer {text}") as ended,
            following(address, x_api_key=kept) as other,
        ):
            await keys.revoke(city, key.prefix)
            end = await ended.next("end")
            assert end.data["reason"] == "key"
            assert await ended.read() is None
            await write(city, 1)
            assert await told(other, 1) == [1]


async def test_a_stop_ends_a_hundred_streams_at_once(database_url: str, city: AsyncConnection[Any]) -> None:
    port = free_port()
    settings = Settings.model_validate({"database_url": database_url, "api_port": port, "api_public": True})
    address = f"http://127.0.0.1:{port}"
    with running(settings, "api") as process:
        await _answers(address)
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(following(address)) for _ in range(100)]
            process.send_signal(signal.SIGTERM)
            ends = [await client.next() for client in clients]
            # One that is cut off, when open requests have had their time, has no end that could be read.
            assert [await client.read() for client in clients] == [None] * 100
            assert await asyncio.to_thread(process.wait, 60) == 0
    assert {(each.name, each.data["reason"]) for each in ends} == {("end", "stopping")}


async def _answers(address: str) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                if (await http.get(f"{address}/health/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
