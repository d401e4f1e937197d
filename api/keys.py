"""API keys: 256 random bits, shown once, stored as a hash.

A key reads `halong_<prefix>_<secret>`. The prefix finds the row and may be shown; the secret never leaves
the client again. A plain SHA-256 is enough because the secret is random, not chosen by a person.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.queries import keys as queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from psycopg import AsyncConnection

#: what a key may be allowed to do: read, acknowledge and silence alerts, change rules
SCOPES = frozenset({"read", "operate", "admin"})

_FORM = re.compile(r"halong_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


class KeyRefusedError(Exception):
    """A key is not accepted; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """What is known of a key besides its secret. Times in UTC."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


async def create(
    conn: AsyncConnection[Any],
    name: str,
    scopes: Iterable[str] = ("read",),
    expires_at: datetime | None = None,
) -> tuple[str, ApiKey]:
    """Make a key and return its text, which can't be had again, and its record.

    Raises:
        ValueError: an empty name, an unknown scope, or an expiry without time zone.
    """
    wanted = sorted(set(scopes))
    if not name.strip():
        raise ValueError("a key needs a name: say who will use it, for example 'planning department'")
    if unknown := [scope for scope in wanted if scope not in SCOPES]:
        raise ValueError(f"there is no scope {unknown[0]!r}: use {', '.join(sorted(SCOPES))}")
    if expires_at is not None and expires_at.tzinfo is None:
        raise ValueError(f"the expiry {expires_at} has no time zone: give one")
    prefix = secrets.token_hex(4)
    text = f"halong_{prefix}_{secrets.token_urlsafe(32)}"
    row = await queries.insert(
        conn, name=name.strip(), prefix=prefix, digest=_digest(text), scopes=wanted, expires_at=expires_at
    )
    return text, _record(row)


async def list_keys(conn: AsyncConnection[Any]) -> list[ApiKey]:
    """Return every key, revoked ones included, in the order of creation."""
    return [_record(row) for row in await queries.all_keys(conn)]


async def revoke(conn: AsyncConnection[Any], prefix: str) -> ApiKey:
    """Refuse a key from this moment on.

    Raises:
        LookupError: there is no key with this prefix.
    """
    row = await queries.revoke(conn, prefix)
    if row is None:
        raise LookupError(f"there is no key {prefix!r}: `halong keys list` shows the prefixes")
    return _record(row)


async def verify(conn: AsyncConnection[Any], text: str) -> ApiKey:
    """Return the record of the key that a client sent, and note its use at most once a minute.

    Raises:
        KeyRefusedError: another form, unknown, expired or revoked.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise KeyRefusedError("this is no key of halong: send it whole, as halong_xxxxxxxx_…")
    row = await queries.by_prefix(conn, form[1])
    if row is None or not hmac.compare_digest(row["hash"], _digest(text)):
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


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _record(row: Mapping[str, Any]) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        prefix=row["prefix"],
        scopes=tuple(row["scopes"]),
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
