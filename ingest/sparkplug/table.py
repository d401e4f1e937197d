"""The table `sparkplug_sessions`: read at the start, written with the observations of each batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ingest.sparkplug.birth import Birth, Definition
from ingest.sparkplug.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from psycopg import AsyncConnection

    from ingest.batch import Entry

_LOAD = """
SELECT g.code, s.group_id, s.online, s.bd_seq, s.seq, s.born, s.births, s.stale
FROM sparkplug_sessions s JOIN gateways g ON g.id = s.gateway_id"""
# A gateway may have been deleted since the message was resolved.
_PUT = """
INSERT INTO sparkplug_sessions (gateway_id, group_id, online, bd_seq, seq, born, stale, births)
SELECT id, %s, %s, %s, %s, %s, %s, %s::jsonb FROM gateways WHERE id = %s
ON CONFLICT (gateway_id) DO UPDATE SET group_id = excluded.group_id, online = excluded.online,
    bd_seq = excluded.bd_seq, seq = excluded.seq, born = excluded.born, stale = excluded.stale,
    births = excluded.births, updated = now()"""
_ADVANCE = """
UPDATE sparkplug_sessions s SET seq = n.seq, stale = n.stale, updated = now()
FROM (SELECT * FROM unnest(%s::int[], %s::smallint[], %s::boolean[]) ORDER BY 1) AS n (id, seq, stale)
WHERE s.gateway_id = n.id"""


async def load(conn: AsyncConnection[Any]) -> dict[str, Session]:
    """Return the sessions by gateway code."""
    cursor = await conn.execute(_LOAD)
    return {
        code: Session(group, online, bd_seq, seq, born, _births(births), stale)
        for code, group, online, bd_seq, seq, born, births, stale in await cursor.fetchall()
    }


async def put(conn: AsyncConnection[Any], entries: Iterable[Entry]) -> None:
    """Store what the messages of a batch made of their sessions, in its transaction."""
    last: dict[int, Session] = {}
    with_births: set[int] = set()
    for entry in entries:
        id_, change = entry.resolved.gateway_id, entry.sparkplug
        if id_ is not None and change is not None and change.session is not None:
            last[id_] = change.session
            if change.births:
                with_births.add(id_)
    if with_births:
        async with conn.cursor() as cursor:
            await cursor.executemany(_PUT, [_row(id_, last[id_]) for id_ in sorted(with_births)])
    if advanced := last.keys() - with_births:
        ids = list(advanced)
        await conn.execute(_ADVANCE, [ids, [last[i].seq for i in ids], [last[i].stale for i in ids]])


def _row(id_: int, session: Session) -> tuple[object, ...]:
    births = {device: birth.definitions for device, birth in session.births.items()}
    return (
        session.group,
        session.online,
        session.bd_seq,
        session.seq,
        session.born,
        session.stale,
        msgspec.json.encode(births).decode(),
        id_,
    )


def _births(stored: Mapping[str, list[list[Any]]]) -> dict[str, Birth]:
    return {
        device: Birth(tuple(Definition(*each) for each in definitions))
        for device, definitions in stored.items()
    }
