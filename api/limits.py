"""How large and how deep a request's body may be, and how long it may take to come."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.requests import Request

from api import problems

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: the largest body that any operation takes is some kilobytes of JSON
MOST_BYTES: Final = 64 * 1024
#: a body must have come as a whole after so long
MOST_SECONDS: Final = 10.0
#: JSON nests no deeper; no operation takes more than a list in an object
MOST_DEPTH: Final = 32

#: a text of JSON (RFC 8259, section 7), whose brackets do not count, or a bracket
_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)


class BodyLimit:
    """Refuses bodies that are too large (413), nest too deep (422) or come too slowly (408), unread."""

    def __init__(
        self, app: ASGIApp, most_bytes: int = MOST_BYTES, most_seconds: float = MOST_SECONDS
    ) -> None:
        self._app, self._most_bytes, self._most_seconds = app, most_bytes, most_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then run the application on it."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(self._read(scope, receive), self._most_seconds)
        except TimeoutError:
            await _refuse(
                "too-slow", f"the body did not come within {self._most_seconds:g} s", scope, receive, send
            )
            return
        if body is None:
            text = f"the body is larger than {self._most_bytes} bytes: no operation takes more"
            await _refuse("too-large", text, scope, receive, send)
            return
        if is_deep(body):
            text = f"the body nests deeper than {MOST_DEPTH} levels: no operation takes more"
            await _refuse("invalid-parameter", text, scope, receive, send)
            return
        await self._app(scope, replayed(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the body; None where it is too large."""
        if int(Headers(scope=scope).get("content-length") or 0) > self._most_bytes:
            return None
        parts, size = [], 0
        while True:
            message = await receive()
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most_bytes:
                return None
            if not message.get("more_body"):
                return b"".join(parts)


def is_deep(body: bytes) -> bool:
    """Tell whether JSON nests deeper than any operation takes; of other bodies nothing is said."""
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(body):
        first = body[token.start()]
        depth += (first in b"[{") - (first in b"]}")
        if depth > MOST_DEPTH:
            return True
    return False


def _has_body(scope: Scope) -> bool:
    return scope["method"] not in {"GET", "HEAD", "OPTIONS"}


def replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that tells of a whole body first, and then what `receive` does."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


async def _refuse(kind: str, text: str, scope: Scope, receive: Receive, send: Send) -> None:
    problem = problems.Problem(kind, text, headers={"Connection": "close"})
    await problems.response(problem, Request(scope))(scope, receive, send)
