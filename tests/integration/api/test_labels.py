"""Tags and links by API: over the version that was read, filtered by, logged; what is wrong is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg.errors import CheckViolation

from api import keys
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

GATEWAY, THING = "/v1/registry/gateways/ha-long-1", "/v1/registry/things/ha-long-air-1"
STREAM = "/v1/registry/datastreams/1"
PHOTO = {"kind": "photo", "title": "Cột, từ phía nam", "url": "https://anh.vn/cột.jpg?w=800#top"}


@pytest.fixture
async def installer(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    text, _ = await keys.create(city, "van", "installer", areas=["193"])
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


async def change(client: httpx.AsyncClient, path: str, **changes: Any) -> httpx.Response:
    tag = (await client.get(path)).headers["etag"]
    return await client.patch(path, json=changes, headers={"if-match": tag})


async def codes(client: httpx.AsyncClient, path: str) -> list[Any]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["id"] for each in answer.json()["items"]]


async def test_they_are_changed_over_the_version_that_was_read_and_logged(
    installer: httpx.AsyncClient,
) -> None:
    before = (await installer.get(THING)).json()
    assert (before["tags"], before["links"]) == ([], [])
    answer = await change(installer, THING, tags=["reference", "near-school", "reference"], links=[PHOTO])
    after = answer.json()
    assert answer.status_code == 200, answer.text
    assert (after["tags"], after["links"]) == (["near-school", "reference"], [PHOTO])
    assert after["version"] == before["version"] + 1
    late = {"if-match": f'"{answer.headers["etag"].split(".")[0][1:]}.{before["version"]}"'}
    stale = await installer.patch(THING, json={"tags": []}, headers=late)
    assert_problem(stale, 412, "precondition-failed")
    shown = (await installer.get("/v1/things/ha-long-air-1")).json()
    assert (shown["tags"], shown["links"]) == (after["tags"], [PHOTO])
    line, *_ = (await installer.get("/v1/changes?kind=thing")).json()["items"]
    assert line["fields"] == ["links", "tags"]
    assert (line["before"]["tags"], line["after"]["links"]) == ([], [PHOTO])
    assert line["actor"].endswith("(van)")


async def test_lists_have_only_what_has_all_of_the_tags(app: FastAPI, installer: httpx.AsyncClient) -> None:
    await change(installer, THING, tags=["reference", "near-school"])
    await change(installer, "/v1/registry/things/ha-long-rain-1", tags=["near-school"])
    await change(installer, GATEWAY, tags=["solar"])
    await change(installer, STREAM, tags=["calibrated"])
    async with client_of(app) as anyone:
        for path, expected in {
            "/v1/things?tag=near-school": ["ha-long-air-1", "ha-long-rain-1"],
            "/v1/things?tag=near-school&tag=reference": ["ha-long-air-1"],
            "/v1/things?tag=near-school&area=194": [],
            "/v1/things?tag=near": [],
            "/v1/gateways?tag=solar": ["ha-long-1"],
            "/v1/gateways?tag=reference": [],
            "/v1/datastreams?tag=calibrated": [1],
            "/v1/datastreams?tag=near-school": [],
        }.items():
            assert await codes(anyone, path) == expected, path
        rows = (await anyone.get("/v1/things?tag=reference&format=csv")).text
        assert "near-school reference" in rows
        assert (await anyone.get("/v1/gateways/ha-long-1")).json()["tags"] == ["solar"]
        assert (await anyone.get("/v1/datastreams/1")).json()["tags"] == ["calibrated"]
        for path in ("/v1/things", "/v1/gateways", "/v1/datastreams", "/v1/latest"):
            fault = assert_problem(await anyone.get(f"{path}?tag=Near School"), 422, "invalid-parameter")
            assert "'Near School' is no tag; give tags of 1 to 64 of a-z" in fault["detail"]


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"tags": ["Near School"]}, "tags.0", ""),
        ({"tags": [f"t{n}" for n in range(51)]}, "tags", ""),
        ({"tags": "reference"}, "tags", 'give a list such as ["reference"]'),
        ({"tags": None}, "tags", ""),
        ({"links": [PHOTO | {"url": "http://anh.vn"}]}, "links.0.url", "begins with https://"),
        ({"links": [PHOTO | {"url": "https://minh:pw@anh.vn/x"}]}, "links.0.url", "no user name"),
        ({"links": [PHOTO | {"url": "javascript:alert(1)"}]}, "links.0.url", "begins with https://"),
        ({"links": [PHOTO | {"url": "https://anh.vn/a b"}]}, "links.0.url", "or blanks"),
        ({"links": [PHOTO | {"url": "https:///x"}]}, "links.0.url", "begins with https://"),
        (
            {"links": [PHOTO | {"url": "https://a.vn/" + "x" * 2000}]},
            "links.0.url",
            "at most 2000 characters",
        ),
        ({"links": [PHOTO | {"title": " "}]}, "links.0.title", ""),
        ({"links": [PHOTO | {"kind": "film"}]}, "links.0.kind", "one of 'photo', 'note' or 'document'"),
        ({"links": [PHOTO | {"by": "Minh"}]}, "links.0.by", ""),
    ],
)
async def test_what_cannot_be_is_told_with_what_would_be_right(
    installer: httpx.AsyncClient, changes: dict[str, Any], field: str, said: str
) -> None:
    before = (await installer.get(THING)).json()
    body = assert_problem(await change(installer, THING, **changes), 422, "invalid-parameter")
    assert [each["parameter"] for each in body["errors"]] == [field]
    assert said in body["detail"]
    assert (await installer.get(THING)).json() == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE things SET tags = '{Near School}'",
        "UPDATE gateways SET tags = '{NULL}'",
        """UPDATE things SET links = '[{"kind": "note", "title": "x", "url": "javascript:x"}]'""",
        """UPDATE things SET links = '[{"title": "x", "url": "https://x"}]'""",
        "UPDATE things SET links = '{}'",
    ],
)
async def test_nor_does_the_database_take_it(city: AsyncConnection[Any], statement: Any) -> None:
    with pytest.raises(CheckViolation):
        await city.execute(statement)
