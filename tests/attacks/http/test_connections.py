"""Connections that are held, slowly or in great number, while others want to be served."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import connections
from tests.attacks.http.wire import Wire, exchange, request, status, wire
from tests.integration.api.streams import LAEQ, following, serving, write

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

_HELD = 300


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up heads after three seconds."""
    monkeypatch.setattr(connections, "HEAD_S", 3.0)


@asynccontextmanager
async def held(address: str, number: int, begin: bytes = b"") -> AsyncIterator[list[Wire]]:
    """So many connections, each of which sends something as soon as it is there."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(number):
            found.append(await stack.enter_async_context(wire(address)))
            await found[-1].send(begin)
        yield found


async def served(address: str) -> None:
    """A neighbour is answered, on a connection of its own."""
    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        assert (await http.get(f"{address}/v1/areas")).status_code == 200


async def metric(address: str, name: str) -> float:
    async with httpx.AsyncClient(trust_env=False) as http:
        text = (await http.get(f"{address}/metrics")).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.attack(
    "slow loris: 300 connections that send a header field each quarter of a second",
    "408 after 10 s, others are served meanwhile",
)
async def test_slow_heads(soon: None, address: str) -> None:
    async with held(address, _HELD, b"GET /v1/areas HTTP/1.1\r\nHost: halong\r\n") as attackers:
        slow = [asyncio.create_task(each.dribble(b"X-A: b\r\n", 0.25)) for each in attackers]
        await served(address)
        answers = await asyncio.gather(*(each.rest() for each in attackers))
        await asyncio.gather(*slow)
        assert {status(each) for each in answers} == {408}
        assert b"urn:halong:problem:too-slow" in answers[0]
        assert await metric(address, 'halong_api_connections_refused_total{reason="slow"}') == _HELD
        assert await metric(address, "halong_api_connections") == 1


@pytest.mark.attack("1,000 streams that say nothing for longer than a head may take", "are none: all go on")
@pytest.mark.slow
async def test_streams_go_on(soon: None, address: str, city: AsyncConnection[Any]) -> None:
    ask = f"GET /v1/live?{LAEQ} HTTP/1.1\r\nHost: halong\r\n\r\n".encode()
    async with held(address, 1000, ask) as clients:
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.reader.readuntil(b"event: subscribed") for each in clients))
        await asyncio.sleep(5)
        await write(city, 61.5)
        async with asyncio.timeout(60):
            await asyncio.gather(*(each.reader.readuntil(b"61.5") for each in clients))


@pytest.mark.attack("300 connections that send nothing", "ended after 10 s without a word")
async def test_idle_connections(soon: None, address: str) -> None:
    async with held(address, _HELD) as attackers:
        await served(address)
        assert await asyncio.gather(*(each.rest() for each in attackers)) == [b""] * _HELD


@pytest.mark.attack(
    "slow loris behind an answer: empty lines, or another head bit by bit", "ended 15 s after the answer"
)
@pytest.mark.parametrize(
    ("begin", "bit"), [(b"", b"\r\n"), (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n")], ids=["lines", "fields"]
)
async def test_slow_heads_after_an_answer(soon: None, address: str, begin: bytes, bit: bytes) -> None:
    async with wire(address) as attacker:
        await attacker.send(b"GET /health/live HTTP/1.1\r\nHost: halong\r\n\r\n")
        assert status(await attacker.reader.readuntil(b"}")) == 200
        await attacker.send(begin)
        dribbling = asyncio.create_task(attacker.dribble(bit, 0.1))
        rest = await attacker.rest()
        await dribbling
    assert not rest or status(rest) == 408


@pytest.mark.attack("slow loris by bodies, at every path that takes one", "408 after 10 s")
@pytest.mark.slow
async def test_slow_bodies(address: str) -> None:
    paths = ("/v1/alert-silences", "/v1/exports", "/console/key", "/nothing")
    fields = ("Content-Type: application/json", "Content-Length: 1000")

    async def attack(path: str) -> int:
        async with wire(address) as attacker:
            await attacker.send(request(path, *fields, method="POST"))
            dribbling = asyncio.create_task(attacker.dribble(b" ", 0.5))
            answer = await attacker.rest()
            await dribbling
        return status(answer)

    attacks = [asyncio.create_task(attack(path)) for path in paths]
    await served(address)
    assert await asyncio.gather(*attacks) == [408] * len(paths)


@pytest.mark.attack(
    "more connections than one address may have", "503; what it has stays, another address is served"
)
async def test_many_connections_of_one_address(
    database_url: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(database_url, api_connections_address=3) as address, AsyncExitStack() as streams:
        monkeypatch.setattr(connections, "is_local", lambda _: False)
        for _ in range(3):
            await streams.enter_async_context(following(address))
        refused = await exchange(address, request("/v1/areas"))
        assert status(refused) == 503
        assert b"urn:halong:problem:too-many-connections" in refused
        monkeypatch.setattr(connections, "client_of", lambda _: "203.0.113.9")
        await served(address)
        monkeypatch.undo()
        assert await metric(address, 'halong_api_connections_refused_total{reason="address"}') == 1


@pytest.mark.attack("more connections than the process has files for", "503 for those beyond the limit")
async def test_many_connections_of_all(database_url: str, city: AsyncConnection[Any]) -> None:
    async with serving(database_url, api_connections=2, api_live_clients=2) as address:
        async with held(address, 4):
            assert status(await exchange(address, b"")) == 503
        await served(address)


@pytest.mark.attack(
    "head without end: one field, many fields, the address, behind a stream", "431 or cut off"
)
@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (b"GET / HTTP/1.1\r\nX-A: ", b"x" * 8192),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n" * 1024),
        (b"GET /", b"x" * 8192),
        (b"GET /v1/live HTTP/1.1\r\nHost: halong\r\n\r\nGET / HTTP/1.1\r\nX-A: ", b"x" * 8192),
        (b"POST /v1/exports HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: ", b"x" * 65536),
    ],
    ids=["field", "fields", "address", "stream", "trailer"],
)
async def test_heads_without_end(address: str, begin: bytes, more: bytes) -> None:
    async with wire(address) as attacker:
        await attacker.send(begin)
        sent = 0
        while await attacker.send(more):
            sent += len(more)
            assert sent < 16 << 20
            await asyncio.sleep(0)
        answer = await attacker.rest()
    assert not answer or status(answer) in {200, 431}
    await served(address)


@pytest.mark.attack("a head that comes at once and is too large", "431")
async def test_a_large_head_at_once(address: str) -> None:
    answer = await exchange(address, request("/v1/areas", f"X-A: {'x' * 70_000}"))
    assert status(answer) == 431
    assert status(await exchange(address, request("/v1/areas", f"X-A: {'x' * 50_000}"))) == 200


@pytest.mark.attack("thousands of requests ahead of their answers, behind a stream", "cut off at 32")
async def test_requests_ahead(address: str) -> None:
    stream = b"GET /v1/live HTTP/1.1\r\nHost: halong\r\n\r\n"
    ahead = b"GET /v1/areas HTTP/1.1\r\nHost: halong\r\n\r\n"
    async with wire(address) as attacker:
        await attacker.send(stream + ahead * 1000)
        assert (await attacker.rest()).count(b"HTTP/1.1 200") <= 1
    async with wire(address) as client:  # which is allowed to be in a hurry
        await client.send(ahead * 9 + request("/v1/areas"))
        assert (await client.rest()).count(b"HTTP/1.1 200 OK") == 10


@pytest.mark.attack("connections that become WebSockets to leave the count", "count until they end")
async def test_websockets_count(console: str) -> None:
    upgrade = request(
        "/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=x&implicit_handshake=false",
        "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ).replace(b"Connection: close", b"Connection: Upgrade")  # fmt: skip
    async with held(console, 5) as attackers:
        for each in attackers:
            await each.send(upgrade)
            assert status(await each.reader.readuntil(b"\r\n")) == 101
        assert await metric(console, "halong_api_connections") == 6
    async with asyncio.timeout(60):
        while await metric(console, "halong_api_connections") > 1:
            await asyncio.sleep(0.1)
