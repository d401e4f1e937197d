"""Checks tokens (JWT, RFC 7519; access tokens, RFC 9068; best current practice, RFC 8725)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import jwt

from api.oidc.claims import LEEWAY_S, Meaning, TokenRefusedError, caller
from api.oidc.issuer import Issuer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from api.reach import Caller
    from runtime.settings import Settings

#: signed with a private key: a shared secret could be the public key, sent back (RFC 8725, 2.1)
ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
#: of access tokens and of those that do not say: not of log-out tokens and the like (RFC 8725, 3.11)
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
_REQUIRED: Final = ("iss", "aud", "exp", "sub")


def is_token(text: str) -> bool:
    """Tell whether what was sent has a token's form (JWS Compact Serialization), which no key has."""
    return text.count(".") == 2


class Tokens:
    """Tells who a token speaks for."""

    def __init__(self, issuer: Issuer, audience: str, meaning: Meaning) -> None:
        """Take whose tokens are believed, for whom they must be, and what their claims mean."""
        self.issuer, self.meaning, self._audience = issuer, meaning, audience

    async def caller(self, text: str) -> Caller:
        """Return who an access token speaks for.

        Raises:
            TokenRefusedError: forged, expired, of another issuer or audience, or its claims are wrong.
            IssuerAwayError: its key is not known, and the provider cannot be asked.
        """
        return caller(await self.claims(text, self._audience), self.meaning)

    async def claims(self, text: str, audience: str) -> Mapping[str, Any]:
        """Return the claims of a token that the issuer has signed for an audience, which is valid at present.

        Raises:
            TokenRefusedError, IssuerAwayError: as `caller`.
        """
        try:
            algorithm, kid = _head(jwt.get_unverified_header(text))
            key = await self.issuer.key(kid)
            return jwt.decode(
                text,
                jwt.PyJWK(dict(key), None if "alg" in key else algorithm),
                algorithms=ALGORITHMS,
                audience=audience,
                issuer=self.issuer.url,
                leeway=LEEWAY_S,
                options={"require": list(_REQUIRED)},
            )
        except jwt.PyJWTError as error:
            raise TokenRefusedError(self._words(error, audience)) from None

    def _words(self, error: jwt.PyJWTError, audience: str) -> str:
        told: dict[type[jwt.PyJWTError], str] = {
            jwt.ExpiredSignatureError: "the token has expired: get another",
            jwt.ImmatureSignatureError: "the token is not valid yet: compare the clocks",
            jwt.InvalidAudienceError: f"the token is for another audience: its aud must name {audience!r}",
            jwt.InvalidIssuerError: f"the token is of another issuer: only those of {self.issuer.url} count",
            jwt.InvalidSignatureError: f"the token's signature is not by the key of {self.issuer.url}",
        }
        return told.get(type(error), f"this is no token that can be used: {str(error)[:200]}")


def _head(header: Mapping[str, Any]) -> tuple[str, str | None]:
    """Return algorithm and key's name. Keys that a header brings itself (jwk, jku, x5u) are not looked at."""
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if algorithm not in ALGORITHMS:
        named, known = str(algorithm)[:20], ", ".join(ALGORITHMS)
        raise TokenRefusedError(f"the token's algorithm is {named!r}: it must be one of {known}")
    if str(kind).lower() not in _TYPES:
        raise TokenRefusedError(f"this is a {str(kind)[:40]!r} and no access token: send that")
    return algorithm, header.get("kid")


def tokens(settings: Settings) -> Tokens | None:
    """Return how tokens are checked; None where there is no issuer.

    Raises:
        SettingsError: what claims are to mean is wrong.
    """
    if settings.oidc_issuer is None:
        return None
    return Tokens(Issuer(settings.oidc_issuer), settings.oidc_audience, Meaning.of(settings))
