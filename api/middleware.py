"""What every answer gets: a request id, security headers, an ETag, a count, and a problem if all else fails.

Plain ASGI, so that streams stay streams and WebSockets of a mounted application pass untouched.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from api import problems
from api.conditions import is_unchanged, parsed_date
from api.paths import is_below

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics

#: of a hash that processors have instructions for
_TAG_DIGITS = 24
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: paths whose answers are data: nothing in them may be run or framed
_DATA = ("/v1", "/health", "/metrics", "/openapi.json")

#: a browser that has come by https once comes by nothing else for a year (RFC 6797, 6.1.1)
_HSTS = "max-age=31536000"
#: what no page of ours asks a browser for (W3C Permissions Policy)
_NO_FEATURES = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def is_data(path: str) -> bool:
    """Tell whether a path belongs to the API and not to a page or a mounted application."""
    return is_below(path, _DATA)


class RequestId:
    """Gives each request an id: the client's own if it sent a usable `X-Request-ID`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with the id in the scope's state and in the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)


class SecurityHeaders:
    """Tells browsers to take answers for what they are, and never to run or frame data."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and add the headers that it did not set itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                _add_security(headers, data=is_data(scope["path"]))
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", _HSTS)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add_security(headers: MutableHeaders, *, data: bool) -> None:
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", _NO_FEATURES)
    if data:
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.add_vary_header("Authorization, X-API-Key, Accept, Cookie")


class EntityTag:
    """Answers 304 where an answer in one piece is unchanged; one without an ETag gets a weak one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, holding back the head of its answer until the body is known."""
        if scope["type"] != "http" or scope["method"] != "GET" or not is_data(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        head: Message | None = None

        async def send_tagged(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                head = message
                return
            if head is not None:
                start, head = head, None
                message = _tag(start, message, asked)
                await send(start)
            await send(message)

        await self._app(scope, receive, send_tagged)


def _tag(start: Message, body: Message, asked: Headers) -> Message:
    """Write the ETag into the head `start` and return the body to send: none where the client has it."""
    if start["status"] != 200 or body.get("more_body"):
        return body
    headers = MutableHeaders(scope=start)
    if "etag" not in headers:
        headers["ETag"] = f'W/"{hashlib.sha256(body["body"]).hexdigest()[:_TAG_DIGITS]}"'
    if not is_unchanged(asked, headers["etag"], parsed_date(headers.get("last-modified"))):
        return body
    start["status"] = 304
    for name in ("content-length", "content-type"):
        del headers[name]
    return {"type": "http.response.body", "body": b""}


#: below them ranges, checksums and strong ETags are of an answer's bytes
_PLAIN = ("/open/files/", "/v1/registry/")


class PlainFiles:
    """Keeps what has a strong validator as it is on its way: another encoding would be other bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application as if the client took no encoding."""
        if scope["type"] == "http" and scope["path"].startswith(_PLAIN):
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


class LastResort:
    """Answers what nobody caught with a problem that tells nothing about the inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application; an answer that has begun can only be broken off."""
        if scope["type"] != "http" or not is_data(scope["path"]):
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception as error:
            if begun:
                raise
            request = Request(scope)
            await problems.response(problems.crashed(error, request), request)(scope, receive, send)


class Measured:
    """Counts requests and times them, by route and never by raw path."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            self._metrics.note(_route(scope), scope["method"], status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path", "") or "(other)")
