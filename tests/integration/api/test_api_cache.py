"""ETag and Last-Modified change exactly when the data do; kept answers are those that still hold."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from analytics.indicator import INDICATORS
from analytics.results import Value
from analytics.values import store
from api import keys
from api.app import create_app
from api.cache import AnswerCache, Kept, Validator
from api.queries import indicators
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.seed import HOUR
from tests.integration.city import batch

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI


def at(hours: int) -> str:
    return f"{HOUR - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


DAY = f"period={at(24)}/{at(0)}"
PATHS = (
    f"/v1/indicators/values?indicator=vn_aqi_h&area=193&{DAY}",
    f"/v1/indicators/values?indicator=vn_aqi_h&area=193&shape=compact&{DAY}",
    f"/v1/indicators/vn_aqi_h/values?area=193&{DAY}",
    "/v1/indicators/values/latest?indicator=vn_aqi_h&area=193",
    f"/v1/indicators/vn_aqi_h/comparison?area=193&{DAY}",
    f"/v1/indicators/vn_aqi_h/revisions?area=193&time={at(2)}",
)


async def change(conn: Any, code: str, hours: int, value: float) -> None:
    """Store another revision of area 193, as analytics does."""
    area = (await (await conn.execute("SELECT id FROM areas WHERE code = '193'")).fetchone())[0]
    row = (INDICATORS[code], area, HOUR - timedelta(hours=hours), Value(value, 1.0, None, None, {}))
    async with conn.transaction():
        await store(conn, batch([row]))


def cached(app: FastAPI, result: str) -> float:
    return app.state.metrics.registry.get_sample_value("halong_api_cache_total", {"result": result}) or 0.0


@pytest.mark.parametrize("path", PATHS)
async def test_the_tag_changes_exactly_when_the_data_do(
    client: httpx.AsyncClient, city: Any, path: str
) -> None:
    first = await client.get(path)
    assert first.status_code == 200, first.text
    assert (await client.get(path)).headers["etag"] == first.headers["etag"]
    await change(city, "rain_1h", 2, 5.0)
    assert (await client.get(path)).headers["etag"] == first.headers["etag"]
    hours = 1 if "latest" in path else 2
    await change(city, "vn_aqi_h", hours, 99.0)
    changed = await client.get(path)
    assert changed.headers["etag"] != first.headers["etag"]
    assert "99.0" in changed.text
    unchanged = await client.get(path, headers={"If-None-Match": changed.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


async def test_another_area_or_another_day_leaves_the_tag_as_it_is(
    client: httpx.AsyncClient, city: Any
) -> None:
    path = f"/v1/indicators/values?indicator=vn_aqi_h&area=22&{DAY}"
    first = await client.get(path)
    await change(city, "vn_aqi_h", 2, 99.0)
    await change(city, "vn_aqi_h", 200, 99.0)
    assert (await client.get(path)).headers["etag"] == first.headers["etag"]


async def test_a_value_changed_by_hand_is_noticed_too(client: httpx.AsyncClient, city: Any) -> None:
    for path in PATHS[:4]:
        await client.get(path)
    await city.execute("UPDATE indicator_values SET value = 77, reason = NULL WHERE indicator = 'vn_aqi_h'")
    for path in PATHS[:4]:
        assert "77.0" in (await client.get(path)).text
    await city.execute("DELETE FROM indicator_values WHERE indicator = 'vn_aqi_h'")
    for path in PATHS[:4]:
        assert "77.0" not in (await client.get(path)).text


async def test_names_and_declarations_are_data_too(client: httpx.AsyncClient, city: Any) -> None:
    for path in PATHS[:3]:
        first = await client.get(path)
        await city.execute("UPDATE areas SET name_en = name_en || '!' WHERE code = '193'")
        assert (await client.get(path)).headers["etag"] != first.headers["etag"]
    await city.execute("UPDATE indicators SET name_en = 'Air' WHERE code = 'vn_aqi_h'")
    assert '"Air"' in (await client.get(PATHS[0])).text


async def test_what_has_not_changed_is_answered_from_memory(app: FastAPI, client: httpx.AsyncClient) -> None:
    answers = [await client.get(PATHS[0]) for _ in range(3)]
    assert (cached(app, "miss"), cached(app, "hit")) == (1, 2)
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].headers.items() - answers[1].headers.items() == {
        ("x-request-id", answers[0].headers["x-request-id"])
    }
    tag = answers[0].headers["etag"]
    again = await client.get(PATHS[0], headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert cached(app, "not_modified") == 1
    assert "content-length" not in again.headers
    routes = {labels["route"] for labels in requests(app)}
    assert routes == {"/v1/indicators/values"}


def requests(app: FastAPI) -> list[dict[str, str]]:
    return [
        sample.labels
        for family in app.state.metrics.registry.collect()
        if family.name == "halong_api_requests"
        for sample in family.samples
    ]


async def test_encodings_and_forms_are_kept_apart(client: httpx.AsyncClient) -> None:
    for encoding in ("gzip", "identity", "gzip", "zstd", "zstd"):
        answer = await client.get(PATHS[0], headers={"Accept-Encoding": encoding})
        assert answer.json()["items"]
        assert answer.headers.get("content-encoding", "identity") == encoding
    assert (await client.get(PATHS[0], headers={"Accept": "text/csv"})).text.startswith("indicator,")
    assert (await client.get(PATHS[0])).headers["content-type"] == "application/json"


async def test_processes_of_one_database_agree(
    client: httpx.AsyncClient, city: Any, database_url: str
) -> None:
    other_app = create_app(Settings.model_validate({"database_url": database_url, "api_public": True}))
    async with other_app.router.lifespan_context(other_app), client_of(other_app) as other:
        for path in PATHS:
            assert (await client.get(path)).headers["etag"] == (await other.get(path)).headers["etag"]
        await change(city, "vn_aqi_h", 2, 88.0)
        for path in PATHS[:3]:
            one, two = await client.get(path), await other.get(path)
            assert one.headers["etag"] == two.headers["etag"]
            assert "88.0" in one.text
            assert two.content == one.content


async def test_those_who_ask_together_all_see_a_change(client: httpx.AsyncClient, city: Any) -> None:
    for value in range(200, 206):
        await change(city, "vn_aqi_h", 2, float(value))
        answers = await asyncio.gather(*(client.get(PATHS[0]) for _ in range(8)))
        assert all(f"{value}.0" in answer.text for answer in answers)


@pytest.fixture
def queries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries for values that are run, each of which takes a moment."""
    real, run = indicators.values, []

    async def slow(conn: Any, *arguments: Any, **named: Any) -> Any:
        run.append(f"query {len(run)}")
        found = await real(conn, *arguments, **named)
        await asyncio.sleep(0.3)
        return found

    monkeypatch.setattr(indicators, "values", slow)
    return run


async def test_those_who_ask_the_same_at_once_share_one_query(
    client: httpx.AsyncClient, city: Any, queries: list[str]
) -> None:
    for asked in range(1, 3):  # with an empty memory, and after a change
        answers = await asyncio.gather(*(client.get(PATHS[0]) for _ in range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8
        assert len({answer.content for answer in answers}) == 1
        assert len(queries) == asked
        await change(city, "vn_aqi_h", 2, 90.0 + asked)
    await asyncio.gather(client.get(PATHS[0]), client.get(PATHS[1]))
    assert len(queries) == 2 + 2  # other addresses do not wait


async def test_who_waits_for_an_answer_does_not_get_what_has_changed_since(
    client: httpx.AsyncClient, city: Any, queries: list[str]
) -> None:
    first = asyncio.create_task(client.get(PATHS[0]))
    while not queries:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.15)  # it has read
    await change(city, "vn_aqi_h", 2, 99.0)
    second = await client.get(PATHS[0])
    assert "99.0" in second.text
    assert "99.0" not in (await first).text


async def test_who_waits_for_an_answer_that_fails_asks_for_itself(
    client: httpx.AsyncClient, queries: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = indicators.values

    async def once(conn: Any, *arguments: Any, **named: Any) -> Any:
        found = await slow(conn, *arguments, **named)
        if len(queries) == 1:
            raise RuntimeError
        return found

    monkeypatch.setattr(indicators, "values", once)
    answers = await asyncio.gather(*(client.get(PATHS[0]) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 500]


async def test_who_may_not_read_gets_nothing_of_what_is_being_made(
    database_url: str, city: Any, queries: list[str]
) -> None:
    app = create_app(Settings.model_validate({"database_url": database_url}))
    text, _ = await keys.create(city, "planning")
    keyed, stranger = (client_of(app, **{"x-api-key": each}) for each in (text, text[:-1] + "?"))
    async with app.router.lifespan_context(app), keyed, stranger:
        answers = await asyncio.gather(keyed.get(PATHS[0]), stranger.get(PATHS[0]))
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_last_modified_is_when_the_newest_value_was_computed(
    client: httpx.AsyncClient, city: Any
) -> None:
    await city.execute("UPDATE data_changes SET changed_at = now() - interval '3 days'")
    await city.execute(
        "UPDATE indicator_values SET computed_at = date_trunc('day', now()) - interval '1 day'"
    )
    first = await client.get(PATHS[0])
    modified = parsedate_to_datetime(first.headers["last-modified"])
    assert modified == datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=1
    )
    since = await client.get(PATHS[0], headers={"If-Modified-Since": first.headers["last-modified"]})
    assert since.status_code == 304
    await change(city, "vn_aqi_h", 2, 99.0)
    changed = await client.get(PATHS[0], headers={"If-Modified-Since": first.headers["last-modified"]})
    assert changed.status_code == 200
    assert "last-modified" not in changed.headers  # another change in this second could not be told from it


async def test_how_long_an_answer_may_be_used(client: httpx.AsyncClient, city: Any, app: FastAPI) -> None:
    path = "/v1/indicators/values?indicator=vn_aqi_h&"
    running = await client.get(path + "period=P1D")
    assert running.headers["cache-control"] == "public, no-cache"
    closed = await client.get(path + "period=2026-01")
    assert closed.headers["cache-control"] == "public, max-age=60"
    known = await client.get(path + "period=2026-01&as_of=2026-02-01")
    assert known.headers["cache-control"] == "public, max-age=86400"
    text, _ = await keys.create(city, "planning")
    async with client_of(app, authorization=f"Bearer {text}") as keyed:
        assert (await keyed.get(path + "period=2026-01")).headers["cache-control"] == "private, max-age=60"
    for answer in (running, await client.get(path + "period=P1D")):
        varies = [each.strip() for each in answer.headers["vary"].split(",")]
        assert sorted(varies) == ["Accept", "Accept-Encoding", "Authorization", "Cookie", "X-API-Key"]


async def test_a_kept_answer_is_only_for_who_may_read(database_url: str, city: Any) -> None:
    app = create_app(Settings.model_validate({"database_url": database_url}))
    text, key = await keys.create(city, "planning")
    anyone, keyed = client_of(app), client_of(app, **{"x-api-key": text})
    async with app.router.lifespan_context(app), anyone, keyed:
        first = [await keyed.get(PATHS[0]) for _ in range(2)]
        assert [each.status_code for each in first] == [200, 200]
        assert cached(app, "hit") == 1
        assert (await anyone.get(PATHS[0])).status_code == 401
        await keys.revoke(city, key.prefix)
        assert (await keyed.get(PATHS[0])).status_code == 401


async def test_without_a_cache_everything_is_made(database_url: str, city: Any) -> None:
    settings = Settings.model_validate({"database_url": database_url, "api_public": True, "api_cache_mb": 0})
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        tags = {(await client.get(PATHS[0])).headers["etag"] for _ in range(2)}
    assert len(tags) == 1
    assert (cached(app, "hit"), len(app.state.cache)) == (0, 0)


def kept(size: int) -> Kept:
    return Kept(Validator((), ()), [], b"x" * size, None)


def key(number: int) -> Any:
    return (f"/{number}", b"", "", "", False)


def test_the_cache_is_bounded_and_drops_what_was_used_least_recently() -> None:
    cache = AnswerCache(100_000)
    for number in range(20):
        cache.keep(key(number), kept(8_000))
        cache.find(key(0))
    assert cache.bytes <= 100_000
    assert len(cache) == 10
    assert cache.find(key(0)) is not None
    assert cache.find(key(1)) is None
    cache.keep(key(0), kept(50_000))
    found = cache.find(key(0))
    assert found is not None
    assert found.body is None  # too large to keep; that it has not changed can still be told
