"""Finished answers, kept for as long as nothing that they were made from has changed.

A route that can say what its answer depends on leaves a `Validator` in the request's state. The answer is
kept with the counts of changes from before its query, so that it is found to be out of date whichever process
changed the data. Of those who ask the same at once one has it made, and the others wait for it.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from psycopg import Error
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from api.conditions import http_date, is_unchanged, parsed_date
from api.problems import Problem
from api.security import identify, may_have

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.changes import Counts
    from api.metrics import Metrics

_log = structlog.get_logger(__name__)

#: path, query, Accept, Accept-Encoding, whether a key was sent, and the areas to which its sender is confined
Key = tuple[str, bytes, str, str, bool, tuple[str, ...] | None]
#: what an entry takes besides its body, roughly
_ENTRY_BYTES = 2_000
#: an answer that takes more than this part of the cache is not kept whole
_LARGEST_PART = 8
#: a change in the same second could not be told from the one before
_SETTLED_S = 2
#: where routes leave a Validator: elsewhere nobody gains by waiting for another's answer
_KEPT_BELOW = "/v1/indicators/"
_NOT_WITHOUT_BODY = ("content-length", "content-type", "content-encoding")


@dataclass(frozen=True)
class Validator:
    """What an answer depends on.

    topics: of `data_changes`, with `counts`, how often each had changed before the answer was made.
    until: when the words of the request begin to mean something else; None: never.
    """

    topics: Sequence[str]
    counts: Sequence[int]
    until: datetime | None = None


@dataclass(frozen=True)
class Kept:
    """An answer: its head, and its body unless that was too large to keep."""

    validator: Validator
    headers: list[tuple[bytes, bytes]]
    body: bytes | None
    #: of the scope: route and path_params
    place: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return _ENTRY_BYTES + len(self.body or b"")


class AnswerCache:
    """Answers by request, the least recently used dropped first, bounded in bytes."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    def find(self, key: Key) -> Kept | None:
        """Return the answer to a request, whether it still holds or not."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: Key, answer: Kept) -> None:
        """Keep an answer in the place of an earlier one, and drop others until all fit."""
        if answer.size * _LARGEST_PART > self.max_bytes:
            answer = replace(answer, body=None)
        self._drop(key)
        self._kept[key] = answer
        self.bytes += answer.size
        while self.bytes > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        if (gone := self._kept.pop(key, None)) is not None:
            self.bytes -= gone.size


def last_modified(changed_at: datetime | None) -> dict[str, str]:
    """Return the header Last-Modified; none where another change in that second could still come."""
    if changed_at is None or (datetime.now(UTC) - changed_at).total_seconds() < _SETTLED_S:
        return {}
    return {"Last-Modified": http_date(changed_at)}


class Cached:
    """Answers from memory what is still right, and keeps what routes mark with a Validator."""

    def __init__(self, app: ASGIApp, cache: AnswerCache, metrics: Metrics) -> None:
        self._app, self._cache, self._metrics = app, cache, metrics
        #: of answers that are being made: set when they are kept, or will not be
        self._making: dict[Key, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the kept answer if it holds, else run the application."""
        key = await self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        if await self._answered(key, scope, send):
            return
        made = self._making.get(key) if self._cache.max_bytes > 0 else None
        if made is not None:
            await made.wait()
            # The counts are read anew: what changed since the answer was begun is not missed.
            if await self._answered(key, scope, send):
                return
        await self._make(key, scope, receive, send)

    @staticmethod
    async def _key(scope: Scope) -> Key | None:
        """Return what the answer is kept by; None where it is not, or the application tells what is wrong."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_KEPT_BELOW):
            return None
        request = Request(scope)
        try:
            caller = await identify(request)
        except (Problem, Error):
            return None
        accepted = request.headers.get("accept", ""), request.headers.get("accept-encoding", "")
        return (scope["path"], scope["query_string"], *accepted, caller.kind != "anyone", caller.areas)

    async def _answered(self, key: Key, scope: Scope, send: Send) -> bool:
        """Send the kept answer if it holds, and tell whether it did."""
        kept = self._cache.find(key)
        if kept is None or not await _holds(kept, scope):
            return False
        answer = Headers(raw=kept.headers)
        modified = parsed_date(answer.get("last-modified"))
        unchanged = is_unchanged(Headers(scope=scope), answer.get("etag"), modified)
        if not unchanged and kept.body is None:
            return False
        self._metrics.note_cache("not_modified" if unchanged else "hit")
        await _send_kept(kept, unchanged, scope, send)
        return True

    async def _make(self, key: Key, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; who asks the same meanwhile may wait for its answer."""
        made = asyncio.Event()
        self._making.setdefault(key, made)

        def settled() -> None:
            made.set()
            if self._making.get(key) is made:
                del self._making[key]

        try:
            await self._app(scope, receive, self._keeping(key, scope, send, settled))
        finally:
            settled()

    def _keeping(self, key: Key, scope: Scope, send: Send, settled: Callable[[], None]) -> Send:
        """Return `send` that keeps what it sends, if the route has left a Validator and it is one piece.

        `settled` is called when it is kept, or will not be: before a slow client has read it.
        """
        head: Message | None = None
        before = self._cache.find(key)

        async def keep(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                # what is outside of this layer writes into the message's own headers
                head = {**message, "headers": list(message["headers"])}
            elif head is not None:
                start, head = head, None
                validator = scope.get("state", {}).get("validator")
                if validator is not None and not message.get("more_body"):
                    body = message.get("body", b"") if start["status"] == 200 else None
                    made = Kept(validator, start["headers"], body, _place(scope))
                    self._keep(key, start["status"], made, before)
                settled()
            await send(message)

        return keep

    def _keep(self, key: Key, status: int, made: Kept, before: Kept | None) -> None:
        if status not in {200, 304}:
            return
        if status == 304 and before is not None and _tag(before) == _tag(made):
            made = replace(before, validator=made.validator)
        self._metrics.note_cache("miss")
        self._cache.keep(key, made)
        self._metrics.set_cache(self._cache.bytes, len(self._cache))


def _place(scope: Scope) -> dict[str, Any]:
    return {name: scope[name] for name in ("route", "path_params") if name in scope}


async def _holds(kept: Kept, scope: Scope) -> bool:
    """Tell whether the client may have an answer, and nothing that it was made from has changed."""
    validator = kept.validator
    if validator.until is not None and datetime.now(UTC) >= validator.until:
        return False
    try:
        request = Request({**scope, **kept.place})
        if not await may_have(request, await identify(request)):
            return False
        counts: Counts = await scope["app"].state.registry.changes.counts()
    except Error:
        return False  # the application tells what is wrong
    return tuple(validator.counts) == counts.of(validator.topics)


async def _send_kept(kept: Kept, unchanged: bool, scope: Scope, send: Send) -> None:
    scope.update(kept.place)
    headers = MutableHeaders(raw=list(kept.headers))
    for name in _NOT_WITHOUT_BODY if unchanged else ():
        del headers[name]
    await send({"type": "http.response.start", "status": 304 if unchanged else 200, "headers": headers.raw})
    await send({"type": "http.response.body", "body": b"" if unchanged else kept.body or b""})


def _tag(kept: Kept) -> str | None:
    return Headers(raw=kept.headers).get("etag")
