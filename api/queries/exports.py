"""Exports: jobs that several processes share, each of which one process does at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg.types.json import Jsonb

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from psycopg import AsyncConnection

_COLUMNS = """
    e.id, e.owner, e.areas, e.what, e.format, e.parameters, e.state, e.attempt, e.rows, e.expected_rows,
    e.bytes, e.sha256, e.error, e.created_at, e.finished_at, e.expires_at"""

_NOW = "SELECT clock_timestamp() AS now"
# Count and insertion of one owner are one after the other, or two requests would both be the last one.
_LOCK_OWNER = "SELECT pg_advisory_xact_lock(hashtext('halong.exports'), hashtext(%(owner)s))"
_UNFINISHED = "SELECT count(*) AS n FROM exports WHERE owner = %(owner)s AND state IN ('waiting', 'running')"
_INSERT = f"""
INSERT INTO exports AS e (owner, areas, what, format, parameters, expected_rows)
VALUES (%(owner)s, %(areas)s, %(what)s, %(format)s, %(parameters)s, %(expected)s) RETURNING {_COLUMNS}"""
# One that was asked for when its owner reached other areas is no longer the owner's.
_VISIBLE = """
    (%(owner)s::text IS NULL OR (e.owner = %(owner)s AND e.areas IS NOT DISTINCT FROM %(areas)s::text[]))"""
_LIST = f"""
SELECT {_COLUMNS} FROM exports e
WHERE {_VISIBLE}
  AND (%(after_time)s::timestamptz IS NULL OR (e.created_at, e.id) < (%(after_time)s, %(after_id)s::uuid))
ORDER BY e.created_at DESC, e.id DESC LIMIT %(limit)s"""
_ONE = f"""
SELECT {_COLUMNS} FROM exports e WHERE e.id = %(id)s AND {_VISIBLE}"""

# A running one that nobody has written to for so long was interrupted: its process is gone.
_TAKE = f"""
UPDATE exports e SET state = 'running', attempt = e.attempt + 1, rows = 0, bytes = 0, seen_at = now()
WHERE e.id = (
    SELECT id FROM exports
    WHERE state = 'waiting' OR (state = 'running' AND seen_at < now() - %(silence)s::interval)
    ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_COLUMNS}"""
_MINE = "WHERE id = %(id)s AND attempt = %(attempt)s AND state = 'running'"
_NOTE = f"UPDATE exports SET rows = %(rows)s, bytes = %(bytes)s, seen_at = now() {_MINE}"
_FINISH = f"""
UPDATE exports SET state = 'done', rows = %(rows)s, bytes = %(bytes)s, sha256 = %(sha256)s,
       finished_at = now(), expires_at = now() + %(lasts)s::interval {_MINE}"""
_FAIL = f"UPDATE exports SET state = 'failed', error = %(error)s, finished_at = now() {_MINE}"
_GIVE_BACK = f"UPDATE exports SET state = 'waiting' {_MINE}"
_CANCEL = """
UPDATE exports SET state = 'cancelled', finished_at = coalesce(finished_at, now())
WHERE id = %(id)s AND state IN ('waiting', 'running', 'done')"""
_EXPIRE = "UPDATE exports SET state = 'expired' WHERE state = 'done' AND expires_at <= now() RETURNING id"
_FORGET = "DELETE FROM exports WHERE finished_at < now() - %(kept)s::interval AND state <> 'done'"
_OVER = "SELECT id FROM exports WHERE id = ANY(%(ids)s) AND state NOT IN ('done', 'running')"


class Whose(NamedTuple):
    """Whose exports may be seen, of those areas; without an owner: everybody's."""

    owner: str | None = None
    areas: list[str] | None = None


async def now(conn: AsyncConnection[Any]) -> datetime:
    """Return the present instant by the clock that dates revisions."""
    found = await fetch_one(conn, _NOW, {})
    assert found is not None
    instant: datetime = found["now"]
    return instant


async def insert(conn: AsyncConnection[Any], *, most: int, expected: int, **row: Any) -> Row | None:
    """Store an export of `owner`, and return it; None where that has `most` unfinished ones already."""
    params = row | {"expected": expected, "parameters": Jsonb(row["parameters"])}
    async with conn.transaction():
        await conn.execute(_LOCK_OWNER, params)
        unfinished = await fetch_one(conn, _UNFINISHED, params)
        if unfinished is not None and unfinished["n"] >= most:
            return None
        return await fetch_one(conn, _INSERT, params)


async def exports(
    conn: AsyncConnection[Any], whose: Whose, *, after: tuple[Any, Any] | None, limit: int
) -> list[Row]:
    """Return exports, the newest first."""
    time, number = after or (None, None)
    page = {"after_time": time, "after_id": number, "limit": limit}
    return await fetch(conn, _LIST, whose._asdict() | page)


async def export(conn: AsyncConnection[Any], number: UUID, whose: Whose) -> Row | None:
    """Return one export if it may be seen."""
    return await fetch_one(conn, _ONE, whose._asdict() | {"id": number})


async def take(conn: AsyncConnection[Any], silence: str) -> Row | None:
    """Return the oldest export that nobody works on, which is the caller's from then on."""
    return await fetch_one(conn, _TAKE, {"silence": silence})


async def note(conn: AsyncConnection[Any], job: Row, rows: int, size: int) -> bool:
    """Note how far a job is; False where it is the caller's no more: cancelled, or taken over."""
    return await _set(conn, _NOTE, job, rows=rows, bytes=size)


async def finish(
    conn: AsyncConnection[Any], job: Row, rows: int, *, size: int, sha256: str, lasts: str
) -> bool:
    """Note that a file is complete and stays for so long."""
    return await _set(conn, _FINISH, job, rows=rows, bytes=size, sha256=sha256, lasts=lasts)


async def fail(conn: AsyncConnection[Any], job: Row, error: str) -> bool:
    """Note why there will be no file."""
    return await _set(conn, _FAIL, job, error=error)


async def give_back(conn: AsyncConnection[Any], job: Row) -> bool:
    """Let another process begin a job anew."""
    return await _set(conn, _GIVE_BACK, job)


async def _set(conn: AsyncConnection[Any], sql: Any, job: Row, **values: Any) -> bool:
    cursor = await conn.execute(sql, {"id": job["id"], "attempt": job["attempt"], **values})
    return cursor.rowcount == 1


async def cancel(conn: AsyncConnection[Any], number: UUID) -> None:
    """Note that nobody wants an export; a second time changes nothing."""
    await conn.execute(_CANCEL, {"id": number})


async def expire(conn: AsyncConnection[Any], kept: str) -> None:
    """Note what has expired, and forget what was over so long ago."""
    await conn.execute(_EXPIRE)
    await conn.execute(_FORGET, {"kept": kept})


async def over(conn: AsyncConnection[Any], ids: Sequence[UUID]) -> set[UUID]:
    """Return those exports that have no file: cancelled, failed, expired, or not begun."""
    return {row["id"] for row in await fetch(conn, _OVER, {"ids": list(ids)})}
