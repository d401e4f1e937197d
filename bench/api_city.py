"""What the API's bench asks of: the profile's city with a year of values and a week of observations."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg

from analytics import values
from analytics.indicator import INDICATORS
from analytics.steps import Step
from bench.figure import steps
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators.city import populate
from storage.migrate import migrate
from storage.observations import OBSERVATION, copy_in, to_microseconds
from storage.packed_values import pack
from storage.pool import connect

if TYPE_CHECKING:
    from psycopg import AsyncConnection

#: what was measured ends with a local day of the city
LAST = datetime(2026, 11, 20, 17, tzinfo=UTC)
_INTERVAL_S = 10
WEEK = timedelta(days=7)
#: other devices, whose observations stand in the same chunks
_OTHERS = 200
#: how much of each length of step there is
_DEPTH = {Step.DAY: 365, Step.MONTH: 24, Step.YEAR: 3}
_HOURS = 168

# What the API's answers are made of, asked by one connection and thrown away.
DAYS = """
SELECT v.time, a.code, v.value, v.category, v.reason, v.completeness, v.details, v.version, v.revision,
       v.computed_at
FROM indicator_values v JOIN areas a ON a.id = v.area_id
WHERE v.indicator = 'pm2_5_d' AND a.level = 'district' AND v.superseded_at IS NULL
  AND v.time >= %(year)s AND v.time < %(last)s ORDER BY v.area_id, v.time"""
LATEST = "SELECT indicator, area_id, value, category FROM latest_values ORDER BY indicator, area_id"
READINGS = """
SELECT time, value FROM observations
WHERE datastream_id = %(datastream)s AND time >= %(week)s AND time < %(last)s ORDER BY time"""
_COPY = """
COPY (SELECT time, datastream_id, value, quality FROM observations
      WHERE datastream_id IN (SELECT d.id FROM datastreams d JOIN things t ON t.id = d.thing_id
                              JOIN observed_properties p ON p.id = d.observed_property_id
                              WHERE p.code = '%s')
        AND time >= '%s' AND time < '%s' ORDER BY datastream_id, time) TO STDOUT (FORMAT binary)"""


@dataclass(frozen=True)
class City:
    """What there is to be asked for."""

    thing: str
    property: str
    datastream: int
    #: readings in the large file, and from when on
    readings: int
    since: datetime

    def address(self, path: str) -> str:
        """Fill the places of a path."""
        return path.format(thing=self.thing, property=self.property)

    def query_ms(self, url: str, query: str) -> float:
        """Return PostgreSQL's own time for a query, its rows fetched, in ms: the least of five."""
        asked = {
            "year": LAST - timedelta(days=365), "week": LAST - WEEK, "last": LAST,
            "datastream": self.datastream,
        }  # fmt: skip
        with psycopg.connect(url) as conn:
            took = []
            for _ in range(5):
                began = time.perf_counter()
                conn.execute(query.encode(), asked, binary=True)
                took.append((time.perf_counter() - began) * 1000)
        return min(took)

    def copy_s(self, url: str) -> float:
        """Return how long libpq's bare COPY of the readings in the large file takes, in s."""
        query = _COPY % (self.property, self.since.isoformat(), LAST.isoformat())
        with psycopg.connect(url, autocommit=True) as conn:
            began = time.perf_counter()
            conn.pgconn.exec_(query.encode())
            while conn.pgconn.get_copy_data(0)[0] > 0:
                pass
            while conn.pgconn.get_result() is not None:
                pass
            return time.perf_counter() - began


async def fill(url: str, readings: int) -> City:
    """Store the city: values of every indicator and area that reports, and readings of one property.

    Args:
        url: of an empty database.
        readings: how many the large file is to have, about.
    """
    await migrate(url)
    async with await connect(url) as conn:
        await import_profile(conn, populate(load("quang_ninh")))
        await values.write_catalogue(conn, INDICATORS.values())
        for step in steps(list(Step), "storing values"):
            await _values(conn, step)
        await _pack(conn)
        ids = await datastream_ids(conn)
        chosen = sorted((n, i) for (n, name), i in ids.items() if name == "pm2_5")
        others = [i for (_, name), i in sorted(ids.items()) if name != "pm2_5"][:_OTHERS]
        start = LAST - WEEK
        for day in steps(range(7), "storing observations"):
            from_ = start + timedelta(days=day)
            await copy_in(conn, _observations([i for _, i in chosen], from_, _INTERVAL_S))
            await copy_in(conn, _observations(others, from_, 300))
        await conn.execute("VACUUM ANALYZE observations")
        for table in ("indicator_values", "packed_values", "value_months"):
            await conn.execute(f"VACUUM ANALYZE {table}".encode())
        await conn.execute("CHECKPOINT")
    per_s = len(chosen) / _INTERVAL_S
    since = max(start, LAST - timedelta(seconds=round(readings / per_s)))
    return City(chosen[0][0], "pm2_5", chosen[0][1], round((LAST - since).total_seconds() * per_s), since)


async def _values(conn: AsyncConnection[Any], step: Step) -> None:
    """A value of each indicator with this step, for each area that reports."""
    count = _DEPTH.get(step, _HOURS)
    await conn.execute(
        """INSERT INTO indicator_values (time, indicator, area_id, value, category, completeness, details,
                                         version, revision, computed_at)
           SELECT t, i.code, a.id, 20 + 10 * sin(n), i.declaration -> 'categories' -> 0 ->> 'code', 0.98,
                  '{"stations": {"aq-017": 31.2}, "station": "aq-017"}', i.version, 1,
                  t + i.step_s * '1 s'::interval
           FROM indicators i CROSS JOIN areas a CROSS JOIN generate_series(1, %(count)s) n
           CROSS JOIN LATERAL (SELECT date_trunc(%(unit)s, %(last)s::timestamptz - n * %(step)s::interval,
                                                 'Asia/Ho_Chi_Minh') AS t) s
           WHERE a.reporting AND i.step_s = %(step_s)s
           ON CONFLICT DO NOTHING""",
        {
            "count": count, "last": LAST, "step": step.length, "step_s": step.length.total_seconds(),
            "unit": {Step.DAY: "day", Step.MONTH: "month", Step.YEAR: "year"}.get(step, "minute"),
        },
    )  # fmt: skip


async def _pack(conn: AsyncConnection[Any]) -> None:
    """Pack all months but the newest, which is as it is while its values change."""
    while await pack(conn, timedelta(0)):
        pass
    await conn.execute(
        """UPDATE value_months SET changes = changes + 1
           WHERE month = (SELECT max(month) FROM value_months)"""
    )


def _observations(ids: list[int], start: datetime, interval_s: int) -> np.ndarray:
    """A day of some datastreams: a level of its own, a daily wave, and noise."""
    seconds = np.arange(0, 86_400, interval_s)
    rows = np.zeros((len(ids), len(seconds)), OBSERVATION)
    rows["datastream_id"] = np.array(ids, "i4")[:, None]
    rows["time"] = to_microseconds(start) + seconds[None, :] * 1_000_000
    random = np.random.default_rng(int(start.timestamp()))
    wave = 10 * np.sin(seconds / 86_400 * 2 * np.pi)
    level = 20 + np.array(ids)[:, None] % 17
    rows["value"] = (level + wave[None, :] + random.normal(0, 1, rows.shape)).round(1)
    return rows.reshape(-1)
