"""Log-in by a browser: authorisation code with PKCE (OpenID Connect Core, 3.1; RFC 7636; RFC 9700)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote_plus, urlencode

import httpx

from api.oidc.claims import TokenRefusedError, caller
from runtime.settings import secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.oidc.tokens import Tokens
    from api.reach import Caller
    from runtime.settings import Settings

_TIMEOUT_S: Final = 10.0


class LogInError(Exception):
    """Somebody is not logged in; the message says why."""


@dataclass(frozen=True)
class Attempt:
    """What a browser keeps between the way to the provider and the way back, so that it is the same one."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Self:
        """Return an attempt that nobody can guess."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    def packed(self) -> str:
        """Return it as the value of a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """Return the attempt of a cookie's value.

        Raises:
            LogInError: it is none.
        """
        try:
            found = json.loads(base64.urlsafe_b64decode(text))
            return cls(**{name: str(value).encode("ascii").decode() for name, value in found.items()})
        except (ValueError, TypeError, AttributeError):
            raise LogInError("the browser has not begun to log in, or more than ten minutes ago") from None

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class CodeFlow:
    """Logs people in at the provider, as one of its clients."""

    def __init__(self, tokens: Tokens, settings: Settings) -> None:
        """Take how tokens are checked, and what the provider knows halong by."""
        assert settings.oidc_client_id is not None
        self._tokens, self._scope = tokens, settings.oidc_scope
        self._client, self._secret = settings.oidc_client_id, secret(settings.oidc_client_secret)

    async def address(self, attempt: Attempt, back: str) -> str:
        """Return where a browser logs in; it comes back to the address `back`.

        Raises:
            LogInError: the provider logs nobody in.
            IssuerAwayError: it has not been reached.
        """
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": back,
            "scope": self._scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return _with(await self._place("authorization_endpoint"), query)

    async def goodbye(self, back: str) -> str | None:
        """Return where a browser ends its session at the provider, None where that has no such place.

        OpenID Connect RP-Initiated Logout 1.0, 2. Without an ID token, which is not kept, the provider asks.

        Raises:
            IssuerAwayError: the provider has not been reached.
        """
        place = (await self._tokens.issuer.metadata()).get("end_session_endpoint")
        return place and _with(place, {"client_id": self._client, "post_logout_redirect_uri": back})

    async def finish(self, attempt: Attempt, answer: Mapping[str, str], back: str) -> Caller:
        """Return who has logged in, by what the provider sent along with the browser.

        Raises:
            LogInError: another browser's or issuer's answer, a refusal, or a token that is not for us.
            IssuerAwayError: the provider cannot be asked.
        """
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise LogInError("the answer is of another attempt to log in")
        if answer.get("iss", self._tokens.issuer.url) != self._tokens.issuer.url:  # RFC 9207, 2.4
            raise LogInError("the answer is of another provider")
        if "code" not in answer:
            raise LogInError(f"the provider says {answer.get('error', 'nothing')[:100]!r}")
        try:
            text = await self._redeem(answer["code"], attempt.verifier, back)
            claims = await self._tokens.claims(text, self._client)
            self._require_ours(claims, attempt)
            return caller(claims, self._tokens.meaning)
        except TokenRefusedError as error:
            raise LogInError(str(error)) from None

    async def _place(self, name: str) -> str:
        place = (await self._tokens.issuer.metadata()).get(name)
        if not isinstance(place, str):
            raise LogInError(f"the provider names no {name}")
        return place

    def _require_ours(self, claims: Mapping[str, Any], attempt: Attempt) -> None:
        """OpenID Connect Core, 3.1.3.7, 5 and 11."""
        if claims.get("azp", self._client) != self._client:
            raise LogInError("the ID token was issued to another client (azp)")
        if not hmac.compare_digest(str(claims.get("nonce")).encode(), attempt.nonce.encode()):
            raise LogInError("the ID token is of another attempt to log in (nonce)")

    async def _redeem(self, code: str, verifier: str, back: str) -> str:
        """Return the ID token for a code (RFC 6749, 4.1.3)."""
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        form |= {"redirect_uri": back}
        place = await self._place("token_endpoint")
        # RFC 6749, 2.3.1: user and password are form-encoded first.
        known = self._secret and httpx.BasicAuth(quote_plus(self._client), quote_plus(self._secret))
        form |= {} if known else {"client_id": self._client}
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, auth=known or None) as http:
                answer = await http.post(place, data=form)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise LogInError(f"{place}: {error or type(error).__name__}") from None
        if not (answer.is_success and isinstance(found, dict) and isinstance(found.get("id_token"), str)):
            told = found.get("error", "no ID token") if isinstance(found, dict) else "no JSON object"
            raise LogInError(f"{place} answered {answer.status_code}: {str(told)[:100]}")
        return str(found["id_token"])


def _with(address: str, query: Mapping[str, str]) -> str:
    """Return an address with more in its query; it may have one (RFC 6749, 3.1)."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"
