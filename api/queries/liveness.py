"""Things by whether they are heard as often as their sampling intervals say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import THING_IN_REACH, Row, fetch
from devices.availability import AT_LEAST, INTERVALS

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_STATE: LiteralString = """
    CASE WHEN newest IS NULL THEN 'never_heard'
         WHEN newest < now() - greatest(%(intervals)s * expected_s, %(least_s)s) * interval '1 second'
             THEN 'silent'
         ELSE 'online' END"""
_THINGS: LiteralString = f"""
SELECT thing, gateway, expected_s, newest, {_STATE} AS state FROM (
    SELECT t.code AS thing, g.code AS gateway, min(d.sampling_interval_s) AS expected_s,
           max(o.time) AS newest
    FROM things t JOIN gateways g ON g.id = t.gateway_id
    JOIN datastreams d ON d.thing_id = t.id AND d.enabled
    LEFT JOIN LATERAL (
        SELECT time FROM observations WHERE datastream_id = d.id AND time <= now() ORDER BY time DESC LIMIT 1
    ) o ON true
    WHERE t.enabled AND g.enabled AND {THING_IN_REACH}
      AND (%(after)s::text IS NULL OR t.code > %(after)s)
      AND (%(gateway)s::text IS NULL OR g.code = %(gateway)s)
      AND (%(area)s::text IS NULL OR t.id IN (
          SELECT ta.thing_id FROM thing_areas ta JOIN areas a ON a.id = ta.area_id WHERE a.code = %(area)s))
    GROUP BY t.code, g.code
) each
WHERE %(state)s::text IS NULL OR {_STATE} = %(state)s ORDER BY thing LIMIT %(limit)s"""


async def things(
    conn: AsyncConnection[Any],
    *,
    area: str | None,
    gateway: str | None,
    state: str | None,
    after: str | None,
    limit: int,
) -> list[Row]:
    """Return enabled things with a datastream, by code, with the interval that is expected, s."""
    params = {"area": area, "gateway": gateway, "state": state, "after": after, "limit": limit}
    times = {"intervals": INTERVALS, "least_s": AT_LEAST.total_seconds()}
    return await fetch(conn, _THINGS, params | times)
