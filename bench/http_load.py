"""Requests over HTTP: as many as a server answers (wrk), or on schedule (open loop)."""

from __future__ import annotations

import asyncio
import re
import subprocess
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: connections that ask at once
CONNECTIONS = 8
#: connections that take turns on schedule
_SCHEDULED = 32
_RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
_FAULTS = re.compile(r"(Non-2xx or 3xx responses|Socket errors).*")


class LoadError(Exception):
    """The server refused requests, so that nothing was measured."""


def greatest_rate(address: str, path: str, seconds: int) -> float:
    """Return the requests a second that the server answers on CONNECTIONS connections.

    Args:
        address: of the server, http://host:port.
        path: path and query.
        seconds: how long to ask.

    Raises:
        LoadError: an answer was no 200, or a connection failed.
    """
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "--timeout", "30", address + path]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if fault := _FAULTS.search(told):
        raise LoadError(f"{path}: {fault[0]}")
    found = _RATE.search(told)
    if found is None:
        raise LoadError(f"{path}: wrk printed no rate: {told}")
    return float(found[1])


def waits(address: str, path: str, rate: float, seconds: float) -> np.ndarray:
    """Return how long each answer took from when its request was due, in ms, shape (rate * seconds,).

    Requests leave on schedule whether or not earlier ones are answered (no coordinated omission).

    Raises:
        LoadError: an answer was no 200.
    """
    return asyncio.run(_waits(address, path, rate, max(1, round(rate * seconds))))


async def _waits(address: str, path: str, rate: float, count: int) -> np.ndarray:
    url, took = urlsplit(address), np.zeros(count)
    due = time.perf_counter() + 0.2 + np.arange(count) / rate
    request = f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode()

    async def ask(numbers: Sequence[int]) -> None:
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        for n in numbers:
            await asyncio.sleep(max(0.0, due[n] - time.perf_counter()))
            writer.write(request)
            await _read_answer(reader)
            took[n] = time.perf_counter() - due[n]
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(ask(range(k, count, _SCHEDULED)) for k in range(min(count, _SCHEDULED))))
    return took * 1000


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or length is None:
        raise LoadError(f"the answer is no 200 with a Content-Length: {head.decode()}")
    await reader.readexactly(int(length[1]))
