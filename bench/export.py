"""What a large answer costs: rows a second, first byte, and the API's peak memory beside what it has at rest.

`make bench-export`. The API runs as a process of its own on loopback, a fresh one for each format; a client
reads each file and throws it away, but for its size. The last line printed is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np
import psutil

from bench.city import DEVICES, PROPERTY, profile, services
from bench.figure import out, steps
from devices.registry import datastream_ids, import_profile
from runtime.local.process import free_port
from storage.migrate import migrate
from storage.observations import OBSERVATION, copy_in, to_microseconds
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import AsyncConnection

INTERVAL_S = 10
START = datetime(2026, 11, 15, tzinfo=UTC)
#: of which format how many rows are asked for at most: a person opens XLSX
MOST = {"csv": None, "parquet": None, "arrow": None, "xlsx": 1_000_000}


@dataclass(frozen=True)
class Took:
    """One answer: seconds to its first byte and to its last, its size, and the API's memory."""

    format: str
    rows: int
    first_byte_s: float
    seconds: float
    megabytes: float
    rest_mb: float
    peak_mb: float


async def _prepare(url: str, datastreams: int, days: int) -> None:
    await migrate(url)
    async with await connect(url) as conn:
        city = profile(-(-datastreams // DEVICES))
        await import_profile(conn, replace(city, gateways=tuple(_every_10_s(g) for g in city.gateways)))
        ids = np.array(sorted((await datastream_ids(conn)).values())[:datastreams], "i4")
        for hour in steps(range(days * 24), f"storing {days} days of {datastreams} datastreams"):
            await _hour(conn, ids, START + timedelta(hours=hour))
        await conn.execute("ANALYZE observations")


def _every_10_s(gateway: object) -> object:
    things = tuple(replace(each, datastreams={PROPERTY: INTERVAL_S}) for each in gateway.things)
    return replace(gateway, things=things)


async def _hour(conn: AsyncConnection[object], ids: np.ndarray, start: datetime) -> None:
    """Store an hour as ingest does: minute by minute, all datastreams beside each other."""
    random = np.random.default_rng(int(start.timestamp()))
    for minute in range(60):
        rows = np.zeros((len(ids), 60 // INTERVAL_S), OBSERVATION)
        begun = to_microseconds(start + timedelta(minutes=minute))
        rows["datastream_id"] = ids[:, None]
        rows["time"] = begun + np.arange(0, 60, INTERVAL_S) * 1_000_000
        rows["value"] = random.normal(20, 3, rows.shape).round(2)
        await copy_in(conn, rows.reshape(-1))


def measured(environment: dict[str, str], datastreams: int, days: int) -> Iterator[Took]:
    """Ask a fresh API process for each format."""
    rows_of_one = days * 86_400 // INTERVAL_S
    for form, most in MOST.items():
        asked = datastreams if most is None else max(1, min(datastreams, most // rows_of_one))
        port = free_port()
        changes = {"HALONG_API_PUBLIC": "true", "HALONG_API_PORT": str(port)}
        command = [sys.executable, "-m", "runtime.cli", "api"]
        process = subprocess.Popen(command, env=environment | changes)
        address = f"http://127.0.0.1:{port}"
        try:
            _wait(address)
            end = START + timedelta(days=days)
            took = _ask(address, psutil.Process(process.pid), form, list(range(1, asked + 1)), end)
            yield replace(took, rows=asked * rows_of_one)
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{address}/health/live", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise TimeoutError(address)


def _ask(address: str, api: psutil.Process, form: str, ids: list[int], end: datetime) -> Took:
    path = f"{address}/v1/observations"
    query = {"format": form, "from": START.isoformat(), "to": end.isoformat(), "datastream": ids}
    # A small one first: what is loaded once is no part of a large one.
    httpx.get(path, params=query | {"datastream": 1, "from": "PT1H"}, trust_env=False).raise_for_status()
    rest = _megabytes(api)
    _forget_peak(api)
    first, size, began = 0.0, 0, time.perf_counter()
    plain = {"accept-encoding": "identity"}
    with httpx.stream("GET", path, params=query, timeout=600, trust_env=False, headers=plain) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw(1 << 20):
            first = first or time.perf_counter() - began
            size += len(chunk)
    seconds = time.perf_counter() - began
    return Took(form, 0, first, seconds, size / 1e6, rest, _peak_megabytes(api))


def _megabytes(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 1e6


def _forget_peak(process: psutil.Process) -> None:
    """Let the kernel count the largest resident set anew (proc(5), clear_refs)."""
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def _peak_megabytes(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 / 1e6


def _line(took: Took) -> str:
    return (
        f"{took.format}: {took.rows:,} rows in {took.seconds:.1f} s "
        f"({took.rows / took.seconds:,.0f} a second), "
        f"first byte after {took.first_byte_s:.2f} s, {took.megabytes:,.0f} MB; "
        f"the API had {took.rest_mb:.0f} MB before and {took.peak_mb:.0f} MB at most"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datastreams", type=int, default=200, help="at most 1,000")
    parser.add_argument("--days", type=int, default=6)
    arguments = parser.parse_args()
    found = []
    with services() as bench:
        url = bench.postgres.ensure_database("export")
        asyncio.run(_prepare(url, arguments.datastreams, arguments.days))
        for took in measured(bench.environment(url), arguments.datastreams, arguments.days):
            found.append(took)
            out.print(_line(took))
    out.print(f"{os.cpu_count()} cores, load averages {psutil.getloadavg()}")
    print(json.dumps({each.format: vars(each) for each in found}))


if __name__ == "__main__":
    main()
