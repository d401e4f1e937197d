"""An OpenID provider: what it says of itself (OpenID Connect Discovery 1.0) and its keys (RFC 7517).

Keys are read again when they are old, and when a token names one that is not known, but never more often
than the pause allows, by one request at a time. While the provider is away the keys that are known go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import httpx
import structlog

from api.oidc.claims import TokenRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

#: keys are read again after this time, s: one that the provider has withdrawn ends then
_FRESH_S: Final = 600.0
#: between two attempts to read them, s: made-up names of keys cost the provider no more than this
_PAUSE_S: Final = 10.0
_TIMEOUT_S: Final = 5.0
#: of keys that sign with a secret of their own (RFC 7518, 6.1); `oct` is a shared one
_KEY_TYPES: Final = ("RSA", "EC", "OKP")

Jwk = Mapping[str, Any]


class IssuerAwayError(Exception):
    """What the provider says is needed and cannot be had."""


class Issuer:
    """What a provider says, kept; one for a process."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the issuer's identifier, and seconds that never go backwards."""
        self.url, self._clock = url, clock
        self._metadata: Mapping[str, Any] | None = None
        self._keys: dict[str | None, Jwk] = {}
        self._read_at = self._tried_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._trouble: str | None = None

    async def metadata(self) -> Mapping[str, Any]:
        """Return what the provider says of itself.

        Raises:
            IssuerAwayError: it has not been reached yet.
        """
        await self._refreshed(is_needed=self._metadata is None)
        if self._metadata is None:
            raise self._away()
        return self._metadata

    async def key(self, kid: str | None) -> Jwk:
        """Return the public key that tokens name so.

        Raises:
            TokenRefusedError: the provider has no such key.
            IssuerAwayError: the key is not known, and the provider cannot be asked.
        """
        await self._refreshed(is_needed=kid not in self._keys)
        if (found := self._keys.get(kid)) is not None:
            return found
        if self._trouble is not None:
            raise self._away()
        named = "no key (kid)" if kid is None else f"the key {kid[:100]!r}"
        raise TokenRefusedError(f"the token names {named}, which is none of {self.url}: get another token")

    async def told(self) -> str:
        """Return a line about the provider and its keys.

        Raises:
            IssuerAwayError: it cannot be asked.
        """
        await self.metadata()
        keys = ", ".join(f"{kid} ({key.get('alg', key['kty'])})" for kid, key in self._keys.items())
        return f"{self.url} answers; keys: {keys}"

    async def close(self) -> None:
        """End what runs."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    def _away(self) -> IssuerAwayError:
        return IssuerAwayError(f"the identity provider {self.url} cannot be asked: {self._trouble}")

    async def _refreshed(self, *, is_needed: bool) -> None:
        """Read again what is old, and wait for it where nothing can be said without."""
        now = self._clock()
        is_due = is_needed or now - self._read_at >= _FRESH_S
        if self._reading is None and is_due and now - self._tried_at >= _PAUSE_S:
            self._tried_at = now
            self._reading = asyncio.create_task(self._read(), name="api.oidc")
        if is_needed and self._reading is not None:
            await asyncio.wait({self._reading})  # who gives up waiting does not end it for the others

    async def _read(self) -> None:
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S) as http:
                self._metadata, self._keys = await read(http, self.url)
        except IssuerAwayError as error:
            self._trouble = str(error)
            log.warning(
                f"the identity provider cannot be asked: {error}", action="api.issuer_away", issuer=self.url
            )
        else:
            self._read_at, self._trouble = self._clock(), None
        finally:
            self._reading = None


def metadata_url(issuer: str) -> str:
    """Return where a provider tells what it is (OpenID Connect Discovery 1.0, 4)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


async def read(http: httpx.AsyncClient, issuer: str) -> tuple[Mapping[str, Any], dict[str | None, Jwk]]:
    """Read a provider's metadata and keys, by name.

    Raises:
        IssuerAwayError: it does not answer, or not as a provider of this name does.
    """
    place = metadata_url(issuer)
    metadata = await _json(http, place)
    if metadata.get("issuer") != issuer:  # OpenID Connect Discovery 1.0, 4.3
        named = str(metadata.get("issuer"))[:200]
        raise IssuerAwayError(f"{place} names the issuer {named!r}: HALONG_OIDC_ISSUER must be the same")
    keys = (await _json(http, str(metadata.get("jwks_uri")))).get("keys")
    found = [each for each in keys if _is_signing(each)] if isinstance(keys, list) else []
    if not found:
        raise IssuerAwayError(f"{metadata.get('jwks_uri')} has no keys to check signatures with")
    return metadata, {each.get("kid"): each for each in found}


async def _json(http: httpx.AsyncClient, url: str) -> Mapping[str, Any]:
    try:
        answer = await http.get(url)
        answer.raise_for_status()
        found = answer.json()
    except httpx.HTTPStatusError as error:
        raise IssuerAwayError(f"{url} answered {error.response.status_code}") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise IssuerAwayError(f"{url}: {error or type(error).__name__}") from None
    except ValueError:
        raise IssuerAwayError(f"{url} is no JSON") from None
    if not isinstance(found, Mapping):
        raise IssuerAwayError(f"{url} is no JSON object")
    return found


def _is_signing(key: Any) -> bool:
    return (
        isinstance(key, Mapping)
        and key.get("kty") in _KEY_TYPES
        and key.get("use", "sig") == "sig"
        and isinstance(key.get("kid"), str | None)
    )
