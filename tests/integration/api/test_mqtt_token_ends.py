"""MQTT tokens on real brokers: what ends one, and that its connection ends with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from devices.token_users import keep_tokens
from runtime.checks import run_checks
from tests.conftest import changed
from tests.integration.api.browsing import (
    BOUND_S,
    OWN,
    TOPICS,
    Live,
    cut_off_within,
    live,
    reasons,
    settings,
)
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from psycopg import AsyncConnection

    from runtime.local.browser_broker import BrowserBroker

__all__ = ["live"]


async def test_a_check_tells_whether_somebody_ends_tokens(
    database_url: str, city: AsyncConnection[Any], browsers: BrowserBroker
) -> None:
    chosen = settings(database_url, browsers)
    (alone,) = await run_checks(chosen, "browsers")
    assert not alone.ok
    assert "start `halong broker follow`" in alone.words
    keeping = asyncio.create_task(keep_tokens(database_url, browsers.control_url))
    async with asyncio.timeout(60):
        while not (await run_checks(chosen, "browsers"))[0].ok:
            await asyncio.sleep(0.1)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    away = changed(chosen, browser_broker_url="mqtt://halong:x@127.0.0.1:1")
    (away_result,) = await run_checks(away, "browsers")
    assert not away_result.ok
    assert "cannot be told" in away_result.words


async def expire(live: Live, token: dict[str, Any], seconds: int = 2) -> None:
    await live.conn.execute(
        "UPDATE mqtt_tokens SET expires_at = now() + make_interval(secs => %s) WHERE user_name = %s",
        [seconds, token["user_name"]],
    )


async def is_refused(live: Live, token: dict[str, Any]) -> bool:
    return not await live.logs_in(token)


@pytest.mark.attack(
    "stay connected with an MQTT token that has expired, or come back", "cut within 5 s, refused"
)
async def test_an_expired_token_is_cut_off_and_refused(live: Live) -> None:
    token, other = await live.token("193"), await live.token("193")
    async with live.browser(other) as neighbour:
        async with cut_off_within(live.browser(token), BOUND_S + 2):
            await expire(live, token)
        assert await is_refused(live, token)
        assert await reasons(neighbour, OWN) == {1}


@pytest.mark.attack("stay connected with an expired MQTT token while the database is away", "cut within 5 s")
async def test_a_token_expires_while_the_database_does_not_answer(live: Live) -> None:
    token = await live.token("193")
    async with cut_off_within(live.browser(token), BOUND_S + 8):
        await expire(live, token, seconds=8)
        await asyncio.sleep(4)  # who keeps the broker reads it
        live.database.hang()
    assert await is_refused(live, token)


async def _revoke(conn: AsyncConnection[Any], prefix: str) -> None:
    await keys.revoke(conn, prefix)


async def _change(conn: AsyncConnection[Any], prefix: str) -> None:
    await keys.change(conn, prefix, role="operator", areas=["194"], rate=None)


async def _end_key(conn: AsyncConnection[Any], prefix: str) -> None:
    await conn.execute("UPDATE api_keys SET expires_at = now() WHERE prefix = %s", [prefix])


@pytest.mark.attack(
    "stay connected with a token whose API key was revoked, has expired or has other areas", "cut within 5 s"
)
@pytest.mark.parametrize("what", [_revoke, _change, _end_key])
async def test_a_token_ends_with_its_key(
    live: Live, what: Callable[[AsyncConnection[Any], str], Awaitable[None]]
) -> None:
    key, prefix = await live.key("193")
    token = (await live.ask(key)).json()
    async with cut_off_within(live.browser(token)):
        await what(live.conn, prefix)
    assert await is_refused(live, token)


@pytest.mark.attack(
    "go on listening to a gateway that was moved to another area, or carries a thing that was",
    "cut within 30 s; the next token is without it",
)
@pytest.mark.parametrize(("kind", "code"), [("gateway", "ha-long-1"), ("thing", "ha-long-rain-1")])
async def test_a_token_ends_when_a_gateway_leaves_its_areas(live: Live, kind: str, code: str) -> None:
    token = await live.token("193")
    async with cut_off_within(live.browser(token), 40):
        await live.conn.execute(
            f"DELETE FROM {kind}_areas WHERE {kind}_id = (SELECT id FROM {kind}s WHERE code = %s)".encode(),
            [code],
        )
    assert await is_refused(live, token)
    key, _ = await live.key("193")
    assert (await live.ask(key)).json()["topics"] == TOPICS[2:]
    problem = assert_problem(await live.ask(key, gateways=["ha-long-1"]), 422, "invalid-parameter")
    assert (problem["errors"][0]["in"], problem["errors"][0]["parameter"]) == ("body", "gateways")
