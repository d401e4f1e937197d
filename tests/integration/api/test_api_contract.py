"""What holds for every operation: documentation, examples, one error shape, and no 500 for any input."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest

from api import keys
from api.formats.kinds import KINDS as FORMATS
from api.openapi_files import example_address
from api.openapi_links import LINKS
from api.problems import KINDS
from tests.integration.api.conftest import client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

_JSON = ("application/json", "application/geo+json")


@pytest.fixture
async def client(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may read everything: what is sent to gateways is not public where all else is."""
    text, _ = await keys.create(city, "reader", "admin", rate=1_000_000)
    async with client_of(app, authorization=f"Bearer {text}") as client:
        yield client


def operations(app: FastAPI) -> list[tuple[str, dict[str, Any]]]:
    """Reading ones; exports and changes, which need a key always, have tests of their own."""
    paths = app.openapi()["paths"]
    kept = ("/v1/exports", "/v1/changes")
    return [
        (path, item["get"]) for path, item in paths.items() if "get" in item and not path.startswith(kept)
    ]


def resolver(app: FastAPI) -> dict[str, Any]:
    return {"components": app.openapi()["components"]}


def assert_fits(value: Any, schema: dict[str, Any], app: FastAPI) -> None:
    jsonschema.Draft202012Validator(schema | resolver(app)).validate(value)


def assert_problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"urn:halong:problem:{kind}"
    assert body["status"] == status == KINDS[kind][0]
    assert body["title"] == KINDS[kind][1]
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"]
    return body


async def test_every_operation_is_described(app: FastAPI) -> None:
    found = operations(app)
    assert len(found) > 20
    for path, operation in found:
        for name in ("operationId", "summary", "description", "tags"):
            assert operation.get(name), f"{path} has no {name}"
        for each in operation.get("parameters", []):
            assert each.get("description"), f"{path}: {each['name']} has no description"
    ids = [operation["operationId"] for _, operation in found]
    assert len(set(ids)) == len(ids)


async def test_each_schema_has_a_name_of_its_own(app: FastAPI) -> None:
    """Two of one name would be called by their modules, which no client's author understands."""
    names = app.openapi()["components"]["schemas"]
    assert [name for name in names if "__" in name or "-" in name] == []


async def test_every_operation_has_an_example_that_fits_its_schema(app: FastAPI) -> None:
    for path, operation in operations(app):
        content = operation["responses"]["200"]["content"]
        for media_type, shown in content.items():
            assert {"example", "examples"} & set(shown), f"{path} has no example for {media_type}"
            if media_type == "application/json":
                assert_fits(shown["example"], shown["schema"], app)


async def test_every_link_leads_on_from_its_example(app: FastAPI) -> None:
    all_ = [each for item in app.openapi()["paths"].values() for each in item.values()]
    by_id = {each["operationId"]: each for each in all_}
    assert set(LINKS) <= set(by_id)
    for operation in (by_id[name] for name in LINKS):
        (answer,) = (each for each in operation["responses"].values() if "links" in each)
        for link in answer["links"].values():
            known = {each["name"] for each in by_id[link["operationId"]]["parameters"]}
            assert link["parameters"].keys() <= known, operation["operationId"]
            for expression in link["parameters"].values():
                found = answer["content"]["application/json"]["example"]
                for part in expression.removeprefix("$response.body#/").split("/"):
                    found = found[int(part)] if part.isdigit() else found[part]
                assert found, (operation["operationId"], expression)


async def test_every_example_address_answers_as_documented(app: FastAPI, client: httpx.AsyncClient) -> None:
    for path, operation in operations(app):
        answer = await client.get(example_address(path, operation))
        assert answer.status_code == 200, f"{path}: {answer.text}"
        documented = operation["responses"]["200"]["content"]
        media_type = answer.headers["content-type"].partition(";")[0]
        assert media_type in documented, path
        if schema := documented[media_type].get("schema"):
            assert_fits(answer.json(), schema, app)


async def test_every_format_is_answered_where_its_example_says(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    answered = set()
    for path, operation in operations(app):
        for media_type, shown in operation["responses"]["200"]["content"].items():
            form = next((each for each, kind in FORMATS.items() if kind.media_type == media_type), None)
            if not any(each["name"] == "format" for each in operation.get("parameters", [])) or not form:
                continue
            address = example_address(path, operation, format=form.value)
            for told in shown.get("examples", {}).values():
                assert told["externalValue"] == address
            answer = await client.get(address)
            assert answer.status_code == 200, f"{address}: {answer.text}"
            assert answer.headers["content-type"].partition(";")[0] == media_type
            by_header = await client.get(example_address(path, operation), headers={"accept": media_type})
            assert by_header.headers["content-type"] == answer.headers["content-type"]
            if media_type == "application/geo+json":
                assert_fits(answer.json(), shown["schema"], app)
            answered.add(form)
    assert answered == set(FORMATS)


async def test_head_is_get_without_the_body(app: FastAPI, client: httpx.AsyncClient) -> None:
    """Of pages, of files that are streamed, and of the stream that has no end."""
    addresses = [example_address(path, operation) for path, operation in operations(app)]
    for address in (*addresses, "/v1/observations?thing=ha-long-air-1&format=csv", "/docs", "/openapi.json"):
        whole, head = await client.get(address), await client.head(address)
        assert (head.status_code, head.content) == (whole.status_code, b""), address
        assert head.headers["content-type"] == whole.headers["content-type"]
        assert ("etag" in head.headers) == ("etag" in whole.headers), address
    head = await asyncio.wait_for(client.head("/v1/live"), 60)
    assert head.headers["content-type"].startswith("text/event-stream")
    assert (await client.head("/v1/areas/nowhere")).status_code == 404
    tag = (await client.head("/v1/areas")).headers["etag"]
    assert (await client.head("/v1/areas", headers={"if-none-match": tag})).status_code == 304


async def test_every_documented_problem_fits_the_one_shape(app: FastAPI) -> None:
    for path, operation in operations(app):
        for status, answer in operation["responses"].items():
            if status != "200":
                shown = answer["content"]["application/problem+json"]
                assert_fits(shown["example"], shown["schema"], app)
        assert path.startswith("/v1") == ("401" in operation["responses"]), path


@pytest.mark.parametrize(
    ("path", "parameter", "meant"),
    [
        ("/v1/areas?limit=0", "limit", None),
        ("/v1/areas?limit=10001", "limit", None),
        ("/v1/areas?limit=many", "limit", None),
        ("/v1/areas?level=city", "level", None),
        ("/v1/areas?at=yesterday", "at", None),
        ("/v1/areas?reporting=perhaps", "reporting", None),
        ("/v1/areas?cursor=abc", "cursor", None),
        ("/v1/areas?levle=district", "levle", "level"),
        ("/v1/latest?property=pm25", "property", "pm2_5"),
        ("/v1/latest?area=Ha+Long", "area", "193"),
        ("/v1/observations", "thing", None),
        ("/v1/observations?thing=ha-long-air-1&points=3", "points", None),
        ("/v1/observations?thing=ha-long-air-1&points=800&rollup=hour", "points", None),
        ("/v1/observations?thing=ha-long-air-1,ha-long-air-l", "thing", "ha-long-air-1"),
        ("/v1/things?format=xls", "format", None),
        ("/v1/observations?thing=ha-long-air1&property=pm2_5", "thing", "ha-long-air-1"),
        ("/v1/indicators/vn_aqi_h/values?from=2026-11-22T08:00:00", "from", None),
        ("/v1/indicators/vn_aqi_h/values?from=2026-02-30", "from", None),
        ("/v1/indicators/vn_aqi_h/values?from=now&to=2026-01-01", "from", None),
        ("/v1/indicators/vn_aqi_h/values?area=193,194x", "area", "194"),
        ("/v1/indicators/values/latest?indicator=vn_aqi", "indicator", "vn_aqi_h"),
        ("/v1/gateways?state=dead", "state", None),
        ("/v1/refusals?payload=full&limit=1000", "limit", None),
        ("/v1/datastreams/0", "id", None),
        ("/v1/refusals?gateway=ha-long-l", "gateway", "ha-long-1"),
        ("/v1/areas?q=%2D", "q", None),
    ],
)
async def test_a_wrong_parameter_is_named_with_what_would_be_right(
    client: httpx.AsyncClient, path: str, parameter: str, meant: str | None
) -> None:
    body = assert_problem(await client.get(path), 422, "invalid-parameter")
    (fault,) = body["errors"]
    assert fault["parameter"] == parameter
    assert fault["expected"]
    assert parameter in body["detail"]
    if meant is not None:
        assert meant in fault["did_you_mean"]
    assert fault.keys() == {"parameter", "in", "value", "problem", "expected", "did_you_mean"}


async def test_suggestions_are_told_with_their_names(client: httpx.AsyncClient) -> None:
    for path, words in (
        ("/v1/latest?area=Ha+Long", "193 (Ha Long City)"),
        ("/v1/areas/ha-long", "193 (Ha Long City)"),
        ("/v1/indicators/vnaqih", "did you mean vn_aqi_h (Hourly air quality index"),
        ("/v1/indicators/values?indicator=vnaqih", "did you mean vn_aqi_h (Hourly air quality index"),
        ("/v1/things/ha-long-air-l", "did you mean ha-long-air-1 (Air station Bãi Cháy)"),
    ):
        assert words in (await client.get(path)).json()["detail"], path


async def found(client: httpx.AsyncClient, path: str, q: str) -> list[str]:
    return [each["code"] for each in (await client.get(path, params={"q": q})).json()["items"]]


@pytest.mark.parametrize("q", ["ha long", "Hạ Long", "HA-LONG", "hạlong"])
async def test_lists_are_searched_by_name(client: httpx.AsyncClient, q: str) -> None:
    areas = await found(client, "/v1/areas", q)
    assert "193" in areas
    assert len(areas) < 10
    assert await found(client, "/v1/things", q) == ["ha-long-air-1", "ha-long-rain-1"]


async def test_indicators_and_files_are_searched_too(client: httpx.AsyncClient) -> None:
    codes = await found(client, "/v1/indicators", "chỉ số chất lượng không khí")
    assert codes == await found(client, "/v1/indicators", "chi so chat luong khong khi")
    assert "vn_aqi_h" in codes
    assert len(codes) < 50
    head, *lines = (await client.get("/v1/areas?q=dong trieu&format=csv")).text.splitlines()
    assert head.startswith("code,")
    assert "205" in {line.partition(",")[0] for line in lines}
    assert await found(client, "/v1/things", "bãi cháy") == ["ha-long-air-1"]
    assert await found(client, "/v1/things", "nowhere") == []


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/areas/ha-long", "193"),
        ("/v1/things/ha-long-air-l", "ha-long-air-1"),
        ("/v1/indicators/vnaqih", "vn_aqi_h"),
        ("/v1/gateways/halong-1", "ha-long-1"),
    ],
)
async def test_a_wrong_code_in_a_path_is_told_with_the_nearest(
    client: httpx.AsyncClient, path: str, meant: str
) -> None:
    body = assert_problem(await client.get(path), 404, "not-found")
    assert meant in body["did_you_mean"]


async def test_paths_and_methods_that_do_not_exist(client: httpx.AsyncClient) -> None:
    body = assert_problem(await client.get("/v1/area"), 404, "no-such-path")
    assert body["did_you_mean"][0] == "/v1/areas"
    for path in ("/v1", "/v1/", "/nothing", "/v1/areas/193/", "/v1/datastreams/99999"):
        assert (await client.get(path)).json()["status"] == 404
    for path in ("/v1/areas", "/v1/areas/193", "/health/live"):
        answer = await client.post(path)
        assert_problem(answer, 405, "method-not-allowed")
        assert answer.headers["allow"] == "GET, HEAD"


# What clients send by mistake or on purpose: nothing of it may end in a 500.
_NASTY = (
    "", " ", "0", "-1", "1e309", "NaN", "99999999999999999999", "9223372036854775808", "null", "\0", "a\0b",
    "'; DROP TABLE areas; --", "%", "%s", "%(id)s", "\\", "🏙️", "\ud7ff", "ế" * 200, "x" * 3000, "[]", "{}",
    "true", "now", "0001-01-01", "9999-12-31", "2026-11-22", "2026-11-22T00:00:00-99:99", "P0D",
    "P9999999999D",
    "0001-01-01T00:00:00+14:00", "2026-11-22T08:00:00 07:00", "P1DT", "PT1S", "P99Y", "193", "193,194", ",,,",
    "vn_aqi_h", "pm2_5", "ha-long-air-1", "csv", "hour", "WzFd", "WyJhIiwiYiJd", "W251bGxd", "MQ",
    "IjAi", "W10",
    "WzEsIjIwMjYtMTEtMjJUMDA6MDA6MDBaIl0", "WyIxOTMiLDFd", "OTk5OTk5OTk5OTk5OTk5", "IlxcdTAwMDAi",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwWiIsMV0", "Ijk5OTktMTItMzFUMjM6NTk6NTlaIg", "IlxuIg",
    "IlwwIg", "IlxcdTAwMDBhIg", "IlwidTAwMDAi",
)  # fmt: skip


@pytest.mark.attack("700 random requests of hostile values", "404 or 422, never 500")
async def test_no_input_ends_in_a_500(app: FastAPI, client: httpx.AsyncClient) -> None:
    random_ = random.Random(20261122)
    statuses = set()
    for _ in range(700):
        path, operation = random_.choice(operations(app))
        query = []
        for each in operation.get("parameters", []):
            if each["in"] == "path":
                path = path.replace("{" + each["name"] + "}", quote(random_.choice(_NASTY) or "x", safe=""))
            elif each["in"] == "query" and random_.random() < 0.4 and each["name"] != "follow":
                query.append((each["name"], random_.choice(_NASTY)))
        if path == "/v1/live":  # which has no end unless it is told so
            query.append(("follow", "false"))
        answer = await client.get(f"{path}?{urlencode(query)}")
        statuses.add(answer.status_code)
        assert answer.status_code in {200, 404, 422}, f"{path} {json.dumps(query)}: {answer.text}"
        if answer.status_code != 200:
            assert_problem(answer, answer.status_code, answer.json()["type"].rpartition(":")[2])
    assert statuses == {200, 404, 422}
