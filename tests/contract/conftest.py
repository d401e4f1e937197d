"""The API of a small city, for clients that know nothing but its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from tests.integration.api.seed import seed
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from psycopg import AsyncConnection


@pytest.fixture
async def public_api(database_url: str, conn: AsyncConnection[Any], tmp_path: Path) -> AsyncIterator[str]:
    """The address of an API that anyone may read."""
    await seed(conn)
    with serving(database_url, tmp_path / "api.log", HALONG_API_PUBLIC="true") as address:
        yield address


@pytest.fixture
async def locked_api(database_url: str, conn: AsyncConnection[Any], tmp_path: Path) -> AsyncIterator[str]:
    """The address of an API that asks for a key."""
    await seed(conn)
    with serving(database_url, tmp_path / "api.log", HALONG_API_PUBLIC="false") as address:
        yield address


@pytest.fixture
async def key(conn: AsyncConnection[Any]) -> str:
    """A key that may do everything."""
    text, _ = await keys.create(conn, "contract", "admin")
    return text
