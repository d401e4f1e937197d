"""How fast the API answers, each figure beside its limit of the same run: `make bench-api`.

A city with a year of values and a week of observations is asked over loopback by wrk, one process of the
API. The limit of a request is the same server answering bytes of the same size that it holds ready, with a
tag that is ready as well where the answer is one from memory; of a question to the database, PostgreSQL's own
time for it. Latencies are of requests on schedule at half of the greatest rate. The last line printed is one
JSON object, {name: {"ours", "limit", "ratio"}}.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from bench import api_city
from bench.city import Bench, services
from bench.figure import Figure, show, steps
from bench.http_load import greatest_rate, waits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_START_S = 60.0


_SPAN = f"from={api_city.LAST - api_city.WEEK:%Y-%m-%dT%H:%M:%SZ}&to={api_city.LAST:%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Question:
    """What is asked of the API, and what the database is asked for it."""

    name: str
    what: str
    path: str
    query: str
    #: whether finished answers are kept
    is_kept: bool = True


QUESTIONS = (
    Question(
        name="days",
        what="a year of daily values of one indicator for 13 districts",
        path="/v1/indicators/pm2_5_d/values?level=district&from=2025-11-21&to=2026-11-20&limit=10000",
        query=api_city.DAYS,
    ),
    Question(
        name="small",
        what="the same as small rows (shape=compact)",
        path="/v1/indicators/pm2_5_d/values?level=district&from=2025-11-21&to=2026-11-20&shape=compact",
        query=api_city.DAYS,
    ),
    Question(
        name="map",
        what="the newest value of every indicator in every area, what a map needs",
        path="/v1/indicators/values/latest?fields=indicator,area,value,category&limit=10000",
        query=api_city.LATEST,
    ),
    Question(
        name="week",
        what="a week of one datastream, 60,480 readings, as 800 points",
        path=f"/v1/observations?thing={{thing}}&property={{property}}&points=800&{_SPAN}",
        query=api_city.READINGS,
        is_kept=False,
    ),
)


@dataclass(frozen=True)
class Places:
    """Addresses: of the API with and without memory for answers, of constant answers, of the database."""

    kept: str
    made: str
    constant: str
    database: str


@contextmanager
def serving(module: Sequence[str], bench: Bench, url: str, **settings: str) -> Iterator[str]:
    """Run a server in a process of its own and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings |= {"HALONG_API_PORT": str(port), "HALONG_API_PUBLIC": "true"}
    process = subprocess.Popen([sys.executable, "-m", *module], env=bench.environment(url, **settings))
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(f"{address}/health/ready", process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  (our own address)
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not start: its log says why")


def measure(bench: Bench, runs: int, seconds: int, readings: int) -> dict[str, Figure]:
    """Measure everything over a city of its own.

    Args:
        bench: running services.
        runs: of each figure.
        seconds: of each run.
        readings: in the large file, about.
    """
    url = bench.postgres.ensure_database("api")
    city = asyncio.run(api_city.fill(url, readings))
    api = ["runtime.cli", "api", "--no-console"]
    found: dict[str, Figure] = {}
    with (
        tempfile.TemporaryDirectory(prefix="halong-bench-") as name,
        serving(api, bench, url) as kept,
        serving(api, bench, url, HALONG_API_CACHE_MB="0") as made,
    ):
        for question in QUESTIONS:
            Path(name, question.name).write_bytes(fetched(made + city.address(question.path)))
        with serving(["bench.constant", name], bench, url) as constant:
            places = Places(kept, made, constant, url)
            for question in steps(QUESTIONS, "asking"):
                for _ in range(runs):
                    _ask(found, question, city, places, seconds)
        _parquet(found, city, made, url, runs)
    return found


def _ask(
    found: dict[str, Figure], question: Question, city: api_city.City, places: Places, seconds: int
) -> None:
    name, path, constant = question.name, city.address(question.path), f"/v1/constant/made/{question.name}"
    what = question.what
    if question.is_kept:
        kept = greatest_rate(places.kept, path, seconds)
        most = greatest_rate(places.constant, f"/v1/constant/kept/{name}", seconds)
        _figure(found, f"{name}_kept_per_s", f"{what}, from memory", "≥ 0.4").add(kept, most)
        what = "the same, made for each request"
    rate, most = greatest_rate(places.made, path, seconds), greatest_rate(places.constant, constant, seconds)
    _figure(found, f"{name}_made_per_s", what, "≥ 0.25").add(rate, most)
    took, bare = (
        waits(each, target, rate / 2, seconds)
        for each, target in ((places.made, path), (places.constant, constant))
    )
    for share, aim in ((50, ""), (99, "< 20 ms")):
        figure = _figure(found, f"{name}_p{share}_ms", "made, on schedule at half of that rate", aim)
        figure.add(float(np.percentile(took, share)), float(np.percentile(bare, share)))
    one = min(_timed(places.made + path) for _ in range(5)) * 1000
    figure = _figure(found, f"{name}_alone_ms", "one made alone; limit: PostgreSQL's own time for its query")
    figure.add(one, city.query_ms(places.database, question.query))


def _figure(found: dict[str, Figure], name: str, what: str, aim: str = "") -> Figure:
    return found.setdefault(name, Figure(what=what, aim=aim))


def _timed(address: str) -> float:
    began = time.perf_counter()
    fetched(address)
    return time.perf_counter() - began


def fetched(address: str) -> bytes:
    """Return the body of an answer."""
    with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310  (our own address)
        body: bytes = answer.read()
    return body


def _parquet(found: dict[str, Figure], city: api_city.City, address: str, url: str, runs: int) -> None:
    what = f"{city.readings:,} readings as Parquet; limit: the bare COPY of them by libpq"
    figure = _figure(found, "parquet_s", what)
    since, until = f"{city.since:%Y-%m-%dT%H:%M:%SZ}", f"{api_city.LAST:%Y-%m-%dT%H:%M:%SZ}"
    path = f"/v1/observations?property={city.property}&from={since}&to={until}&format=parquet"
    for _ in steps(range(runs), "parquet"):
        figure.add(_timed(address + path), city.copy_s(url))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        prog="make bench-api", description=__doc__, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure (default 3)")
    parser.add_argument("--seconds", type=int, default=5, help="of each run (default 5)")
    parser.add_argument(
        "--readings", type=int, default=1_000_000, help="in the Parquet file (default 1,000,000)"
    )
    options, began = parser.parse_args(arguments), psutil.getloadavg()
    with services() as bench:
        found = measure(bench, options.runs, options.seconds, options.readings)
    show(found, began)


_EXAMPLES = """\
examples:
  make bench-api                                                 about five minutes
  make bench-api ARGS="--runs 1 --seconds 2 --readings 100000"   quickly: does it work?
Each needs an otherwise idle machine.
"""

if __name__ == "__main__":
    main()
