"""Tells browsers that the console needs nothing from anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Vue compiles templates in the browser, which needs 'unsafe-eval'; NiceGUI writes its start into the page.
_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self' ws: wss:; form-action 'self'; base-uri 'self'; "
    "frame-ancestors 'self'"
)


_PAGES: Final = ("/", "/enrol", "/runbooks")


class ContentSecurityPolicy:
    """Adds the policy to the console's pages."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; its answers with pages get the policy."""
        if scope["type"] != "http" or scope["path"] not in _PAGES:
            await self._app(scope, receive, send)
            return

        async def send_with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Content-Security-Policy", _POLICY)
            await send(message)

        await self._app(scope, receive, send_with_policy)
