"""How fast indicators are computed, each figure beside its limit of the same run: `make bench-analytics`.

The city is the profile's with its simulated devices, repeated until there are as many datastreams as asked
for; each measures every 10 s. Every computation is a process of its own, so that its peak memory is its own.
The last line printed is one JSON object, {name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import psycopg
from psycopg import sql

from analytics import values
from analytics.flagging import flag_hours
from analytics.indicator import INDICATORS
from analytics.recompute import recompute_late
from analytics.run import Counts, compute
from analytics.schedule import SETTLE
from analytics.steps import Step
from bench.city import Bench, services
from bench.figure import Figure, out, show, steps
from devices.profiles import load
from devices.registry import datastream_ids, import_profile
from simulators.city import populate
from storage.migrate import migrate
from storage.observations import OBSERVATION, copy_in, read, to_microseconds
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from devices.model import Gateway, Profile

HOUR = timedelta(hours=1)
INTERVAL_S = 10
#: told once a day in any city
_SLOW = {"parking_capacity": 86_400}
#: of one city as the simulators make it
_STREAMS = 725
#: a local day of the profile's zone ends at 17 h UTC
END = datetime(2026, 11, 20, 17, tzinfo=UTC)


@dataclass(frozen=True)
class Stored:
    """A database with a city's registry and observations."""

    url: str
    ids: list[int]


@dataclass(frozen=True)
class Took:
    """What a computation took."""

    seconds: float
    peak_mb: float
    counts: Counts


def profile(copies: int) -> Profile:
    """Return the profile's simulated city, its devices repeated."""
    city = populate(load("quang_ninh"))
    return replace(city, gateways=tuple(_copy(g, n) for n in range(copies) for g in city.gateways))


def _copy(gateway: Gateway, number: int) -> Gateway:
    things = tuple(
        replace(
            t,
            code=f"{t.code}-{number}",
            dev_eui=None,
            datastreams={name: _SLOW.get(name, INTERVAL_S) for name in t.datastreams},
        )
        for t in gateway.things
    )
    return replace(gateway, code=f"{gateway.code}-{number}", things=things)


@contextmanager
def stored(bench: Bench, copies: int, hours: float) -> Iterator[Stored]:
    """A city with so many hours of observations up to END, in a database that is dropped at the end."""
    name = f"analytics_{copies}_{round(hours)}"
    url = bench.postgres.ensure_database(name)
    try:
        yield asyncio.run(_prepare(url, copies, hours))
    finally:
        with psycopg.connect(bench.postgres.dsn("postgres"), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def _prepare(url: str, copies: int, hours: float) -> Stored:
    await migrate(url)
    async with await connect(url) as conn:
        await import_profile(conn, profile(copies))
        await values.write_catalogue(conn, INDICATORS.values())
        ids = await datastream_ids(conn)
        spans = round(hours * 6)
        for n in steps(range(spans), f"storing {hours:g} h of {len(ids)} datastreams"):
            await copy_in(conn, observations(ids, END - (spans - n) * timedelta(minutes=10)))
        await conn.execute("ANALYZE observations")
        await conn.execute("CHECKPOINT")
    return Stored(url, sorted(ids.values()))


def observations(ids: dict[tuple[str, str], int], start: datetime) -> np.ndarray:
    """Ten minutes of every datastream: a level of its own, and noise."""
    fast = np.array(sorted(i for (_, name), i in ids.items() if name not in _SLOW))
    times = to_microseconds(start) + np.arange(0, 600, INTERVAL_S) * 1_000_000
    rows = np.zeros((len(fast), len(times)), OBSERVATION)
    rows["datastream_id"], rows["time"] = fast[:, None], times[None, :]
    random = np.random.default_rng(int(times[0] // 1_000_000) % 2**32)
    rows["value"] = 20 + fast[:, None] % 17 + random.normal(0, 1, rows.shape)
    if start.hour == start.minute == 0:
        slow = np.zeros(len(ids) - len(fast), OBSERVATION)
        slow["datastream_id"] = sorted(i for (_, name), i in ids.items() if name in _SLOW)
        slow["time"], slow["value"] = times[0], 120
        return np.concatenate((rows.reshape(-1), slow))
    return rows.reshape(-1)


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process and return its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def computed(url: str, start: datetime, end: datetime, longest: str) -> Took:
    """Compute every indicator whose step is no longer than `longest` over a period."""
    return asyncio.run(_computed(url, start, end, Step[longest]))


async def _computed(url: str, start: datetime, end: datetime, longest: Step) -> Took:
    chosen = [i for i in INDICATORS.values() if i.step.length <= longest.length]
    async with await connect(url) as conn:
        began = time.perf_counter()
        counts = await compute(conn, chosen, start, end)
        return Took(time.perf_counter() - began, _peak_mb(), counts)


def flagged(url: str, start: datetime, end: datetime) -> float:
    """Return the seconds that flagging a period takes."""

    async def _flag() -> float:
        async with await connect(url) as conn:
            network = await values.read_network(conn)
            began = time.perf_counter()
            await flag_hours(conn, network, start, end)
            return time.perf_counter() - began

    return asyncio.run(_flag())


def late(url: str, hour: datetime, shift: float) -> Took:
    """Queue an hour of one sound meter as late, whose values it shifts, and compute what that touches."""

    async def _late() -> Took:
        async with await connect(url) as conn:
            query = (
                "SELECT d.id FROM datastreams d JOIN observed_properties p ON p.id = observed_property_id "
                "WHERE p.code = 'sound_laeq' ORDER BY 1 LIMIT 1"
            )
            [[meter]] = await (await conn.execute(query)).fetchall()
            await conn.execute(
                "UPDATE observations SET value = value + %s WHERE datastream_id = %s AND time >= %s "
                "AND time < %s", [shift, meter, hour, hour + HOUR],
            )  # fmt: skip
            await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [meter, hour])
            began = time.perf_counter()
            counts = await recompute_late(conn, END + SETTLE)
            return Took(time.perf_counter() - began, _peak_mb(), counts)

    return asyncio.run(_late())


def read_rate(url: str, ids: list[int], start: datetime, end: datetime) -> float:
    """Rows a second that are read as indicators read them."""

    async def _read() -> float:
        async with await connect(url) as conn:
            began = time.perf_counter()
            rows = await read(conn, ids, start, end)
            return len(rows) / (time.perf_counter() - began)

    return asyncio.run(_read())


_QUERY = """
COPY (SELECT time, datastream_id, value, quality FROM observations
      WHERE datastream_id = ANY('{%s}') AND time >= '%s' AND time < '%s'
      ORDER BY datastream_id, time) TO STDOUT (FORMAT binary)"""
_ROW_BYTES = 40


def bare_rate(url: str, ids: list[int], start: datetime, end: datetime) -> float:
    """Rows a second of the bare COPY of the same query by libpq into one numpy array of bytes."""
    query = _QUERY % (",".join(map(str, ids)), start.isoformat(), end.isoformat())
    with psycopg.connect(url, autocommit=True) as conn:
        began = time.perf_counter()
        conn.pgconn.exec_(query.encode())
        blocks, take = [], conn.pgconn.get_copy_data
        while (got := take(0))[0] > 0:
            blocks.append(bytes(got[1]))
        found = np.frombuffer(b"".join(blocks), np.uint8)
        while conn.pgconn.get_result() is not None:
            pass
        return len(found) / _ROW_BYTES / (time.perf_counter() - began)


def figures(bench: Bench, copies: int, *, day: bool, runs: int) -> dict[str, Figure]:
    """Every figure for a city of so many copies, and growth against one of half as many."""
    streams = copies * _STREAMS
    found = {
        "read_rows_per_s": Figure(what="an hour of all datastreams; limit: bare COPY by libpq", aim="≥ 0.8"),
        "hour_s": Figure(
            what=f"an hour of all indicators, {streams:,} datastreams; limit: its bare COPY", aim="10 s"
        ),
        "hour_flags_s": Figure(what="flags of that hour; limit: bare COPY of it"),
        "hour_peak_mb": Figure(what="peak memory of that process; limit: aim", aim="< 500 MB"),
        "late_hour_s": Figure(what="a late hour with all history; limit: with two hours of it", aim="≤ 1.3"),
        "growth_s": Figure(what="one hour of all indicators; limit: of half the datastreams", aim="≤ 2.1"),
    }  # fmt: skip
    hours = 48 if day else 26
    with stored(bench, copies // 2, 26) as half, stored(bench, copies, hours) as city:
        with stored(bench, copies, 2) as small:
            _compare_late(found["late_hour_s"], city, small, runs)
        alone(computed, half.url, END - 2 * HOUR, END - HOUR, "HOUR")
        for n in steps(range(runs), "hours"):
            bare = alone(bare_rate, city.url, city.ids, END - HOUR, END)
            found["read_rows_per_s"].add(alone(read_rate, city.url, city.ids, END - HOUR, END), bare)
            bare_s = streams * 3600 / INTERVAL_S / bare
            found["hour_flags_s"].add(alone(flagged, city.url, END - HOUR, END), bare_s)
            took = alone(computed, city.url, END - HOUR, END, "HOUR")
            if n == 0:
                out.print(f"one hour: {took.counts.computed:,} values of {len(INDICATORS)} indicators")
            found["hour_s"].add(took.seconds, bare_s)
            found["hour_peak_mb"].add(took.peak_mb, 500)
            found["growth_s"].add(took.seconds, alone(computed, half.url, END - HOUR, END, "HOUR").seconds)
        if day:
            found |= _day(city, streams)
    return found


def _compare_late(figure: Figure, city: Stored, small: Stored, runs: int) -> None:
    for each in (city, small):
        alone(computed, each.url, END - 2 * HOUR, END, "HOUR")
    for n in steps(range(runs), "late hours"):
        ours, limit = (alone(late, each.url, END - 2 * HOUR, 1.0 + n) for each in (city, small))
        figure.add(ours.seconds, limit.seconds)


def _day(city: Stored, streams: int) -> dict[str, Figure]:
    bare = alone(bare_rate, city.url, city.ids, END - HOUR, END)
    took = alone(computed, city.url, END - 24 * HOUR, END, "DAY")
    seconds = Figure(what="one day of all indicators; limit: bare COPY of its observations", aim="240 s")
    seconds.add(took.seconds, streams * 86_400 / INTERVAL_S / bare)
    peak = Figure(what="peak memory of that process; limit: aim", aim="< 500 MB")
    peak.add(took.peak_mb, 500)
    out.print(f"one day: {took.counts.computed:,} values")
    return {"day_s": seconds, "day_peak_mb": peak}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="make bench-analytics", description=__doc__, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--datastreams", type=int, default=5000, help="of the city (default 5000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    parser.add_argument(
        "--no-day", action="store_true", help="leave out the day and its 48 h of observations"
    )
    options, began = parser.parse_args(arguments), psutil.getloadavg()
    copies = max(2, round(options.datastreams / _STREAMS))
    with services() as bench:
        found = figures(bench, copies, day=not options.no_day, runs=options.runs)
    show(found, began)


_EXAMPLES = """\
examples:
  make bench-analytics                                          12 GB of disk, about half an hour
  make bench-analytics ARGS="--no-day"                          6 GB, a quarter of an hour
  make bench-analytics ARGS="--datastreams 1500 --runs 1 --no-day"      quickly: does it work?
Each needs an otherwise idle machine.
"""

if __name__ == "__main__":
    main()
