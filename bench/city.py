"""Services, a registry and messages of any size for benches."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import psycopg
from psycopg import sql

from bench.publisher import forget_session
from devices.model import Area, Gateway, ObservedProperty, Profile, Thing
from devices.registry import datastream_ids, import_profile
from runtime.local.mosquitto import LocalMosquitto
from runtime.local.postgres import LocalPostgres
from runtime.local.provision import provision
from runtime.places import default_cache
from storage.migrate import migrate
from storage.observations import OBSERVATION
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

#: devices of a gateway, each with one datastream
DEVICES = 100
PROPERTY = "pm2_5"
#: Between two rounds of readings. The benches send far faster than the one reading a second a datastream that
#: the registry expects; times a millisecond apart keep what is sent in a second within about that second.
ROUND_MS = 1
#: a value that ingest refuses
REFUSED = "n/a"


@dataclass(frozen=True)
class City:
    """A database with a registered city: its address, and datastream ids, shape (gateways, DEVICES)."""

    url: str
    ids: np.ndarray


@dataclass
class Bench:
    """Running services."""

    postgres: LocalPostgres
    broker: LocalMosquitto
    #: what was measured so far, by name: open-loop benches send at half of it
    rates: dict[str, float] = field(default_factory=dict)
    #: databases are kept for the next call
    is_kept: bool = False
    _cities: int = 0

    @contextmanager
    def city(self, gateways: int) -> Iterator[City]:
        """A database of its own, dropped at the end: each database costs TimescaleDB a scheduler process."""
        self._cities += 1
        name = f"city_{self._cities}"
        try:
            yield City(*self.database(name, gateways))
        finally:
            with psycopg.connect(self.postgres.dsn("postgres"), autocommit=True) as conn:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
                conn.execute("CHECKPOINT")  # what one run leaves to be written is not another's load

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
def services(keep: Path | None = None) -> Iterator[Bench]:
    """Run TimescaleDB (durable) and Mosquitto in a folder to keep, or in one that is removed at the end."""
    binaries = provision(default_cache())
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory(prefix="halong-bench-") as name:
        folder = Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        settings = {
            "shared_buffers": "1GB",
            "max_wal_size": "4GB",
            "wal_compression": "off",
            "track_commit_timestamp": "on",
        }
        with (
            LocalPostgres(binaries, folder / "postgres", settings=settings) as postgres,
            LocalMosquitto(binaries, folder / "mosquitto") as broker,
        ):
            yield Bench(postgres, broker, is_kept=keep is not None)


def profile(gateways: int) -> Profile:
    """A city of gateways with DEVICES devices each, which observe one property."""
    area = Area(
        code="1", parent=None, level="province", kind="province", name_en="Bench", name_vi="Bench",
        latitude=21.0, longitude=107.0, valid_from=date(2020, 1, 1),
    )  # fmt: skip
    observed = ObservedProperty(
        code=PROPERTY, name_en="PM2.5", name_vi="PM2.5", unit="ug/m3", minimum=0, maximum=1000,
        aggregation="mean", sampling_interval_s=1, device_kind="air_station",
    )  # fmt: skip
    return Profile(
        code="bench", name_en="Bench", name_vi="Bench", time_zone="UTC", areas=(area,),
        observed_properties=(observed,), gateways=tuple(_gateway(g) for g in range(gateways)),
    )  # fmt: skip


def _gateway(number: int) -> Gateway:
    things = tuple(
        Thing(
            code=f"g{number}-d{d}", name="d", kind="air_station", latitude=21.0, longitude=107.0,
            datastreams={PROPERTY: 1}, areas=("1",),
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


def now_ms() -> int:
    """The time of the first reading unless told otherwise: live readings are neither late nor early."""
    return int(time.time() * 1000)


def messages(
    gateways: int,
    count: int,
    readings: int,
    *,
    first: int = 0,
    repeat: float = 0.0,
    start_ms: int | None = None,
    refused: int = 0,
    seq: bool = False,
) -> list[tuple[str, bytes]]:
    """Messages in rounds over the gateways, each of `readings` devices at one time.

    Args:
        gateways: number of gateways.
        count: number of messages.
        readings: readings a message, at most DEVICES.
        first: number of the first message; another bench goes on with later times.
        repeat: share of messages that are sent a second time, right after the first.
        start_ms: time of the first round in milliseconds since 1970; default: the present.
        refused: readings of each message, the first ones, whose value ingest refuses.
        seq: number each gateway's messages, so that `down/committed` is published.
    """
    encode, made = msgspec.json.encode, []
    start_ms = now_ms() if start_ms is None else start_ms
    rounds = DEVICES // readings
    for number in range(first, first + count):
        gateway, turn = number % gateways, number // gateways
        low = turn % rounds * readings
        instant = start_ms + turn // rounds * ROUND_MS
        body = [
            {"device": f"g{gateway}-d{d}", "time": instant, PROPERTY: _value(d, turn)}
            for d in range(low, low + readings)
        ]
        for reading in body[:refused]:
            reading[PROPERTY] = REFUSED
        head = {"seq": turn} if seq else {}
        message = observations_topic(gateway), encode({**head, "readings": body})
        made += [message] * (2 if repeat and number % round(1 / repeat) == 0 else 1)
    return made


def observations_topic(gateway: int) -> str:
    """The topic on which gateway number `gateway` publishes."""
    return f"city/v1/g{gateway}/up/observations"


def _value(device: int, turn: int) -> float:
    return ((device * 31 + turn * 7) % 4000) / 10


def rows(ids: np.ndarray, count: int, *, first: int = 0, start_ms: int | None = None) -> np.ndarray:
    """The observations of `count` messages of DEVICES readings, in the order of `messages`."""
    numbers = np.arange(first, first + count)
    gateway, turn = numbers % len(ids), numbers // len(ids)
    made = np.empty((count, DEVICES), OBSERVATION)
    made["datastream_id"] = ids[gateway]
    made["time"] = (((now_ms() if start_ms is None else start_ms) + turn * ROUND_MS) * 1000)[:, None]
    made["value"] = ((np.arange(DEVICES)[None, :] * 31 + turn[:, None] * 7) % 4000) / 10
    made["quality"] = 0
    return made.reshape(-1)
