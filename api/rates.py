"""How often one client may ask: a token bucket for each address, key and person that is known.

The header fields are those of draft-ietf-httpapi-ratelimit-headers-10 (September 2025). What is kept is
bounded and is of this process: several processes of the API allow as much each.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request

from api import problems
from api.paths import is_below
from devices.credentials import secret_hash

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics
    from api.reach import Caller
    from runtime.settings import Settings

_log = structlog.get_logger(__name__)

#: quotas are told for this long, s
WINDOW_S: Final = 60
#: clients that are remembered; of more, those that were not heard for longest begin anew
MOST_CLIENTS: Final = 50_000
#: of a request: sums of seconds are not exact, and who waited as long as was said passes
_ROUNDING: Final = 1e-9
#: a key or token is believed to be whose it is for so long after it was checked, s
_KNOWN_S: Final = 300.0
#: what is counted, log-in at the console too; probes of supervisors and the console's own traffic are not
_LIMITED: Final = (
    "/v1", "/open", "/docs", "/openapi.json", "/asyncapi.json", "/asyncapi.yaml", "/console",
)  # fmt: skip


@dataclass(frozen=True)
class Quota:
    """So many requests a window."""

    name: str
    requests: int

    @property
    def per_second(self) -> float:
        """How fast a bucket fills."""
        return self.requests / WINDOW_S


@dataclass(frozen=True)
class Taken:
    """What one request did to its bucket: whether it may pass, and what is left."""

    allowed: bool
    #: requests that would pass now
    remaining: int
    #: seconds until the next one passes, where none would; else until the bucket is full
    reset_s: int


@dataclass
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """Token buckets by client, as many as are heard of lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, most: int = MOST_CLIENTS) -> None:
        """Start with full buckets.

        Args:
            clock: seconds, never backwards.
            most: buckets that are kept.
        """
        self._clock, self._most = clock, most
        self._found: OrderedDict[str, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        """Return how many buckets are kept."""
        return len(self._found)

    def take(self, client: str, quota: Quota) -> Taken:
        """Take one request out of a client's bucket, if there is one in it."""
        now, size = self._clock(), float(quota.requests)
        bucket = self._found.pop(client, None) or _Bucket(size, now)
        tokens = min(size, bucket.tokens + (now - bucket.at) * quota.per_second)
        allowed = tokens >= 1 - _ROUNDING
        left = max(0.0, tokens - allowed)
        self._found[client] = _Bucket(left, now)
        if len(self._found) > self._most:
            self._found.popitem(last=False)
        wanted = size if left >= 1 else 1.0
        return Taken(allowed, int(left), math.ceil((wanted - left) / quota.per_second))


class Known(NamedTuple):
    """Whose a key or token is that was right, and the requests a minute of that one; None: the usual."""

    kind: str
    who: str
    rate: int | None


class Clients:
    """Who asks: the one whose key or token was checked lately, else the address.

    What was never checked is worth its address: made-up keys get no bucket of their own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Known, float]] = OrderedDict()

    def know(self, text: str, caller: Caller) -> None:
        """Remember whose a key or token is."""
        digest = secret_hash(text)
        self._known[digest] = Known(caller.kind, caller.who, caller.rate), self._clock() + _KNOWN_S
        self._known.move_to_end(digest)
        if len(self._known) > MOST_CLIENTS:
            self._known.popitem(last=False)

    def find(self, text: str) -> Known | None:
        """Return what is known of a key or token that was right lately."""
        found, until = self._known.get(secret_hash(text), (None, 0.0))
        return found if until > self._clock() else None


def client_of(address: str) -> str:
    """Return whom an address stands for: in IPv6 a subscriber has a /64 at least (RFC 6177)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def is_local(address: str) -> bool:
    """Tell whether an address is of this machine."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class RateLimit:
    """Refuses requests beyond a client's quota with 429, and tells the others what is left.

    Requests from this machine itself are not limited: they are its tools', or those of a proxy not named.
    """

    def __init__(self, app: ASGIApp, settings: Settings, clients: Clients, metrics: Metrics) -> None:
        self._app, self._clients, self._metrics = app, clients, metrics
        self._address = Quota("address", settings.api_rate_limit)
        self._known = settings.api_rate_limit_key
        self._buckets = Buckets()
        self._trusts_proxies = bool(settings.api_trusted_proxies)
        metrics.watch_buckets(lambda: len(self._buckets))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, or refuse."""
        client, quota = self._who(scope) if _is_limited(scope) else ("", self._address)
        if not client or not quota.requests:
            await self._app(scope, receive, send)
            return
        taken = self._buckets.take(client, quota)
        fields = _fields(quota, taken)
        if not taken.allowed:
            self._metrics.note_limited(quota.name)
            request = Request(scope)
            await problems.response(_refused(quota, taken, fields), request)(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(fields)
            await send(message)

        await self._app(scope, receive, send_with_fields)

    def _who(self, scope: Scope) -> tuple[str, Quota]:
        headers, address = Headers(scope=scope), (scope.get("client") or ("",))[0]
        known = self._clients.find(sent) if (sent := sent_key(headers)) else None
        if known is not None:
            return known.who, Quota(known.kind, self._known if known.rate is None else known.rate)
        if is_local(address):
            self._warn_of_proxy(headers)
            return "", self._address
        return client_of(address), self._address

    def _warn_of_proxy(self, headers: Headers) -> None:
        if not self._trusts_proxies and "x-forwarded-for" in headers:
            self._trusts_proxies = True  # told once
            _log.warning(
                "a proxy on this machine is not trusted, so that nobody is limited: name it in "
                "HALONG_API_TRUSTED_PROXIES",
                action="api.untrusted_proxy",
            )


def sent_key(headers: Headers) -> str | None:
    """Return the key or token that a request was sent with, in whichever header."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")


def _is_limited(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] == "OPTIONS":
        return False
    return is_below(scope["path"], _LIMITED)


def _fields(quota: Quota, taken: Taken) -> dict[str, str]:
    return {
        "RateLimit-Policy": f'"{quota.name}";q={quota.requests};w={WINDOW_S}',
        "RateLimit": f'"{quota.name}";r={taken.remaining};t={taken.reset_s}',
    }


def _refused(quota: Quota, taken: Taken, fields: dict[str, str]) -> problems.Problem:
    is_address = quota.name == "address"
    more = "; a key allows more, and open data come as monthly files below /open" if is_address else ""
    allowed = f"{quota.requests} requests a minute are allowed to one {quota.name}"
    text = f"{allowed}: ask again in {taken.reset_s} s{more}"
    return problems.Problem("too-many-requests", text, headers=fields | {"Retry-After": str(taken.reset_s)})
