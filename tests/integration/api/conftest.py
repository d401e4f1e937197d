"""The running application over a small city."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import keys
from api.app import create_app
from runtime.settings import Settings
from storage.pool import connect
from tests.conftest import database
from tests.integration.api.seed import seed_lasting, seed_present
from tests.integration.api.streams import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI
    from psycopg import AsyncConnection


@pytest.fixture(scope="session")
def city_template(postgres_dsn: str, template: str) -> Iterator[str]:
    """The name of a database to copy, with what lasts of the small city."""

    async def fill(url: str) -> None:
        async with await connect(url) as conn:
            await seed_lasting(conn)

    with database(postgres_dsn, template) as url:
        asyncio.run(fill(url))
        yield url.rpartition("/")[2]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, postgres_dsn: str, template: str) -> Iterator[str]:
    """The address of a fresh database, with the city in it if the test has the fixture `city`."""
    has_city = "city" in request.fixturenames
    source = request.getfixturevalue("city_template") if has_city else template
    with database(postgres_dsn, source) as url:
        yield url


@pytest.fixture
async def city(conn: AsyncConnection[Any]) -> AsyncConnection[Any]:
    """A connection to the test's database with the small city in it."""
    await seed_present(conn)
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


@pytest.fixture
async def admin(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key that may do everything."""
    text, _ = await keys.create(city, "town hall", "admin")
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


def client_of(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://halong", headers=headers)
