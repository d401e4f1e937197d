"""A server on loopback, clients that read its streams, and what makes them speak."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Value
from api.service import run
from runtime.settings import Settings
from storage import observations
from tests.integration.city import batch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

WAIT_S = 60.0
LAEQ = "event=value&indicator=laeq_1h"
#: start of the last whole hour
HOUR = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


@dataclass
class Event:
    """One event, as a browser would dispatch it."""

    id: str
    name: str
    data: Any


class Client:
    """Reads a stream by the rules of WHATWG HTML, 9.2.6."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()
        self.last_id = ""
        self.comments = 0

    async def read(self) -> Event | None:
        """The next event, or None at the end of the stream."""
        name, data = "", []
        async for line in self._lines:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif line.startswith(":"):
                self.comments += 1
            elif not line:
                if data:
                    return Event(self.last_id, name or "message", json.loads("\n".join(data)))
                name = ""
        return None

    async def next(self, *names: str) -> Event:
        """The next event, of these names if any are given."""
        async with asyncio.timeout(WAIT_S):
            while event := await self.read():
                if not names or event.name in names:
                    return event
        raise AssertionError("the stream has ended")


@asynccontextmanager
async def serving(url: str, **changes: Any) -> AsyncIterator[str]:
    """Run the API as `halong api` does, and give its address."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings.model_validate({"database_url": url, "api_port": 0, "api_public": True} | changes)
    service = asyncio.create_task(run(settings, stop, on_listening=listening.set_result))
    try:
        yield await asyncio.wait_for(listening, 60)
    finally:
        stop.set()
        await asyncio.wait_for(service, 60)


@asynccontextmanager
async def following(address: str, query: str = "", **headers: str) -> AsyncIterator[Client]:
    """Open a stream and read its first event."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with (
        httpx.AsyncClient(timeout=30, trust_env=False) as http,
        http.stream("GET", f"{address}/v1/live?{query}", headers=named) as answer,
    ):
        if answer.status_code != 200:
            await answer.aread()
        client = Client(answer)
        if answer.status_code == 200:
            assert (await client.next()).name == "subscribed"
        yield client


async def area_id(conn: AsyncConnection[Any], code: str) -> int:
    row = await (await conn.execute("SELECT id FROM areas WHERE code = %s AND reporting", [code])).fetchone()
    assert row
    return int(row[0])


async def write(
    conn: AsyncConnection[Any],
    value: float,
    *,
    area: str = "193",
    indicator: str = "laeq_1h",
    at: datetime = HOUR,
) -> None:
    """Store a value as analytics do."""
    found, declared = await area_id(conn, area), INDICATORS[indicator]
    async with conn.transaction():
        await values.store(conn, batch([(declared, found, at, Value(value, completeness=1.0))]))


async def get(address: str, path: str) -> Any:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"{address}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def told(client: Client, count: int) -> list[Any]:
    """The values of the next events."""
    return [(await client.next("value")).data["value"] for _ in range(count)]


async def measure(city: AsyncConnection[Any], datastream: int, *readings: tuple[float, float]) -> None:
    """Store (seconds from now, value)."""
    rows = observations.empty(len(readings))
    rows["datastream_id"], rows["quality"] = datastream, 0
    rows["time"] = [int((time.time() + seconds) * 1e6) for seconds, _ in readings]
    rows["value"] = [value for _, value in readings]
    await observations.copy_in(city, np.sort(rows, order="time"))
