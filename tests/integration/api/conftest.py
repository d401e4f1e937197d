"""The running application over a small city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api.app import create_app
from runtime.settings import Settings
from tests.integration.api.seed import seed
from tests.integration.api.streams import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI
    from psycopg import AsyncConnection


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """A connection to the test's database with the small city in it."""
    await seed(conn)
    return conn


@pytest.fixture
async def app(database_url: str, city: AsyncConnection[Any]) -> AsyncIterator[FastAPI]:
    """The running application, readable without a key."""
    app = create_app(Settings.model_validate({"database_url": database_url, "api_public": True}))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def address(database_url: str, city: AsyncConnection[Any]) -> AsyncIterator[str]:
    """A public API on loopback over the small city."""
    async with serving(database_url) as found:
        yield found


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://halong", headers=headers)
