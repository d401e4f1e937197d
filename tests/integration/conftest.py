"""What tests over real services share: a terminal, an identity provider, a gateway that may log in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ingest import downlink
from runtime.settings import settings as settings_of_environment
from storage.pool import connect
from tests.conftest import database, in_thread
from tests.integration.city import register
from tests.integration.open_city import build
from tests.integration.terminal import typed
from tests.issuers import SigningIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

    from tests.conftest import Broker
    from tests.integration.terminal import Halong


@pytest.fixture(scope="session")
def open_city_template(postgres_dsn: str, template: str) -> Iterator[str]:
    """The name of a database to copy, with the city of open data."""

    async def fill(url: str) -> None:
        async with await connect(url) as conn:
            await build(conn)

    with database(postgres_dsn, template) as url:
        in_thread(fill(url))
        yield url.rpartition("/")[2]


@pytest.fixture
def halong(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Halong]:
    """What types commands that find the test's database, and print lines that are not broken."""
    monkeypatch.setenv("HALONG_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "250")
    settings_of_environment.cache_clear()
    yield typed
    settings_of_environment.cache_clear()


@pytest.fixture
def issuer() -> Iterator[SigningIssuer]:
    """An identity provider that signs whatever it is told."""
    with SigningIssuer() as found:
        yield found


@pytest.fixture
async def admitted(conn: AsyncConnection[Any], broker: Broker, gateway_code: str) -> str:
    """The code of a gateway that is registered and may log in."""
    await register(conn, gateway_code)
    broker.add_gateway(gateway_code, f"secret-{gateway_code}")
    return gateway_code


@pytest.fixture
def quick_downlink(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often for what is to be sent: tests would wait for nothing but time."""
    monkeypatch.setattr(downlink, "_LOOK_S", 0.1)
    monkeypatch.setattr(downlink, "_RETRY_S", 0.1)
