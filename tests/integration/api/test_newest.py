"""The newest values in memory are those of the database, and only what has changed is read again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api.queries import indicators as queries
from tests.integration.api.seed import HOUR
from tests.integration.api.test_api_cache import change

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

LATEST = "/v1/indicators/values/latest?fields=indicator,area,time,value&limit=10000"


async def stored(city: Any) -> list[Any]:
    """What the table has, asked for by hand."""
    cursor = await city.execute(
        """SELECT v.indicator, a.code, to_char(v.time, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), v.value
           FROM latest_values v JOIN areas a ON a.id = v.area_id
           ORDER BY v.indicator COLLATE "C", v.area_id"""
    )
    return [list(row) for row in await cursor.fetchall()]


async def told(client: httpx.AsyncClient) -> list[Any]:
    found: list[Any] = (await client.get(LATEST)).json()["rows"]
    return found


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Which indicators' newest values are read, read by read."""
    real, run = queries.newest_values, []

    async def noted(conn: Any, indicators: Any) -> Any:
        run.append(list(indicators))
        return await real(conn, indicators)

    monkeypatch.setattr(queries, "newest_values", noted)
    return run


async def test_what_is_told_is_what_is_stored_whatever_changes(client: httpx.AsyncClient, city: Any) -> None:
    first = await told(client)
    assert first == await stored(city)
    assert first
    for statement in (
        "UPDATE indicator_values SET value = 77, reason = NULL WHERE indicator = 'vn_aqi_h'",
        f"DELETE FROM indicator_values WHERE time >= '{HOUR - timedelta(hours=2)}'",
        "DELETE FROM indicator_values WHERE indicator = 'vn_aqi_h'",
    ):
        await city.execute(statement)
        assert await told(client) == await stored(city)
    await change(city, "vn_aqi_h", 1, 5.0)
    assert await told(client) == await stored(city)


async def test_only_what_has_changed_is_read_again(
    client: httpx.AsyncClient, city: Any, read: list[list[str]]
) -> None:
    await told(client)
    assert len(read[0]) > 100
    await change(city, "vn_aqi_h", 1, 5.0)
    await told(client)
    await change(city, "rain_1h", 1, 5.0)
    await change(city, "vn_aqi_h", 1, 6.0)
    await asyncio.gather(*(told(client) for _ in range(4)))
    await told(client)
    assert [sorted(each) for each in read[1:]] == [["vn_aqi_h"], ["rain_1h", "vn_aqi_h"]]


async def test_values_from_before_changes_were_counted_are_there(
    client: httpx.AsyncClient, city: Any
) -> None:
    await city.execute("DELETE FROM data_changes WHERE topic LIKE 'values:%'")
    assert await told(client) == await stored(city) != []


async def test_pages_are_the_whole(client: httpx.AsyncClient, app: FastAPI, city: Any) -> None:
    path, pages = LATEST.replace("10000", "2"), []
    while path:
        body = (await client.get(path)).json()
        pages += body["rows"]
        path = body["next"]
    assert pages == await stored(city)
