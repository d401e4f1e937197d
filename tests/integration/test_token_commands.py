"""`halong tokens check`: what who sets up the identity provider types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from runtime.checks import run_checks
from runtime.cli import app
from runtime.settings import Settings
from tests.integration.terminal import terminal
from tests.issuers import SigningIssuer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click.testing import Result


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[SigningIssuer]:
    """A provider that the settings name."""
    with SigningIssuer() as found:
        monkeypatch.setenv("HALONG_OIDC_ISSUER", found.url)
        monkeypatch.setenv("HALONG_OIDC_ROLE_CLAIM", "realm_access.roles")
        monkeypatch.setenv("HALONG_OIDC_AREA_CLAIM", "areas")
        yield found


@pytest.fixture(autouse=True)
def _at_a_terminal(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[None]:
    with terminal(monkeypatch, database_url, "tokens"):
        yield


def check(text: str | None = None) -> Result:
    arguments = ["tokens", "check"] if text is None else ["tokens", "check", "-"]
    return CliRunner().invoke(app, arguments, input=text)


def test_a_token_is_explained(issuer: SigningIssuer) -> None:
    access: dict[str, Any] = {"realm_access": {"roles": ["planner"]}, "areas": ["194", "193"], "roles": None}
    result = check(issuer.token(**access) + "\n")
    first, who, claims = result.output.splitlines()
    assert first == f"{issuer.url} answers; keys: one (RS256)"
    assert who.startswith("person 5f1c (minh): role planner, areas 193 194, until 20")
    assert claims == "its claims: areas, aud, exp, iat, iss, preferred_username, realm_access.roles, sub"


def test_the_provider_alone_is_asked(issuer: SigningIssuer) -> None:
    assert check().output == f"{issuer.url} answers; keys: one (RS256)\n"


def test_a_refused_token_is_told(issuer: SigningIssuer) -> None:
    result = check(issuer.token(aud="billing"))
    assert result.exit_code == 1
    assert "its aud must name 'halong'" in str(result.exception)


def test_without_a_provider_it_is_said_what_to_set() -> None:
    assert "HALONG_OIDC_ISSUER is not set" in str(check().exception)


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
