"""Things that were moved, as the API tells of them: whose observations they are, and who may see them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from api.app import create_app
from devices import installations
from devices.installations import Place
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.seed import HOUR
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

    City = AsyncConnection[Any]

STATION = "ha-long-air-1"
#: of the six hours of observations before HOUR, every 5 minutes, the first 40 are of the old place
MOVED = HOUR - timedelta(hours=2, minutes=40)
MONG_CAI = Place(latitude=21.52, longitude=107.97, areas=("194",), words="roof of the school")
SPAN = {"from": (HOUR - timedelta(hours=6)).isoformat(), "to": HOUR.isoformat()}


@pytest.fixture
async def app(database_url: str, city: City) -> AsyncIterator[FastAPI]:
    """The application over the small city, in which a station of 193 was moved to 194."""
    await installations.move(city, STATION, MONG_CAI, MOVED, now=HOUR, who="Minh")
    settings = {"database_url": database_url, "api_rate_limit_key": 1000}
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


async def client(app: FastAPI, city: City, *areas: str, role: str = "operator") -> httpx.AsyncClient:
    text, _ = await keys.create(city, "somebody", role, areas=list(areas) or None)
    return client_of(app, authorization=f"Bearer {text}")


async def items(client: httpx.AsyncClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def values(client: httpx.AsyncClient, **asked: Any) -> list[float]:
    found = await items(client, "/v1/observations", property="pm2_5", limit=1000, **SPAN, **asked)
    return [each["value"] for each in found]


BEFORE, AFTER = [10.0 + n for n in range(40)], [10.0 + n for n in range(40, 72)]


async def test_an_observation_belongs_to_the_area_where_its_thing_stood_then(
    app: FastAPI, city: City
) -> None:
    everywhere = await client(app, city)
    assert await values(everywhere, area="193") == BEFORE
    assert await values(everywhere, area="194") == AFTER
    assert await values(everywhere, area="22") == await values(everywhere, thing=STATION) == BEFORE + AFTER
    assert await values(everywhere, area="193,194") == BEFORE + AFTER


async def test_pages_go_on_across_a_move(app: FastAPI, city: City) -> None:
    everywhere = await client(app, city)
    path: str | None = "/v1/observations"
    asked: dict[str, Any] | None = SPAN | {
        "thing": STATION,
        "property": "pm2_5",
        "limit": 7,
        "area": "193,194",
    }
    found: list[float] = []
    while path:
        body = (await everywhere.get(path, params=asked)).json()
        found += [each["value"] for each in body["items"]]
        path, asked = body["next"], None
    assert found == BEFORE + AFTER


async def test_of_the_hour_of_a_move_neither_area_is_told_and_a_day_is_made_of_its_own_hours(
    app: FastAPI, city: City
) -> None:
    everywhere = await client(app, city)

    async def counts(rollup: str, **asked: Any) -> list[int]:
        asked |= SPAN | {"property": "pm2_5", "rollup": rollup}
        return [each["n"] for each in await items(everywhere, "/v1/observations", **asked)]

    assert await counts("hour", thing=STATION) == [12] * 6
    assert await counts("hour", area="193") == [12] * 3
    assert await counts("hour", area="194") == [12] * 2
    day = {"from": "2020-01-01", "to": (HOUR + timedelta(days=2)).isoformat()}
    both = [sum([each["n"] for each in await items(everywhere, "/v1/observations", property="pm2_5",
                                                   rollup="day", area=area, **day)])
            for area in ("193", "194", "22")]  # fmt: skip
    assert both == [36, 24, 72]


@pytest.mark.attack("what a device that was moved measured in another area than the key's", "is left out")
async def test_who_may_see_an_area_sees_what_was_measured_in_it_and_no_more(app: FastAPI, city: City) -> None:
    old, new = await client(app, city, "193"), await client(app, city, "194")
    for asked in ({"thing": STATION}, {}):
        assert await values(old, **asked) == BEFORE
        assert await values(new, **asked) == AFTER
    (stream,) = await items(await client(app, city), "/v1/datastreams", thing=STATION, property="pm2_5")
    for reader, expected in ((old, BEFORE), (new, AFTER)):
        path = f"/v1/datastreams/{stream['id']}/observations"
        assert [each["value"] for each in await items(reader, path, **SPAN)] == expected
        drawn = await items(reader, path, points=100, **SPAN)
        assert {each["value"] for each in drawn} <= set(expected)
        table = await reader.get(path, params=SPAN | {"format": "csv"})
        assert len(table.text.splitlines()) == 1 + len(expected)


async def test_things_are_where_they_stood_at_an_instant(app: FastAPI, city: City) -> None:
    old, new = await client(app, city, "193"), await client(app, city, "194")
    earlier = (MOVED - timedelta(seconds=1)).isoformat()

    async def where(client: httpx.AsyncClient, **asked: Any) -> dict[str, tuple[Any, Any]]:
        return {each["code"]: (each["latitude"], each["areas"])
                for each in await items(client, "/v1/things", kind="air_station", **asked)}  # fmt: skip

    at_old, at_new = (20.961, ["06652", "193", "22"]), (21.52, ["194", "22"])
    assert (await where(old, at=earlier), await where(old)) == ({STATION: at_old}, {})
    assert (await where(new))[STATION] == at_new
    assert STATION not in await where(new, at=earlier)
    everywhere = await client(app, city)
    assert (await where(everywhere, area="193", at=earlier))[STATION] == at_old
    assert STATION in await where(everywhere, area="194", at=MOVED.isoformat())
    assert await where(everywhere, area="193") == {}
    assert_problem(await old.get(f"/v1/things/{STATION}"), 404, "not-found")
    assert (await new.get(f"/v1/things/{STATION}")).json()["latitude"] == 21.52


async def test_the_newest_observation_belongs_to_where_it_was_measured(app: FastAPI, city: City) -> None:
    old, new = await client(app, city, "193"), await client(app, city, "194")
    assert STATION not in {each["thing"] for each in await items(old, "/v1/latest")}
    assert STATION in {each["thing"] for each in await items(new, "/v1/latest")}
    later = HOUR - timedelta(minutes=1)
    back = Place(latitude=20.961, longitude=107.046, areas=("193",))
    await installations.move(city, STATION, back, later, now=HOUR, who="Minh")
    assert STATION not in {each["thing"] for each in await items(old, "/v1/latest")}
    detail = (await old.get(f"/v1/things/{STATION}")).json()
    assert [each["latest"] for each in detail["datastreams"]] == [None, None]
    assert STATION in {each["thing"] for each in await items(new, "/v1/latest")}


async def test_places_are_told_within_reach_with_what_files_say_of_them(app: FastAPI, city: City) -> None:
    path = f"/v1/things/{STATION}/installations"
    everywhere = await client(app, city)
    found = await items(everywhere, path)
    assert [(each["latitude"], each["place"], each["recorded_by"]) for each in found] == [
        (20.961, None, None),
        (21.52, "roof of the school", "Minh"),
    ]
    for area, places in (("193", found[:1]), ("194", found[1:])):
        assert await items(await client(app, city, area), path) == places
    rows = (await everywhere.get("/v1/observations", params=SPAN | {"thing": STATION, "format": "csv"})).text
    positions = [line.rsplit(",", 2)[1:] for line in rows.splitlines()[1:]]
    assert positions == ([["107.046", "20.961"]] * 40 + [["107.97", "21.52"]] * 32) * 2


async def test_an_installer_moves_what_stands_in_its_areas_within_them(app: FastAPI, city: City) -> None:
    path = "/v1/things/ha-long-rain-1/installations"
    body = {"latitude": 20.9, "longitude": 107.1, "at": "now", "areas": ["193"], "reason": "works"}
    installer = await client(app, city, "193", role="installer")
    made = await installer.post(path, json=body)
    assert made.status_code == 201, made.text
    assert (made.json()["areas"], made.json()["recorded_by"]) == (["193", "22"], "somebody")
    assert len(await items(installer, path)) == 2
    for areas in (["194"], ["193", "194"]):
        outside = await installer.post(path, json=body | {"areas": areas})
        assert "194" in assert_problem(outside, 422, "invalid-parameter")["detail"]
    for wrong in ({"latitude": 91}, {"at": "2999-01-01"}, {"at": "soon"}, {"areas": []}, {"areas": ["19"]},
                  {"areas": ["\0"]}, {"place": "\0"}, {"colour": "red"}):  # fmt: skip
        assert_problem(await installer.post(path, json=body | wrong), 422, "invalid-parameter")
    assert len(await items(installer, path)) == 2


async def test_a_code_means_the_unit_that_had_it_then(app: FastAPI, city: City) -> None:
    """06652 was an older ward, elsewhere, before it was given again."""
    await city.execute(
        """WITH older AS (
               INSERT INTO areas (code, level, kind, name_en, name_vi, latitude, longitude, valid_from,
                                  valid_to)
               SELECT code, level, kind, 'Old ward', 'Cũ', latitude, longitude, '2020-01-01', valid_from
               FROM areas WHERE code = '06652' RETURNING id)
           INSERT INTO thing_areas (thing_id, area_id) SELECT t.id, older.id FROM things t, older
           WHERE t.code = 'ha-long-rain-1'"""
    )
    everywhere = await client(app, city)

    async def codes(**asked: Any) -> set[str]:
        return {each["code"] for each in await items(everywhere, "/v1/things", area="06652", **asked)}

    assert await codes(at="2025-06-30") == {"ha-long-rain-1"}
    assert await codes(at="2025-07-01") == {STATION}
    assert await codes(at="2019-01-01") == {"ha-long-rain-1"}
    assert await codes() == set()
