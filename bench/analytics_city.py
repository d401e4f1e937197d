"""Cities of any size with their observations, in databases that benches of analytics measure."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import psycopg
from psycopg import sql

from analytics import values
from analytics.indicator import INDICATORS
from analytics.quality_rules import usual
from bench.figure import steps
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators.city import populate
from storage.migrate import migrate
from storage.observations import OBSERVATION, copy_in, to_microseconds
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.city import Bench
    from devices.model import Gateway, Profile

    Ids = Mapping[tuple[str, str], int]

HOUR = timedelta(hours=1)
#: datastreams of one city as the simulators make it
STREAMS = 725
INTERVAL_S = 10
#: told once a day in any city
_SLOW = {"parking_capacity": 86_400}
#: a local day of the profile's zone ends at 17 h UTC
END = datetime(2026, 11, 20, 17, tzinfo=UTC)
#: seconds that are stored at once
_BLOCK_S = 600


@dataclass(frozen=True)
class Stored:
    """A database with a city's registry and observations."""

    url: str
    ids: Sequence[int]


@dataclass(frozen=True)
class Wanted:
    """What a database is to hold."""

    copies: int
    hours: int
    interval_s: int = INTERVAL_S
    #: alone is measured; None: everything
    observed_property: str | None = None

    @property
    def name(self) -> str:
        """Of the database."""
        return f"analytics_{self.copies}_{self.hours}_{self.observed_property or 'all'}"


def profile(wanted: Wanted) -> Profile:
    """Return the profile's simulated city, its devices repeated."""
    city = populate(load("quang_ninh"))
    gateways = (_copy(g, n, wanted) for n in range(wanted.copies) for g in city.gateways)
    return replace(city, gateways=tuple(gateways))


def _copy(gateway: Gateway, number: int, wanted: Wanted) -> Gateway:
    things = tuple(
        replace(
            t,
            code=f"{t.code}-{number}",
            dev_eui=None,
            datastreams={name: _SLOW.get(name, wanted.interval_s) for name in t.datastreams},
        )
        for t in gateway.things
        if wanted.observed_property in {None, *t.datastreams}
    )
    return replace(gateway, code=f"{gateway.code}-{number}", things=things)


@contextmanager
def stored(bench: Bench, wanted: Wanted) -> Iterator[Stored]:
    """A city with observations up to END: one that the bench keeps, or one that is dropped at the end."""
    with psycopg.connect(bench.postgres.dsn("postgres"), autocommit=True) as conn:
        name = sql.Identifier(wanted.name)
        query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
        if conn.execute(query, [wanted.name]).fetchone() != ("stored",):
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
            asyncio.run(_store(bench.postgres.ensure_database(wanted.name), wanted))
            conn.execute(sql.SQL("COMMENT ON DATABASE {} IS 'stored'").format(name))
        try:
            url = bench.postgres.dsn(wanted.name)
            yield Stored(url, asyncio.run(_ids(url)))
        finally:
            if not bench.is_kept:
                conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


async def _ids(url: str) -> Sequence[int]:
    async with await connect(url) as conn:
        return sorted((await datastream_ids(conn)).values())


async def _store(url: str, wanted: Wanted) -> None:
    await migrate(url)
    async with await connect(url) as conn:
        await import_profile(conn, profile(wanted))
        await values.write_catalogue(conn, INDICATORS.values())
        ids, block = await datastream_ids(conn), max(_BLOCK_S, 144 * wanted.interval_s)
        blocks = wanted.hours * 3600 // block
        for n in steps(range(blocks), f"storing {wanted.hours} h of {len(ids)} datastreams"):
            start = END - (blocks - n) * timedelta(seconds=block)
            await copy_in(conn, observations(ids, start, block, wanted.interval_s))
        await conn.execute("ANALYZE observations")
        await conn.execute("CHECKPOINT")


def observations(ids: Ids, start: datetime, length_s: int, interval_s: int = INTERVAL_S) -> np.ndarray:
    """Every datastream for so many seconds: a plausible level of its own, and noise."""
    fast = sorted((i, name) for (_, name), i in ids.items() if name not in _SLOW)
    times = to_microseconds(start) + np.arange(0, length_s, interval_s) * 1_000_000
    rows = np.zeros((len(fast), len(times)), OBSERVATION)
    rows["datastream_id"] = np.array([i for i, _ in fast])[:, None]
    rows["time"] = times[None, :]
    low, width = np.array([plausible(name) for _, name in fast]).T[:, :, None]
    random = np.random.default_rng(int(times[0] // 1_000_000) % 2**32)
    own = 0.1 + rows["datastream_id"] % 7 * 0.001
    rows["value"] = low + width * (own + random.normal(0, 0.0005, rows.shape))
    if start.hour == start.minute == 0:
        slow = np.zeros(len(ids) - len(fast), OBSERVATION)
        slow["datastream_id"] = sorted(i for (_, name), i in ids.items() if name in _SLOW)
        slow["time"], slow["value"] = times[0], 120
        return np.concatenate((rows.reshape(-1), slow))
    return rows.reshape(-1)


def plausible(name: str) -> tuple[float, float]:
    """Return from where on values of a property are plausible, and how far."""
    found = usual().get(name, {}).get("range", {})
    low = found.get("low", 0.0)
    return low, found.get("high", low + 100.0) - low
