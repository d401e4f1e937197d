"""Log-ins at the console that are somebody else's, made up, or used twice."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.issuers import SigningIssuer, rsa_key
from tests.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from psycopg import AsyncConnection

_CLIENT = "console"
_SESSION = "halong_console_session"


@pytest.fixture
async def browser(
    database_url: str, city: AsyncConnection[Any], issuer: SigningIssuer, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a console that asks who it is."""
    settings = {"HALONG_OIDC_ISSUER": issuer.url, "HALONG_OIDC_CLIENT_ID": _CLIENT}
    with serving(database_url, tmp_path / "log", **settings) as address:
        async with httpx.AsyncClient(base_url=address, trust_env=False) as http:
            yield http


async def begin(browser: httpx.AsyncClient) -> dict[str, str]:
    """Set out for the provider, and return what it is told."""
    answer = await browser.get("/console/log-in")
    assert answer.status_code == 303
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


async def finish(browser: httpx.AsyncClient, **answer: str) -> str:
    """Come back from the provider, and return where that leads."""
    found = await browser.get("/console/logged-in", params=answer)
    assert found.status_code == 303
    return str(found.headers["location"])


async def number(city: AsyncConnection[Any]) -> int:
    row = await (await city.execute("SELECT count(*) FROM console_sessions")).fetchone()
    assert row
    return int(row[0])


async def test_a_log_in_that_is_right(
    browser: httpx.AsyncClient, issuer: SigningIssuer, city: AsyncConnection[Any]
) -> None:
    """Or the attacks below could fail for another reason."""
    asked = await begin(browser)
    assert asked["redirect_uri"] == f"{browser.base_url}/console/logged-in".replace("//console", "/console")
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    issuer.id_token = issuer.token(aud=_CLIENT, nonce=asked["nonce"])
    assert await finish(browser, state=asked["state"], code="c", iss=issuer.url) == "/?"
    sent = {name: values[0] for name, values in parse_qs(issuer.redeemed.decode()).items()}
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    assert (sent["client_id"], sent["code"]) == (_CLIENT, "c")
    assert await number(city) == 1
    row = await (await city.execute("SELECT hash FROM console_sessions")).fetchone()
    assert row
    assert row[0] == hashlib.sha256(browser.cookies[_SESSION].encode()).digest()
    # The way back is good once.
    assert "log_in=failed" in await finish(browser, state=asked["state"], code="c", iss=issuer.url)
    # Another site's form comes without the cookies, and takes none away.
    async with httpx.AsyncClient(base_url=browser.base_url, trust_env=False) as stranger:
        assert "set-cookie" not in (await stranger.post("/console/log-out")).headers
    answer = await browser.post("/console/log-out")
    assert (answer.headers["location"], await number(city)) == ("/?", 0)


FORGERIES: dict[str, tuple[dict[str, str | None], dict[str, Any]]] = {
    "another state": ({"state": "made-up"}, {}),
    "no state": ({"state": ""}, {}),
    "another issuer": ({"iss": "https://login.evil.example"}, {}),
    "the provider refuses": ({"error": "access_denied", "code": None}, {}),
    "no code": ({"code": None}, {}),
    "another nonce": ({}, {"nonce": "of-another"}),
    "no nonce": ({}, {"nonce": None}),
    "an access token": ({}, {"aud": "halong"}),
    "an ID token of another client": ({}, {"aud": [_CLIENT, "other"], "azp": "other"}),
    "an ID token of another issuer": ({}, {"iss": "https://login.evil.example"}),
    "an ID token that has expired": ({}, {"exp": 1}),
    "an ID token by another key": ({}, {"key": rsa_key()}),
    "an ID token of nobody": ({}, {"sub": ""}),
}


@pytest.mark.attack("log-in with another's state, code, nonce, issuer, client or signature", "no session")
async def test_a_log_in_that_is_not_this_browsers(
    browser: httpx.AsyncClient, issuer: SigningIssuer, city: AsyncConnection[Any]
) -> None:
    for forgery, (answer, claims) in FORGERIES.items():
        asked = await begin(browser)
        issuer.id_token = issuer.token(**{"aud": _CLIENT, "nonce": asked["nonce"]} | claims)
        good = {"state": asked["state"], "code": "c", "iss": issuer.url}
        sent = {name: value for name, value in (good | answer).items() if value is not None}
        assert "log_in=failed" in await finish(browser, **sent), forgery
        assert _SESSION not in browser.cookies
    assert await number(city) == 0


@pytest.mark.attack("a link that logs a browser in as somebody else (login CSRF)", "no session")
async def test_a_browser_that_has_not_begun(
    browser: httpx.AsyncClient, issuer: SigningIssuer, city: AsyncConnection[Any]
) -> None:
    asked = await begin(browser)
    issuer.id_token = issuer.token(aud=_CLIENT, nonce=asked["nonce"])
    surrogate = base64.urlsafe_b64encode(b'{"state": "\\ud800", "nonce": "n", "verifier": "v"}').decode()
    for cookie in ("", "e30=", "bnVsbA==", "%%%", "x" * 3000, surrogate):
        browser.cookies.clear()
        browser.cookies.set("halong_console_attempt", cookie)
        assert "log_in=failed" in await finish(browser, state=asked["state"], code="c")
    assert await number(city) == 0


@pytest.mark.attack("made-up sessions at the console", "the page asks who it is")
async def test_a_made_up_session(browser: httpx.AsyncClient) -> None:
    for made_up in ("", "x", "a" * 43, "' OR true --", "\\x00"):
        page = await browser.get("/", headers={"cookie": f"{_SESSION}={made_up}"})
        assert page.status_code == 200
        assert "/console/log-in" in page.text
        assert "/console/log-out" not in page.text


async def test_while_the_provider_is_away_it_is_said(
    browser: httpx.AsyncClient, issuer: SigningIssuer
) -> None:
    issuer.is_away = True
    answer = await browser.get("/console/log-in")
    assert answer.headers["location"].startswith("/?log_in=away")
    page = await browser.get("/?log_in=away&lang=en")
    assert "The log-in server does not answer" in page.text
