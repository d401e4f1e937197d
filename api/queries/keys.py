"""API keys: the table holds hashes, never a key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_COLUMNS = """
    id, name, prefix, role, areas, rate_limit, version, created_at, expires_at, revoked_at, last_used_at"""

_INSERT = f"""
INSERT INTO api_keys (name, prefix, hash, role, areas, rate_limit, expires_at)
VALUES (%(name)s, %(prefix)s, %(hash)s, %(role)s, %(areas)s, %(rate)s, %(expires_at)s) RETURNING {_COLUMNS}"""
_CHANGE = f"""
UPDATE api_keys SET role = %(role)s, areas = %(areas)s, rate_limit = %(rate)s, version = version + 1
WHERE prefix = %(prefix)s RETURNING {_COLUMNS}"""
_UNKNOWN_AREAS = """
SELECT code FROM unnest(%(codes)s::text[]) code WHERE code NOT IN (SELECT code FROM areas) LIMIT 1"""
_LIST = f"SELECT {_COLUMNS} FROM api_keys ORDER BY id"
_REVOKE = f"""
UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE prefix = %(prefix)s RETURNING {_COLUMNS}"""
_BY_PREFIX = f"""
SELECT {_COLUMNS}, hash, coalesce(expires_at <= now(), false) AS is_expired,
       coalesce(last_used_at < now() - interval '1 minute', true) AS is_due
FROM api_keys WHERE prefix = %(prefix)s"""
_TOUCH = """
UPDATE api_keys SET last_used_at = now()
WHERE id = %(id)s AND coalesce(last_used_at < now() - interval '1 minute', true)"""


class May(NamedTuple):
    """What a key may do: by role, in which areas (None: all), and how often (None: as any key)."""

    role: str
    areas: list[str] | None
    rate: int | None


async def insert(
    conn: AsyncConnection[Any],
    *,
    name: str,
    prefix: str,
    digest: bytes,
    may: May,
    expires_at: datetime | None,
) -> Row:
    """Store a key's hash and return its row."""
    params = {"name": name, "prefix": prefix, "hash": digest, "expires_at": expires_at}
    row = await fetch_one(conn, _INSERT, params | may._asdict())
    assert row is not None
    return row


async def change(conn: AsyncConnection[Any], prefix: str, may: May) -> Row | None:
    """Change what a key may do."""
    return await fetch_one(conn, _CHANGE, {"prefix": prefix} | may._asdict())


async def unknown_area(conn: AsyncConnection[Any], codes: Sequence[str]) -> str | None:
    """Return one of some codes that no area has."""
    row = await fetch_one(conn, _UNKNOWN_AREAS, {"codes": list(codes)})
    return None if row is None else str(row["code"])


async def all_keys(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every key's row, without hashes."""
    return await fetch(conn, _LIST, {})


async def revoke(conn: AsyncConnection[Any], prefix: str) -> Row | None:
    """Mark a key as revoked; a second time changes nothing."""
    return await fetch_one(conn, _REVOKE, {"prefix": prefix})


async def by_prefix(conn: AsyncConnection[Any], prefix: str) -> Row | None:
    """Return a key's row with its hash, `is_expired`, and `is_due` (last use older than a minute)."""
    return await fetch_one(conn, _BY_PREFIX, {"prefix": prefix})


async def touch(conn: AsyncConnection[Any], key_id: int) -> None:
    """Note that a key was used, at most once a minute."""
    await conn.execute(_TOUCH, {"id": key_id})
