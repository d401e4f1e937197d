"""Token buckets, and whom a request counts for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import example, given
from hypothesis import strategies as st

from api.limits import BodyLimit
from api.metrics import Metrics
from api.rates import WINDOW_S, Buckets, Clients, Quota, RateLimit, client_of, is_local
from api.reach import Caller
from api.rights import Role
from runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "halong_1a2b3c4d_" + "a" * 43
CALLER = Caller(kind="key", id="1a2b3c4d", name="planners", role=Role.PLANNER)
SOMEBODY = "203.0.113.7"


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_full_bucket_gives_a_minutes_quota_at_once_and_then_as_it_fills() -> None:
    clock = Clock()
    buckets, quota = Buckets(clock), Quota("address", 60)
    assert [buckets.take("a", quota).allowed for _ in range(61)] == [True] * 60 + [False]
    refused = buckets.take("a", quota)
    assert (refused.remaining, refused.reset_s) == (0, 1)
    clock.now = 1.0
    assert buckets.take("a", quota).allowed
    assert not buckets.take("a", quota).allowed


def test_clients_do_not_share() -> None:
    buckets, quota = Buckets(Clock()), Quota("address", 1)
    assert buckets.take("a", quota).allowed
    assert buckets.take("b", quota).allowed


def test_as_many_clients_are_kept_as_are_allowed() -> None:
    buckets, quota = Buckets(Clock(), most=10), Quota("address", 1)
    for number in range(1000):
        buckets.take(str(number), quota)
    assert len(buckets) == 10
    assert not buckets.take("999", quota).allowed


@given(st.lists(st.floats(0, 30), min_size=1, max_size=200), st.integers(1, 50))
def test_never_more_than_two_quotas_in_a_window(pauses: list[float], quota: int) -> None:
    """A full bucket and what flows in: whatever the pauses, a window has at most twice the quota."""
    clock, passed = Clock(), []
    buckets = Buckets(clock)
    for pause in pauses:
        clock.now += pause
        if buckets.take("a", Quota("address", quota)).allowed:
            passed.append(clock.now)
    for start in passed:
        assert sum(start <= at < start + WINDOW_S for at in passed) <= 2 * quota


@example(quota=10, begun=2.2)
@given(st.integers(1, 1000), st.floats(0, 1000))
def test_who_waits_as_long_as_was_said_passes(quota: int, begun: float) -> None:
    clock = Clock()
    clock.now = begun
    buckets, limit = Buckets(clock), Quota("address", quota)
    while (taken := buckets.take("a", limit)).allowed:
        pass
    clock.now += taken.reset_s
    assert buckets.take("a", limit).allowed


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix", "unix"),
    ],
)
def test_whom_an_address_stands_for(address: str, client: str) -> None:
    assert client_of(address) == client


def test_what_is_local() -> None:
    assert [is_local(each) for each in ("127.0.0.1", "::1", "203.0.113.7", "x")] == [True, True, False, False]


def limited(metrics: Metrics, clients: Clients, **more: Any) -> FastAPI:
    app = FastAPI()
    for path in ("/v1/things", "/health/live"):
        app.add_api_route(path, lambda: "here")
    settings = Settings.model_validate({"api_rate_limit": 3, "api_rate_limit_key": 5, **more})
    app.add_middleware(RateLimit, settings=settings, clients=clients, metrics=metrics)
    return app


async def statuses(app: FastAPI, number: int, address: str = SOMEBODY, **headers: str) -> list[int]:
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://halong", headers=headers) as client:
        return [(await client.get("/v1/things")).status_code for _ in range(number)]


async def test_an_address_is_refused_beyond_its_quota_and_told_when_to_ask_again() -> None:
    metrics = Metrics()
    app = limited(metrics, Clients())
    assert await statuses(app, 4) == [200, 200, 200, 429]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, client=(SOMEBODY, 1)), base_url="http://halong"
    ) as client:
        answer = await client.get("/v1/things")
        probe = await client.get("/health/live")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:halong:problem:too-many-requests"
    assert int(answer.headers["retry-after"]) == 20
    assert answer.headers["ratelimit-policy"] == '"address";q=3;w=60'
    assert re.fullmatch(r'"address";r=0;t=20', answer.headers["ratelimit"])
    assert probe.status_code == 200
    assert 'halong_api_rate_limited_total{quota="address"} 2.0' in metrics.text().decode()
    assert "halong_api_rate_clients 1.0" in metrics.text().decode()
    assert await statuses(app, 1, "203.0.113.8") == [200]


async def test_a_key_that_was_checked_has_a_quota_of_its_own() -> None:
    clients = Clients()
    app = limited(Metrics(), clients)
    clients.know(KEY, CALLER)
    assert await statuses(app, 6, authorization=f"Bearer {KEY}") == [200] * 5 + [429]
    assert await statuses(app, 1) == [200]


async def test_made_up_keys_count_for_the_address() -> None:
    app = limited(Metrics(), Clients())
    found = [(await statuses(app, 1, **{"x-api-key": f"halong_{n:08x}_" + "a" * 43}))[0] for n in range(4)]
    assert found == [200, 200, 200, 429]


def test_a_key_is_forgotten_after_a_while() -> None:
    clock = Clock()
    clients = Clients(clock)
    clients.know(KEY, CALLER)
    assert clients.find(KEY) == ("key", "key 1a2b3c4d", None)
    clock.now = 301
    assert clients.find(KEY) is None


async def test_this_machine_and_no_limit_are_not_limited() -> None:
    assert await statuses(limited(Metrics(), Clients()), 9, "127.0.0.1") == [200] * 9
    assert await statuses(limited(Metrics(), Clients(), api_rate_limit=0), 9) == [200] * 9


@pytest.mark.attack("another X-Forwarded-For with each request", "one quota")
async def test_what_a_stranger_says_of_its_address_is_not_believed() -> None:
    app = limited(Metrics(), Clients())
    found = [(await statuses(app, 1, **{"x-forwarded-for": f"198.51.100.{n}"}))[0] for n in range(4)]
    assert found == [200, 200, 200, 429]


@pytest.fixture
async def poster() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    app.add_api_route("/v1/alerts", echo, methods=["POST"])
    app.add_middleware(BodyLimit, most_bytes=100, most_seconds=0.2)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://halong",
        headers={"content-type": "application/json"},
    ) as client:
        yield client


async def test_a_body_is_passed_on_whole(poster: httpx.AsyncClient) -> None:
    assert (await poster.post("/v1/alerts", json={"note": "é"})).json() == {"note": "é"}


async def test_a_body_that_is_too_large_is_refused(poster: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b'{"note": '

    for content in (b"x" * 101, parts()):
        answer = await poster.post("/v1/alerts", content=content)
        assert (answer.status_code, answer.json()["type"]) == (413, "urn:halong:problem:too-large")


async def test_a_body_that_does_not_come_is_given_up() -> None:
    import asyncio

    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/alerts", "headers": [], "query_string": b"",
             "scheme": "http", "server": ("halong", 80)}  # fmt: skip
    await BodyLimit(FastAPI(), most_seconds=0.05)(scope, never, send)
    assert sent[0]["status"] == 408
