"""Keys confined to areas: what they share with nobody, and what becomes of it when they change."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.app import create_app
from runtime.settings import Settings
from storage import migrate
from storage.pool import connect
from tests.integration.api.conftest import client_of
from tests.integration.api.streams import HOUR, following, serving, told, write
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

VALUES = "/v1/indicators/vn_aqi_h/values?limit=1000"
RAW = {"what": "observations", "format": "csv", "property": ["pm2_5"], "period": "P1D"}


@pytest.fixture
async def app(database_url: str, city: AsyncConnection[Any], tmp_path: Path) -> AsyncIterator[FastAPI]:
    settings = {"database_url": database_url, "export_dir": tmp_path, "api_rate_limit_key": 1000}
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


async def made(
    app: FastAPI, conn: AsyncConnection[Any], role: str = "operator", **more: Any
) -> tuple[httpx.AsyncClient, str]:
    """Return a client with a key of its own, and the key's prefix."""
    text, key = await keys.create(conn, "somebody", role, **more)
    return client_of(app, authorization=f"Bearer {text}"), key.prefix


async def areas_of(client: httpx.AsyncClient) -> set[str]:
    answer = await client.get(VALUES)
    assert answer.status_code == 200, answer.text
    return {item["area"] for item in answer.json()["items"]}


async def test_kept_answers_are_shared_by_those_of_the_same_areas_alone(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    everywhere, _ = await made(app, city, "planner")
    confined, _ = await made(app, city, areas=["193"])
    beside, _ = await made(app, city, "planner", areas=["193"])
    elsewhere, _ = await made(app, city, areas=["194"])
    expected = [(everywhere, {"22", "193"}), (confined, {"193"}), (beside, {"193"}), (elsewhere, set())]
    for _ in range(2):
        for client, areas in expected:
            assert await areas_of(client) == areas
    assert sorted(len(key) for key in app.state.cache._kept) == [6, 6, 6]


async def test_of_those_who_ask_at_once_each_gets_its_own_areas(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    clients = [(await made(app, city, areas=area))[0] for area in (None, ["193"], ["194"])] * 5
    found = await asyncio.gather(*(areas_of(client) for client in clients))
    assert found == [{"22", "193"}, {"193"}, set()] * 5


async def test_a_ward_is_answered_by_its_district_and_reaches_nothing_else_of_it(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    ward, _ = await made(app, city, areas=["06652"])
    found = (await ward.get("/v1/indicators/vn_aqi_h/values?area=06652&limit=1000")).json()
    assert {(each["area"], *each["stands_for"]) for each in found["items"]} == {("193", "06652")}
    newest = (await ward.get("/v1/indicators/values/latest?area=06652&indicator=vn_aqi_h")).json()
    assert {(each["area"], *each["stands_for"]) for each in newest["items"]} == {("193", "06652")}
    assert_problem(await ward.get("/v1/indicators/vn_aqi_h/values?area=193"), 422, "invalid-parameter")
    missing = await ward.get("/v1/indicators/vn_aqi_h/revisions?area=06652")
    assert "did_you_mean" not in assert_problem(missing, 404, "not-found")
    assert [each["code"] for each in (await ward.get("/v1/things")).json()["items"]] == ["ha-long-air-1"]
    assert [each["code"] for each in (await ward.get("/v1/areas")).json()["items"]] == ["06652"]


async def test_a_district_of_before_reaches_its_wards_of_today(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    district, _ = await made(app, city, areas=["193"])
    codes = {each["code"] for each in (await district.get("/v1/areas?limit=1000")).json()["items"]}
    assert {"193", "06652", "06673"} <= codes
    assert not {"22", "194"} & codes


async def test_status_counts_what_is_in_reach(app: FastAPI, city: AsyncConnection[Any]) -> None:
    everywhere, confined = (await made(app, city))[0], (await made(app, city, areas=["193"]))[0]
    whole, part = [(await each.get("/v1/status")).json() for each in (everywhere, confined)]
    assert [(each["counts"]["gateways"], each["counts"]["things"]) for each in (whole, part)] == [
        (4, 3),
        (2, 2),
    ]
    assert [sum(each["gateways"].values()) for each in (whole, part)] == [4, 2]
    refusals = [(await each.get("/v1/refusals")).json()["items"] for each in (everywhere, confined)]
    assert [{each["gateway"] for each in found} for found in refusals] == [
        {"ha-long-1", "gw-stranger"},
        {"ha-long-1"},
    ]


async def test_a_key_that_changes_may_at_its_next_request(app: FastAPI, city: AsyncConnection[Any]) -> None:
    client, prefix = await made(app, city, "planner")
    assert_problem(await client.get("/v1/things"), 403, "forbidden")
    await keys.change(city, prefix, role="installer", areas=["194"], rate=None)
    assert [each["code"] for each in (await client.get("/v1/things")).json()["items"]] == ["mong-cai-air-1"]
    assert await areas_of(client) == set()
    with pytest.raises(ValueError, match="no area '999'"):
        await keys.change(city, prefix, role="installer", areas=["999"], rate=None)
    with pytest.raises(LookupError, match="halong keys list"):
        await keys.change(city, "nothing", role="installer", areas=None, rate=None)


async def test_a_key_has_the_rate_that_it_was_given(app: FastAPI, city: AsyncConnection[Any]) -> None:
    slow, _ = await made(app, city, rate=3)
    usual, _ = await made(app, city)
    answers = [await slow.get("/v1/areas") for _ in range(5)]
    assert [each.status_code for each in answers] == [200] * 4 + [429]  # the first one is the address's
    assert answers[1].headers["ratelimit-policy"] == '"key";q=3;w=60'
    await usual.get("/v1/areas")
    assert (await usual.get("/v1/areas")).headers["ratelimit-policy"] == '"key";q=1000;w=60'


async def test_an_export_holds_what_its_owner_reached_and_is_gone_with_the_areas(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    await city.execute(
        """INSERT INTO observations (datastream_id, time, value, quality)
           SELECT d.id, now() - interval '1 hour', 5, 0
           FROM datastreams d JOIN things t ON t.id = d.thing_id WHERE t.code = 'mong-cai-air-1'"""
    )
    client, prefix = await made(app, city, areas=["193"])
    export = (await client.post("/v1/exports", json=RAW)).json()
    done = await ended(client, export["id"])
    assert done["state"] == "done", done["error"]
    text = (await client.get(done["file"])).text
    assert "ha-long-air-1" in text
    assert "mong-cai-air-1" not in text
    await keys.change(city, prefix, role="operator", areas=["194"], rate=None)
    assert (await client.get("/v1/exports")).json()["items"] == []
    for path in (f"/v1/exports/{export['id']}", done["file"]):
        assert_problem(await client.get(path), 404, "not-found")


async def ended(client: httpx.AsyncClient, number: str) -> Any:
    for _ in range(600):
        found = (await client.get(f"/v1/exports/{number}")).json()
        if found["state"] not in {"waiting", "running"}:
            return found
        await asyncio.sleep(0.05)
    raise TimeoutError(found)


async def test_planners_export_indicators_and_no_observations(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    planner, _ = await made(app, city, "planner")
    body = assert_problem(await planner.post("/v1/exports", json=RAW), 403, "forbidden")
    assert body["roles"] == ["operator", "installer", "admin"]


async def test_a_silence_of_the_whole_city_takes_a_key_without_areas(
    app: FastAPI, city: AsyncConnection[Any]
) -> None:
    silence = {"rule": "air_bad", "ends_at": "PT1H", "reason": "works"}
    everywhere, confined = (await made(app, city))[0], (await made(app, city, areas=["193"]))[0]
    body = assert_problem(await confined.post("/v1/alert-silences", json=silence), 403, "forbidden")
    assert body["roles"] == ["operator", "admin"]
    assert "is of 193" in body["detail"]
    number = (await everywhere.post("/v1/alert-silences", json=silence)).json()["id"]
    assert (await confined.get(f"/v1/alert-silences/{number}")).status_code == 200
    assert_problem(await confined.delete(f"/v1/alert-silences/{number}"), 403, "forbidden")
    assert (await confined.post("/v1/alert-silences", json=silence | {"area": "06652"})).status_code == 201
    assert_problem(
        await confined.post("/v1/alert-silences", json=silence | {"alert": 2}), 422, "invalid-parameter"
    )


async def test_a_stream_tells_the_areas_of_its_key_and_ends_when_they_change(
    database_url: str, city: AsyncConnection[Any]
) -> None:
    text, key = await keys.create(city, "duty desk", "operator", areas=["193"])
    async with (
        serving(database_url, api_public=False) as address,
        following(address, authorization=f"Bearer {text}") as stream,
    ):
        await write(city, 1, area="194")
        await write(city, 2, area="22")
        await write(city, 3, area="193")
        assert await told(stream, 1) == [3]
        await city.execute("UPDATE gateway_status SET last_seen = now() - interval '2 days'")
        await city.execute("UPDATE gateway_status SET status_at = now() - interval '2 days', online = true")
        seen = {(await stream.next("gateway")).data["code"] for _ in range(1)}
        assert seen <= {"ha-long-1", "ha-long-2"}
        await keys.change(city, key.prefix, role="operator", areas=["194"], rate=None)
        end = await stream.next("end")
        assert end.data["reason"] == "key"
        assert "other areas" in end.data["detail"]


async def test_a_planner_follows_values_alone(database_url: str, city: AsyncConnection[Any]) -> None:
    text, _ = await keys.create(city, "planning", "planner")
    async with serving(database_url, api_public=False) as address:
        for query in ("event=alert", "event=value,gateway", "datastream=1"):
            async with following(address, query, authorization=f"Bearer {text}") as refused:
                assert refused.answer.status_code == 403
        async with following(address, authorization=f"Bearer {text}") as stream:
            await city.execute("UPDATE gateway_status SET last_seen = now() - interval '2 days'")
            await write(city, 4, area="194", at=HOUR - timedelta(hours=1))
            event = await stream.next()
            assert (event.name, event.data["area"]) == ("value", "194")


async def test_keys_of_before_get_roles(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    every = migrate.migrations()
    before = [each for each in every if each.name < "0022"]
    monkeypatch.setattr(migrate, "migrations", lambda: before)
    await migrate.migrate(empty_database_url)
    async with await connect(empty_database_url) as conn:
        for name, scopes in (
            ("d", "{read}"),
            ("c", "{read,operate}"),
            ("b", "{admin,operate,read}"),
            ("a", "{}"),
        ):
            await conn.execute(
                """INSERT INTO api_keys (name, prefix, hash, scopes)
                   VALUES (%(name)s, %(name)s, '', %(scopes)s)""",
                {"name": name, "scopes": scopes},
            )
        await conn.execute(
            """INSERT INTO exports (key_id, what, format, parameters)
               SELECT id, 'observations', 'csv', '{}' FROM api_keys WHERE prefix = 'd'"""
        )
        monkeypatch.setattr(migrate, "migrations", lambda: every)
        await migrate.migrate(empty_database_url)
        found = await conn.execute("SELECT prefix, role, areas, rate_limit FROM api_keys ORDER BY prefix")
        roles = [("a", "public"), ("b", "admin"), ("c", "operator"), ("d", "planner")]
        assert await found.fetchall() == [(*each, None, None) for each in roles]
        exports = await conn.execute("SELECT owner, areas FROM exports")
        assert await exports.fetchall() == [("key d", None)]
