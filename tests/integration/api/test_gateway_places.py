"""Gateways that are moved: where each stood at a time, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from api import keys
from devices import registry
from tests.integration.api.conftest import client_of
from tests.integration.api.seed import GATEWAYS
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

NOW = datetime.now(UTC).replace(microsecond=0)
MOVED, BEFORE = NOW - timedelta(days=3), NOW - timedelta(days=5)
PLACES = "/v1/gateways/ha-long-1/places"


@pytest.fixture
async def admin(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    text, _ = await keys.create(city, "town hall", "admin")
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


def to(area: str, at: datetime = MOVED, **more: Any) -> dict[str, Any]:
    return {"latitude": 21.52, "longitude": 107.97, "areas": [area], "at": at.isoformat(), **more}


async def stood(client: httpx.AsyncClient, area: str, at: datetime | None = None) -> list[str]:
    asked = {"area": area} | ({} if at is None else {"at": at.isoformat()})
    answer = await client.get("/v1/gateways", params=asked)
    assert answer.status_code == 200, answer.text
    return [each["code"] for each in answer.json()["items"]]


async def test_a_gateway_is_told_where_it_stood(admin: httpx.AsyncClient) -> None:
    first = (await admin.get("/v1/gateways/ha-long-1")).json()
    answer = await admin.post(PLACES, json=to("194", reason="road works"))
    assert answer.status_code == 201, answer.text
    moved = answer.json()
    assert (moved["areas"], moved["latitude"]) == (["194", "22"], 21.52)
    (place,) = moved["places"]
    assert place == {
        "valid_from": None,
        "valid_to": MOVED.isoformat().replace("+00:00", "Z"),
        "latitude": first["latitude"],
        "longitude": first["longitude"],
        "areas": ["193", "22"],
        "moved_by": "town hall",
        "reason": "road works",
    }
    assert await stood(admin, "193") == ["ha-long-2"]
    assert await stood(admin, "194") == ["gw-new", "ha-long-1", "mong-cai-1"]
    assert await stood(admin, "193", BEFORE) == ["ha-long-1", "ha-long-2"]
    assert await stood(admin, "194", BEFORE) == ["gw-new", "mong-cai-1"]
    assert await stood(admin, "194", MOVED) == ["gw-new", "ha-long-1", "mong-cai-1"]
    then = (await admin.get("/v1/gateways/ha-long-1", params={"at": BEFORE.isoformat()})).json()
    assert (then["areas"], then["latitude"]) == (["193", "22"], first["latitude"])
    back = await admin.post(PLACES, json=to("193", NOW - timedelta(days=1)) | {"latitude": 20.9})
    assert [each["areas"] for each in back.json()["places"]] == [["193", "22"], ["194", "22"]]
    assert await stood(admin, "194", NOW - timedelta(days=2)) == ["gw-new", "ha-long-1", "mong-cai-1"]
    changes = (await admin.get("/v1/changes?kind=gateway&code=ha-long-1")).json()["items"]
    assert [each["action"] for each in changes] == ["change", "change", "create"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (to("194", NOW + timedelta(days=1)), "is in the future"),
        (to("194") | {"areas": []}, "no surveyed outline holds"),
        (to("194") | {"areas": ["19"]}, "there is no area '19'"),
        (to("194") | {"at": "soon"}, "is no time"),
        (to("194", place="roof"), "there is no such field"),
        (to("194") | {"latitude": 91}, "at most 90"),
    ],
)
async def test_a_move_that_cannot_be_is_told_and_nothing_is_written(
    admin: httpx.AsyncClient, wanted: dict[str, Any], said: str
) -> None:
    before = (await admin.get("/v1/gateways/ha-long-1")).json()
    assert said in assert_problem(await admin.post(PLACES, json=wanted), 422, "invalid-parameter")["detail"]
    assert (await admin.get("/v1/gateways/ha-long-1")).json() == before


async def test_moves_are_in_order_and_an_import_leaves_what_was_moved(
    admin: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    await admin.post(PLACES, json=to("194"))
    early = await admin.post(PLACES, json=to("193", BEFORE))
    assert "stands where it is since" in assert_problem(early, 422, "invalid-parameter")["detail"]
    same = await admin.post(PLACES, json=to("194", NOW))
    assert "stands at 21.52, 107.97 already" in assert_problem(same, 422, "invalid-parameter")["detail"]
    stored = (await registry.contents_of(city))["gateways"]
    assert (stored["ha-long-1"]["was_moved"], stored["ha-long-2"]["was_moved"]) == (True, False)
    assert GATEWAYS[0].latitude != stored["ha-long-1"]["latitude"]


@pytest.mark.attack("where a gateway stood, to a key of another area", "nothing of it")
async def test_who_reaches_one_area_is_told_of_gateways_that_stood_and_stand_in_it(
    app: FastAPI, admin: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    await admin.post(PLACES, json=to("194"))
    text, _ = await keys.create(city, "duty desk of 193", "installer", areas=["193"])
    async with client_of(app, authorization=f"Bearer {text}") as left:
        assert await stood(left, "193", BEFORE) == ["ha-long-2"]
        assert_problem(await left.get("/v1/gateways/ha-long-1"), 404, "not-found")
        assert_problem(await left.post(PLACES, json=to("193", NOW)), 404, "not-found")
        away = await left.post("/v1/gateways/ha-long-2/places", json=to("194"))
        assert_problem(away, 422, "invalid-parameter")
    text, _ = await keys.create(city, "duty desk of 194", "installer", areas=["194"])
    async with client_of(app, authorization=f"Bearer {text}") as come:
        assert await stood(come, "194") == ["gw-new", "ha-long-1", "mong-cai-1"]
        assert (await come.get("/v1/gateways/ha-long-1")).json()["places"] == []
        before = await come.get("/v1/gateways/ha-long-1", params={"at": BEFORE.isoformat()})
        assert_problem(before, 404, "not-found")
