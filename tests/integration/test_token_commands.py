"""`halong tokens check`: what who sets up the identity provider types."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from api.oidc.claims import TokenRefusedError
from runtime.checks import run_checks
from runtime.settings import Settings

if TYPE_CHECKING:
    from tests.integration.terminal import Halong
    from tests.issuers import SigningIssuer


@pytest.fixture
def issuer(issuer: SigningIssuer, monkeypatch: pytest.MonkeyPatch) -> SigningIssuer:
    """A provider that the settings name."""
    monkeypatch.setenv("HALONG_OIDC_ISSUER", issuer.url)
    monkeypatch.setenv("HALONG_OIDC_ROLE_CLAIM", "realm_access.roles")
    monkeypatch.setenv("HALONG_OIDC_AREA_CLAIM", "areas")
    return issuer


@pytest.fixture
def check(halong: Halong) -> Halong:
    """`halong tokens check`."""
    return partial(halong, "tokens", "check")


async def test_a_token_is_explained(issuer: SigningIssuer, check: Halong) -> None:
    access: dict[str, Any] = {"realm_access": {"roles": ["planner"]}, "areas": ["194", "193"], "roles": None}
    told = await check("-", answer=issuer.token(**access) + "\n")
    first, who, claims = told.splitlines()
    assert first == f"{issuer.url} answers; keys: one (RS256)"
    assert who.startswith("person 5f1c (minh): role planner, areas 193 194, until 20")
    assert claims == "its claims: areas, aud, exp, iat, iss, preferred_username, realm_access.roles, sub"


async def test_the_provider_alone_is_asked(issuer: SigningIssuer, check: Halong) -> None:
    assert await check() == f"{issuer.url} answers; keys: one (RS256)\n"


async def test_a_refused_token_is_told(issuer: SigningIssuer, check: Halong) -> None:
    with pytest.raises(TokenRefusedError, match="its aud must name 'halong'"):
        await check("-", answer=issuer.token(aud="billing"))


async def test_without_a_provider_it_is_said_what_to_set(check: Halong) -> None:
    assert "HALONG_OIDC_ISSUER is not set" in await check(fails=True)


async def test_a_provider_that_is_away_is_not_well(issuer: SigningIssuer, database_url: str) -> None:
    settings = Settings.model_validate({"database_url": database_url, "oidc_issuer": issuer.url})
    (well,) = await run_checks(settings, "issuer")
    assert well.ok
    issuer.is_away = True
    (away,) = await run_checks(settings, "issuer")
    assert (away.ok, away.words) == (False, f"{_asked(issuer)} answered 503")


def _asked(issuer: SigningIssuer) -> str:
    place = f"{issuer.url}/.well-known/openid-configuration"
    return f"the identity provider {issuer.url} cannot be asked: {place}"
