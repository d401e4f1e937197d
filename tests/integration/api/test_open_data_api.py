"""The catalogue, the pages and the files over HTTP, and what is open without a key."""

from __future__ import annotations

import hashlib
import html
import io
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import pytest
from fastapi import FastAPI
from pyshacl import validate
from rdflib import DCTERMS, RDF, RDFS, Graph, Literal, Namespace, URIRef

from analytics.indicator import INDICATORS
from api import keys
from api.app import create_app
from api.open_data.months import Month
from api.open_data.plan import read_plan
from api.open_data.publish import publish
from api.open_data.store import Store
from api.openapi_files import example_address
from runtime.settings import Settings
from storage.pool import connect
from tests.conftest import database, in_thread
from tests.integration import open_city
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_fits, assert_problem
from tests.integration.open_city import SEPTEMBER, build

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx
    from psycopg import AsyncConnection

#: rdflib's own is that of DCAT 2, without series
DCAT = Namespace("http://www.w3.org/ns/dcat#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
ROOT = "https://data.example.vn/open"
SHAPES = Path(__file__).parent / "dcat_ap_3_shapes.ttl"
FILE = "/open/files/air/air_2026-10_v1.csv"


def settings_of(database_url: str, target: Path | None, **more: Any) -> Settings:
    given = {"database_url": database_url, "open_data_target": target and str(target)}
    return Settings.model_validate({**given, "public_url": "https://data.example.vn/", **more})


class Publication(NamedTuple):
    """The name of a database to copy, and the folder with what is published of it."""

    template: str
    folder: Path


@pytest.fixture(scope="module")
def published(
    postgres_dsn: str, open_city_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Publication]:
    """Open data of September (twice) and October."""
    folder = tmp_path_factory.mktemp("open")
    with database(postgres_dsn, open_city_template) as url:
        in_thread(_publish(url, folder))
        yield Publication(url.rpartition("/")[2], folder)


async def _publish(url: str, folder: Path) -> None:
    store = Store(str(folder))
    async with await connect(url) as conn:
        plan = await read_plan(conn, settings_of(url, folder))
        months = [(plan.data_sets[code], Month.parse(month)) for code, month in (
            ("air", "2026-09"), ("air", "2026-10"), ("people", "2026-09"),
        )]  # fmt: skip
        await publish(conn, store, plan, months)
        await open_city.store(conn, "vn_aqi_d", SEPTEMBER, {"193": 77})
        await publish(conn, store, plan, months)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, postgres_dsn: str, template: str) -> Iterator[str]:
    """The address of a fresh database, with the city in it whose data are published if there is an `app`."""
    is_published = "app" in request.fixturenames
    source = request.getfixturevalue("published").template if is_published else template
    with database(postgres_dsn, source) as url:
        yield url


@pytest.fixture
async def app(published: Publication, database_url: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """An application that asks for a key, and whose open data are published."""
    shutil.copytree(published.folder, tmp_path, dirs_exist_ok=True)
    made = create_app(settings_of(database_url, tmp_path))
    async with made.router.lifespan_context(made):
        yield made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def graph(client: httpx.AsyncClient) -> Graph:
    answer = await client.get("/open/catalog.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    return Graph().parse(data=answer.text, format="json-ld")


async def test_the_catalogue_meets_the_shapes_of_dcat_ap(client: httpx.AsyncClient) -> None:
    found = await graph(client)
    fits, _, text = validate(found, shacl_graph=Graph().parse(SHAPES, format="turtle"))
    assert fits, text


async def test_the_shapes_find_what_is_missing(client: httpx.AsyncClient) -> None:
    found, shapes = await graph(client), Graph().parse(SHAPES, format="turtle")
    for subject, predicate in (
        (URIRef(f"{ROOT}/catalog"), DCTERMS.publisher),
        (URIRef(f"{ROOT}/air"), DCTERMS.description),
        (URIRef(f"{ROOT}/air/2026-10"), DCTERMS.title),
        (None, DCAT.accessURL),
        (None, DCAT.endpointURL),
        (None, SPDX.checksumValue),
    ):
        poorer = Graph() + found
        poorer.remove((subject, predicate, None))
        fits, _, _ = validate(poorer, shacl_graph=shapes)
        assert not fits, predicate


async def test_every_file_of_the_catalogue_is_there_with_its_checksum(client: httpx.AsyncClient) -> None:
    found, seen = await graph(client), 0
    for distribution in found.subjects(RDF.type, DCAT.Distribution):
        address = str(found.value(distribution, DCAT.downloadURL))
        answer = await client.get(address.removeprefix("https://data.example.vn"))
        checksum = found.value(distribution, SPDX.checksum)
        assert hashlib.sha256(answer.content).hexdigest() == str(found.value(checksum, SPDX.checksumValue))
        assert len(answer.content) == int(str(found.value(distribution, DCAT.byteSize)))
        media_type = str(found.value(distribution, DCAT.mediaType)).partition("media-types/")[2]
        assert answer.headers["content-type"].startswith(media_type)
        seen += 1
    assert seen == 6


async def test_months_are_a_series(client: httpx.AsyncClient) -> None:
    found = await graph(client)
    air = URIRef(f"{ROOT}/air")
    assert (air, RDF.type, DCAT.DatasetSeries) in found
    months = {str(each) for each in found.subjects(DCAT.inSeries, air)}
    assert months == {f"{ROOT}/air/2026-09", f"{ROOT}/air/2026-10"}
    answer = await client.get("/open/air/2026-10")
    assert (answer.status_code, answer.headers["location"]) == (303, "../air#2026-10")


async def test_turtle_says_the_same(client: httpx.AsyncClient) -> None:
    answer = await client.get("/open/catalog.ttl")
    assert answer.headers["content-type"] == "text/turtle; charset=utf-8"
    assert len(Graph().parse(data=answer.text, format="turtle")) == len(await graph(client))


async def test_pandas_reads_both_files_alike(client: httpx.AsyncClient) -> None:
    text = (await client.get(FILE)).content
    packed = (await client.get(FILE.replace(".csv", ".parquet"))).content
    by_csv = pd.read_csv(io.BytesIO(text), dtype={"area": str}, parse_dates=["time"])
    by_parquet = pd.read_parquet(io.BytesIO(packed))
    assert by_csv["value"].tolist() == by_parquet["value"].tolist()
    assert by_csv["area"].tolist() == by_parquet["area"].tolist()
    assert (by_csv["time"] == by_parquet["time"]).all()


async def test_a_file_is_kept_for_good_and_asked_for_again_in_vain(client: httpx.AsyncClient) -> None:
    answer = await client.get(FILE, headers={"accept-encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert "content-encoding" not in answer.headers
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.headers["link"].startswith('<air_2026-10_v1.csv-metadata.json>; rel="describedby"')
    again = await client.get(FILE, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    since = {"if-modified-since": answer.headers["last-modified"]}
    assert (await client.get(FILE, headers=since)).status_code == 304


async def test_a_part_of_a_file(client: httpx.AsyncClient) -> None:
    whole = (await client.get(FILE)).content
    size = len(whole)
    for asked, start, end in (
        ("0-9", 0, 10),
        ("100-", 100, size),
        ("-5", size - 5, size),
        ("0-99999999", 0, size),
    ):
        answer = await client.get(FILE, headers={"range": f"bytes={asked}"})
        assert (answer.status_code, answer.content) == (206, whole[start:end])
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
    beyond = await client.get(FILE, headers={"range": f"bytes={size}-"})
    assert_problem(beyond, 416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{size}"
    other = await client.get(FILE, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, whole)
    head = await client.head(FILE)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))


@pytest.mark.attack("path tricks at published files", "404")
@pytest.mark.parametrize(
    "path",
    [
        "/open/files/air/..%2f..%2fetc%2fpasswd",
        "/open/files/air/%2e%2e/people/manifest.json",
        "/open/files/..%2f..%2f/manifest.json",
        "/open/files/air/air_2026-10_v9.csv",
        "/open/files/air/people_2026-09_v1.csv",
        "/open/files/air/.",
        "/open/files/air/%00",
        "/open/files//etc/passwd",
        "/open/files/air/people%2fmanifest.json",
    ],
)
async def test_nothing_but_published_files_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_version_before_stays_readable(client: httpx.AsyncClient) -> None:
    manifest = (await client.get("/open/files/air/manifest.json")).json()
    old, new = manifest["months"]["2026-09"]
    assert (old["version"], new["version"], new["reason"]["code"]) == (1, 2, "values")
    for version in (old, new):
        for file in version["files"]:
            content = (await client.get(f"/open/files/air/{file['name']}")).content
            assert hashlib.sha256(content).hexdigest() == file["sha256"]


async def test_pages_in_both_languages_ask_for_nothing_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/open/", "/open/air", "/open/people"):
        for lang, words in (("vi", "Dữ liệu mở"), ("en", "Open data")):
            answer = await client.get(f"{path}?lang={lang}")
            assert words in answer.text
            assert f'<html lang="{lang}">' in answer.text
            assert "<script" not in answer.text
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Dữ liệu mở" in (await client.get("/open/")).text
    assert "Open data" in (await client.get("/open/", headers={"accept-language": "en-GB,vi"})).text


async def test_a_page_shows_licence_checksums_and_how_to_cite(client: httpx.AsyncClient) -> None:
    text = (await client.get("/open/air?lang=en")).text
    manifest = (await client.get("/open/files/air/manifest.json")).json()
    assert all(f["sha256"] in text for v in manifest["months"]["2026-09"] for f in v["files"])
    for words in ("CC-BY-4.0", "2026-09 – 2026-10", "How to cite", "VN_AQI", "Earlier versions (1)"):
        assert words in text
    assert "fewer than 10 people" in (await client.get("/open/people?lang=en")).text


async def test_the_pages_line_for_pandas_reads_the_file(client: httpx.AsyncClient) -> None:
    page = html.unescape((await client.get("/open/air?lang=en")).text)
    address, arguments = re.findall(r'pd\.read_csv\("https://data\.example\.vn([^"]+)", (.+)\)', page)[0]
    assert arguments == 'parse_dates=["time"], dtype={"area": str}'
    content = (await client.get(address)).content
    found = pd.read_csv(io.BytesIO(content), parse_dates=["time"], dtype={"area": str})
    assert "193" in set(found.area)
    assert isinstance(found.time.dtype, pd.DatetimeTZDtype)


async def test_names_of_columns_in_descriptions_are_code(client: httpx.AsyncClient) -> None:
    for lang, words in (
        ("vi", "Giá trị theo đơn vị trong <code>unit</code>; để trống là không có"),
        ("en", "The value in <code>unit</code>; empty: none, and <code>reason</code> says why."),
    ):
        text = (await client.get(f"/open/air?lang={lang}")).text
        assert "`" not in text
        assert words in text


async def test_sources_are_told_in_the_readers_language(client: httpx.AsyncClient) -> None:
    source, about = INDICATORS["vn_aqi_d"].source, FILE + "-metadata.json"
    en, vi = (f"{getattr(source.document, k)}, {getattr(source.clause, k)}" for k in ("en", "vi"))
    for path, told in (
        ("/open/air?lang=en", (en,)),
        ("/open/air?lang=vi", (vi,)),
        ("/open/catalog.jsonld", (en, vi)),
        ("/open/catalog.ttl", (en, vi)),
        (about, (en,)),
    ):
        text = html.unescape((await client.get(path)).text)
        assert "Text(" not in text, path
        assert all(each in text for each in told), path
    assert en in (await client.get(about)).json()["dc:source"]
    page = html.unescape((await client.get("/open/air?lang=en")).text)
    assert f"{en}; area: {INDICATORS['vn_aqi_d'].area_rule.en}" in page
    labels = (await graph(client)).objects(None, RDFS.label)
    assert {each.language for each in labels if isinstance(each, Literal)} == {"en", "vi"}


async def test_a_name_is_shown_and_not_run(client: httpx.AsyncClient, conn: AsyncConnection[Any]) -> None:
    await conn.execute("""UPDATE city SET name_en = '<script>alert(1)</script>'""")
    answer = await client.get("/open/?lang=en")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text


async def test_what_is_not_there_is_told(client: httpx.AsyncClient) -> None:
    answer = await client.get("/open/aire")
    assert_problem(answer, 404, "not-found")
    assert "air" in answer.json()["did_you_mean"]
    assert_problem(await client.get("/open/air/2020-01"), 404, "not-found")


def documented(app: FastAPI) -> dict[str, dict[str, Any]]:
    paths = app.openapi()["paths"]
    return {path: item["get"] for path, item in paths.items() if path.startswith("/open/")}


async def test_every_operation_is_documented_and_answers_so(app: FastAPI, client: httpx.AsyncClient) -> None:
    found = documented(app)
    assert len(found) == 8
    for path, operation in found.items():
        assert all(operation.get(name) for name in ("operationId", "summary", "description", "tags")), path
        assert all(each["description"] for each in operation.get("parameters", []))
        answer = await client.get(example_address(path, operation))
        told = operation["responses"][str(answer.status_code)]
        if answer.status_code == 303:
            assert answer.next_request
            assert (await client.send(answer.next_request)).status_code == 200
            assert "Location" in told["headers"]
            continue
        assert answer.status_code == 200, f"{path}: {answer.text}"
        for media_type, shown in told["content"].items():
            if "example" in shown:
                assert_fits(shown["example"], shown["schema"], app)
            for each in shown.get("examples", {}).values():
                file = await client.get(each["externalValue"])
                assert file.headers["content-type"].partition(";")[0] == media_type
        if answer.headers["content-type"].endswith("json"):
            assert_fits(answer.json(), told["content"][answer.headers["content-type"]]["schema"], app)
    ids = [item["get"]["operationId"] for item in app.openapi()["paths"].values() if "get" in item]
    assert len(set(ids)) == len(ids)


async def test_every_documented_problem_is_of_one_shape(app: FastAPI, client: httpx.AsyncClient) -> None:
    for path, operation in documented(app).items():
        for status, told in operation["responses"].items():
            if int(status) >= 400:
                shown = told["content"]["application/problem+json"]
                assert_fits(shown["example"], shown["schema"], app)
        if "{" in path:
            assert "404" in operation["responses"]
            wrong = path.replace("{code}", "nothing").replace("{name}", "x").replace("{month}", "2026-10")
            assert_problem(await client.get(wrong), 404, "not-found")
    assert_problem(await client.get("/open/?lang=fr"), 422, "invalid-parameter")
    assert_problem(await client.get("/open/" + "x" * 101), 422, "invalid-parameter")
    for path in ("/open/", "/open/air", "/open/catalog.ttl", FILE):
        refused = await client.post(path)
        assert_problem(refused, 405, "method-not-allowed")
        assert refused.headers["allow"] == "GET, HEAD"


async def test_a_page_at_the_root_leaves_open_data_its_methods(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.mount("/", FastAPI(openapi_url=None))
    for method in ("POST", "TRACE"):
        assert_problem(await client.request(method, "/open/air"), 405, "method-not-allowed")
    assert_problem(await client.get("/open/files/air/x/y"), 404, "no-such-path")


async def test_the_document_says_which_values_need_no_key(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for path, is_open in (("/v1/areas", True), ("/v1/indicators/values", True), ("/v1/things", False)):
        assert ({} in paths[path]["get"]["security"]) == is_open
    assert "(open/)" in app.openapi()["info"]["description"]


async def test_without_a_target_there_is_no_open_data(conn: AsyncConnection[Any], database_url: str) -> None:
    await build(conn)
    made = create_app(settings_of(database_url, None))
    async with made.router.lifespan_context(made), client_of(made) as client:
        assert_problem(await client.get("/open/catalog.jsonld"), 404, "not-found")
        assert_problem(await client.get("/v1/indicators/vn_aqi_d/values"), 401, "unauthorized")
        assert documented(made) == {}


async def test_a_city_that_is_not_there_is_told(database_url: str, tmp_path: Path) -> None:
    made = create_app(settings_of(database_url, tmp_path))
    async with made.router.lifespan_context(made), client_of(made) as client:
        assert_problem(await client.get("/open/catalog.jsonld"), 503, "not-ready")
        assert_problem(await client.get("/v1/areas"), 401, "unauthorized")


OPEN = (
    "/v1/areas", "/v1/areas.geojson", "/v1/areas/193", "/v1/indicators", "/v1/indicators/vn_aqi_d",
    "/v1/indicators/vn_aqi_d/values?from=2026-09-01&to=2026-09-30",
    "/v1/indicators/values/latest?indicator=vn_aqi_d,rain_1h",
)  # fmt: skip
CLOSED = (
    "/v1/indicators/footfall_1h/values", "/v1/indicators/people_present/values",
    "/v1/indicators/values/latest", "/v1/indicators/values/latest?indicator=vn_aqi_d,footfall_1h",
    "/v1/indicators/vn_aqi_d/explain?area=193", "/v1/observations?thing=x", "/v1/latest", "/v1/things",
    "/v1/gateways", "/v1/refusals", "/v1/alerts", "/v1/status",
)  # fmt: skip


@pytest.mark.parametrize("path", OPEN)
async def test_open_indicators_need_no_key(
    app: FastAPI, conn: AsyncConnection[Any], client: httpx.AsyncClient, path: str
) -> None:
    assert (await client.get(path)).status_code == 200
    key, _ = await keys.create(conn, "a newspaper", "public")
    async with client_of(app, authorization=f"Bearer {key}") as public:
        assert (await public.get(path)).status_code == 200


@pytest.mark.parametrize("path", CLOSED)
async def test_the_rest_asks_for_a_key(app: FastAPI, conn: AsyncConnection[Any], path: str) -> None:
    async with client_of(app) as client:
        assert_problem(await client.get(path), 401, "unauthorized")
    key, _ = await keys.create(conn, "a newspaper", "public")
    async with client_of(app, authorization=f"Bearer {key}") as client:
        assert_problem(await client.get(path), 403, "forbidden")


async def test_a_wrong_key_is_refused_though_none_is_needed(app: FastAPI) -> None:
    async with client_of(app, authorization="Bearer halong_00000000_" + "a" * 43) as client:
        assert_problem(await client.get("/v1/indicators/vn_aqi_d/values"), 401, "unauthorized")


async def test_a_closed_domain_is_neither_listed_nor_open(
    client: httpx.AsyncClient, conn: AsyncConnection[Any]
) -> None:
    await conn.execute("""UPDATE city SET properties = '{"open_data": {"closed": ["air"]}}'""")
    assert_problem(await client.get("/open/air"), 404, "not-found")
    assert_problem(await client.get(FILE), 404, "not-found")
    assert_problem(await client.get("/v1/indicators/vn_aqi_d/values"), 401, "unauthorized")
    assert "/open/air" not in json.dumps((await client.get("/open/catalog.jsonld")).json())
