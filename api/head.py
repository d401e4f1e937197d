"""HEAD: what GET answers, without its body (RFC 9110, 9.3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect

from api.paths import is_below

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: below them every path that knows GET knows HEAD; a mounted page sees to itself
_ROOTS: Final = (
    "/v1", "/open", "/health", "/metrics", "/docs", "/redoc", "/openapi.json", "/asyncapi.json",
    "/asyncapi.yaml",
)  # fmt: skip


class _HeadIsSentError(OSError):
    """A stream goes no further: to it the client is gone."""


class Head:
    """Runs the application as for GET and sends the head of its answer alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; a stream is broken off after its first piece."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or not is_below(scope["path"], _ROOTS):
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({"type": "http.response.body", "body": b""})
            if message.get("more_body"):
                raise _HeadIsSentError

        scope["method"] = "GET"
        try:
            await self._app(scope, receive, send_head)
        except (_HeadIsSentError, ClientDisconnect):
            return
        finally:
            scope["method"] = "HEAD"
