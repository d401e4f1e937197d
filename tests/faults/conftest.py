"""A city with two gateways that are no code of ours, and ingest as a process of its own.

`HALONG_FAULTS=full` asks for the long variants: `make faults`.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from devices.registry import datastream_ids, import_profile
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.process import free_port
from storage.migrate import migrate
from storage.pool import connect
from tests.conftest import Broker, make_settings
from tests.faults.ingesting import Ingest
from tests.faults.ledger import Difference, Ledger, compare
from tests.faults.publishers import MosquittoPub, Paho, publishing
from tests.integration.city import small_city

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from runtime.settings import Settings

FULL = os.environ.get("HALONG_FAULTS") == "full"
long = pytest.mark.skipif(not FULL, reason="a long variant: `make faults` runs it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FULL and "tests/faults" in item.path.as_posix():
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture(scope="session")
def full() -> bool:
    """Whether the long variants are asked for."""
    return FULL


async def until(check: Callable[[], Awaitable[bool]] | Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = check()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


async def register_all(conn: AsyncConnection[Any], *codes: str) -> dict[tuple[str, str], int]:
    """Register small gateways in one profile and return their datastreams."""
    city = small_city(codes[0])
    gateways = tuple(small_city(code).gateways[0] for code in codes)
    await import_profile(conn, replace(city, gateways=gateways))
    return await datastream_ids(conn)


async def count(conn: AsyncConnection[Any]) -> int:
    """Stored observations."""
    cursor = await conn.execute("SELECT count(*) FROM observations")
    (number,) = await cursor.fetchone() or (0,)
    return int(number)


@dataclass
class Traffic:
    """Two gateways, one that publishes with mosquitto_pub and one with paho, and what they note."""

    mosquitto: MosquittoPub
    paho: Paho
    ledgers: list[Ledger] = field(init=False)

    def __post_init__(self) -> None:
        self.ledgers = [self.mosquitto.ledger, self.paho.ledger]

    def flowing(self) -> AbstractContextManager[None]:
        """Publish as long as the block lasts."""
        return publishing(self.mosquitto, self.paho)

    @property
    def acked(self) -> int:
        """Acknowledged messages."""
        return sum(len(ledger.acked) for ledger in self.ledgers)

    @property
    def readings(self) -> int:
        """Acknowledged readings."""
        return sum(len(ledger.acked) * ledger.readings for ledger in self.ledgers)

    async def assert_stored(self, conn: AsyncConnection[Any], seconds: float = 60) -> None:
        """Wait until all that was acknowledged is stored, and compare reading by reading.

        Args:
            conn: to the database.
            seconds: when nothing more is stored for so long, what is missing is lost.
        """
        found = await self._differs_for_good(conn, seconds)
        assert not found, str(found)
        assert all(ledger.acked for ledger in self.ledgers)
        gateways = [ledger.gateway for ledger in self.ledgers]
        cursor = await conn.execute("SELECT count(*) FROM refusals WHERE gateway = ANY(%s)", [gateways])
        assert await cursor.fetchone() == (0,)
        behind = time.monotonic() - max(max(ledger.acked.values()) for ledger in self.ledgers)
        print(f"{self.acked} messages, {self.readings} readings: 0 lost, {behind:.1f} s after the last ack")

    async def _differs_for_good(self, conn: AsyncConnection[Any], seconds: float) -> Difference:
        stored, deadline = -1, 0.0
        while True:
            before, stored = stored, await count(conn)
            if stored > before:
                deadline = time.monotonic() + seconds
            # What was sent and not acknowledged may be stored, and counts too.
            if stored >= self.readings or time.monotonic() > deadline:
                found = await compare(conn, *self.ledgers)
                if not found.lost or time.monotonic() > deadline:
                    return found
            await asyncio.sleep(0.5)


async def make_traffic(
    conn: AsyncConnection[Any], binaries: Binaries, broker: Broker, code: str, **options: Any
) -> Traffic:
    """Register two gateways, admit them at the broker and return their publishers."""
    one, two = f"{code}-m", f"{code}-p"
    ids = await register_all(conn, one, two)
    ledgers = [Ledger(each, ids[each, "pm10"], **options) for each in (one, two)]
    url = broker.gateway_url
    return Traffic(
        MosquittoPub(binaries, url, ledgers[0], broker.add_gateway(one)),
        Paho(url, ledgers[1], broker.add_gateway(two)),
    )


@pytest.fixture
async def traffic(
    conn: AsyncConnection[Any], binaries: Binaries, broker: Broker, gateway_code: str
) -> Traffic:
    return await make_traffic(conn, binaries, broker, gateway_code)


@pytest.fixture
def own_broker(binaries: Binaries, scratch: Path) -> Iterator[Broker]:
    """A broker of the test's own, which holds nothing that another test has left."""
    with LocalMosquitto(binaries, scratch / f"mosquitto-{secrets.token_hex(4)}") as server:
        yield Broker(server)


@pytest.fixture
def ingest(settings: Settings, tmp_path: Path) -> Ingest:
    return Ingest(settings, tmp_path / "ingest.log")


@pytest.fixture(scope="session")
def durable_postgres(binaries: Binaries, scratch: Path) -> Iterator[LocalPostgres]:
    """A server that may be killed: it writes what it commits to the disk."""
    # No background workers: the test's database is migrated, used and dropped.
    settings = {"timescaledb.max_background_workers": "0", "max_worker_processes": "4"}
    with LocalPostgres(binaries, scratch / "durable", port=free_port(), settings=settings) as server:
        yield server


@pytest.fixture
async def durable_url(durable_postgres: LocalPostgres) -> AsyncIterator[str]:
    """The address of a fresh, migrated database on that server, which runs again at the test's end."""
    durable_postgres.start()
    name = f"halong_{secrets.token_hex(4)}"
    url = durable_postgres.ensure_database(name)
    await migrate(url)
    yield url
    durable_postgres.start()
    async with await connect(durable_postgres.dsn("postgres")) as conn:
        await conn.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
async def durable_traffic(durable_url: str, binaries: Binaries, broker: Broker, gateway_code: str) -> Traffic:
    async with await connect(durable_url) as conn:
        return await make_traffic(conn, binaries, broker, gateway_code)


@pytest.fixture
def durable_ingest(durable_url: str, broker: Broker, tmp_path: Path) -> Ingest:
    settings = make_settings(database_url=durable_url, mqtt_url=broker.platform_url)
    return Ingest(settings, tmp_path / "ingest.log")
