"""The API of a small city, for clients that know nothing but its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.open_data.months import Month
from api.open_data.plan import read_plan
from api.open_data.publish import publish
from api.open_data.store import Store
from runtime.settings import Settings
from tests.integration.api.seed import HOUR, seed
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from psycopg import AsyncConnection


@pytest.fixture
async def open_data(database_url: str, conn: AsyncConnection[Any], tmp_path: Path) -> str:
    """The folder to which the present month of the small city is published."""
    await seed(conn)
    settings, folder = Settings.model_validate({"database_url": database_url}), str(tmp_path / "open")
    plan = await read_plan(conn, settings)
    month = Month.parse(f"{HOUR.astimezone(settings.zone):%Y-%m}")
    await publish(conn, Store(folder), plan, [(each, month) for each in plan.data_sets.values()])
    return folder


@pytest.fixture
async def public_api(database_url: str, open_data: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an API that anyone may read."""
    settings = {"HALONG_API_PUBLIC": "true", "HALONG_OPEN_DATA_TARGET": open_data}
    with serving(database_url, tmp_path / "api.log", **settings) as address:
        yield address


@pytest.fixture
async def locked_api(database_url: str, open_data: str, tmp_path: Path) -> AsyncIterator[str]:
    """The address of an API that asks for a key, but for its open data."""
    settings = {"HALONG_API_PUBLIC": "false", "HALONG_OPEN_DATA_TARGET": open_data}
    with serving(database_url, tmp_path / "api.log", **settings) as address:
        yield address


@pytest.fixture
async def key(conn: AsyncConnection[Any]) -> str:
    """A key that may do everything."""
    text, _ = await keys.create(conn, "contract", "admin")
    return text
