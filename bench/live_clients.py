"""Clients of streams for `bench.live`: plain connections that note what came when."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER = re.compile(rb'"value":([0-9.]+),')
_CONNECTING_A_TIME = 10


def listen(port: int, path: str, clients: int, seconds: float) -> NDArray[np.float64]:
    """Connect clients; return what they heard, shape (2, events): the values, and when each came."""
    return asyncio.run(_listen(port, path, clients, seconds))


async def _listen(port: int, path: str, clients: int, seconds: float) -> NDArray[np.float64]:
    heard: list[tuple[float, float]] = []
    room = asyncio.Semaphore(_CONNECTING_A_TIME)
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    made = await asyncio.gather(*(_connect(port, request, heard, room) for _ in range(clients)))
    await asyncio.sleep(seconds)
    for transport in made:
        transport.close()
    return np.array(heard).reshape(-1, 2).T


async def _connect(
    port: int, request: bytes, heard: list[tuple[float, float]], room: asyncio.Semaphore
) -> asyncio.Transport:
    async with room:
        transport, protocol = await asyncio.get_running_loop().create_connection(
            lambda: _Client(heard), "127.0.0.1", port
        )
        transport.write(request)
        await protocol.subscribed.wait()
        return transport


class _Client(asyncio.Protocol):
    def __init__(self, heard: list[tuple[float, float]]) -> None:
        self._heard, self._rest = heard, b""
        self.subscribed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.subscribed.set()
        whole, _, self._rest = (self._rest + data).rpartition(b"\n\n")
        self._heard.extend((float(number), now) for number in _NUMBER.findall(whole))
