"""Exports from the request to the file: made once, visible to one key, resumable, gone after their time."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics import values
from analytics.indicator import INDICATORS
from analytics.results import Value
from api import answers, export_jobs, keys
from api.app import create_app
from api.known import Registry
from api.queries import indicators as queries
from api.schemas import exports as schemas
from runtime.settings import Settings
from storage.pool import connect, open_pool
from tests.integration.api.conftest import client_of
from tests.integration.api.seed import HOUR, STEPS
from tests.integration.api.test_api_contract import assert_fits, assert_problem
from tests.integration.city import batch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import httpx
    from fastapi import FastAPI
    from psycopg import AsyncConnection

JSON = {"content-type": "application/json"}
WANTED: dict[str, Any] = {"format": "parquet", "thing": ["ha-long-air-1"], "from": "P2D"}


@asynccontextmanager
async def running(url: str, folder: Path, **changes: Any) -> AsyncIterator[FastAPI]:
    settings = {"database_url": url, "api_public": True, "export_dir": folder} | changes
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def app(database_url: str, city: AsyncConnection[Any], tmp_path: Path) -> AsyncIterator[FastAPI]:
    async with running(database_url, tmp_path) as app:
        yield app


async def key(conn: AsyncConnection[Any], role: str = "operator") -> str:
    text, _ = await keys.create(conn, "planning", role)
    return text


@pytest.fixture
async def client(app: FastAPI, city: AsyncConnection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, **{"x-api-key": await key(city)}) as client:
        yield client


async def asked(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/exports", json=WANTED | changes)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/exports/{body['id']}"
    return body


async def ended(client: httpx.AsyncClient, export: dict[str, Any]) -> dict[str, Any]:
    for _ in range(600):
        body: dict[str, Any] = (await client.get(f"/v1/exports/{export['id']}")).json()
        if body["state"] not in {"waiting", "running"}:
            return body
        await asyncio.sleep(0.05)
    raise TimeoutError(body)


async def test_a_file_is_made_and_downloaded(client: httpx.AsyncClient, app: FastAPI, tmp_path: Path) -> None:
    export = await asked(client)
    assert (export["state"], export["file"]) == ("waiting", None)
    done = await ended(client, export)
    assert (done["state"], done["rows"], done["share"]) == ("done", 2 * STEPS, 1)
    answer = await client.get(done["file"])
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.headers["content-disposition"].endswith('.parquet"')
    assert hashlib.sha256(answer.content).hexdigest() == done["sha256"]
    assert len(answer.content) == done["bytes"]
    table = pq.read_table(io.BytesIO(answer.content))
    assert sorted(set(table["property"].to_pylist())) == ["pm10", "pm2_5"]
    assert [each.name for each in tmp_path.iterdir()] == [f"{done['id']}.1.parquet"]
    schema = app.openapi()["paths"]["/v1/exports/{id}"]["get"]["responses"]["200"]["content"]
    assert_fits(done, schema["application/json"]["schema"], app)
    assert_fits(schema["application/json"]["example"], schema["application/json"]["schema"], app)


async def test_every_format(client: httpx.AsyncClient) -> None:
    for form in ("csv", "arrow", "xlsx", "geojson", "json"):
        done = await ended(client, await asked(client, format=form, property=["pm10"], headers="vi"))
        content = (await client.get(done["file"])).content
        if form == "csv":
            rows = list(csv.DictReader(io.StringIO(content.decode())))
            assert [float(row["Giá trị"]) for row in rows] == [2 * (10.0 + n) for n in range(STEPS)]
        elif form == "arrow":
            assert pa.ipc.open_stream(content).read_all().num_rows == STEPS
        elif form == "xlsx":
            assert openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row == 1 + STEPS
        assert done["rows"] == STEPS


async def test_a_download_goes_on_where_it_broke_off(client: httpx.AsyncClient) -> None:
    path = (await ended(client, await asked(client, format="csv")))["file"]
    whole = await client.get(path)
    tag = whole.headers["etag"]
    rest = await client.get(path, headers={"range": "bytes=100-", "if-range": tag})
    assert (rest.status_code, rest.content) == (206, whole.content[100:])
    assert rest.headers["content-range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    other = await client.get(path, headers={"range": "bytes=100-", "if-range": '"another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = await client.get(path, headers={"range": "bytes=9999999-"})
    assert_problem(beyond, 416, "range-not-satisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
    for unreadable in ("bytes=-", "bytes=9-1", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6"):
        assert (await client.get(path, headers={"range": unreadable})).content == whole.content, unreadable
    assert whole.headers["repr-digest"].startswith("sha-256=:")


async def test_an_export_is_its_keys_own(
    client: httpx.AsyncClient, app: FastAPI, city: AsyncConnection[Any]
) -> None:
    done = await ended(client, await asked(client))
    async with client_of(app, **{"x-api-key": await key(city)}) as stranger:
        for path in (f"/v1/exports/{done['id']}", done["file"]):
            assert_problem(await stranger.get(path), 404, "not-found")
        assert_problem(await stranger.delete(f"/v1/exports/{done['id']}"), 404, "not-found")
        assert (await stranger.get("/v1/exports")).json()["items"] == []
    async with client_of(app, **{"x-api-key": await key(city, "admin")}) as administrator:
        assert (await administrator.get(done["file"])).status_code == 200
    async with client_of(app) as nobody:
        for answer in (await nobody.get("/v1/exports"), await nobody.post("/v1/exports", json=WANTED)):
            assert_problem(answer, 401, "unauthorized")


async def test_the_list_has_pages(client: httpx.AsyncClient) -> None:
    ids = [(await ended(client, await asked(client)))["id"] for _ in range(3)]
    body = (await client.get("/v1/exports?limit=2")).json()
    rest = (await client.get(body["next"])).json()
    assert [each["id"] for each in body["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None


async def test_a_key_has_so_many_unfinished_exports(
    database_url: str, city: AsyncConnection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(_: object) -> None:
        return None

    monkeypatch.setattr(export_jobs.Exports, "_take", nothing)
    async with (
        running(database_url, tmp_path, export_limit=2) as app,
        client_of(app, **{"x-api-key": await key(city)}) as client,
    ):
        first = await asked(client)
        await asked(client)
        body = assert_problem(await client.post("/v1/exports", json=WANTED), 429, "too-many-exports")
        assert "2 unfinished" in body["detail"]
        assert_problem(await client.get(f"/v1/exports/{first['id']}/file"), 409, "conflict")
        assert (await client.delete(f"/v1/exports/{first['id']}")).status_code == 204
        await asked(client)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"format": "xls"}, "format"),
        ({"thing": ["ha-long-air-l"]}, "thing"),
        ({"thing": None}, "thing"),
        ({"from": "yesterday"}, "from"),
        ({"form": "csv"}, "form"),
        ({"datastream": [0]}, "datastream.0"),
    ],
)
async def test_what_can_not_be_is_told_at_once(
    client: httpx.AsyncClient, changes: dict[str, Any], place: str
) -> None:
    body = assert_problem(await client.post("/v1/exports", json=WANTED | changes), 422, "invalid-parameter")
    assert place in {fault["parameter"] for fault in body["errors"]}


async def test_a_cancelled_or_expired_file_is_gone(
    client: httpx.AsyncClient, app: FastAPI, city: AsyncConnection[Any], tmp_path: Path
) -> None:
    removed, expired = [await ended(client, await asked(client)) for _ in range(2)]
    assert (await client.delete(f"/v1/exports/{removed['id']}")).status_code == 204
    assert (await client.delete(f"/v1/exports/{removed['id']}")).status_code == 204
    await city.execute("UPDATE exports SET expires_at = now() WHERE id = %s", [expired["id"]])
    await app.state.exports._tidy()
    assert list(tmp_path.iterdir()) == []
    for each, state in ((removed, "cancelled"), (expired, "expired")):
        assert (await client.get(f"/v1/exports/{each['id']}")).json()["state"] == state
        assert state in assert_problem(await client.get(each["file"]), 410, "gone")["detail"]


async def test_a_job_that_is_cancelled_while_it_runs_leaves_nothing(
    client: httpx.AsyncClient, city: AsyncConnection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "_NOTED_EVERY_S", 0)
    begun, go = asyncio.Event(), asyncio.Event()
    real = export_jobs.Exports._noted

    async def held(self: export_jobs.Exports, *arguments: Any) -> None:
        begun.set()
        await go.wait()
        await real(self, *arguments)

    monkeypatch.setattr(export_jobs.Exports, "_noted", held)
    export = await asked(client)
    await asyncio.wait_for(begun.wait(), 60)
    await client.delete(f"/v1/exports/{export['id']}")
    go.set()
    for _ in range(100):
        if not list(tmp_path.iterdir()):
            break
        await asyncio.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
    assert (await client.get(f"/v1/exports/{export['id']}")).json()["state"] == "cancelled"


async def test_an_interrupted_job_is_taken_up_again(
    database_url: str, city: AsyncConnection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first process ends in the middle; of two others, one makes the file, and one of a killed third."""
    text, begun = await key(city), asyncio.Event()
    real = export_jobs.source_of

    async def never(*_: Any) -> Any:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(export_jobs, "source_of", never)
    async with running(database_url, tmp_path) as app, client_of(app, **{"x-api-key": text}) as client:
        export = await asked(client)
        await asyncio.wait_for(begun.wait(), 60)
    monkeypatch.setattr(export_jobs, "source_of", real)
    await city.execute(
        """INSERT INTO exports (owner, what, format, parameters, state, attempt, seen_at)
           SELECT owner, what, format, parameters, 'running', 1, now() - interval '2 minutes' FROM exports"""
    )
    (tmp_path / f"{export['id']}.1.part").write_bytes(b"what a killed process left")
    async with (
        running(database_url, tmp_path) as one,
        running(database_url, tmp_path),
        client_of(one, **{"x-api-key": text}) as client,
    ):
        exports = (await client.get("/v1/exports")).json()["items"]
        done = [await ended(client, each) for each in exports]
    assert [(each["state"], each["rows"]) for each in done] == [("done", 2 * STEPS)] * 2
    cursor = await city.execute("SELECT attempt FROM exports ORDER BY created_at")
    assert await cursor.fetchall() == [(2,), (2,)]
    assert {each.suffix for each in tmp_path.iterdir()} == {".parquet"}


async def test_after_three_attempts_it_has_failed(
    client: httpx.AsyncClient, city: AsyncConnection[Any], app: FastAPI
) -> None:
    export = await ended(client, await asked(client))
    await city.execute("UPDATE exports SET state = 'waiting', attempt = 3")
    app.state.exports.wake.set()
    failed = await ended(client, export)
    assert (failed["state"], failed["file"]) == ("failed", None)
    assert "3 times" in failed["error"]


async def test_a_folder_that_can_not_be_written_is_told(
    database_url: str, city: AsyncConnection[Any], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    async with (
        running(database_url, tmp_path / "file" / "below") as app,
        client_of(app, **{"x-api-key": await key(city)}) as client,
    ):
        failed = await ended(client, await asked(client))
    assert failed["state"] == "failed"
    assert "could not be written" in failed["error"]


VALUES: dict[str, Any] = {
    "what": "indicator_values",
    "format": "csv",
    "indicator": ["vn_aqi_h"],
    "area": ["193"],
    "period": "P1D",
}


async def asked_values(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/exports", json=VALUES | changes)
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def rows_of(client: httpx.AsyncClient, done: dict[str, Any]) -> list[dict[str, str]]:
    assert done["state"] == "done", done
    content = (await client.get(done["file"])).content
    assert hashlib.sha256(content).hexdigest() == done["sha256"]
    return list(csv.DictReader(io.StringIO(content.decode())))


async def test_values_of_indicators_are_exported_as_their_route_gives_them(
    client: httpx.AsyncClient,
) -> None:
    for chosen in (
        {"area": ["193", "22"], "indicator": ["vn_aqi_h", "rain_1h"]},
        {"area": ["06652"]},
        {"area": None, "within": "22", "level": "district"},
    ):
        export = await asked_values(client, **chosen)
        assert export["parameters"].keys() >= {"from", "to", "as_of"}
        done = await ended(client, export)
        params = {key: ",".join(each) if isinstance(each, list) else each for key, each in chosen.items()}
        query = {"indicator": "vn_aqi_h", "period": "P1D", "format": "csv"} | params
        answer = await client.get("/v1/indicators/values", params=query)
        expected = list(csv.DictReader(io.StringIO(answer.text)))
        assert expected
        assert await rows_of(client, done) == expected
        assert done["rows"] == len(expected)


async def test_values_in_every_format(client: httpx.AsyncClient) -> None:
    for form in ("parquet", "arrow", "xlsx", "geojson", "json"):
        done = await ended(client, await asked_values(client, format=form, headers="vi"))
        assert (done["state"], done["rows"], done["share"]) == ("done", 6, 1)
        content = (await client.get(done["file"])).content
        if form == "parquet":
            table = pq.read_table(io.BytesIO(content))
            assert table["value"].to_pylist() == [50.0, 60.0, 70.0, 80.0, 90.0, None]
            assert table.schema.metadata[b"as_of"].decode() == done["parameters"]["as_of"]
        elif form == "xlsx":
            assert openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].max_row == 1 + 6
        elif form == "geojson":
            assert len(json.loads(content)["features"]) == 6


async def test_a_file_of_values_is_of_one_instant(
    client: httpx.AsyncClient, city: AsyncConnection[Any], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer has dated its revisions before the file is asked for, and commits between two of its pages."""
    monkeypatch.setattr(answers, "CHUNK", 3)
    real, pages, writing, written = queries.values, 0, asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with await connect(database_url) as other, other.transaction():
            await revise(other, 7.0)
            writing.set()
            await written.wait()

    writer = asyncio.create_task(write())
    await writing.wait()

    async def between(conn: Any, series: Any, fields: Any, **named: Any) -> Any:
        nonlocal pages
        found = await real(conn, series, fields, **named)
        pages += named["limit"] == 3
        if pages == 1:
            written.set()
            await writer
        return found

    monkeypatch.setattr(queries, "values", between)
    path = "/v1/indicators/values?indicator=vn_aqi_h&area=22,193&format=csv"
    rows = list(csv.DictReader(io.StringIO((await client.get(path)).text)))
    assert pages > 2
    found = {code: [row["value"] for row in rows if row["area"] == code] for code in ("193", "22")}
    assert found["193"] == ["50", "60", "70", "80", "90", ""]
    assert found["22"] == ["50", "60", "70", "80", "90", "100"]
    revised = list(csv.DictReader(io.StringIO((await client.get(path)).text)))
    assert {float(row["value"]) for row in revised} == {7.0}


async def test_an_export_of_values_tells_how_many_rows_to_expect(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    await ended(client, await asked_values(client, area=["193", "22"], indicator=["vn_aqi_h", "rain_1h"]))
    cursor = await city.execute("SELECT expected_rows FROM exports")
    assert await cursor.fetchone() == (6 + 6 + 1,)


async def revise(conn: AsyncConnection[Any], value: float) -> None:
    """Store another revision of each of 193's and 22's values, as analytics does."""
    cursor = await conn.execute("SELECT id FROM areas WHERE code IN ('193', '22') AND reporting")
    areas = [row[0] for row in await cursor.fetchall()]
    rows = [
        (INDICATORS["vn_aqi_h"], area, HOUR - timedelta(hours=6 - step), Value(value, 1.0, None, None, {}))
        for area in areas
        for step in range(6)
    ]
    async with conn.transaction():
        await values.lock(conn, [INDICATORS["vn_aqi_h"]])
        await values.store(conn, batch(rows))


async def test_revisions_meanwhile_do_not_mix_two_states(
    client: httpx.AsyncClient, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three rows are read at once, and every value is revised after the first three."""
    monkeypatch.setattr(answers, "CHUNK", 3)
    real, read = queries.values, 0

    async def between(conn: Any, series: Any, fields: Any, **named: Any) -> Any:
        nonlocal read
        found = await real(conn, series, fields, **named)
        read += 1
        if read == 1:
            await revise(city, 7.0)
        return found

    monkeypatch.setattr(queries, "values", between)
    rows = await rows_of(client, await ended(client, await asked_values(client, area=["193", "22"])))
    assert read > 3
    found = {
        code: [float(row["value"] or "nan") for row in rows if row["area"] == code] for code in ("22", "193")
    }
    assert found["22"] == [50, 60, 70, 80, 90, 100]
    assert found["193"] == pytest.approx([50, 60, 70, 80, 90, float("nan")], nan_ok=True)
    revised = await rows_of(client, await ended(client, await asked_values(client)))
    assert [float(row["value"]) for row in revised] == [7] * 6
    cursor = await city.execute(
        """SELECT count(*) FROM indicator_values a JOIN indicator_values b USING (indicator, area_id, time)
           WHERE b.value = 7 AND b.revision = a.revision + 1 AND a.superseded_at = b.computed_at"""
    )
    assert await cursor.fetchone() == (12,)  # at every instant one revision is in force


async def test_what_is_being_computed_is_waited_for(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    """A revision that was dated before the question, and is committed after it, is in the file."""
    async with city.transaction():
        await revise(city, 7.0)
        export = await asked_values(client)
        await asyncio.sleep(0.5)
        assert (await client.get(f"/v1/exports/{export['id']}")).json()["state"] in {"waiting", "running"}
    rows = await rows_of(client, await ended(client, export))
    assert [float(row["value"]) for row in rows] == [7] * 6


async def test_values_as_they_were_known(client: httpx.AsyncClient) -> None:
    then = (HOUR - timedelta(hours=4, minutes=30)).isoformat()
    rows = await rows_of(client, await ended(client, await asked_values(client, as_of=then)))
    assert [(float(row["value"]), row["revision"]) for row in rows] == [(40, "1")]
    later = await asked_values(client, as_of="2199-01-01")
    assert later["parameters"]["as_of"] <= later["created_at"].replace("Z", "+00:00")


async def test_observations_by_a_period(client: httpx.AsyncClient) -> None:
    export = await asked(client, **{"from": None, "period": "P2D", "indicator": None})
    assert "period" not in export["parameters"]
    assert (await ended(client, export))["rows"] == 2 * STEPS


@pytest.mark.parametrize(
    ("wanted", "place", "meant"),
    [
        (VALUES | {"indicator": None}, "indicator", None),
        (VALUES | {"indicator": ["vn_aqi_g"]}, "indicator", "vn_aqi_h"),
        (VALUES | {"area": ["Ha Long"]}, "area", "193"),
        (VALUES | {"within": "22"}, "within", None),
        (VALUES | {"at": "yesterday"}, "at", None),
        (VALUES | {"as_of": "yesterday"}, "as_of", None),
        (VALUES | {"from": "P1D"}, "period", None),
        (VALUES | {"period": None}, "from", None),
        (VALUES | {"period": "P1X"}, "period", None),
        (VALUES | {"thing": ["ha-long-air-1"]}, "thing", None),
        (WANTED | {"indicator": ["vn_aqi_h"]}, "indicator", None),
        (WANTED | {"from": None}, "from", None),
        (WANTED | {"what": "indicators"}, "what", "indicator_values"),
    ],
)
async def test_what_can_not_be_names_the_field_of_the_body(
    client: httpx.AsyncClient, wanted: dict[str, Any], place: str, meant: str | None
) -> None:
    answer = await client.post("/v1/exports", json=wanted)
    (fault,) = assert_problem(answer, 422, "invalid-parameter")["errors"]
    assert (fault["parameter"], fault["in"]) == (place, "body")
    assert meant is None or meant in fault["did_you_mean"]


@pytest.mark.parametrize(
    ("content", "kind", "parameter", "told"),
    [
        (b'{"format": "csv", "area": "193"}', JSON, "area", 'give a list such as ["193"]'),
        (b'{"format": "csv", "proprty": ["x"]}', JSON, "proprty", "no such field"),
        (b'{"format": "csv", "at": 5}', JSON, "at", "is no text"),
        (b'{"format": "csv"}', {}, "body", "Content-Type: application/json"),
        (b'{"format": "csv", 5}', JSON, "body", "it is no JSON, at character 19"),
        (b"[]", JSON, "body", "'[]' is no object"),
    ],
)
async def test_a_body_that_can_not_be_read_is_told_in_plain_words(
    client: httpx.AsyncClient, content: bytes, kind: dict[str, str], parameter: str, told: str
) -> None:
    answer = await client.post("/v1/exports", content=content, headers=kind)
    body = assert_problem(answer, 422, "invalid-parameter")
    (fault,) = body["errors"]
    assert (fault["parameter"], fault["in"]) == (parameter, "body")
    assert told in body["detail"]
    assert fault["did_you_mean"] == (["property"] if parameter == "proprty" else [])


async def test_values_that_are_not_stored_are_told_at_once(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/exports", json=VALUES | {"period": "2020"})
    assert "no values" in assert_problem(answer, 404, "not-found")["detail"]


def test_the_documented_examples_are_taken() -> None:
    for shown in (schemas.NEW, schemas.NEW_VALUES):
        assert not schemas.NewExport.model_validate(shown).misplaced()


async def test_it_ends_when_it_is_told_while_it_gets_a_connection(database_url: str, tmp_path: Path) -> None:
    settings = Settings.model_validate({"database_url": database_url, "export_dir": tmp_path})
    async with open_pool(database_url, max_size=1) as pool:
        async with pool.connection():
            work = asyncio.create_task(export_jobs.Exports(pool, Registry(pool), settings).run())
            async with asyncio.timeout(60):
                while not pool.get_stats()["requests_waiting"]:
                    await asyncio.sleep(0.01)
        work.cancel()
        done, _ = await asyncio.wait([work], timeout=60)
        assert done
