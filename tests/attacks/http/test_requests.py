"""Requests that are to be taken for others, for more than they are, or for somebody else's."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import keys
from tests.attacks.http.wire import exchange, request, status, wire
from tests.integration.api.streams import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from psycopg import AsyncConnection

PATHS = (
    "/open/files/../../../../../../etc/passwd",
    "/open/files/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/open/files/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/open/files/%252e%252e%252f%252e%252e%252fetc/passwd",
    "/open/files/..\\..\\..\\etc\\passwd",
    "/open/files//etc/passwd",
    "/open/files/%00/etc/passwd",
    "/open/files/air/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/v1/exports/../../../../etc/passwd",
    "/v1/exports/..%2f..%2f..%2fetc%2fpasswd/file",
    "/v1/exports/%2fetc%2fpasswd/file",
    "/_nicegui/3.18.0/static/../../../../../../../etc/passwd",
    "/_nicegui/3.18.0/components/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/docs/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "//etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
)
_SECOND = "GET /v1/gateways HTTP/1.1\r\nHost: halong\r\n\r\n"
_JSON = "Content-Type: application/json"


@pytest.fixture
async def key(city: AsyncConnection[Any]) -> str:
    """A key that may do everything."""
    text, _ = await keys.create(city, "tester", "admin")
    return text


@pytest.fixture
async def three_a_minute(
    database_url: str, city: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API that answers three requests a minute of each address."""
    monkeypatch.setattr("api.rates.is_local", lambda _: False)
    async with (
        serving(database_url, api_rate_limit=3) as address,
        httpx.AsyncClient(base_url=address, trust_env=False) as http,
    ):
        yield http


@pytest.mark.attack(
    "request smuggling: two lengths, length and chunks, odd chunks, folded and spaced field names",
    "400 or 422, and no second request is answered",
)
@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (("Content-Length: 5", "Content-Length: 90"), f"aaaaa{_SECOND}"),
        (("Content-Length: 5", "Transfer-Encoding: chunked"), f"0\r\n\r\n{_SECOND}"),
        (("Transfer-Encoding: chunked", "Content-Length: 5"), f"0\r\n\r\n{_SECOND}"),
        (("Transfer-Encoding: xchunked",), f"0\r\n\r\n{_SECOND}"),
        (("Transfer-Encoding: chunked, identity",), f"0\r\n\r\n{_SECOND}"),
        (("Transfer-Encoding : chunked",), f"0\r\n\r\n{_SECOND}"),
        (("Content-Length: +5",), f"aaaaa{_SECOND}"),
        (("Content-Length: 5 5",), f"aaaaa{_SECOND}"),
        (("Content-Length: 99999999999999999999999999",), _SECOND),
        (("Transfer-Encoding: chunked",), f"-1\r\n\r\n{_SECOND}"),
        (("Transfer-Encoding: chunked",), f"ffffffffffffffffffff\r\n{_SECOND}"),
        (("X-A: b\n", " Content-Length: 5"), f"aaaaa{_SECOND}"),
        (("X-A: b\0c",), _SECOND),
    ],
)
async def test_smuggling(address: str, fields: tuple[str, ...], body: str) -> None:
    answer = await exchange(
        address, request("/v1/alert-silences", *fields, method="POST", body=body.encode())
    )
    assert re.findall(rb"HTTP/1.1 (\d+)", answer)[1:] == []
    assert status(answer) in {400, 401, 422}
    assert b"gw-ha-long" not in answer


@pytest.mark.attack(
    "header injection: line ends in the query, the path, the request id and a link", "no header of that name"
)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/areas?limit=1&x=%0d%0aSet-Cookie:%20a=b",
        "/v1/observations?thing=aq-017&property=pm2_5&limit=1&cursor=%0d%0aSet-Cookie:%20a=b",
        "/v1/areas/%0d%0aSet-Cookie:%20a=b",
        "/?lang=%0d%0aSet-Cookie:%20a=b",
        "/v1/areas?limit=1&level=district%0d%0aSet-Cookie:%20a=b",
    ],
)
async def test_header_injection(address: str, path: str) -> None:
    answer = await exchange(address, request(path, "X-Request-ID: a%0d%0aSet-Cookie: a=b"))
    head, _, _ = answer.partition(b"\r\n\r\n")
    assert b"\r\nset-cookie" not in head.lower()
    assert status(answer) in {404, 422}


@pytest.mark.attack(
    "a host that is not ours in Host or in the address of a request", "no link leads there; data as ever"
)
async def test_foreign_host(address: str) -> None:
    foreign = b"GET /v1/areas?limit=1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    absolute = foreign.replace(b"GET ", b"GET http://evil.example")
    for each in (foreign, absolute):
        answer = await exchange(address, each)
        assert status(answer) == 200
        assert b'rel="next"' in answer
        assert b"evil" not in answer


@pytest.mark.attack(
    "forged X-Forwarded-For, Forwarded, X-Real-IP without a trusted proxy", "counts as its own address: 429"
)
async def test_forged_addresses(three_a_minute: httpx.AsyncClient) -> None:
    found = []
    for number in range(5):
        visitor = f"203.0.113.{number}"
        forged = {"x-forwarded-for": visitor, "forwarded": f"for={visitor}", "x-real-ip": visitor}
        found.append((await three_a_minute.get("/v1/areas", headers=forged)).status_code)
    assert found == [200, 200, 200, 429, 429]


@pytest.mark.attack("https claimed by X-Forwarded-Proto without a trusted proxy", "no HSTS; with one, HSTS")
async def test_forged_scheme(database_url: str, city: AsyncConnection[Any]) -> None:
    async def hsts(**settings: Any) -> str | None:
        async with (
            serving(database_url, **settings) as address,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            answer = await http.get(f"{address}/v1/areas", headers={"x-forwarded-proto": "https"})
            return answer.headers.get("strict-transport-security")

    assert await hsts() is None
    assert await hsts(api_trusted_proxies=["127.0.0.1"]) == "max-age=31536000"


@pytest.mark.attack("keys guessed at the console's form", "429 after the address's quota")
async def test_guessed_keys(three_a_minute: httpx.AsyncClient) -> None:
    found = [
        (await three_a_minute.post("/console/key", data={"key": f"halong_{n}"})).status_code for n in range(5)
    ]
    assert found[3:] == [429, 429]


@pytest.mark.attack("body of 10 GB, told or in chunks without end", "413, unread")
@pytest.mark.parametrize("path", ["/v1/alert-silences", "/console/key", "/v1/nothing"])
async def test_oversized_bodies(address: str, path: str) -> None:
    told = request(path, _JSON, "Content-Length: 10000000000", method="POST")
    assert status(await exchange(address, told)) == 413
    async with wire(address) as attacker:
        await attacker.send(request(path, _JSON, "Transfer-Encoding: chunked", method="POST"))
        sent = 0
        while await attacker.send(b"4000\r\n" + b"x" * 0x4000 + b"\r\n"):
            sent += 0x4000
            assert sent < 16 << 20
            await asyncio.sleep(0)
        answer = await attacker.rest()
    assert not answer or status(answer) == 413  # a reset may overtake it


@pytest.mark.attack(
    "JSON bombs: 30,000 brackets, 5,000 digits, infinite numbers, in bodies and cursors", "a problem of 4xx"
)
@pytest.mark.parametrize(
    "body",
    [
        *("[" * n + "]" * n for n in (33, 900, 30_000)),
        *('{"a":' * n + "1" + "}" * n for n in (33, 900, 10_000)),
        '{"rule": ' + "[" * 900 + "]" * 900 + "}",
        "9" * 5000,
        '{"rule": ' + "9" * 5000 + "}",
        '{"until": 1e999, "rule": NaN}',
        '"' + "\\u0000" * 9000 + '"',
    ],
    ids=lambda body: f"{body[:6]} {len(body)}",
)
async def test_json_bombs(address: str, key: str, body: str) -> None:
    async with httpx.AsyncClient(
        base_url=address, trust_env=False, headers={"x-api-key": key, "content-type": "application/json"}
    ) as http:
        for method, path in (("POST", "/v1/alert-silences"), ("POST", "/v1/exports"),
                             ("PATCH", "/v1/alert-rules/x")):  # fmt: skip
            answer = await http.request(method, path, content=body)
            assert answer.status_code in {404, 422}, answer.text
            assert len(answer.content) < 100_000
            assert answer.headers["content-type"] == "application/problem+json"
        cursor = base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")
        for path in ("/v1/areas", "/v1/gateways", "/v1/refusals"):
            answer = await http.get(path, params={"cursor": cursor[:60_000]})
            assert answer.status_code == 422, answer.text


@pytest.mark.attack(
    "thousands of unknown parameters or fields, each of which is looked for among the known", "ten are told"
)
async def test_many_unknown_names(address: str, key: str) -> None:
    names = {f"{'x' * 9}{number}": "1" for number in range(3000)}
    async with httpx.AsyncClient(base_url=address, trust_env=False, headers={"x-api-key": key}) as http:
        answers = (
            await http.get("/v1/areas", params=names),
            await http.post("/v1/alert-silences", json=names),
        )
    for answer in answers:
        assert answer.status_code == 422
        assert len(answer.json()["errors"]) == 10
        assert len(answer.content) < 20_000


@pytest.mark.attack("brackets in a text of JSON", "are text: a note may have any")
async def test_brackets_in_a_text(address: str, key: str) -> None:
    headers = {"x-api-key": key, "content-type": "application/json"}
    content = json.dumps({"note": '\\"[[[{{{"' * 40})
    async with httpx.AsyncClient(base_url=address, trust_env=False, headers=headers) as http:
        answer = await http.post("/v1/alert-silences", content=content)
    assert "nests" not in answer.text


@pytest.mark.attack(
    "path tricks: dots, encoded dots and slashes, backslashes, NUL, absolute, twice encoded",
    "404, no file but those meant",
)
async def test_path_tricks(console: str, key: str) -> None:
    for path in PATHS:
        answer = await exchange(console, request(path, f"X-API-Key: {key}"))
        assert status(answer) in {400, 404, 405, 422}, f"{path}: {answer[:200]!r}"
        assert b"root:" not in answer, path
