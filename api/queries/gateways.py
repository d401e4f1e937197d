"""Gateways and how they are doing; what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from api.queries import GATEWAY_IN_REACH, Row, fetch, fetch_one, gateway_in_area, has_tags
from devices.liveness import STATE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_AT: LiteralString = "coalesce(%(at)s::timestamptz, now())"
# Who reaches where it stands at present, and where it stood then: the rest of a gateway is of the present.
_STAY_IN_REACH: LiteralString = (
    """(%(reach)s::int[] IS NULL OR y.gateway_id IS NULL OR y.areas && %(reach)s::int[])"""
)
_GATEWAY: LiteralString = f"""
SELECT g.id, g.code, g.name, coalesce(y.latitude, g.latitude) AS latitude,
    coalesce(y.longitude, g.longitude) AS longitude, g.heartbeat_s, g.enabled, g.tags, g.links,
    {STATE} AS state, s.last_seen, s.status_at, s.started, s.firmware, coalesce(s.messages, 0) AS messages,
    (SELECT upper(r) - 1 FROM unnest(s.received_seq) r LIMIT 1) AS committed_seq,
    greatest((SELECT count(*) FROM unnest(s.received_seq)) - 1, 0) AS seq_gaps,
    (SELECT count(*) FROM things t WHERE t.gateway_id = g.id) AS things,
    ARRAY(SELECT a.code FROM areas a WHERE a.id = ANY(coalesce(y.areas, ARRAY(
          SELECT area_id FROM gateway_areas WHERE gateway_id = g.id))) ORDER BY a.code) AS areas
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
LEFT JOIN gateway_stays y ON y.gateway_id = g.id AND y.valid_from <= {_AT} AND {_AT} < y.valid_to
WHERE {GATEWAY_IN_REACH} AND {_STAY_IN_REACH}"""

_GATEWAYS = f"""
SELECT * FROM ({_GATEWAY}
      AND (%(after)s::text IS NULL OR g.code > %(after)s)
      AND {gateway_in_area(_AT)}
      AND {has_tags("g.tags")}
      AND (%(state)s::text IS NULL OR {STATE} = %(state)s)
    ORDER BY g.code LIMIT %(limit)s) page
ORDER BY code"""
_GATEWAY_BY_CODE = f"{_GATEWAY} AND g.code = %(code)s"
_GATEWAYS_BY_ID = f"{_GATEWAY} AND g.id = ANY(%(ids)s)"

_PLACES = f"""
SELECT nullif(y.valid_from, '-infinity') AS valid_from, y.valid_to, y.latitude, y.longitude,
       ARRAY(SELECT a.code FROM areas a WHERE a.id = ANY(y.areas) ORDER BY a.code) AS areas,
       y.moved_by, y.reason
FROM gateway_stays y JOIN gateways g ON g.id = y.gateway_id
WHERE g.id = %(id)s AND {GATEWAY_IN_REACH} AND {_STAY_IN_REACH} ORDER BY y.valid_to"""
_HISTORY = f"""
SELECT h.time, h.online, h.firmware FROM gateway_status_history h JOIN gateways g ON g.id = h.gateway_id
WHERE g.id = %(id)s AND {GATEWAY_IN_REACH} ORDER BY h.time DESC LIMIT 50"""

_COUNT_BY_STATE = f"""
SELECT {STATE} AS state, count(*) AS n
FROM gateways g LEFT JOIN gateway_status s ON s.gateway_id = g.id
WHERE g.enabled AND {GATEWAY_IN_REACH} GROUP BY 1"""

# Who sent under a code that no gateway has stands in no area.
REFUSAL_IN_REACH: LiteralString = f"""(%(reach)s::int[] IS NULL OR gateway IN (
      SELECT g.code FROM gateways g WHERE {GATEWAY_IN_REACH}))"""
_REFUSALS = f"""
SELECT id, time, gateway, topic, seq, reason, at, detail, count, stored, replayed_at, replayed_by,
       octet_length(payload) AS payload_size,
       CASE WHEN %(bytes)s::int IS NULL THEN payload ELSE substring(payload FOR %(bytes)s::int) END AS payload
FROM refusals
WHERE time >= %(start)s AND time < %(end)s AND {REFUSAL_IN_REACH}
  AND (%(gateway)s::text IS NULL OR gateway = %(gateway)s)
  AND (%(reason)s::text IS NULL OR reason = %(reason)s)
  AND (NOT %(open)s::boolean OR replayed_at IS NULL)
  AND (%(after_time)s::timestamptz IS NULL OR (time, id) < (%(after_time)s, %(after_id)s::bigint))
ORDER BY time DESC, id DESC LIMIT %(limit)s"""
_REFUSAL = f"""
SELECT id, time, gateway, topic, seq, reason, at, detail, count, stored, replayed_at, replayed_by,
       content_type, octet_length(payload) AS payload_size, payload
FROM refusals WHERE id = %(id)s AND {REFUSAL_IN_REACH}"""


async def gateways(
    conn: AsyncConnection[Any],
    *,
    area: str | None,
    state: str | None,
    tags: Sequence[str] | None = None,
    at: datetime | None = None,
    after: str | None,
    limit: int | None,
) -> list[Row]:
    """Return gateways with their state, by code; all of them where there is no limit.

    `at`: where they stood at that instant; None: where they stand.
    """
    chosen = {"area": area, "state": state, "tags": tags, "at": at}
    return await fetch(conn, _GATEWAYS, chosen | {"after": after, "limit": limit})


async def gateway(conn: AsyncConnection[Any], code: str, at: datetime | None = None) -> Row | None:
    """Return one gateway with its state, and where it stands or stood at an instant."""
    return await fetch_one(conn, _GATEWAY_BY_CODE, {"code": code, "at": at})


async def places(conn: AsyncConnection[Any], gateway_id: int) -> list[Row]:
    """Return where a gateway stood before it came to where it stands, the first place first."""
    return await fetch(conn, _PLACES, {"id": gateway_id})


async def by_ids(conn: AsyncConnection[Any], ids: Sequence[int]) -> dict[int, Row]:
    """Return gateways with their state, by id."""
    found = await fetch(conn, _GATEWAYS_BY_ID, {"ids": list(ids), "at": None})
    return {row["id"]: row for row in found}


async def history(conn: AsyncConnection[Any], gateway_id: int) -> list[Row]:
    """Return a gateway's last 50 changes between online and offline, the newest first."""
    return await fetch(conn, _HISTORY, {"id": gateway_id})


async def count_by_state(conn: AsyncConnection[Any]) -> dict[str, int]:
    """Return how many enabled gateways are in each state that occurs."""
    return {row["state"]: row["n"] for row in await fetch(conn, _COUNT_BY_STATE, {})}


async def refusals(
    conn: AsyncConnection[Any],
    start: datetime,
    end: datetime,
    *,
    gateway: str | None,
    reason: str | None,
    open_alone: bool = False,
    payload_bytes: int | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[Row]:
    """Return what was refused in `start` <= time of receipt < `end`, the newest first.

    Of each payload the first `payload_bytes` are given, all of it where that is None.
    `open_alone`: without those that were replayed.
    """
    time, number = after or (None, None)
    params = {
        "start": start,
        "end": end,
        "gateway": gateway,
        "reason": reason,
        "open": open_alone,
        "bytes": payload_bytes,
        "after_time": time,
        "after_id": number,
        "limit": limit,
    }
    return await fetch(conn, _REFUSALS, params)


async def refusal(conn: AsyncConnection[Any], number: int) -> Row | None:
    """Return one refusal with its whole payload."""
    return await fetch_one(conn, _REFUSAL, {"id": number})
