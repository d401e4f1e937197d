"""The SQL over messages that were refused because the registry does not know what they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString, NamedTuple

from psycopg.rows import class_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

# A refusal's time is when its transaction began. All before that of the oldest transaction of ingest are
# committed, but for one that is beginning at this very moment.
_HORIZON = """
SELECT least(clock_timestamp(), min(xact_start)) - interval '1 second' FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'halong ingest%' AND pid <> pg_backend_pid()"""
_OPEN: LiteralString = """
    reason IN ('unknown_device', 'unknown_property') AND NOT stored AND replayed_at IS NULL
    AND time < %(until)s AND time >= %(time)s AND (time, id) > (%(time)s, %(id)s::bigint)"""
# The first message is taken whatever its size.
_PART: LiteralString = """
SELECT time, id, gateway, topic, reason, count, content_type, payload FROM (
    SELECT *, sum(octet_length(payload)) OVER (ORDER BY time, id) - octet_length(payload) AS before
    FROM (SELECT * FROM refusals WHERE {} ORDER BY time, id LIMIT %(messages)s) oldest
) part WHERE before < %(size)s ORDER BY time, id"""
# What was refused again by a replay stands at the time of the first, and was noted with the replay.
_NEXT: LiteralString = _PART.format(f"""{_OPEN} AND NOT EXISTS (
    SELECT FROM refusals b WHERE b.time = refusals.time AND b.id < refusals.id AND b.replayed_at IS NOT NULL
        AND b.payload = refusals.payload AND b.topic = refusals.topic)""")
_NEXT_OF_GATEWAY: LiteralString = _PART.format(f"gateway = %(gateway)s AND {_OPEN}")
_PROGRESS = "SELECT time, id FROM unknown_progress FOR UPDATE"
_ADVANCE = "UPDATE unknown_progress SET time = %s, id = %s"
# A message may be refused for both reasons, and more than once.
_OF_THE_SAME: LiteralString = """
SELECT DISTINCT r.time, r.id, r.gateway, r.topic, r.reason, r.count, r.content_type, r.payload
FROM refusals c JOIN refusals r ON substr(sha256(r.payload), 1, 8) = substr(sha256(c.payload), 1, 8)
    AND r.payload = c.payload AND r.gateway = c.gateway AND r.topic = c.topic
WHERE c.time BETWEEN %(first)s AND %(last)s
  AND (c.time, c.id) IN (SELECT * FROM unnest(%(times)s::timestamptz[], %(ids)s::bigint[]))
  AND r.reason IN ('unknown_device', 'unknown_property') AND r.replayed_at IS NULL"""
# One transaction alone marks a refusal; each message goes in once.
_REPLAY = """
WITH replayed AS (
    UPDATE refusals SET replayed_at = now(), replayed_by = %(who)s
    WHERE time BETWEEN %(first)s AND %(last)s AND replayed_at IS NULL
      AND (time, id) IN (SELECT * FROM unnest(%(times)s::timestamptz[], %(ids)s::bigint[]))
    RETURNING time, topic, content_type, payload
)
INSERT INTO deferred_messages (arrived, topic, content_type, duplicate, payload)
SELECT * FROM (SELECT DISTINCT ON (topic, payload) time, topic, content_type, true, payload FROM replayed
               ORDER BY topic, payload, time) message ORDER BY time"""
# What an ingest refuses that has not heard of the registry's change yet comes later: it is waited for.
_WANTED = """
SELECT u.id, g.code AS gateway, u.device, u.decided_by AS who, u.replay_time AS time, u.replay_id AS number,
       u.decided_at < now() - interval '1 minute' AS is_settled,
       ARRAY(SELECT property FROM unknown_properties p WHERE p.thing_id = u.id AND p.accepted_at IS NOT NULL)
           AS properties
FROM unknown_things u JOIN gateways g ON g.id = u.gateway_id
WHERE u.replay_time IS NOT NULL ORDER BY u.id"""
_LOOKED = """
UPDATE unknown_things SET replayed = replayed + %(replayed)s, replay_time = %(time)s, replay_id = %(id)s
WHERE id = %(thing)s AND replay_time = %(from_time)s AND replay_id = %(from_id)s"""


class Place(NamedTuple):
    """How far the refusals were looked at: all up to and with this one."""

    time: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal with its message: what was refused for one reason, `count` readings."""

    time: datetime
    id: int
    gateway: str
    topic: str
    reason: str
    count: int
    content_type: str | None
    payload: bytes

    @property
    def place(self) -> Place:
        """Where it stands among the others."""
        return Place(self.time, self.id)


class Wanted(NamedTuple):
    """An accepted thing whose refused messages are to be replayed, from a place on."""

    id: int
    gateway: str
    device: str
    who: str
    time: datetime
    number: int
    #: whether nothing more is refused of it since it was accepted
    is_settled: bool
    properties: list[str]


async def horizon(conn: AsyncConnection[Any]) -> datetime:
    """Return the instant before which every refusal is committed."""
    row = await (await conn.execute(_HORIZON)).fetchone()
    assert row
    found: datetime = row[0]
    return found


async def progress(conn: AsyncConnection[Any]) -> Place:
    """Return up to where the queue has looked at refusals; locked, in an open transaction."""
    row = await (await conn.execute(_PROGRESS)).fetchone()
    assert row
    return Place(*row)


async def advance(conn: AsyncConnection[Any], place: Place) -> None:
    """Note up to where the queue has looked."""
    await conn.execute(_ADVANCE, place)


async def following(
    conn: AsyncConnection[Any],
    after: Place,
    until: datetime,
    *,
    messages: int,
    size: int,
    gateway: str | None = None,
) -> list[Refused]:
    """Return the open refusals of what is unknown behind a place, so many or about so many bytes."""
    values = {
        "time": after.time, "id": after.id, "until": until, "messages": messages, "size": size,
        "gateway": gateway,
    }  # fmt: skip
    async with conn.cursor(row_factory=class_row(Refused)) as cursor:
        await cursor.execute(_NEXT if gateway is None else _NEXT_OF_GATEWAY, values)
        return await cursor.fetchall()


async def wanted(conn: AsyncConnection[Any]) -> list[Wanted]:
    """Return the accepted things of which something may be to be replayed."""
    async with conn.cursor(row_factory=class_row(Wanted)) as cursor:
        await cursor.execute(_WANTED)
        return await cursor.fetchall()


async def of_the_same(conn: AsyncConnection[Any], refused: Sequence[Refused]) -> list[Refused]:
    """Return all open refusals of what is unknown in these messages."""
    if not refused:
        return []
    async with conn.cursor(row_factory=class_row(Refused)) as cursor:
        await cursor.execute(_OF_THE_SAME, _keys(refused))
        return await cursor.fetchall()


async def replay(conn: AsyncConnection[Any], refused: Sequence[Refused], who: str) -> int:
    """Put messages into `deferred_messages`, mark their refusals as replayed; return how many went in."""
    if not refused:
        return 0
    return (await conn.execute(_REPLAY, _keys(refused) | {"who": who})).rowcount


def _keys(refused: Sequence[Refused]) -> dict[str, Any]:
    times, ids = [each.time for each in refused], [each.id for each in refused]
    return {"first": min(times), "last": max(times), "times": times, "ids": ids}


async def looked(conn: AsyncConnection[Any], thing: Wanted, replayed: int, place: Place | None) -> bool:
    """Note how many messages of a thing were replayed, and up to where was looked; None: to the end.

    Returns:
        Whether nobody else has looked, or accepted it again, meanwhile.
    """
    time, id_ = place or (None, None)
    values = {
        "thing": thing.id, "replayed": replayed, "time": time, "id": id_,
        "from_time": thing.time, "from_id": thing.number,
    }  # fmt: skip
    return (await conn.execute(_LOOKED, values)).rowcount == 1
