"""One client's stream: it takes from the hub's memory what it follows, at its own pace."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from api.live.event import heartbeat, notice, retry
from api.reach import ANYONE
from api.schemas.live import End, Reset, Subscribed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from api.live.event import Selection
    from api.live.hub import Hub
    from api.live.ring import Ring
    from api.reach import Caller
    from api.schemas.live import Reason

MEDIA_TYPE: Final = "text/event-stream"
#: seconds without an event after which a comment is sent
HEARTBEAT_S = 15.0
#: how long a client may take for what was sent; then it is cut off
PATIENCE_S = 30.0
#: events that are looked at in one go
_PORTION: Final = 500
#: how long to wait for an event that the client has seen already, from another process that was faster
_AHEAD_S: Final = 2.0
#: milliseconds, drawn for each client: after a restart not all of them come at once
_RETRY_MS: Final = (2000, 5000)
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_LOST: Final = "what you missed is not kept any more: load the state anew, the stream goes on from here"


class Stream:
    """How far one client is, and what ends it."""

    def __init__(
        self,
        hub: Hub,
        selection: Selection,
        *,
        after: int | None = None,
        caller: Caller = ANYONE,
        follow: bool = True,
    ) -> None:
        """Describe a stream.

        Args:
            hub: has read the database.
            selection: what the client follows.
            after: position of the last event that it has seen; None: it begins with what comes.
            caller: whose it is; it ends with that one's key or token.
            follow: wait for what comes; else it ends with what is there.
        """
        self._hub, self.selection, self.caller = hub, selection, caller
        self._after, self._follow = after, follow
        self._until = _monotonic(caller.expires)
        self._mark = 0
        self._is_lost = False
        self._news = asyncio.Event()
        self._end: bytes | None = None

    def wake(self) -> None:
        """Look for news."""
        self._news.set()

    def lose(self) -> None:
        """Note that events are missing; the client is told when the stream is woken."""
        self._is_lost = True

    def end(self, reason: Reason, detail: str) -> None:
        """Have the client told why the stream ends."""
        self._hub.metrics.cut.labels(reason).inc()
        self.stop(notice("end", End(reason=reason, detail=detail).model_dump()))

    def stop(self, last: bytes = b"") -> None:
        """End, with these last words."""
        self._end = last
        self._news.set()

    def _expire(self) -> None:
        what: Reason = "key" if self.caller.kind == "key" else "token"
        self.end(what, f"the {what} of {self.caller.who} has expired: connect again with another")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give what is to be sent, until the stream ends."""
        yield await self._begin()
        heard = time.monotonic()
        while self._end is None:
            self._news.clear()
            if time.monotonic() >= self._until:
                self._expire()
            elif piece := await self._take():
                yield piece
            elif not self._follow:
                return
            elif await self._is_woken(min(heard + HEARTBEAT_S, self._until)):
                continue
            else:
                yield heartbeat(self._ring.last)
            heard = time.monotonic()
        if self._end:
            yield self._end

    @property
    def _ring(self) -> Ring:
        assert self._hub.ring is not None
        return self._hub.ring

    async def _begin(self) -> bytes:
        if self._after is not None and self._after > self._ring.last:
            await self._await(self._after)
        resumed = self._after is not None and self._ring.knows(self._after)
        cursor = self._after if resumed and self._after is not None else self._ring.last
        self._mark = self._ring.mark(cursor)
        self._is_lost = self._after is not None and not resumed
        chosen = self.selection
        subscribed = Subscribed(
            cursor=str(cursor),
            resumed=resumed,
            events=sorted(chosen.kinds),
            indicators=None if chosen.indicators is None else sorted(chosen.indicators),
            areas=None if chosen.areas is None else sorted(chosen.areas),
            datastreams=sorted(chosen.datastreams),
        )
        return retry(random.randint(*_RETRY_MS)) + notice("subscribed", subscribed.model_dump(), cursor)  # noqa: S311

    async def _await(self, position: int) -> None:
        try:
            async with asyncio.timeout(_AHEAD_S):
                while self._ring.last < position:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return

    async def _take(self) -> bytes:
        """Return all that is new and wanted; empty if nothing is."""
        while True:
            if self._is_lost or not self._ring.has(self._mark):
                return self._reset()
            events = self._ring.read(self._mark, _PORTION)
            self._mark += len(events)
            wanted = [event for event in events if self.selection.wants(event)]
            if wanted:
                for kind, number in Counter(event.kind for event in wanted).items():
                    self._hub.metrics.sent.labels(kind).inc(number)
                return b"".join(event.frame for event in wanted)
            if len(events) < _PORTION:
                return b""
            await asyncio.sleep(0)  # others have their turn

    def _reset(self) -> bytes:
        self._is_lost, self._mark = False, self._ring.end
        self._hub.metrics.resets.inc()
        last = self._ring.last
        return notice("reset", Reset(cursor=str(last), detail=_LOST).model_dump(), last)

    async def _is_woken(self, until: float) -> bool:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return await self._news.wait()
        except TimeoutError:
            return False


def _monotonic(when: datetime | None) -> float:
    return time.monotonic() + (when - datetime.now(UTC)).total_seconds() if when else float("inf")


class EventStream(Response):
    """A stream as an answer."""

    media_type = MEDIA_TYPE

    def __init__(self, hub: Hub, stream: Stream) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._hub, self._stream = hub, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send until the stream ends or the client is gone."""
        gone = asyncio.create_task(self._watch(receive), name="api.live.gone")
        self._hub.join(self._stream)
        try:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            await self._send(send)
        finally:
            self._hub.leave(self._stream)
            gone.cancel()

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.stop()

    async def _send(self, send: Send) -> None:
        last = b""
        try:
            async for piece in self._stream.pieces():
                async with asyncio.timeout(PATIENCE_S):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            detail = f"you did not take what was sent for {PATIENCE_S:g} s: connect again with Last-Event-ID"
            last = notice("end", End(reason="slow", detail=detail).model_dump())
            self._hub.metrics.cut.labels("slow").inc()
        # Waits until the client takes it after all, or until the system ends the connection (api.service).
        await send({"type": "http.response.body", "body": last, "more_body": False})
