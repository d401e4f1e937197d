"""What benches of analytics measure, each in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg

from analytics import values
from analytics.flagging import flag_hours
from analytics.history import History, compute_history
from analytics.indicator import INDICATORS
from analytics.recompute import recompute_late
from analytics.run import Counts, compute
from analytics.schedule import SETTLE
from analytics.steps import Step
from bench.analytics_city import END, HOUR
from storage.observations import read
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_METER = """
SELECT d.id FROM datastreams d JOIN observed_properties p ON p.id = observed_property_id
WHERE p.code = 'sound_laeq' ORDER BY 1 LIMIT 1"""
_SHIFT = "UPDATE observations SET value = value + %s WHERE datastream_id = %s AND time >= %s AND time < %s"


@dataclass(frozen=True)
class Took:
    """What a computation took."""

    seconds: float
    peak_mb: float
    counts: Counts = field(default_factory=Counts)


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a fresh process and return its result."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def computed(url: str, start: datetime, end: datetime, longest: str, shortest: str = "TEN_MINUTES") -> Took:
    """Compute every indicator with a step from `shortest` to `longest` over a period."""

    async def _compute() -> Took:
        lengths = Step[shortest].length, Step[longest].length
        chosen = [i for i in INDICATORS.values() if lengths[0] <= i.step.length <= lengths[1]]
        async with await connect(url) as conn:
            began = time.perf_counter()
            counts = await compute(conn, chosen, start, end)
            return _took(began, counts)

    return asyncio.run(_compute())


def flagged(url: str, start: datetime, end: datetime) -> Took:
    """Flag a period, as if for the first time."""

    async def _flag() -> Took:
        async with await connect(url) as conn:
            network = await values.read_network(conn)
            await conn.execute("DELETE FROM observation_flags WHERE time >= %s AND time < %s", [start, end])
            began = time.perf_counter()
            await flag_hours(conn, network, start, end)
            return _took(began)

    return asyncio.run(_flag())


def late(url: str, hour: datetime, shift: float) -> Took:
    """Queue an hour of one sound meter as late, whose values it shifts, and compute what that touches."""

    async def _late() -> Took:
        async with await connect(url) as conn:
            [[meter]] = await (await conn.execute(_METER)).fetchall()
            await conn.execute(_SHIFT, [shift, meter, hour, hour + HOUR])
            await conn.execute("INSERT INTO late_hours (datastream_id, hour) VALUES (%s, %s)", [meter, hour])
            began = time.perf_counter()
            counts = await recompute_late(conn, END + SETTLE)
            return _took(began, counts)

    return asyncio.run(_late())


def history(url: str, code: str, start: datetime, end: datetime) -> Took:
    """Compute a long period of one indicator, as `halong indicators run` does."""

    async def _history() -> Took:
        async with await connect(url) as conn:
            began = time.perf_counter()
            run = History((INDICATORS[code],), start, end)
            counts = await compute_history(conn, run, start, lambda _: None)
            return _took(began, counts)

    return asyncio.run(_history())


def _took(began: float, counts: Counts | None = None) -> Took:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Took(time.perf_counter() - began, peak, counts or Counts())


def read_rate(url: str, ids: Sequence[int], start: datetime, end: datetime) -> float:
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


def bare_rate(url: str, ids: Sequence[int], start: datetime, end: datetime) -> float:
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
