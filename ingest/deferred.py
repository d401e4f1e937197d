"""The table `deferred_messages`: whole messages in by COPY, oldest first out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg import AsyncConnection

    from ingest.batch import Entry

_COPY = "COPY deferred_messages (topic, content_type, duplicate, payload) FROM STDIN (FORMAT binary)"
_TYPES = ("text", "text", "bool", "bytea")
# The first message is taken whatever its size; other processes take others.
_TAKE = """
WITH oldest AS (
    SELECT id, octet_length(payload) AS size
    FROM deferred_messages ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
), part AS (
    SELECT id, sum(size) OVER (ORDER BY id) - size AS before FROM oldest
)
DELETE FROM deferred_messages d USING part p WHERE d.id = p.id AND p.before < %s
RETURNING d.id, d.arrived, d.topic, d.content_type, d.duplicate, d.payload"""
_WAITING = """
SELECT count(*), coalesce(sum(octet_length(payload)), 0)::bigint, min(arrived),
       mode() WITHIN GROUP (ORDER BY topic)
FROM deferred_messages"""
_TOPICS = "SELECT topic, count(*) FROM deferred_messages GROUP BY topic"


class Deferred(NamedTuple):
    """One message as it stands in the table."""

    id: int
    arrived: datetime
    topic: str
    content_type: str | None
    duplicate: bool
    payload: bytes


class Waiting(NamedTuple):
    """What stands in the table: messages, bytes of payload, and when the oldest came (None: nothing does)."""

    messages: int
    bytes: int
    oldest: datetime | None
    #: the topic that most messages came on
    most: str | None


async def put(conn: AsyncConnection[Any], entries: Iterable[Entry], *, again: bool) -> None:
    """Store deferred entries as they came; `again`: a transaction before this one may have stored them."""
    deliveries = [entry.delivery for entry in entries if entry.deferred]
    if not deliveries:
        return
    async with conn.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for d in deliveries:
            await copy.write_row((d.topic, d.content_type, again or d.duplicate, d.payload))


async def take(conn: AsyncConnection[Any], *, messages: int, size: int) -> list[Deferred]:
    """Delete and return the oldest messages, so many or about so many bytes of them at most, in order.

    Rows that another transaction is taking are passed over. Needs an open transaction.
    """
    cursor = await conn.execute(_TAKE, [messages, size])
    return sorted(Deferred(*row) for row in await cursor.fetchall())


async def waiting(conn: AsyncConnection[Any]) -> Waiting:
    """Return what waits."""
    cursor = await conn.execute(_WAITING)
    return Waiting(*(await cursor.fetchall())[0])


async def topics(conn: AsyncConnection[Any]) -> dict[str, int]:
    """Return how many messages wait of each topic."""
    cursor = await conn.execute(_TOPICS)
    return dict(await cursor.fetchall())


async def give_back_space(conn: AsyncConnection[Any]) -> bool:
    """Truncate the table if it is empty and nobody uses it at this moment; tell whether it was done.

    It spares vacuum the work on rows that came and went.
    """
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE deferred_messages IN ACCESS EXCLUSIVE MODE NOWAIT")
            if (await waiting(conn)).messages:
                return False
            await conn.execute("TRUNCATE deferred_messages")
    except psycopg.errors.LockNotAvailable:
        return False
    return True
