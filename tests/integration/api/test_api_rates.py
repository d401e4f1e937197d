"""Limits of the running service: whose address counts behind a proxy, and what a key changes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from structlog.testing import capture_logs

from api import keys
from api.app import create_app
from api.service import run
from runtime.settings import Settings
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection


@asynccontextmanager
async def serving(database_url: str, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
    given = {"database_url": database_url, "api_port": 0, "api_public": True, "api_rate_limit": 2}
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    settings = Settings.model_validate({**given, **more})
    service = asyncio.create_task(run(settings, stop, on_listening=listening.set_result))
    async with httpx.AsyncClient(base_url=await asyncio.wait_for(listening, 60)) as client:
        yield client
    stop.set()
    await asyncio.wait_for(service, 60)


async def ask(client: httpx.AsyncClient, visitor: str, number: int) -> list[int]:
    headers = {"x-forwarded-for": visitor}
    return [(await client.get("/v1/areas", headers=headers)).status_code for _ in range(number)]


async def test_a_trusted_proxy_says_whose_request_it_is(
    database_url: str, conn: AsyncConnection[Any]
) -> None:
    async with serving(database_url, api_trusted_proxies=["127.0.0.1"]) as client:
        assert await ask(client, "203.0.113.7", 3) == [200, 200, 429]
        assert await ask(client, "203.0.113.8", 1) == [200]
        # What the visitor itself put in front is not believed: the proxy's word is the last one.
        assert await ask(client, "198.51.100.1, 203.0.113.7", 1) == [429]


async def test_a_proxy_that_is_not_named_is_told_in_the_log(
    database_url: str, conn: AsyncConnection[Any]
) -> None:
    with capture_logs() as told:
        async with serving(database_url) as client:
            assert await ask(client, "203.0.113.7", 4) == [200] * 4
    assert [each["action"] for each in told].count("api.untrusted_proxy") == 1


async def test_a_key_has_its_own_quota_once_it_was_checked(
    database_url: str, conn: AsyncConnection[Any]
) -> None:
    text, _ = await keys.create(conn, "planners")
    given = {"database_url": database_url, "api_rate_limit": 2, "api_rate_limit_key": 4}
    app = create_app(Settings.model_validate(given))
    transport = httpx.ASGITransport(app, client=("203.0.113.7", 1))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://halong") as client,
    ):
        headers = {"x-api-key": text}
        answers = [await client.get("/v1/areas", headers=headers) for _ in range(6)]
        # The first one is the address's: nobody has checked the key before.
        assert [each.status_code for each in answers] == [200] * 5 + [429]
        assert answers[0].headers["ratelimit-policy"] == '"address";q=2;w=60'
        assert answers[1].headers["ratelimit-policy"] == '"key";q=4;w=60'
        assert_problem(answers[5], 429, "too-many-requests")
        assert (await client.get("/v1/areas", headers={"x-api-key": "wrong"})).status_code == 401
        assert (await client.get("/v1/areas")).status_code == 429
