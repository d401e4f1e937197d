"""What ingest notes of unknown things: what refused messages say of them, until somebody decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from psycopg import AsyncConnection

    from devices.unknown import Source

#: A gateway may make up names without end: so many of its things, and of a thing's properties, are noted.
MOST_THINGS: Final = 1000
MOST_PROPERTIES: Final = 100
GONE_DAYS: Final = 30

# What is registered meanwhile is not noted again by an ingest that has not heard of it yet. A replay counts
# nothing twice: what waits has its messages counted, but for the thing whose count began anew when accepted.
_NOTE = """
INSERT INTO unknown_things AS u (gateway_id, device, source, dev_eui, first_seen, last_seen, messages)
SELECT g.id, %(device)s, %(source)s, %(dev_eui)s, %(first)s, %(last)s, %(messages)s
FROM gateways g WHERE g.code = %(gateway)s
  AND (EXISTS (SELECT FROM unknown_things k WHERE k.gateway_id = g.id AND k.device = %(device)s)
       OR (SELECT count(*) FROM unknown_things k WHERE k.gateway_id = g.id) < %(most)s)
ON CONFLICT (gateway_id, device) DO UPDATE SET last_seen = greatest(u.last_seen, excluded.last_seen),
    messages = excluded.messages + CASE u.state WHEN 'accepted' THEN 0 ELSE u.messages END,
    first_seen = CASE u.state WHEN 'accepted' THEN excluded.first_seen
                              ELSE least(u.first_seen, excluded.first_seen) END,
    state = CASE u.state WHEN 'accepted' THEN 'waiting' ELSE u.state END
WHERE %(replayed)s::text IS NULL OR u.state = 'accepted' OR u.device = %(replayed)s
RETURNING id"""
_NOTE_PROPERTIES = """
INSERT INTO unknown_properties AS p (thing_id, property, unit, readings, minimum, maximum, times)
SELECT %(id)s, r.property, r.unit, r.readings, r.minimum, r.maximum, r.times
FROM jsonb_to_recordset(%(seen)s) AS r(property text, unit text, readings bigint, minimum float8,
                                       maximum float8, times timestamptz[])
WHERE (SELECT count(*) FROM unknown_properties WHERE thing_id = %(id)s) < %(most)s
   OR EXISTS (SELECT FROM unknown_properties k WHERE k.thing_id = %(id)s AND k.property = r.property)
ON CONFLICT (thing_id, property) DO UPDATE SET
    unit = excluded.unit,
    readings = p.readings + CASE WHEN %(replayed)s::text IS NULL THEN excluded.readings ELSE 0 END,
    minimum = least(p.minimum, excluded.minimum), maximum = greatest(p.maximum, excluded.maximum),
    times = ARRAY(SELECT * FROM (SELECT DISTINCT t FROM unnest(p.times || excluded.times) t
                                 ORDER BY t DESC LIMIT 20) newest ORDER BY 1)"""
_FORGET_GONE = """
DELETE FROM unknown_things WHERE state = 'waiting' AND decided_at IS NULL
AND last_seen < now() - %s * interval '1 day'"""
_REGISTERED = """
SELECT t.code, p.code FROM things t JOIN gateways g ON g.id = t.gateway_id
LEFT JOIN datastreams d ON d.thing_id = t.id LEFT JOIN observed_properties p ON p.id = d.observed_property_id
WHERE g.code = %s AND t.code = ANY(%s)"""


class Seen(msgspec.Struct, frozen=True):
    """What some messages said of one property; times ascending."""

    property: str
    unit: str | None
    readings: int
    minimum: float
    maximum: float
    times: list[datetime]


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What some refused messages said of an unknown thing; `first` and `last` are when the messages came."""

    gateway: str
    device: str
    source: Source
    dev_eui: str | None
    first: datetime
    last: datetime
    messages: int
    properties: tuple[Seen, ...]


async def note(
    conn: AsyncConnection[Any], noted: Iterable[Noted], *, replayed: str | None = None
) -> list[int]:
    """Add to the queue what refused messages named and is still unknown; return the ids of its things.

    A thing of which more is unknown than was accepted waits again. `replayed` is the device whose messages
    are replayed, where they are not fresh: what was counted of them is counted once.
    """
    found = [await _note(conn, each, replayed) for each in noted]
    return [id_ for id_ in found if id_ is not None]


async def _note(conn: AsyncConnection[Any], noted: Noted, replayed: str | None) -> int | None:
    cursor = await conn.execute(_REGISTERED, [noted.gateway, [noted.device]])
    rows = await cursor.fetchall()
    known = {prop for _, prop in rows}
    properties = [each for each in noted.properties if each.property not in known]
    if rows and not properties:
        return None
    values = {name: getattr(noted, name) for name in Noted.__dataclass_fields__ if name != "properties"}
    cursor = await conn.execute(_NOTE, values | {"most": MOST_THINGS, "replayed": replayed})
    row = await cursor.fetchone()
    if row is None:
        return None
    seen = msgspec.json.encode(properties[:MOST_PROPERTIES]).decode()
    values = {"id": row[0], "seen": seen, "most": MOST_PROPERTIES, "replayed": replayed}
    await conn.execute(_NOTE_PROPERTIES, values)
    return int(row[0])


async def forget_gone(conn: AsyncConnection[Any]) -> None:
    """Take out of the queue what nobody decided on and no message has named for GONE_DAYS."""
    await conn.execute(_FORGET_GONE, [GONE_DAYS])
