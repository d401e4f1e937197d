"""Keys, health, headers, metrics, a database that goes away, and the service as a whole."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from api import keys
from api.app import create_app
from api.service import run
from runtime.settings import Settings
from storage.errors import StorageError
from tests.integration.api.conftest import client_of
from tests.integration.api.test_api_contract import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

PATH = "/v1/indicators"


@pytest.fixture
async def closed(database_url: str, conn: AsyncConnection[Any]) -> AsyncIterator[FastAPI]:
    """The running application that asks for a key, over an empty city."""
    app = create_app(Settings.model_validate({"database_url": database_url}))
    async with app.router.lifespan_context(app):
        yield app


async def ask(app: FastAPI, path: str = PATH, **headers: str) -> httpx.Response:
    async with client_of(app, **headers) as client:
        return await client.get(path)


async def ask_with(app: FastAPI, key: str) -> httpx.Response:
    return await ask(app, authorization=f"Bearer {key}")


@pytest.mark.attack("no key where all reading is public, for what is sent to gateways", "401")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/commands",
        "/v1/commands/1",
        "/v1/configs",
        "/v1/configs/ha-long-1",
        "/v1/rollouts",
        "/v1/rollouts/1",
        "/v1/automatic-acceptance",
        "/v1/changes",
    ],
)
async def test_what_is_sent_to_gateways_is_never_public(app: FastAPI, path: str) -> None:
    assert (await ask(app, "/v1/gateways")).status_code == 200, "reading is public here"
    assert_problem(await ask(app, path), 401, "unauthorized")
    template = path.replace("/1", "/{id}").replace("/ha-long-1", "/{gateway}")
    assert {} not in app.openapi()["paths"][template]["get"]["security"]


@pytest.mark.attack("no key, at every path of the document", "401")
async def test_without_a_key_there_is_no_data(closed: FastAPI) -> None:
    for path, item in closed.openapi()["paths"].items():
        if "get" not in item:
            continue  # what is sent is tried in test_access_matrix.py
        answer = await ask(closed, path.replace("{code}", "x").replace("{id}", "1"))
        if path.startswith("/v1"):
            assert_problem(answer, 401, "unauthorized")
            assert answer.headers["www-authenticate"].startswith("Bearer")
        else:
            assert answer.status_code == 200


async def test_a_key_opens_the_door_in_both_headers(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    text, record = await keys.create(conn, "planning department")
    assert (record.role, record.areas, record.rate) == ("planner", None, None)
    assert (await ask_with(closed, text)).status_code == 200
    assert (await ask(closed, **{"x-api-key": text})).status_code == 200


async def test_only_the_hash_of_a_key_is_stored(conn: AsyncConnection[Any]) -> None:
    text, record = await keys.create(conn, "planners")
    cursor = await conn.execute("SELECT hash, api_keys::text FROM api_keys")
    row = await cursor.fetchone()
    assert row is not None
    assert row[0] == hashlib.sha256(text.encode()).digest()
    assert text.rpartition("_")[2] not in row[1]
    assert text.startswith(f"halong_{record.prefix}_")
    assert len({(await keys.create(conn, "n"))[0] for _ in range(20)}) == 20


@pytest.mark.parametrize("wrong", ["halong_", "x", "halong_00000000_" + "a" * 43, "Bearer", "é", "a" * 5000])
async def test_what_is_no_key_is_refused(closed: FastAPI, conn: AsyncConnection[Any], wrong: str) -> None:
    async with client_of(closed) as client:
        answer = await client.get(PATH, headers=[(b"x-api-key", wrong.encode())])
    assert_problem(answer, 401, "unauthorized")


async def test_a_key_with_another_secret_is_refused(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    text, _ = await keys.create(conn, "planners")
    last = "A" if text[-1] != "A" else "B"
    assert_problem(await ask_with(closed, text[:-1] + last), 401, "unauthorized")


async def test_basic_auth_is_told_what_to_send(closed: FastAPI) -> None:
    body = assert_problem(await ask(closed, authorization="Basic eDp5"), 401, "unauthorized")
    assert "Bearer" in body["detail"]


@pytest.mark.attack("an expired key", "401")
async def test_an_expired_key_is_refused(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    text, _ = await keys.create(conn, "old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert "expired" in assert_problem(await ask_with(closed, text), 401, "unauthorized")["detail"]
    later, _ = await keys.create(conn, "young", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert (await ask_with(closed, later)).status_code == 200


@pytest.mark.attack("a revoked key", "401 at once")
async def test_a_revoked_key_is_refused_at_once(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    text, record = await keys.create(conn, "lost")
    assert (await ask_with(closed, text)).status_code == 200
    revoked = await keys.revoke(conn, record.prefix)
    assert "revoked" in assert_problem(await ask_with(closed, text), 401, "unauthorized")["detail"]
    assert (await keys.revoke(conn, record.prefix)).revoked_at == revoked.revoked_at
    assert [each.prefix for each in await keys.list_keys(conn)] == [record.prefix]
    with pytest.raises(LookupError, match="halong keys list"):
        await keys.revoke(conn, "nothing")


@pytest.mark.attack("a key whose role may not", "403")
async def test_a_key_whose_role_may_not_is_told_which_may(
    closed: FastAPI, conn: AsyncConnection[Any]
) -> None:
    text, key = await keys.create(conn, "reader of open data", "public")
    body = assert_problem(await ask_with(closed, text), 403, "forbidden")
    assert body["roles"] == ["planner", "operator", "installer", "admin"]
    assert f"key {key.prefix} has the role public" in body["detail"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": " "}, "needs a name"),
        ({"role": "ruler"}, "no role 'ruler': use public, planner"),
        ({"areas": ["193", "nowhere"]}, "no area 'nowhere'"),
        ({"areas": []}, "list of areas is empty"),
        ({"role": "admin", "areas": ["193"]}, "whole city's: areas go with installer, operator, planner"),
        ({"rate": 0}, "revoke the key instead"),
        ({"expires_at": datetime(2027, 1, 1)}, "no time zone"),  # noqa: DTZ001
    ],
)
async def test_a_key_that_cannot_be_is_not_made(
    city: AsyncConnection[Any], given: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        await keys.create(city, **({"name": "somebody"} | given))
    assert await keys.list_keys(city) == []


async def test_use_is_noted_once_a_minute(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    text, record = await keys.create(conn, "planners")

    async def last_used() -> datetime | None:
        return (await keys.list_keys(conn))[0].last_used_at

    assert record.last_used_at is None
    await ask_with(closed, text)
    first = await last_used()
    assert first is not None
    await ask_with(closed, text)
    assert await last_used() == first
    await conn.execute("UPDATE api_keys SET last_used_at = last_used_at - interval '61 seconds'")
    await ask_with(closed, text)
    assert await last_used() != first - timedelta(seconds=61)


async def test_a_wrong_key_is_refused_even_where_none_is_needed(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH, headers={"x-api-key": "halong_typo"})
    assert_problem(answer, 401, "unauthorized")


async def test_health(closed: FastAPI, conn: AsyncConnection[Any]) -> None:
    assert (await ask(closed, "/health/live")).json() == {"status": "live"}
    assert (await ask(closed, "/health/ready")).json()["schema"] == "current"
    await conn.execute("DELETE FROM schema_migrations WHERE name LIKE '0005%'")
    answer = await ask(closed, "/health/ready")
    assert "halong migrate" in assert_problem(answer, 503, "not-ready")["detail"]
    assert int(answer.headers["retry-after"]) > 0


async def test_an_old_schema_is_told_at_the_start(database_url: str, conn: AsyncConnection[Any]) -> None:
    await conn.execute("DELETE FROM schema_migrations")
    app = create_app(Settings.model_validate({"database_url": database_url}))
    with pytest.raises(StorageError, match="run `halong migrate`"):
        async with app.router.lifespan_context(app):
            pass


async def test_a_database_that_goes_away(app: FastAPI, client: httpx.AsyncClient, postgres_dsn: str) -> None:
    name = psycopg.conninfo.conninfo_to_dict(str(app.state.settings.database_url))["dbname"]
    server = await psycopg.AsyncConnection.connect(postgres_dsn, autocommit=True)
    app.state.pool.timeout = 0.5
    async with server:
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        answer = await client.get("/v1/areas")
        assert_problem(answer, 503, "database-away")
        assert int(answer.headers["retry-after"]) > 0
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200
        await server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    for _ in range(100):
        if (await client.get("/v1/areas")).status_code == 200:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the pool did not come back")


async def test_a_mistake_of_ours_tells_nothing(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret place /etc/passwd")

    monkeypatch.setattr("api.queries.areas.areas", broken)
    answer = await client.get("/v1/areas", headers={"x-request-id": "mine-1"})
    body = assert_problem(answer, 500, "internal")
    assert body["request_id"] == "mine-1"
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_query_of_ours_that_is_wrong_tells_nothing(
    client: httpx.AsyncClient, city: AsyncConnection[Any]
) -> None:
    await city.execute("ALTER TABLE refusals RENAME TO refused")
    answer = await client.get("/v1/refusals")
    assert_problem(answer, 500, "internal")
    assert "refusals" not in answer.json()["detail"]


async def test_headers(client: httpx.AsyncClient) -> None:
    for encoding in ("gzip", "br", "zstd"):
        answer = await client.get("/v1/areas?limit=1000", headers={"accept-encoding": encoding})
        assert answer.headers["content-encoding"] == encoding
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    bad = await client.get("/v1/areas", headers={"x-request-id": "a b\t"})
    assert len(bad.headers["x-request-id"]) == 32


async def test_an_unchanged_answer_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/v1/areas.geojson")
    again = await client.get("/v1/areas.geojson", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(
        "/v1/areas.geojson?level=district", headers={"if-none-match": first.headers["etag"]}
    )
    assert other.status_code == 200


async def test_other_origins_only_if_set(database_url: str, conn: AsyncConnection[Any]) -> None:
    origin = "https://planning.example"
    settings = Settings.model_validate({"database_url": database_url, "api_cors_origins": [origin]})
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        answer = await ask(app, origin=origin)
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-origin" not in (await ask(app, origin="https://x.example")).headers
        asked = "authorization, if-none-match, last-event-id, x-request-id"
        async with client_of(app, origin=origin) as client:
            answer = await client.options("/v1/live", headers={
                "access-control-request-method": "GET", "access-control-request-headers": asked,
            })  # fmt: skip
        assert answer.status_code == 200, answer.text
        assert set(asked.split(", ")) <= set(
            answer.headers["access-control-allow-headers"].lower().split(", ")
        )


async def test_metrics_count_routes_and_not_paths(client: httpx.AsyncClient) -> None:
    await client.get("/v1/areas/193")
    await client.get("/v1/areas/194")
    await client.get("/v1/nowhere")
    await client.request("FOO", "/v1/areas")
    text = (await client.get("/metrics")).text
    assert 'halong_api_requests_total{method="GET",route="/v1/areas/{code}",status="200"} 2.0' in text
    assert 'halong_api_request_seconds_count{route="/v1/areas/{code}"} 2.0' in text
    assert "halong_api_pool_pool_size" in text
    assert "nowhere" not in text
    assert "FOO" not in text


async def test_the_explorer_needs_no_other_host(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    assert "//" not in page.text.replace("<!DOCTYPE html>", "")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert (await client.get(f"/docs/assets/{asset}")).status_code == 200
    assert "openapi.json" in (await client.get("/docs/start.js")).text


async def test_a_mounted_page_leaves_the_api_its_paths(app: FastAPI, client: httpx.AsyncClient) -> None:
    console = FastAPI(openapi_url=None)

    @console.get("/{rest:path}")
    async def page(rest: str) -> str:
        return f"console {rest}"

    app.mount("/", console)
    assert (await client.get("/")).json() == "console "
    assert (await client.get("/map")).json() == "console map"
    assert_problem(await client.get("/v1/map"), 404, "no-such-path")
    assert_problem(await client.post("/v1/areas"), 405, "method-not-allowed")
    assert (await client.get("/v1/areas")).status_code == 200


async def test_the_service_serves_and_stops(database_url: str, conn: AsyncConnection[Any]) -> None:
    settings = Settings.model_validate({"database_url": database_url, "api_port": 0, "api_public": True})
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    apps: list[FastAPI] = []
    service = asyncio.create_task(run(settings, stop, on_app=apps.append, on_listening=listening.set_result))
    address = await asyncio.wait_for(listening, 60)
    async with httpx.AsyncClient(base_url=address) as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/v1/areas")).json() == {"items": [], "next": None}
    assert isinstance(apps[0], FastAPI)
    stop.set()
    await asyncio.wait_for(service, 60)


async def test_a_taken_port_is_told(database_url: str, conn: AsyncConnection[Any]) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with taken:
        port = taken.sockets[0].getsockname()[1]
        settings = Settings.model_validate({"database_url": database_url, "api_port": port})
        with pytest.raises(OSError, match="HALONG_API_PORT"):
            await run(settings, asyncio.Event())
