"""Bearer tokens of an OpenID provider: a real one, and one that comes and goes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api import keys
from api.app import create_app
from api.oidc.claims import TokenRefusedError
from api.oidc.issuer import Issuer, IssuerAwayError
from runtime.settings import Settings
from tests.integration.api.conftest import client_of
from tests.integration.api.streams import following, serving
from tests.integration.api.test_api_contract import assert_problem
from tests.integration.api.test_api_exports import ended
from tests.issuers import SigningIssuer, program_token, provider, rsa_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from psycopg import AsyncConnection

_PROGRAMS = {
    "program-rs256": {"realm_access": {"roles": ["offline_access", "planner"]}, "areas": "*"},
    "program-es256": {"realm_access": {"roles": ["operator"]}, "areas": ["193"]},
}


@pytest.fixture(scope="module")
def real_issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of oidc-provider, with two programs."""
    with provider(tmp_path_factory.mktemp("issuer") / "log", _PROGRAMS) as url:
        yield url


@pytest.fixture
async def app(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer, tmp_path: Path
) -> AsyncIterator[FastAPI]:
    """The application that believes the issuer which signs what it is told."""
    settings = {"database_url": database_url, "oidc_issuer": issuer.url, "export_dir": tmp_path}
    app = create_app(Settings.model_validate(settings))
    async with app.router.lifespan_context(app):
        yield app


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


async def test_tokens_of_a_real_provider(
    database_url: str, city: AsyncConnection[Any], real_issuer: str
) -> None:
    given = {"oidc_issuer": real_issuer, "oidc_role_claim": "realm_access.roles", "oidc_area_claim": "areas"}
    settings = Settings.model_validate({"database_url": database_url} | given)
    planner, operator, foreign = [
        await program_token(real_issuer, *what)
        for what in (("program-rs256",), ("program-es256",), ("program-rs256", "billing"))
    ]
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        seen = (await client.get("/v1/areas?level=district", headers=bearer(planner))).json()
        assert {"193", "194"} <= {each["code"] for each in seen["items"]}
        problem = assert_problem(await client.get("/v1/things", headers=bearer(planner)), 403, "forbidden")
        assert "person program-rs256 has the role planner" in problem["detail"]
        things = (await client.get("/v1/things", headers=bearer(operator))).json()["items"]
        assert {each["code"] for each in things} == {"ha-long-air-1", "ha-long-rain-1"}
        answer = await client.get("/v1/areas", headers=bearer(foreign))
        assert "its aud must name 'halong'" in assert_problem(answer, 401, "unauthorized")["detail"]


async def test_a_token_names_the_person_where_a_key_is_named(app: FastAPI, issuer: SigningIssuer) -> None:
    minh = bearer(issuer.token())
    other = bearer(issuer.token(sub="77aa", preferred_username="lan", roles=["planner"]))
    wanted = {"what": "indicator_values", "indicator": ["vn_aqi_h"], "period": "P1D", "format": "csv"}
    async with client_of(app) as client:
        made = (await client.post("/v1/exports", json=wanted, headers=minh)).json()
        hidden = await client.get(f"/v1/exports/{made['id']}", headers=other)
        assert "person 77aa has no export" in assert_problem(hidden, 404, "not-found")["detail"]
        client.headers.update(minh)
        assert (await ended(client, made))["state"] == "done"
        silence = {"area": "193", "ends_at": "PT1H", "reason": "works"}
        answer = await client.post("/v1/alert-silences", json=silence)
        assert answer.json()["created_by"] == "minh"


async def test_a_person_has_a_quota_of_its_own_whatever_token_it_has(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.rates.is_local", lambda _: False)
    limits = {"api_rate_limit": 3, "api_rate_limit_key": 2, "oidc_issuer": issuer.url}
    async with serving(database_url, **limits) as address, httpx.AsyncClient(trust_env=False) as http:

        async def ask(text: str) -> httpx.Response:
            return await http.get(f"{address}/v1/areas", headers=bearer(text))

        first, second = issuer.token(), issuer.token(iat=int(time.time()) - 1)
        assert (await ask(first)).headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert (await ask(second)).headers["ratelimit-policy"] == '"address";q=3;w=60'
        assert (await ask(first)).headers["ratelimit-policy"] == '"person";q=2;w=60'
        assert (await ask(second)).status_code == 200
        assert_problem(await ask(first), 429, "too-many-requests")
        other = issuer.token(sub="77aa")
        assert [(await ask(other)).status_code for _ in range(2)] == [200, 200]


async def test_a_stream_ends_with_its_token(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.oidc.claims.LEEWAY_S", 0)
    async with serving(database_url, oidc_issuer=issuer.url, api_public=False) as address:
        text = issuer.token(exp=int(time.time()) + 3)
        async with (
            following(address, authorization=f"Bearer {text}") as stream,
            following(address, authorization=f"Bearer {issuer.token()}") as other,
        ):
            end = await stream.next("end")
            assert end.data == {
                "reason": "token",
                "detail": "the token of person 5f1c has expired: connect again with another",
            }
            assert await stream.read() is None
            assert len(other.last_id) > 0


async def test_the_document_has_both_ways_in(app: FastAPI, issuer: SigningIssuer, database_url: str) -> None:
    document = app.openapi()
    scheme = document["components"]["securitySchemes"]["token"]
    assert scheme["type"] == "openIdConnect"
    assert scheme["openIdConnectUrl"] == f"{issuer.url}/.well-known/openid-configuration"
    without = create_app(Settings.model_validate({"database_url": database_url})).openapi()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            before = without["paths"][path][method].get("security", [])
            assert operation.get("security", []) == (before and [*before, {"token": []}]), path
    assert document["paths"]["/v1/things"]["get"]["security"] == [
        {"bearer": []},
        {"header": []},
        {"token": []},
    ]
    assert issuer.url in document["info"]["description"]
    assert "token" not in without["components"]["securitySchemes"]


async def test_without_an_issuer_a_token_is_no_key(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer
) -> None:
    app = create_app(Settings.model_validate({"database_url": database_url}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await client.get("/v1/areas", headers=bearer(issuer.token()))
        assert_problem(answer, 401, "unauthorized")
    assert issuer.asked.total() == 0


async def test_a_key_goes_on_beside_tokens(app: FastAPI, city: AsyncConnection[Any]) -> None:
    text, _ = await keys.create(city, "planners")
    async with client_of(app, **bearer(text)) as client:
        assert (await client.get("/v1/areas")).status_code == 200


@pytest.mark.attack("the identity provider is away", "known keys go on, unknown ones are refused with 503")
async def test_while_the_provider_is_away_known_keys_go_on(app: FastAPI, issuer: SigningIssuer) -> None:
    async with client_of(app) as client:

        async def ask(**token: Any) -> httpx.Response:
            return await client.get("/v1/areas", headers=bearer(issuer.token(**token)))

        assert (await ask()).status_code == 200
        issuer.is_away = True
        issuer.keys["two"] = "RS256", rsa_key()
        app.state.tokens.issuer._tried_at = app.state.tokens.issuer._read_at = float("-inf")
        body = assert_problem(await ask(kid="two"), 503, "issuer-away")
        assert f"{issuer.url}/.well-known/openid-configuration answered 503" in body["detail"]
        assert (await ask()).status_code == 200


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.attack("made-up names of keys, by the hundred", "the provider is asked once in 10 s")
async def test_unknown_names_of_keys_do_not_become_requests_to_the_provider(issuer: SigningIssuer) -> None:
    clock = Clock()
    found = Issuer(issuer.url, clock)
    issuer.pause_s = 0.2
    made_up = await asyncio.gather(
        *(found.key(f"made-up-{n}") for n in range(200)), found.key("one"), return_exceptions=True
    )
    assert {type(each) for each in made_up[:-1]} == {TokenRefusedError}
    assert made_up[-1]["kid"] == "one"  # type: ignore[index]
    assert issuer.asked == {"/.well-known/openid-configuration": 1, "/keys": 1}
    for seconds, asked in ((1, 1), (8.9, 1), (0.2, 2), (9, 2)):
        clock.now += seconds
        with pytest.raises(TokenRefusedError, match="'made-up', which is none of"):
            await found.key("made-up")
        assert issuer.asked["/keys"] == asked
    await found.close()


async def test_a_new_key_is_found_and_a_withdrawn_one_ends(issuer: SigningIssuer) -> None:
    clock = Clock()
    found = Issuer(issuer.url, clock)
    await found.key("one")
    issuer.keys = {"two": ("RS256", rsa_key())}
    clock.now += 11
    assert (await found.key("one"))["kid"] == "one"  # nobody has asked for what is not known
    assert (await found.key("two"))["kid"] == "two"
    with pytest.raises(TokenRefusedError):
        await found.key("one")
    await found.close()


async def test_old_keys_are_read_again_beside_the_requests(issuer: SigningIssuer) -> None:
    clock = Clock()
    found = Issuer(issuer.url, clock)
    await found.key("one")
    clock.now += 601
    issuer.keys = {"two": ("RS256", rsa_key())}
    issuer.pause_s = 0.3
    assert (await found.key("one"))["kid"] == "one"  # not held up
    await found.key("two")  # waits for the reading that runs
    with pytest.raises(TokenRefusedError):
        await found.key("one")
    assert issuer.asked["/keys"] == 2
    await found.close()


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ({"/.well-known/openid-configuration": {"issuer": "https://other"}}, "names the issuer 'https://oth"),
        ({"/.well-known/openid-configuration": []}, "is no JSON object"),
        ({}, "openid-configuration answered 404"),
        ({"/keys": {"keys": []}}, "no keys to check signatures with"),
        ({"/keys": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}}, "no keys to check"),
        ({"/keys": {"keys": [{"kty": "RSA", "use": "enc", "kid": "one"}]}}, "no keys to check"),
        ({"/keys": {"keys": "x"}}, "no keys to check"),
    ],
)
async def test_a_provider_that_is_none_is_told(
    issuer: SigningIssuer, documents: dict[str, Any], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = issuer.documents() | documents if documents else {}
    monkeypatch.setattr(issuer, "documents", lambda: found)
    with pytest.raises(IssuerAwayError, match=told):
        await Issuer(issuer.url).key("one")


async def test_a_provider_that_nobody_answers_for_is_told() -> None:
    found = Issuer("http://127.0.0.1:9")
    with pytest.raises(IssuerAwayError, match=r"http://127.0.0.1:9/\.well-known.*connection"):
        await found.key("one")
