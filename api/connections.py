"""Who may hold a connection, and how long without asking anything: what uvicorn leaves to a server's owner.

A connection that sends no request, sends one bit by bit, or sends another one behind a stream costs the
client nothing. So each head has to be complete in time and of a bounded size, and there are so many
connections and no more, of all clients and of each address.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from api.problems import KINDS, MEDIA_TYPE, basics
from api.rates import client_of, is_local

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

_log = structlog.get_logger(__name__)
#: uvicorn warns of each request that is none: whoever sends them would fill the log
_uvicorn = logging.getLogger("uvicorn.requests")
_uvicorn.setLevel(logging.ERROR)

#: a request's line and header fields must have come after so long
HEAD_S: Final = 10.0
#: and are no larger; a read of the socket may bring more at once
MOST_HEAD_BYTES: Final = 64 * 1024
#: no request has more than this, with its body; `api.limits` says what bodies may have
_MOST_BYTES: Final = 1024 * 1024
#: requests that one connection may send ahead of its answers
MOST_AHEAD: Final = 32
#: how often at most the log tells of refused connections, s
_TELL_S: Final = 60.0


@dataclass(frozen=True)
class Limits:
    """How many connections there may be; 0: any number.

    Attributes:
        connections: of all clients.
        of_address: of one address (in IPv6 of a /64); this machine and proxies may have more.
        proxies: addresses and networks of proxies, whose visitors come from one address.
    """

    connections: int
    of_address: int
    proxies: tuple[str, ...] = ()


class Door:
    """Counts the connections that are open, and says which further ones may not be."""

    def __init__(self, limits: Limits, refused: Callable[[str], object] = str) -> None:
        """Begin without a connection; `refused` is told the reason of each refusal."""
        self._limits, self._refused = limits, refused
        self._open: Counter[str] = Counter()
        self._told = -math.inf

    def __len__(self) -> int:
        """Return how many connections are open."""
        return self._open.total()

    def enter(self, address: str) -> str:
        """Take a connection in and return whose it is, for `leave`; an empty text if it may not be."""
        client = client_of(address) or "unknown"
        if 0 < self._limits.connections <= len(self):
            return self.refuse("limit", client)
        if 0 < self._limits.of_address <= self._open[client] and not self._may_have_more(address):
            return self.refuse("address", client)
        self._open[client] += 1
        return client

    def leave(self, client: str) -> None:
        """Forget a connection that has ended."""
        self._open[client] -= 1
        if self._open[client] <= 0:
            del self._open[client]

    def refuse(self, reason: str, client: str) -> str:
        """Note why a connection was refused or ended: a reason of `Metrics.note_refused_connection`."""
        self._refused(reason)
        now = time.monotonic()
        if now - self._told > _TELL_S:
            self._told = now
            _log.warning(
                "connection refused or ended; halong_api_connections_refused_total counts on",
                action="api.connection_refused",
                reason=reason,
                client=client,
            )
        return ""

    def _may_have_more(self, address: str) -> bool:
        return is_local(address) or is_within(address, self._limits.proxies)


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Tell whether an address is one of those, or of one of the networks; `*` is any."""
    return any(each == "*" or _holds(each, address) for each in networks)


def _holds(network: str, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return network == address


class Config(uvicorn.Config):
    """uvicorn's settings, with the door that its connections pass."""

    def __init__(self, app: Any, door: Door, **settings: Any) -> None:
        """Take what uvicorn takes."""
        super().__init__(app, http=HttpConnection, ws=WebSocketConnection, **settings)
        self.door = door


class WebSocketConnection(WebSocketsSansIOProtocol):
    """A connection after its upgrade."""

    config: Config
    client_name: str = ""

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave by the door."""
        super().connection_lost(exc)
        self.config.door.leave(self.client_name)


class HttpConnection(HttpToolsProtocol):
    """A connection whose requests must come in time; `Server.on_tick` calls `check`."""

    config: Config
    #: whose it is; empty: it was refused
    client_name: str = ""
    #: when the head that is awaited must be complete; infinite while a request is answered
    _until: float = math.inf
    _in_head: bool = False
    #: what has come of a request
    _bytes: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = _uvicorn

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Enter by the door, or be refused."""
        super().connection_made(transport)
        self.client_name = self.config.door.enter(self.client[0] if self.client else "")
        if self.client_name:
            self._until = self.loop.time() + HEAD_S
        else:
            self._answer("too-many-connections", "too many connections are open: close some, or come later")

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave by the door."""
        super().connection_lost(exc)
        if self.client_name:
            self.config.door.leave(self.client_name)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it is too much for one head."""
        self._bytes += len(data)
        super().data_received(data)
        if self._in_head and self._bytes > MOST_HEAD_BYTES:
            self._refuse_head()
        elif self._bytes > _MOST_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        """Have the request answered, unless its head is too large or too many wait before it."""
        self._in_head = False
        too_large = self._bytes > MOST_HEAD_BYTES < self._size()
        self._bytes = 0
        if too_large:
            self._refuse_head()
        elif len(self.pipeline) >= MOST_AHEAD:
            self.transport.abort()
        if self.transport.is_closing():
            raise ConnectionAbortedError  # ends the parser: what follows is not read
        self._until = math.inf
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Count what comes next for another head."""
        super().on_message_complete()
        self._bytes = 0

    def on_response_complete(self) -> None:
        """Wait for the next head, from now on."""
        if not self.pipeline:
            self._until = self.loop.time() + self.timeout_keep_alive + HEAD_S
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over, with its place at the door."""
        super().handle_websocket_upgrade()
        after = self.transport.get_protocol()
        if isinstance(after, WebSocketConnection):
            after.client_name = self.client_name

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, unless the connection is ended already."""
        if not self.transport.is_closing():
            self.config.door.refuse("invalid", self.client_name)
            super().send_400_response(msg)

    def check(self, now: float) -> None:
        """End a connection whose head has not come in time; without a word if nothing of it has."""
        if now < self._until or self.transport.is_closing():
            return
        self.config.door.refuse("slow", self.client_name)
        if self._in_head:
            self._answer("too-slow", f"the request's header fields did not come within {HEAD_S:g} s")
        else:
            self.transport.close()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _refuse_head(self) -> None:
        self.config.door.refuse("head", self.client_name)
        self._answer(
            "head-too-large", f"address and header fields are larger than {MOST_HEAD_BYTES // 1024} KiB"
        )

    def _answer(self, kind: str, detail: str) -> None:
        """Send a problem and end the connection; where an answer has begun, only end it."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(_problem(kind, detail))
        self.transport.close()


def _problem(kind: str, detail: str) -> bytes:
    status, content = KINDS[kind][0], json.dumps(basics(kind, detail)).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + content
