"""Consoles for `bench.console`: each loads the page and speaks socket.io with it as a browser does."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import aiohttp
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Event

    from numpy.typing import NDArray

#: what is looked for: `bench.console_city.change` stores values of 1000 and more
FIRST: Final = 1000
# What has changed comes as JSON in the text of a call, with a backslash before each quote.
_NUMBER: Final = re.compile(r'"text\\?":\\?"1[.,](\d{3})\\?"')
_IDENTITY: Final = re.compile(r"query: (\{.*?\}),\n")
_MESSAGE: Final = re.compile(r'"_id":(\d+)\}\]$')
_LOADING_A_TIME: Final = 4
#: as often as a browser says what it has got
_ACK_S: Final = 3.0
# engine.io and socket.io, protocol 4 and 5: what each packet begins with
_OPEN, _CONNECTED, _PING, _PONG, _EVENT, _CONNECT = "0{", "40{", "2", "3", "42", "40"


def look(address: str, queries: Sequence[str], numbers: int, looking: Queue[Any], over: Event) -> None:
    """Open a console for each query; put None when all look, and what they were told when it is over.

    What they were told: `time.monotonic()` of the first value that is FIRST + n or more, by console and n;
    shape (consoles, numbers), inf where none came.
    """
    looking.put(asyncio.run(_look(address, queries, numbers, looking, over)))


async def _look(
    address: str, queries: Sequence[str], numbers: int, looking: Queue[Any], over: Event
) -> NDArray[np.float64]:
    room = asyncio.Semaphore(_LOADING_A_TIME)
    # No limit of time: a connection stays open as long as the page.
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(None)) as session:
        consoles = [_Console(session, address, numbers) for _ in queries]
        pages = [asyncio.create_task(c.run(q, room)) for c, q in zip(consoles, queries, strict=True)]
        await _all([asyncio.create_task(console.drawn.wait()) for console in consoles], pages)
        looking.put(None)
        await _all([asyncio.create_task(asyncio.to_thread(over.wait))], pages)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)
    return np.array([console.told for console in consoles]).reshape(-1, numbers)


async def _all(wanted: Sequence[asyncio.Task[Any]], pages: Sequence[asyncio.Task[None]]) -> None:
    """Wait for all that is wanted, or raise what a page ended with."""
    waiting = set(wanted)
    while waiting:
        done, _ = await asyncio.wait({*waiting, *pages}, return_when=asyncio.FIRST_COMPLETED)
        for page in done & set(pages):
            page.result()
            raise RuntimeError("the server closed a console")
        waiting -= done


class _Console:
    def __init__(self, session: aiohttp.ClientSession, address: str, numbers: int) -> None:
        self._session, self._address = session, address
        self.told = np.full(numbers, np.inf)
        #: the page has asked for its theme and has been answered: it follows what changes
        self.drawn = asyncio.Event()
        self._heard = -1

    async def run(self, query: str, room: asyncio.Semaphore) -> None:
        async with room:
            async with self._session.get(f"{self._address}/?{query}") as answer:
                page = await answer.text()
            if (found := _IDENTITY.search(page)) is None:
                raise RuntimeError(f"this is no console's page: {page[:200]}")
            asked = ast.literal_eval(found[1]) | {"document_id": str(uuid4()), "tab_id": str(uuid4())}
            words = {key: str(value).lower() for key, value in asked.items()}
            socket = f"{self._address}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&{urlencode(words)}"
            # As browsers do it: with permessage-deflate (RFC 7692).
            connection = await self._session.ws_connect(
                socket, compress=15, max_msg_size=0, origin=self._address
            )
        async with asyncio.TaskGroup() as tasks:
            told = tasks.create_task(self._acknowledge(connection, asked["client_id"]))
            await self._follow(connection, asked["client_id"])
            told.cancel()

    async def _acknowledge(self, connection: aiohttp.ClientWebSocketResponse, client: str) -> None:
        while True:
            await asyncio.sleep(_ACK_S)
            await _emit(connection, "ack", {"client_id": client, "next_message_id": self._heard + 1})

    async def _follow(self, connection: aiohttp.ClientWebSocketResponse, client: str) -> None:
        async for message in connection:
            packet = str(message.data)
            if packet.startswith(_EVENT):
                await self._on_event(connection, client, packet)
            elif packet == _PING:
                await connection.send_str(_PONG)
            elif packet.startswith(_OPEN):
                await connection.send_str(_CONNECT)
            elif not packet.startswith(_CONNECTED):
                raise RuntimeError(f"the server answers a console by {packet[:200]}")

    async def _on_event(self, connection: aiohttp.ClientWebSocketResponse, client: str, packet: str) -> None:
        present = time.monotonic()
        if found := _MESSAGE.search(packet):
            self._heard = int(found[1])
        if numbers := _NUMBER.findall(packet):
            newest = max(map(int, numbers)) + 1
            self.told[:newest] = np.minimum(self.told[:newest], present)
        if packet.startswith('42["run_javascript"'):
            request = json.loads(packet.removeprefix(_EVENT))[1].get("request_id")
            if request is not None:  # the only answer that the page waits for: whether the theme is dark
                answer = {"request_id": request, "client_id": client, "result": False}
                await _emit(connection, "javascript_response", answer)
                self.drawn.set()


async def _emit(connection: aiohttp.ClientWebSocketResponse, event: str, value: dict[str, Any]) -> None:
    await connection.send_str(_EVENT + json.dumps([event, value], separators=(",", ":")))
