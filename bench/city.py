"""Services, a registry and messages of any size for benches."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from bench.publisher import forget_session
from devices.model import Area, Gateway, ObservedProperty, Profile, Thing
from devices.registry import datastream_ids, import_profile
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.provision import default_cache, provision
from storage.migrate import migrate
from storage.observations import OBSERVATION
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The benches' time begins now, in milliseconds: live readings are not late.
START_MS = int(time.time() * 1000)
DEVICES = 100
PROPERTY = "pm2_5"


@dataclass
class Bench:
    """Running services."""

    postgres: LocalPostgres
    broker: LocalMosquitto

    def database(self, name: str, gateways: int) -> tuple[str, np.ndarray]:
        """Create a migrated database of `gateways` with DEVICES datastreams each.

        Returns:
            Its address, and the datastream ids, shape (gateways, DEVICES).
        """
        url = self.postgres.ensure_database(name)
        asyncio.run(migrate(url))
        return url, asyncio.run(_register(url, gateways))

    def environment(self, url: str, **changes: str) -> dict[str, str]:
        """The environment of a service."""
        return {
            **os.environ,
            "HALONG_DATABASE_URL": url,
            "HALONG_MQTT_URL": self.broker.platform_url,
            "HALONG_LOG_LEVEL": "warning",
            **changes,
        }

    @contextmanager
    def ingest(self, url: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run one ingest process."""
        command = [sys.executable, "-m", "runtime.cli", "ingest"]
        process = subprocess.Popen(command, env=self.environment(url, **changes))
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)
            asyncio.run(forget_session(self.broker.platform_url, "ingest-0"))


@contextmanager
def services() -> Iterator[Bench]:
    """Run TimescaleDB (durable) and Mosquitto in a folder that is removed at the end."""
    binaries = provision(default_cache())
    with tempfile.TemporaryDirectory(prefix="halong-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = {"shared_buffers": "1GB", "max_wal_size": "4GB", "wal_compression": "off"}
        with (
            LocalPostgres(binaries, folder / "postgres", settings=settings) as postgres,
            LocalMosquitto(binaries, folder / "mosquitto") as broker,
        ):
            yield Bench(postgres, broker)


def profile(gateways: int) -> Profile:
    """A city of gateways with DEVICES devices each, which observe one property."""
    area = Area(
        code="1", parent=None, level="province", kind="province", name_en="Bench", name_vi="Bench",
        latitude=21.0, longitude=107.0, valid_from=date(2020, 1, 1),
    )  # fmt: skip
    observed = ObservedProperty(
        code=PROPERTY, name_en="PM2.5", name_vi="PM2.5", unit="ug/m3", minimum=0, maximum=1000,
        aggregation="mean", sampling_interval_s=60, device_kind="air_station",
    )  # fmt: skip
    return Profile(
        code="bench", name_en="Bench", name_vi="Bench", time_zone="UTC", areas=(area,),
        observed_properties=(observed,), gateways=tuple(_gateway(g) for g in range(gateways)),
    )  # fmt: skip


def _gateway(number: int) -> Gateway:
    things = tuple(
        Thing(
            code=f"g{number}-d{d}", name="d", kind="air_station", latitude=21.0, longitude=107.0,
            datastreams={PROPERTY: 60}, areas=("1",),
        )
        for d in range(DEVICES)
    )  # fmt: skip
    return Gateway(
        code=f"g{number}", name=f"g{number}", latitude=21.0, longitude=107.0, areas=("1",), things=things
    )


async def _register(url: str, gateways: int) -> np.ndarray:
    async with await connect(url) as conn:
        await import_profile(conn, profile(gateways))
        ids = await datastream_ids(conn)
    return np.array([[ids[f"g{g}-d{d}", PROPERTY] for d in range(DEVICES)] for g in range(gateways)], "i4")


def messages(
    gateways: int, count: int, readings: int, *, first: int = 0, repeat: float = 0.0
) -> list[tuple[str, bytes]]:
    """Messages in rounds over the gateways, each of `readings` devices at one time.

    Args:
        gateways: number of gateways.
        count: number of messages.
        readings: readings a message, at most DEVICES.
        first: number of the first message; another bench goes on with later times.
        repeat: share of messages that are sent a second time, right after the first.
    """
    encode, made = msgspec.json.encode, []
    rounds = DEVICES // readings
    for number in range(first, first + count):
        gateway, turn = number % gateways, number // gateways
        devices = range(turn % rounds * readings, (turn % rounds + 1) * readings)
        instant = START_MS + turn // rounds * 1000
        body = [
            {"device": f"g{gateway}-d{d}", "time": instant, PROPERTY: ((d * 31 + turn * 7) % 4000) / 10}
            for d in devices
        ]
        message = f"city/v1/g{gateway}/up/observations", encode({"readings": body})
        made += [message] * (2 if repeat and number % round(1 / repeat) == 0 else 1)
    return made


def rows(ids: np.ndarray, count: int, *, first: int = 0) -> np.ndarray:
    """The observations of `count` messages of DEVICES readings, in the order of `messages`."""
    numbers = np.arange(first, first + count)
    gateway, turn = numbers % len(ids), numbers // len(ids)
    made = np.empty((count, DEVICES), OBSERVATION)
    made["datastream_id"] = ids[gateway]
    made["time"] = ((START_MS + turn * 1000) * 1000)[:, None]
    made["value"] = ((np.arange(DEVICES)[None, :] * 31 + turn[:, None] * 7) % 4000) / 10
    made["quality"] = 0
    return made.reshape(-1)
