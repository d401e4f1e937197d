"""How long each query of each dashboard takes over 24 hours, 7 and 30 days of a city.

`make bench-dashboards`, with 100 million observations, takes a quarter of an hour and 25 GB of disk in a
folder of its own, which is removed at the end. Queries are expanded as Grafana does it, for a screen of 1920
pixels and all areas, and sent by the reading role on one open connection; their rows are received. Each has
another text whenever Grafana sends it, so PostgreSQL plans it each time. The English dashboards send the same
with other names and are left out. The limit is a bare SELECT of as many rows of the same width. The last line
printed is one JSON object: of each dashboard and of all the slowest query, in ms.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import psutil
import psycopg
from psycopg.conninfo import make_conninfo
from rich.box import SIMPLE
from rich.table import Table

from bench.city import services
from bench.dashboards_city import COPIES, DAYS, fill
from bench.figure import Figure, out, show, steps
from dashboards.grafana.links import UIDS
from dashboards.grafana.targets import Target, targets
from dashboards.macros import ALL, Context, Variable, expand, interval, seconds
from dashboards.role import READER, ensure_reader
from devices.credentials import new_password
from storage.pool import connect

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from bench.city import Bench

    Connection = psycopg.Connection[Any]

#: what is looked at; the last is the one of the aim
SPANS = {"24 h": timedelta(hours=24), "7 d": timedelta(days=7), "30 d": timedelta(days=DAYS)}
AIM_MS = 300
RUNS = 3
_SCREEN = 1920
_COLUMNS = 24
_BARE = "SELECT repeat('x', {width}) FROM generate_series(1, {rows})"
_DATABASE = "dashboards"
_VIETNAMESE = frozenset(uids["vi"] for uids in UIDS.values())


@dataclass(frozen=True)
class Took:
    """One query over one length of time: its rows, and ms of the first run, of warm ones and of the limit."""

    target: Target
    rows: int
    first_ms: float
    warm_ms: tuple[float, ...]
    limit_ms: tuple[float, ...]

    @property
    def ms(self) -> float:
        """The median of the warm runs."""
        return median(self.warm_ms)


def measure(
    bench: Bench, rows: int, copies: int = COPIES, boards: Sequence[str] = (), days: int = DAYS
) -> dict[str, Figure]:
    """Fill a database unless it is kept, run every query, print tables, and return the slowest by dashboard.

    Args:
        bench: running services.
        rows: observations, about.
        copies: of the profile's city.
        boards: keys of dashboards; empty: all.
        days: that there is something of.
    """
    reader = _reader(bench, _filled(bench, rows, copies, days))
    chosen = [t for t in targets() if t.board in _VIETNAMESE and _is_of(t, boards)]
    with psycopg.connect(reader, autocommit=True) as conn:
        variables = _variables(conn)
        found = {name: _span(conn, chosen, name, length, variables) for name, length in SPANS.items()}
    for name, took in found.items():
        _print(name, took)
    return _figures(found)


def _is_of(target: Target, boards: Sequence[str]) -> bool:
    return not boards or any(target.board == UIDS[key]["vi"] for key in boards)


def _filled(bench: Bench, rows: int, copies: int, days: int) -> str:
    with psycopg.connect(bench.postgres.dsn("postgres"), autocommit=True) as conn:
        exists = conn.execute("SELECT FROM pg_database WHERE datname = %s", [_DATABASE]).fetchone()
    url = bench.postgres.ensure_database(_DATABASE)
    if exists is None:
        began = time.perf_counter()
        stored = asyncio.run(fill(url, rows, copies, days))
        out.print(f"stored {stored:,} observations of {days} days in {time.perf_counter() - began:.0f} s")
    return url


def _reader(bench: Bench, url: str) -> str:
    password = new_password()

    async def ensure() -> None:
        async with await connect(url) as conn:
            await ensure_reader(conn, password)

    asyncio.run(ensure())
    return make_conninfo(bench.postgres.dsn(_DATABASE), user=READER, password=password)


def _variables(conn: Connection) -> Mapping[str, Variable]:
    """Return the dashboards' variables as they open: all areas, VN_AQI."""
    keys = tuple(row[0] for row in conn.execute("SELECT key FROM dashboard_areas ORDER BY area_id"))
    return {
        "area": Variable((ALL,), multi=True, options=keys),
        "domain": Variable("every"),
        "indicator": Variable("vn_aqi_h"),
    }


def _span(
    conn: Connection,
    chosen: Iterable[Target],
    name: str,
    length: timedelta,
    variables: Mapping[str, Variable],
) -> list[Took]:
    took = []
    for target in steps(list(chosen), f"asking for {name}"):
        end = datetime.now(UTC)
        context = Context(end - length, end, _interval(target, length), variables)
        took.append(_took(conn, target, expand(target.sql, context)))
    return took


def _interval(target: Target, length: timedelta) -> timedelta:
    least = timedelta(seconds=seconds(target.least or "1s"))
    return interval(length, _SCREEN * target.width // _COLUMNS, least)


def _took(conn: Connection, target: Target, query: str) -> Took:
    first, rows, size = _run(conn, query)
    warm = tuple(_run(conn, query)[0] for _ in range(RUNS))
    bare = _BARE.format(width=size // max(rows, 1), rows=rows)
    return Took(target, rows, first, warm, tuple(_run(conn, bare)[0] for _ in range(RUNS)))


def _run(conn: Connection, query: str) -> tuple[float, int, int]:
    """Return milliseconds until all rows are here, how many they are and their bytes.

    Raises:
        RuntimeError: the query fails, or takes as long as the role's queries may.
    """
    began = time.perf_counter()
    result = conn.pgconn.exec_(query.encode())
    took = (time.perf_counter() - began) * 1000
    if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
        raise RuntimeError(f"{result.error_message.decode(errors='replace').strip()}: {query}")
    return took, result.ntuples, sum(_size(result, row) for row in range(result.ntuples))


def _size(result: psycopg.pq.abc.PGresult, row: int) -> int:
    return sum(len(result.get_value(row, column) or b"") for column in range(result.nfields))


def _print(name: str, took: Iterable[Took]) -> None:
    table = Table(box=SIMPLE, title=f"over {name}, the slowest first, ms")
    for heading in ("dashboard", "query"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for heading in ("rows", "ms", "first", "limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for t in sorted(took, key=lambda t: -t.ms):
        numbers = (f"{t.rows:,}", f"{t.ms:.1f}", f"{t.first_ms:.1f}", f"{median(t.limit_ms):.1f}")
        table.add_row(t.target.board, t.target.where, *numbers)
    out.print(table)


def _figures(found: Mapping[str, Sequence[Took]]) -> dict[str, Figure]:
    *shorter, (_, longest) = found.items()
    by_board: dict[str, list[Took]] = {}
    for took in longest:
        by_board.setdefault(took.target.board, []).append(took)
    figures = {board: _slowest(took, "30 d") for board, took in by_board.items()}
    figures |= {f"all_{name.replace(' ', '')}": _slowest(took, name) for name, took in shorter}
    return figures | {"all": _slowest(longest, "30 d")}


def _slowest(took: Iterable[Took], name: str) -> Figure:
    slowest = max(took, key=lambda t: t.ms)
    what = f"{slowest.target.board}, {slowest.target.where}, over {name}, ms; limit: a bare SELECT"
    return Figure(list(slowest.warm_ms), list(slowest.limit_ms), what, f"< {AIM_MS} ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run this bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000_000, help="observations (default 100_000_000)")
    parser.add_argument("--copies", type=int, default=COPIES, help=f"of the city (default {COPIES})")
    parser.add_argument("--boards", nargs="*", default=(), choices=list(UIDS), help="these dashboards alone")
    parser.add_argument("--keep", type=Path, help="folder that is kept, and not filled again the next time")
    options, began = parser.parse_args(arguments), psutil.getloadavg()
    with services(options.keep) as bench:
        show(measure(bench, options.rows, options.copies, options.boards), began)


if __name__ == "__main__":
    main()
