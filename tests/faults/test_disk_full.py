"""The disk that holds the observations is full: ingest keeps its batch, and stores it once there is space."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from runtime.local.postgres import LocalPostgres
from runtime.local.process import ServiceUser, free_port
from storage.migrate import migrate
from storage.pool import connect
from tests.conftest import make_settings
from tests.faults.conftest import long, make_traffic, until
from tests.faults.ingesting import Ingest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from psycopg import AsyncConnection

    from runtime.local.provision import Binaries
    from tests.conftest import Broker
    from tests.faults.conftest import Traffic


@contextmanager
def small_disk(folder: Path, size_mb: int, *owners: str) -> Iterator[Path]:
    """A file system of a few megabytes in memory, whose owner is the first of these users that exists."""
    folder.mkdir()
    user = ServiceUser.choose(*owners)
    options = f"size={size_mb}m,uid={user.uid},gid={user.gid},mode=0700"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here, which takes root's rights: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
async def disk(
    scratch: Path, durable_postgres: LocalPostgres, durable_url: str, full: bool
) -> AsyncIterator[Path]:
    """The small disk, to which all chunks of observations go."""
    name = f"small_{secrets.token_hex(3)}"
    # Beside the ballast there is room for all that is published: 100 bytes a reading, up to a million.
    with small_disk(scratch / name, 256 if full else 48, "postgres", "nobody") as folder:
        async with await connect(durable_url) as conn:
            await conn.execute(f"CREATE TABLESPACE {name} LOCATION '{folder}'".encode())
            await conn.execute("SELECT attach_tablespace(%s, 'observations')", [name])
        yield folder
        async with await connect(durable_url) as conn:
            await conn.execute("DROP TABLE observations CASCADE")
            await conn.execute(f"DROP TABLESPACE {name}".encode())


async def test_full_and_emptied_again(
    disk: Path, durable_url: str, durable_traffic: Traffic, durable_ingest: Ingest, full: bool
) -> None:
    ballast = disk / "ballast"
    durable_traffic.paho.burst = 200
    async with durable_ingest as ingest, await connect(durable_url) as conn:
        with durable_traffic.flowing():
            for _ in range(3 if full else 1):
                before = ingest.count("write_retry", "No space left on device")
                fill(ballast)
                await until(
                    lambda n=before: ingest.count("write_retry", "No space left on device") >= n + 2, 600
                )
                await asyncio.sleep(10 if full else 1)
                ballast.unlink()
                await asyncio.sleep(1)
        await durable_traffic.assert_stored(conn)
        await until(lambda: nothing_waits(conn))
        assert ingest.lives == 1
        # The server itself lives on: nothing was tried twice but what met the full disk.
        for action in ("write_retry", "deferred_retry"):
            assert ingest.count(action) == ingest.count(action, "No space left on device")


async def nothing_waits(conn: AsyncConnection[Any]) -> bool:
    cursor = await conn.execute("SELECT count(*) FROM deferred_messages")
    return await cursor.fetchone() == (0,)


@long
async def test_full_with_the_journal_of_the_database(
    scratch: Path,
    binaries: Binaries,
    broker: Broker,
    gateway_code: str,
    tmp_path: Path,
) -> None:
    """PostgreSQL ends when it cannot write its WAL; whoever makes space starts it again."""
    with small_disk(scratch / "whole", 320, "postgres", "nobody") as folder:
        settings = {"timescaledb.max_background_workers": "0", "max_wal_size": "64MB"}
        with LocalPostgres(binaries, folder / "postgres", port=free_port(), settings=settings) as server:
            url = server.ensure_database("halong_small")
            await migrate(url)
            async with await connect(url) as conn:
                traffic = await make_traffic(conn, binaries, broker, gateway_code)
            configured = make_settings(database_url=url, mqtt_url=broker.platform_url)
            async with Ingest(configured, tmp_path / "ingest.log") as ingest:
                with traffic.flowing():
                    await asyncio.sleep(1)
                    fill(folder / "ballast")
                    with pytest.raises(psycopg.OperationalError):
                        await exhaust_wal(url)
                    # It gives up its claim with the first batch that fails, or tries that one again.
                    await until(lambda: ingest.count("write_retry") + ingest.count("claim_retry") >= 3)
                    await until(lambda: not server.is_running)
                    (folder / "ballast").unlink()
                    await asyncio.to_thread(server.start)
                async with await connect(url) as conn:
                    await traffic.assert_stored(conn)
                assert ingest.lives == 1


async def exhaust_wal(url: str) -> None:
    """Write into the WAL, and nowhere else, until the server ends."""
    async with await connect(url) as conn:
        while True:
            await conn.execute("SELECT pg_logical_emit_message(true, 'fill', repeat('x', 1000000))")


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    block = b"\0" * 65536
    try:
        with ballast.open("wb", buffering=0) as file:
            while file.write(block):
                pass
    except OSError:
        return
