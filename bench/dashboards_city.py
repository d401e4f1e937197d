"""What the dashboards' bench asks of: copies of the profile's city with what thirty days of it leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics import kept, values
from analytics.alert_actions import import_rules
from analytics.indicator import INDICATORS
from bench.analytics_city import plausible
from bench.dashboards_tables import NEWEST_VALUES, TABLES, VALUES
from bench.figure import steps
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators.city import populate
from storage.migrate import migrate
from storage.observations import OBSERVATION, copy_sorted, to_microseconds
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

    from devices.model import Gateway, Profile

DAYS = 30
#: copies of the profile's city, whose things measure so often that thirty days are about 100 million rows
COPIES = 15
_DAY = timedelta(days=1)
_DAY_S = 86_400
#: rows that are stored at once, about
_BLOCK = 500_000
_ANALYSED = (
    "observations", "observation_hours", "arrival_hours", "ingest_hours", "indicator_values",
    "ingest_metrics", "arrivals", "refusals", "observation_flags", "gateway_status",
    "gateway_status_history", "alerts", "latest_values",
)  # fmt: skip


@dataclass(frozen=True)
class Streams:
    """Every datastream, by id: how often it measures, s, and what is plausible, each of shape (n,)."""

    ids: np.ndarray
    interval_s: np.ndarray
    low: np.ndarray
    width: np.ndarray

    def stretched(self, rows: int, days: int) -> Streams:
        """Measure so often that the days make so many rows."""
        own = float(np.sum(days * _DAY_S / self.interval_s))
        return replace(self, interval_s=self.interval_s * own / rows)


async def fill(url: str, rows: int, copies: int = COPIES, days: int = DAYS) -> int:
    """Store the city with its observations up to the present, and return how many there are.

    Args:
        url: of an empty database.
        rows: observations, about.
        copies: of the profile's city, side by side.
        days: that there is something of.
    """
    await migrate(url)
    async with await connect(url) as conn:
        await import_profile(conn, city := profile(copies))
        await import_rules(conn, city.alert_rules)
        await values.write_catalogue(conn, INDICATORS.values())
        stored = await _observations(conn, (await _streams(conn, city)).stretched(rows, days), days)
        await _tables(conn, days)
        await _settle(conn, days)
    return stored


def profile(copies: int) -> Profile:
    """Return the profile's simulated city so many times; things of each copy have names of their own."""
    city = populate(load("quang_ninh"))
    return replace(city, gateways=tuple(_copy(g, n) for n in range(copies) for g in city.gateways))


def _copy(gateway: Gateway, number: int) -> Gateway:
    things = tuple(
        replace(t, code=f"{t.code}-{number}", name=f"{t.name} {number}", dev_eui=None) for t in gateway.things
    )
    return replace(gateway, code=f"{gateway.code}-{number}", things=things)


async def _streams(conn: AsyncConnection[Any], city: Profile) -> Streams:
    intervals = {
        (t.code, name): seconds
        for g in city.gateways
        for t in g.things
        for name, seconds in t.datastreams.items()
    }
    known = sorted((i, key) for key, i in (await datastream_ids(conn)).items())
    low, width = np.array([plausible(name) for _, (_, name) in known]).T
    seconds = np.array([intervals[key] for _, key in known], "f8")
    return Streams(np.array([i for i, _ in known], "i4"), seconds, low, width)


async def _observations(conn: AsyncConnection[Any], streams: Streams, days: int) -> int:
    """Store a day after another, the last up to the present."""
    present, stored = datetime.now(UTC), 0
    for number in steps(range(days), "storing observations"):
        start = present - (days - number) * _DAY
        for rows in _day(streams, to_microseconds(start)):
            await copy_sorted(conn, rows)
            stored += len(rows)
    return stored


def _day(streams: Streams, start: int) -> Iterator[np.ndarray]:
    """Yield the OBSERVATION rows of a day from `start` on, microseconds since 1970, ordered by the key."""
    counts = np.maximum(1, _DAY_S // streams.interval_s).astype("i8")
    parts = max(1, int(counts.sum()) // _BLOCK)
    for some in np.array_split(np.arange(len(counts)), parts):
        of = np.repeat(some, counts[some])
        turn = np.arange(len(of)) - np.repeat(np.cumsum(counts[some]) - counts[some], counts[some])
        rows = np.zeros(len(of), OBSERVATION)
        rows["datastream_id"] = streams.ids[of]
        # Each has a phase of its own: things do not measure in the same second.
        seconds = (turn + streams.ids[of] % 97 / 97) * np.minimum(_DAY_S, streams.interval_s[of])
        rows["time"] = start + (seconds * 1_000_000).astype("i8")
        wave = np.sin(seconds / _DAY_S * 2 * np.pi) * 0.02
        rows["value"] = streams.low[of] + streams.width[of] * (0.1 + wave + streams.ids[of] % 7 * 0.001)
        yield rows


async def _tables(conn: AsyncConnection[Any], days: int) -> None:
    """Fill the other tables; without triggers, which would look up each row's gateway and area again."""
    await conn.execute("SET session_replication_role = replica")
    for sql in steps(TABLES, "storing what ingest and people leave"):
        await conn.execute(sql.replace("{days}", str(days)).encode())
    for code in steps(list(INDICATORS), "storing values of indicators"):
        await conn.execute(VALUES.replace("{days}", str(days)).replace("{code}", code).encode())
    await conn.execute(NEWEST_VALUES.encode())
    await conn.execute("RESET session_replication_role")


async def _settle(conn: AsyncConnection[Any], days: int) -> None:
    """Let analytics keep its hours, and the server count and write what was stored."""
    for _ in steps(range(days), "adding up hours"):
        await kept.keep_hours(conn, at_once_s=0)
    await kept.keep_hours(conn, at_once_s=3600)
    for table in steps(_ANALYSED, "counting"):
        await conn.execute(f"ANALYZE {table}".encode())
    await conn.execute("CHECKPOINT")
