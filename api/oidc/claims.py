"""A token's claims to the caller that it speaks for. Pure: what comes in is verified already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from api.reach import Caller
from api.rights import CONFINED, RIGHTS, Role
from runtime.environment import SettingsError

if TYPE_CHECKING:
    from runtime.settings import Settings

#: seconds that the clocks of issuer and API may differ (RFC 7519, 4.1.4: "no more than a few minutes")
LEEWAY_S: Final = 30
#: in the claim of areas: not confined to any
_EVERYWHERE: Final = "*"
#: OpenID Connect Core, 2: `sub` has 255 ASCII characters at most
_LONGEST: Final = 255
_END_OF_TIME: Final = datetime.max.replace(tzinfo=UTC)


class TokenRefusedError(Exception):
    """A token is not accepted; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """Which claims say what.

    roles: the provider's names -> ours. areas: None where tokens do not confine anyone.
    """

    role: str = "roles"
    areas: str | None = None
    name: str = "preferred_username"
    roles: Mapping[str, Role] = field(default_factory=lambda: {role.value: role for role in Role})

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what settings say.

        Raises:
            SettingsError: a role is none.
        """
        names = settings.oidc_roles or {role: role for role in Role}
        if wrong := sorted(set(names.values()) - set(Role)):
            known = ", ".join(Role)
            raise SettingsError(f"HALONG_OIDC_ROLES: there is no role {wrong[0]!r}: use {known}")
        return cls(
            role=settings.oidc_role_claim,
            areas=settings.oidc_area_claim,
            name=settings.oidc_name_claim,
            roles={name: Role(role) for name, role in names.items()},
        )


def caller(claims: Mapping[str, Any], meaning: Meaning) -> Caller:
    """Return who a token speaks for.

    Raises:
        TokenRefusedError: a claim has another form than it must have.
    """
    role, *further = _roles(claims, meaning)
    return Caller(
        kind="person",
        id=_subject(claims),
        name=_name(claims, meaning),
        role=role,
        further=tuple(further),
        areas=_areas(claims, meaning, role),
        expires=_expiry(claims),
    )


def find(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim at a path, None where there is none.

    A name with dots in it, such as an address, is a name before it is a path:
    `https://city.example/roles`, `realm_access.roles`, `resource_access.halong.roles`.
    """
    if path in claims:
        return claims[path]
    for place in (index for index, sign in enumerate(path) if sign == "."):
        inner = claims.get(path[:place])
        if isinstance(inner, Mapping) and (found := find(inner, path[place + 1 :])) is not None:
            return found
    return None


def _roles(claims: Mapping[str, Any], meaning: Meaning) -> list[Role]:
    """Return the roles that no other one includes; a provider gives those of other services too."""
    names = _texts(claims, meaning.role) or ()
    found = {meaning.roles[name] for name in names if name in meaning.roles} or {Role.PUBLIC}
    return sorted(role for role in found if not any(RIGHTS[role] < RIGHTS[other] for other in found))


def _areas(claims: Mapping[str, Any], meaning: Meaning, role: Role) -> tuple[str, ...] | None:
    codes = None if meaning.areas is None else _texts(claims, meaning.areas)
    if role not in CONFINED:
        if codes and _EVERYWHERE not in codes:
            raise TokenRefusedError(
                f"the token has the role {role}, which is the whole city's, and the areas "
                f"{', '.join(codes)[:_LONGEST]}: its claim {meaning.areas} must be absent or *"
            )
        return None
    if meaning.areas is None:
        return None
    if codes is None:
        raise TokenRefusedError(f"the token has no claim {meaning.areas}: codes of areas, or * for all")
    return None if _EVERYWHERE in codes else tuple(sorted(set(codes)))


def _texts(claims: Mapping[str, Any], path: str) -> tuple[str, ...] | None:
    """Return a claim's texts: a list of them, or one with blanks between (RFC 6749, 3.3, as scopes)."""
    found = find(claims, path)
    if found is None:
        return None
    texts = found.split() if isinstance(found, str) else found
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    raise TokenRefusedError(f"the token's claim {path} is neither a text nor a list of texts")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims["sub"]
    if 0 < len(subject) <= _LONGEST and subject.isprintable():
        return str(subject)
    raise TokenRefusedError(f"the token's subject (sub) is not 1 to {_LONGEST} printable characters")


def _name(claims: Mapping[str, Any], meaning: Meaning) -> str:
    found = find(claims, meaning.name)
    fits = isinstance(found, str) and found.isprintable() and found.strip()
    return str(found).strip()[:_LONGEST] if fits else _subject(claims)


def _expiry(claims: Mapping[str, Any]) -> datetime:
    try:
        return datetime.fromtimestamp(int(claims["exp"]) + LEEWAY_S, UTC)
    except (OverflowError, ValueError, OSError):
        return _END_OF_TIME
