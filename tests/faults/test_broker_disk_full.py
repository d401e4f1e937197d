"""The disk that holds the broker's queues is full: they live on in memory, and are saved once it is not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from runtime.local.mosquitto import LocalMosquitto
from tests.conftest import Broker, make_settings
from tests.faults.conftest import make_traffic, until
from tests.faults.ingesting import Ingest
from tests.faults.test_disk_full import fill, small_disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries


@pytest.fixture
def disk(scratch: Path, gateway_code: str) -> Iterator[Path]:
    owners = ("mosquitto", "postgres", "nobody")
    with small_disk(scratch / f"queues-{gateway_code}", 256, *owners) as folder:
        yield folder


@pytest.fixture
def broker(binaries: Binaries, disk: Path) -> Iterator[Broker]:
    with LocalMosquitto(binaries, disk / "mosquitto") as server:
        yield Broker(server)


async def test_queues_live_on_in_memory_and_are_saved_when_there_is_space(
    conn: AsyncConnection[Any],
    database_url: str,
    binaries: Binaries,
    broker: Broker,
    disk: Path,
    gateway_code: str,
    tmp_path: Path,
) -> None:
    """What was acknowledged while nothing could be saved outlives the broker's crash after there is space."""
    traffic = await make_traffic(conn, binaries, broker, gateway_code)
    settings = make_settings(database_url=database_url, mqtt_url=broker.platform_url)
    store = disk / "mosquitto/mosquitto.db"
    async with Ingest(settings, tmp_path / "ingest.log"):
        pass  # from here on the broker keeps what it subscribed to
    await until(store.exists)
    fill(disk / "ballast")
    with traffic.flowing():
        await asyncio.sleep(3)
    assert traffic.acked
    full = store.stat()
    (disk / "ballast").unlink()
    await until(lambda: store.stat().st_mtime_ns > full.st_mtime_ns and store.stat().st_size > full.st_size)
    await asyncio.sleep(2)  # it saves each second
    broker.server.kill()
    broker.server.start()
    async with Ingest(settings, tmp_path / "ingest.log"):
        await traffic.assert_stored(conn)
