"""API keys: 256 random bits, shown once, stored as a hash.

A key reads `halong_<prefix>_<secret>`. The prefix finds the row and may be shown; the secret never leaves
the client again. A plain SHA-256 is enough because the secret is random, not chosen by a person.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.queries import keys as queries
from api.reach import Caller
from api.rights import CONFINED, Role
from devices.credentials import secret_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_FORM = re.compile(r"halong_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


class KeyRefusedError(Exception):
    """A key is not accepted; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """What is known of a key besides its secret. Times in UTC."""

    id: int
    name: str
    prefix: str
    role: Role
    areas: tuple[str, ...] | None
    rate: int | None
    version: int
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def caller(self) -> Caller:
        """Who sends it."""
        return Caller(
            kind="key",
            id=self.prefix,
            name=self.name,
            role=self.role,
            areas=self.areas,
            expires=self.expires_at,
            rate=self.rate,
            version=self.version,
        )


async def create(
    conn: AsyncConnection[Any],
    name: str,
    role: str = Role.PLANNER,
    expires_at: datetime | None = None,
    *,
    areas: Sequence[str] | None = None,
    rate: int | None = None,
) -> tuple[str, ApiKey]:
    """Make a key and return its text, which can't be had again, and its record.

    Args:
        conn: a connection.
        name: who will use it.
        role: what it may do.
        expires_at: until when.
        areas: codes of areas that it is confined to, with all that is in them; None: the whole city.
        rate: requests a minute; None: as many as any key.

    Raises:
        ValueError: an empty name, an unknown role or area, a role that cannot be confined to areas, no
            positive rate, or an expiry without time zone.
    """
    if not name.strip():
        raise ValueError("a key needs a name: say who will use it, for example 'planning department'")
    if expires_at is not None and expires_at.tzinfo is None:
        raise ValueError(f"the expiry {expires_at} has no time zone: give one")
    prefix = secrets.token_hex(4)
    text = f"halong_{prefix}_{secrets.token_urlsafe(32)}"
    row = await queries.insert(
        conn,
        name=name.strip(),
        prefix=prefix,
        digest=secret_hash(text),
        may=await _checked(conn, role, areas, rate),
        expires_at=expires_at,
    )
    return text, _record(row)


async def change(
    conn: AsyncConnection[Any], prefix: str, *, role: str, areas: Sequence[str] | None, rate: int | None
) -> ApiKey:
    """Change what a key may do, from its next request on; streams that are open with it end.

    Raises:
        LookupError: there is no key with this prefix.
        ValueError: as `create`.
    """
    return _found(await queries.change(conn, prefix, await _checked(conn, role, areas, rate)), prefix)


async def find(conn: AsyncConnection[Any], prefix: str) -> ApiKey:
    """Return what is known of a key.

    Raises:
        LookupError: there is no key with this prefix.
    """
    return _found(await queries.by_prefix(conn, prefix), prefix)


async def _checked(
    conn: AsyncConnection[Any], role: str, areas: Sequence[str] | None, rate: int | None
) -> queries.May:
    if role not in set(Role):
        raise ValueError(f"there is no role {role!r}: use {', '.join(Role)}")
    if areas is not None:
        if role not in CONFINED:
            confined = ", ".join(sorted(CONFINED))
            raise ValueError(f"the role {role} is the whole city's: areas go with {confined}")
        if not areas:
            raise ValueError("the list of areas is empty: name one, or none to reach the whole city")
        if (unknown := await queries.unknown_area(conn, areas)) is not None:
            raise ValueError(f"there is no area {unknown!r}: give codes such as 193")
    if rate is not None and rate < 1:
        raise ValueError(f"a rate of {rate} requests a minute would allow nothing: revoke the key instead")
    return queries.May(role, None if areas is None else sorted(set(areas)), rate)


def _found(row: Mapping[str, Any] | None, prefix: str) -> ApiKey:
    if row is None:
        raise LookupError(f"there is no key {prefix!r}: `halong keys list` shows the prefixes")
    return _record(row)


async def list_keys(conn: AsyncConnection[Any]) -> list[ApiKey]:
    """Return every key, revoked ones included, in the order of creation."""
    return [_record(row) for row in await queries.all_keys(conn)]


async def revoke(conn: AsyncConnection[Any], prefix: str) -> ApiKey:
    """Refuse a key from this moment on.

    Raises:
        LookupError: there is no key with this prefix.
    """
    return _found(await queries.revoke(conn, prefix), prefix)


async def verify(conn: AsyncConnection[Any], text: str) -> ApiKey:
    """Return the record of the key that a client sent, and note its use at most once a minute.

    Raises:
        KeyRefusedError: another form, unknown, expired or revoked.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise KeyRefusedError("this is no key of halong: send it whole, as halong_xxxxxxxx_…")
    row = await queries.by_prefix(conn, form[1])
    if row is None or not hmac.compare_digest(row["hash"], secret_hash(text)):
        raise KeyRefusedError("the key is not known: make one with `halong keys create`")
    _require_valid(row)
    if row["is_due"]:
        await queries.touch(conn, row["id"])
    return _record(row)


def prefix_of(text: str) -> str | None:
    """Return the prefix of what has the form of a key."""
    form = _FORM.fullmatch(text)
    return form and form[1]


def _require_valid(row: Mapping[str, Any]) -> None:
    if row["revoked_at"] is not None:
        raise KeyRefusedError(
            f"key {row['prefix']} was revoked on {row['revoked_at']:%Y-%m-%d}: ask for another"
        )
    if row["is_expired"]:
        raise KeyRefusedError(f"key {row['prefix']} expired on {row['expires_at']:%Y-%m-%d}: ask for another")


def _record(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        role=Role(row["role"]),
        areas=None if row["areas"] is None else tuple(row["areas"]),
        rate=row["rate_limit"],
        version=row["version"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
