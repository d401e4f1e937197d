"""The limit of `bench.live`: the API's own server, with events that it makes itself, without a database.

Run it with `python -m bench.live_constant PORT RATE`.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from api.app import create_app
from api.live.event import Event, Kind, Selection, frame
from api.live.ring import Ring
from api.live.stream import EventStream, Stream
from api.queries.live import KEPT
from api.schemas.series import VALUE, IndicatorValue
from api.service import serve
from runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from starlette.requests import Request

    from api.live.metrics import LiveMetrics

PATH = "/v1/constant"
#: events made at a time, as many as ours has values in a commit
VALUES = 5


class _Constant:
    """What a stream needs of a hub, without a database: events that it makes itself."""

    def __init__(self, metrics: LiveMetrics, rate: float) -> None:
        self.metrics, self._rate = metrics, rate
        self.ring = Ring(KEPT, 0)
        self._streams: set[Stream] = set()

    def join(self, stream: Stream) -> None:
        self._streams.add(stream)
        self.metrics.clients.set(len(self._streams))

    def leave(self, stream: Stream) -> None:
        self._streams.discard(stream)

    async def run(self) -> None:
        text, position = IndicatorValue.model_validate(VALUE).model_dump_json(), 0
        while True:
            await asyncio.sleep(1 / self._rate)
            data = text.replace('"value":62.0,', f'"value":{time.monotonic()},')
            made = [Event(n, Kind.VALUE, frame("value", data, n)) for n in range(position, position + VALUES)]
            position += VALUES
            self.ring.append(made, position)
            for stream in self._streams:
                stream.wake()


def serve_constant(port: int, rate: float) -> None:
    """Serve events that are made here, with the API's own server and all that wraps its routes."""
    app = create_app(Settings.model_validate({"database_url": "postgresql:///none", "api_public": True}))
    hub: Any = _Constant(app.state.metrics.live, rate)

    async def constant(_request: Request) -> EventStream:
        return EventStream(hub, Stream(hub, Selection(kinds=frozenset(Kind))))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(hub.run())
        yield
        task.cancel()

    app.router.routes.insert(0, Route(PATH, constant))
    app.router.lifespan_context = lifespan

    async def run() -> None:
        with socket.create_server(("127.0.0.1", port)) as listener:
            await serve(app, app.state.settings, listener, asyncio.Event())

    asyncio.run(run())


if __name__ == "__main__":
    serve_constant(int(sys.argv[1]), float(sys.argv[2]))
