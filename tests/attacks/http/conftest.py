"""The running API over a small city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration import conftest as integration
from tests.integration.api import conftest as api
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

address, city = api.address, api.city
city_template, database_url = api.city_template, api.database_url
issuer = integration.issuer


@pytest.fixture
def console(database_url: str, city: AsyncConnection[Any], tmp_path: Path) -> Iterator[str]:
    """`halong api` as a process of its own, with console and open data, for who has a key."""
    target = {"HALONG_OPEN_DATA_TARGET": str(tmp_path / "open")}
    with serving(database_url, tmp_path / "api.log", **target) as found:
        yield found
