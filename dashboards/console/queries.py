"""What the console reads and the API has no query for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_CITY = "SELECT code, name_en, name_vi, time_zone FROM city"

# Each process tells what it did itself, and all of them the same of the broker.
_INGEST = """
WITH process AS (
    SELECT sum(messages) / sum(seconds) AS messages, sum(observations) / sum(seconds) AS observations,
           max(message_p99_ms) AS p99_ms, max(broker_queue_bytes) AS queue_bytes,
           max(broker_queue_limit) AS queue_limit
    FROM ingest_metrics WHERE time > now() - interval '1 minute' GROUP BY client_id
)
SELECT count(*) AS processes, sum(messages) AS messages, sum(observations) AS observations,
       max(p99_ms) AS p99_ms, max(queue_bytes) AS queue_bytes, max(queue_limit) AS queue_limit,
       (SELECT coalesce(max(d.dropped), 0)::bigint FROM (
            SELECT sum(broker_dropped) AS dropped FROM ingest_metrics
            WHERE time > now() - interval '1 hour' GROUP BY client_id) d) AS dropped
FROM process"""

_REFUSED = """
SELECT reason, sum(count)::bigint AS readings FROM refusals
WHERE time > now() - interval '1 hour' GROUP BY reason ORDER BY readings DESC, reason"""

_GAPS = """
SELECT g.code, p.missing, p.gaps, p.newest, count(*) OVER () AS gateways
FROM gateway_gaps p JOIN gateways g ON g.id = p.gateway_id
ORDER BY p.missing DESC, g.code LIMIT %(limit)s"""


async def city(conn: AsyncConnection[Any]) -> Row | None:
    """Return the city's names and time zone; None before a profile is imported."""
    return await fetch_one(conn, _CITY, {})


async def ingest(conn: AsyncConnection[Any]) -> Row:
    """Return what the ingest processes told in the last minute, and what the broker dropped in an hour.

    Without any process `processes` is 0 and all else but `dropped` None; so is what is not known.
    """
    return await fetch_one(conn, _INGEST, {}) or {}


async def refused(conn: AsyncConnection[Any]) -> list[Row]:
    """Return the readings refused in the last hour by reason, most first."""
    return await fetch(conn, _REFUSED, {})


async def gaps(conn: AsyncConnection[Any], limit: int) -> list[Row]:
    """Return the gateways that lack most numbered messages, and in each row how many lack any."""
    return await fetch(conn, _GAPS, {"limit": limit})
