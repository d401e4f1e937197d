"""When gateways and things were heard, as the database knows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString

from devices.availability import Availability, Span, available, limit_of, offline, silences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection

#: the longest period that is looked at
LONGEST: Final = timedelta(days=92)
#: arrivals are counted by so much, and said to have come at any time of it
_BUCKET: Final = timedelta(minutes=5)

_THING = """
SELECT t.id, t.created_at, min(d.sampling_interval_s)
FROM things t JOIN datastreams d ON d.thing_id = t.id AND d.enabled
WHERE t.code = %s GROUP BY t.id"""
_MEASURED = """
SELECT DISTINCT o.time FROM observations o JOIN datastreams d ON d.id = o.datastream_id
WHERE d.thing_id = %s AND o.time >= %s AND o.time < %s ORDER BY 1"""
_GATEWAY = "SELECT id, created_at, heartbeat_s FROM gateways WHERE code = %s"
_ARRIVED = """
SELECT DISTINCT time FROM arrivals WHERE gateway_id = %s AND time >= %s AND time < %s ORDER BY 1"""
_STATES = """
SELECT time, online FROM gateway_status_history
WHERE gateway_id = %(id)s AND time < %(end)s
  AND time >= coalesce((SELECT max(time) FROM gateway_status_history
                        WHERE gateway_id = %(id)s AND time < %(start)s), %(start)s)
ORDER BY time"""
# Ingest notes every ten seconds that it listens; several processes do.
_PAUSES = """
SELECT before, time FROM (
    SELECT time, lag(time, 1, %(start)s) OVER (ORDER BY time) AS before
    FROM (SELECT time FROM ingest_metrics WHERE time >= %(start)s AND time < %(end)s
          UNION ALL SELECT %(end)s) noted
) each
WHERE time - before > interval '1 minute' ORDER BY 1"""


class NothingExpectedError(LookupError):
    """There is nothing of this code, or nothing is expected from it."""


async def of_thing(conn: AsyncConnection[Any], code: str, start: datetime, end: datetime) -> Availability:
    """Return when a thing measured, by the shortest sampling interval of its enabled datastreams.

    Raises:
        NothingExpectedError: there is no such thing, or it has no datastream that is enabled.
    """
    row = await (await conn.execute(_THING, [code])).fetchone()
    if row is None:
        raise NothingExpectedError(f"there is no thing {code!r} with a datastream that is enabled")
    thing_id, created, interval = row
    limit = limit_of(interval)
    heard = await _times(conn, _MEASURED, thing_id, start - limit, end)
    begin = _begin(start, end, created, heard)
    return available(begin, end, silences(heard, limit, begin, end))


async def of_gateway(conn: AsyncConnection[Any], code: str, start: datetime, end: datetime) -> Availability:
    """Return when a gateway was there: by status and will, and by the five minutes in which readings came.

    Raises:
        NothingExpectedError: there is no such gateway.
    """
    row = await (await conn.execute(_GATEWAY, [code])).fetchone()
    if row is None:
        raise NothingExpectedError(f"there is no gateway {code!r}")
    gateway_id, created, heartbeat = row
    limit = limit_of(heartbeat)
    arrived = await _times(conn, _ARRIVED, gateway_id, start - limit - _BUCKET, end)
    heard = [instant for time in arrived for instant in (time, min(time + _BUCKET, end))]
    begin = _begin(start, end, created, arrived)
    span = {"id": gateway_id, "start": begin, "end": end}
    states = await (await conn.execute(_STATES, span)).fetchall()
    pauses = await (await conn.execute(_PAUSES, span)).fetchall()
    unknown = [Span(one, other, "unknown") for one, other in pauses]
    return available(begin, end, unknown, offline(states, begin, end), silences(heard, limit, begin, end))


async def _times(conn: AsyncConnection[Any], statement: LiteralString, *values: object) -> list[datetime]:
    return [time for (time,) in await (await conn.execute(statement, values)).fetchall()]


def _begin(start: datetime, end: datetime, created: datetime, heard: Sequence[datetime]) -> datetime:
    """Return from when on something is expected: not before it was registered, unless it was heard before."""
    first = min(created, *heard[:1]) if heard else created
    return min(max(start, first), end)
