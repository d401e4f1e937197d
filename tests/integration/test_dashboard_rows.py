"""Every query of every dashboard, expanded as Grafana does it, has rows of a simulated city."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from dashboards.grafana import boards
from dashboards.grafana.of_district import districts
from dashboards.grafana.place import Place
from dashboards.macros import ALL, Context, Variable, expand
from storage.pool import connect
from tests.conftest import _create, _drop, _with_database
from tests.integration.dashboard_city import TARGETS, fill, reader_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from psycopg import AsyncConnection

    from dashboards.grafana.targets import Target

BOARDS = boards()
every_board = pytest.mark.parametrize("board", list(BOARDS))


@pytest.fixture(scope="module")
def city_url(postgres_dsn: str, template: str) -> Iterator[str]:
    """The address of a simulated city's database."""
    name = f"halong_dashboards_{os.getpid()}"
    _create(postgres_dsn, name, template)
    url = _with_database(postgres_dsn, name)
    asyncio.run(_fill(url))
    yield url
    _drop(postgres_dsn, name)


async def _fill(url: str) -> None:
    async with await connect(url) as conn:
        await fill(conn)


@pytest.fixture
async def reader(city_url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with await connect(city_url) as conn, reader_of(conn) as connection:
        yield connection


@pytest.fixture
async def context(reader: AsyncConnection[Any]) -> Context:
    """The last day of all areas."""
    cursor = await reader.execute("SELECT key FROM dashboard_areas ORDER BY area_id")
    keys = tuple(row[0] for row in await cursor.fetchall())
    variables = {
        "area": Variable((ALL,), multi=True, options=keys),
        "domain": Variable("every"),
        "indicator": Variable("vn_aqi_h"),
    }
    now = datetime.now(UTC)
    return Context(now - timedelta(hours=24), now, timedelta(minutes=5), variables)


@every_board
async def test_every_query_has_rows_at_every_zoom(
    board: str, reader: AsyncConnection[Any], context: Context
) -> None:
    """As it opens, over a month and over a year; of the period before there is only that before a day."""
    opened = timedelta(hours=24 if _span(board) == "24h" else 3 if _span(board) == "3h" else 48)
    zooms = [
        Context(context.end - length, context.end, interval, context.variables)
        for length, interval in (
            (opened, timedelta(minutes=5)),
            (timedelta(days=30), timedelta(hours=1)),
            (timedelta(days=365), timedelta(hours=12)),
        )
    ]
    for target in (t for t in TARGETS if t.board == board):
        for zoom in zooms[: 1 if "b.name" in target.sql else None]:
            cursor = await reader.execute(expand(target.sql, zoom).encode())
            rows, columns = await cursor.fetchall(), [c.name for c in cursor.description or ()]
            assert any(value is not None for row in rows for value in row[-1:]), f"{target} is empty"
            _check_columns(target, columns, rows)


@every_board
async def test_a_ward_of_today_has_its_districts_values(
    board: str, reader: AsyncConnection[Any], context: Context
) -> None:
    """Bãi Cháy is a ward since 2025; the district Hạ Long answers for it."""
    ward = {**context.variables, "area": Variable(("06673@2025-07-01",), multi=True)}
    here = Context(context.end - timedelta(hours=48), context.end, context.interval, ward)
    shown = [
        t for t in TARGETS if t.board == board and "JOIN indicator_values" in t.sql and "b.name" not in t.sql
    ]
    for target in shown:
        rows = await (await reader.execute(expand(target.sql, here).encode())).fetchall()
        assert rows, f"{target} has no rows"
        name = rows[0][1] if target.form == "time_series" else rows[0][0]
        assert name.startswith(("Thành phố Hạ Long (Phường Bãi Cháy)", "Ha Long City (Bai Chay Ward)"))


async def test_a_districts_own_dashboard_offers_it_and_its_units(
    reader: AsyncConnection[Any], context: Context
) -> None:
    """Cô Tô, whose one unit of 2025 is the special zone."""
    (district,) = districts(["207"], "quang_ninh")
    own = district.boards(Place.of())
    assert list(own) == ["halong-207-vi", "halong-207-en"]
    area = own["halong-207-vi"]["templating"]["list"][0]
    rows = await (await reader.execute(expand(area["query"], context).encode())).fetchall()
    assert rows == [
        ("Huyện Cô Tô (đến 2025-07-01)", "207@2020-01-01"),
        ("\u2003Đặc khu Cô Tô", "07192@2025-07-01"),
    ]
    assert area["current"]["value"] == [rows[0][1]]
    assert own["halong-207-vi"]["links"][1]["url"] == "/d/halong-207-en"


async def test_no_query_scans_observations_of_all_datastreams(
    reader: AsyncConnection[Any], context: Context
) -> None:
    """The key starts with the datastream: a chunk must be entered by it, unless a rollup is asked."""
    for target in TARGETS:
        explained = await reader.execute(f"EXPLAIN {expand(target.sql, context)}".encode())
        plan = "\n".join(row[0] for row in await explained.fetchall())
        if "observations_hourly" not in target.sql:
            assert not re.search(r"Seq Scan on (observations|_hyper_1_\d+_chunk)", plan), f"{target}\n{plan}"


def _span(board: str) -> str:
    opened: str = BOARDS[board]["time"]["from"]
    return opened.removeprefix("now-")


def _check_columns(target: Target, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    if target.form == "variable":
        assert columns == ["__text", "__value"]
    if target.form == "annotation":
        assert columns == ["time", "timeEnd", "text", "tags"]
        assert all(row[0] <= row[1] and row[2] for row in rows), target
    if target.form == "time_series":
        times = [row[columns.index("time")] for row in rows]
        assert times == sorted(times), f"{target} is not in order of time"
        assert all(isinstance(t, datetime) for t in times)
