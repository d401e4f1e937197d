"""/v1/unknown-things: seen, guessed, tried, accepted and ignored."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.app import create_app
from devices import unknown_seen, unknown_store
from devices.unknown import UnknownThingError
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from psycopg import AsyncConnection

AT = datetime(2026, 11, 22, 1, 12, tzinfo=UTC)


@pytest.fixture
async def installer(database_url: str, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the key of an installer of 193, where a gateway has named aq-999 fourteen times."""
    times = [AT + timedelta(minutes=number) for number in range(14)]
    properties = (
        unknown_seen.Seen("pm2_5", None, 14, 30.5, 43.5, times),
        unknown_seen.Seen("temp", None, 14, 20.0, 21.0, times),
    )
    named = unknown_seen.Noted(
        gateway="ha-long-1", device="aq-999", source="native", dev_eui=None, first=times[0], last=times[-1],
        messages=14, properties=properties,
    )  # fmt: skip
    await city.execute("TRUNCATE unknown_things RESTART IDENTITY CASCADE")
    await unknown_seen.note(city, [named])
    text, _ = await keys.create(city, "installers of Hạ Long", "installer", areas=["193"])
    app = create_app(Settings.model_validate({"database_url": database_url}))
    async with app.router.lifespan_context(app), client_of(app, authorization=f"Bearer {text}") as client:
        yield client


async def test_what_it_would_be_is_guessed_and_tried_without_a_change(installer: httpx.AsyncClient) -> None:
    (found,) = (await installer.get("/v1/unknown-things")).json()["items"]
    assert (found["messages"], found["first_seen"]) == (14, "2026-11-22T01:12:00Z")
    assert found["would_be"]["kind"] == "air_station"
    assert found["would_be"]["datastreams"] == [
        {"observed_property": "pm2_5", "unit": "ug/m3", "sampling_interval_s": 60}
    ]
    assert [(p["code"], p["problem"] is None) for p in found["properties"]] == [
        ("pm2_5", True),
        ("temp", False),
    ]
    body = {"name": "Bãi Cháy", "kind": "roadside_station", "intervals": {"pm2_5": 120}}
    tried = await installer.post("/v1/unknown-things/1/accept?dry_run=true", json=body)
    assert (tried.json()["state"], tried.json()["would_be"]["name"]) == ("waiting", "Bãi Cháy")
    assert tried.json()["would_be"]["datastreams"][0]["sampling_interval_s"] == 120
    assert (await installer.get("/v1/things/aq-999")).status_code == 404


async def test_accepted_it_is_a_thing_of_its_gateways_areas_and_says_by_whom(
    installer: httpx.AsyncClient,
) -> None:
    answer = (await installer.post("/v1/unknown-things/1/accept", json={"name": "Bãi Cháy"})).json()
    assert (answer["state"], answer["decided_by"]) == ("accepted", "installers of Hạ Long")
    thing = (await installer.get("/v1/things/aq-999")).json()
    assert (thing["name"], thing["gateway"]) == ("Bãi Cháy", "ha-long-1")
    assert "193" in thing["areas"]
    assert [d["observed_property"] for d in thing["datastreams"]] == ["pm2_5"]
    assert (await installer.get("/v1/unknown-things")).json()["items"] == []
    accepted = (await installer.get("/v1/unknown-things?state=accepted")).json()["items"]
    assert [each["id"] for each in accepted] == [1]
    assert (await installer.post("/v1/unknown-things/1/accept")).status_code == 200
    ignored = await installer.post("/v1/unknown-things/1/ignore", json={"reason": "x"})
    assert_problem(ignored, 409, "conflict")


async def test_what_cannot_be_is_a_conflict_that_says_why(installer: httpx.AsyncClient) -> None:
    body = {"only": ["temp"]}
    tried = await installer.post("/v1/unknown-things/1/accept?dry_run=true", json=body)
    assert tried.json()["problem"] == "temp: it has sent no such property that can be accepted"
    answer = await installer.post("/v1/unknown-things/1/accept", json=body)
    assert "temp: it has sent no such property" in assert_problem(answer, 409, "conflict")["detail"]
    assert_problem(await installer.post("/v1/unknown-things/7/accept", json={}), 404, "not-found")
    beyond = await installer.post("/v1/unknown-things/1/accept", json={"intervals": {"pm2_5": 99999999999}})
    told = assert_problem(beyond, 422, "invalid-parameter")["detail"]
    assert told == "intervals.pm2_5: '99999999999' cannot be used; give at most 86,400"


@pytest.mark.attack("to register a device in another's area", "409, nothing is registered")
async def test_no_device_is_registered_outside_the_areas_of_the_key(
    installer: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    outline = {
        "type": "Polygon",
        "coordinates": [[[107.9, 21.5], [108.1, 21.5], [108.1, 21.6], [107.9, 21.5]]],
    }
    await city.execute(
        """UPDATE areas SET boundary = %s, boundary_source = 'survey' WHERE code = '194' AND valid_to IS NOT
           DISTINCT FROM (SELECT valid_to FROM areas WHERE code = '193' ORDER BY valid_from DESC LIMIT 1)""",
        [json.dumps(outline)],
    )
    body = {"latitude": 21.53, "longitude": 108.05}
    answer = await installer.post("/v1/unknown-things/1/accept", json=body)
    assert "outside the areas of this key" in assert_problem(answer, 409, "conflict")["detail"]
    assert (await city.execute("SELECT FROM things WHERE code = 'aq-999'")).rowcount == 0


@pytest.mark.attack("to add to a device in another's area", "404, no datastream is created")
async def test_nothing_is_added_to_a_device_outside_the_areas_of_the_key(
    installer: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    body = {"only": ["pm2_5"]}
    assert (await installer.post("/v1/unknown-things/1/accept", json=body)).status_code == 200
    await city.execute("DELETE FROM datastreams d USING things t WHERE t.id = d.thing_id AND code = 'aq-999'")
    await city.execute("UPDATE unknown_things SET state = 'waiting'")
    await city.execute("DELETE FROM thing_areas l USING things t WHERE t.id = l.thing_id AND code = 'aq-999'")
    await city.execute(
        """INSERT INTO thing_areas (thing_id, area_id) SELECT t.id, l.area_id FROM things t, gateways g
           JOIN gateway_areas l ON l.gateway_id = g.id WHERE t.code = 'aq-999' AND g.code = 'mong-cai-1'"""
    )
    for query in ("", "?dry_run=true"):
        answer = await installer.post(f"/v1/unknown-things/1/accept{query}", json=body)
        assert_problem(answer, 404, "not-found")
    areas = await (await city.execute("SELECT id FROM areas WHERE code = '193'")).fetchall()
    with pytest.raises(UnknownThingError, match="aq-999 stands outside the areas of this key"):
        await unknown_store.accept(city, 1, "Lan", within=frozenset(id_ for (id_,) in areas))
    found = await city.execute(
        "SELECT FROM datastreams d JOIN things t ON t.id = thing_id WHERE code = 'aq-999'"
    )
    assert found.rowcount == 0


async def test_refusals_tell_whether_they_were_replayed(
    installer: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    await city.execute("UPDATE refusals SET replayed_at = now(), replayed_by = 'Lan' WHERE seq = 4711")
    every = (await installer.get("/v1/refusals")).json()["items"]
    assert {each["replayed_by"] for each in every} == {"Lan"}
    assert (await installer.get("/v1/refusals?open=true")).json()["items"] == []
    assert (await installer.get("/v1/status")).json()["rates"]["refused_messages"] == 0
