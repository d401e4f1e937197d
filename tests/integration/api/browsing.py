"""Browsers at their broker, for tests of MQTT tokens."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiomqtt
import pytest

from api import keys
from api.app import create_app
from devices.token_users import keep_tokens
from runtime.broker_client import Publisher
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.processes import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

    from runtime.local.browser_broker import BrowserBroker

TOPICS = [f"city/v1/ha-long-{number}/up/{kind}" for number in (1, 2) for kind in ("observations", "status")]
OWN, STATUS, *_ = TOPICS
FOREIGN = "city/v1/mong-cai-1/up/observations"
#: SUBACK and PUBACK "Not authorized" (MQTT 5, 2.4)
DENIED = 0x87
#: a token is cut off within so many seconds of its end; docs/security.md says 5, which a busy machine
#: exceeds, and what is overlooked ends after 30
BOUND_S = 20.0


@dataclass(frozen=True)
class Live:
    """The API over a city, closed, and the broker for browsers, which is kept."""

    app: FastAPI
    conn: AsyncConnection[Any]
    broker: BrowserBroker
    #: as who keeps the broker reaches it
    database: Proxy

    async def key(self, *areas: str, role: str = "operator") -> tuple[str, str]:
        """Return a key and its prefix."""
        text, made = await keys.create(self.conn, "duty desk", role, areas=areas or None)
        return text, made.prefix

    async def ask(self, key: str, **wish: Any) -> httpx.Response:
        return await ask(self.app, key, **wish)

    async def end(self, key: str, user_name: str) -> httpx.Response:
        async with client_of(self.app, authorization=f"Bearer {key}") as http:
            return await http.delete(f"/v1/mqtt-tokens/{user_name}")

    async def token(self, *areas: str, **wish: Any) -> dict[str, Any]:
        """Return the token of a key of its own."""
        answer = await self.ask((await self.key(*areas))[0], **wish)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def browser(self, token: dict[str, Any], **changes: Any) -> Publisher:
        """Return a client as a browser is one: over WebSocket."""
        given = {"username": token["user_name"], "password": token["password"], **changes}
        return Publisher(
            "127.0.0.1",
            self.broker.port,
            transport="websockets",
            websocket_path="/mqtt",
            protocol=aiomqtt.ProtocolVersion.V5,
            **given,
        )

    async def logs_in(self, token: dict[str, Any], **changes: Any) -> bool:
        try:
            async with self.browser(token, **changes):
                return True
        except aiomqtt.MqttError:
            return False


async def ask(app: FastAPI, key: str, **wish: Any) -> httpx.Response:
    async with client_of(app, authorization=f"Bearer {key}") as http:
        return await http.post("/v1/mqtt-tokens", json=wish)


def settings(database_url: str, browsers: BrowserBroker, **changes: Any) -> Settings:
    urls = {"browser_mqtt_url": browsers.url, "browser_broker_url": browsers.control_url}
    return Settings.model_validate({"database_url": database_url} | urls | changes)


@pytest.fixture
async def live(database_url: str, city: AsyncConnection[Any], browsers: BrowserBroker) -> AsyncIterator[Live]:
    app = create_app(settings(database_url, browsers, mqtt_tokens=3))
    async with Proxy(database_url).serving() as proxy, app.router.lifespan_context(app):
        keeping = asyncio.create_task(keep_tokens(proxy.url, browsers.control_url))
        yield Live(app, city, browsers, proxy)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def reasons(browser: aiomqtt.Client, *topics: str) -> set[int]:
    """Return the reason codes of SUBACK for each of some topics."""
    found = [await browser.subscribe(topic, qos=1) for topic in topics]
    return {reason.value for each in found for reason in each}  # type: ignore[union-attr]


@asynccontextmanager
async def cut_off_within(browser: aiomqtt.Client, seconds: float = BOUND_S) -> AsyncIterator[None]:
    """What is done in the block ends the connection of a browser that is there."""
    async with asyncio.timeout(60):
        await browser.__aenter__()
        yield
        began = time.monotonic()
        with pytest.raises(aiomqtt.MqttError):
            async for _ in browser.messages:
                pass
        assert time.monotonic() - began < seconds
