"""Where gateways stand and stood. Their things are moved by themselves (devices.installations)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devices.installations import Installation, Move, Place, elsewhere, read_units, require_order
from devices.places import PlaceError

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from psycopg import AsyncConnection

# Who moves a gateway waits for who is moving it.
_STANDING = """
SELECT g.id, (SELECT max(valid_to) FROM gateway_stays WHERE gateway_id = g.id), g.latitude, g.longitude,
       ARRAY(SELECT area_id FROM gateway_areas WHERE gateway_id = g.id)
FROM gateways g WHERE g.code = %s FOR NO KEY UPDATE"""
_LEAVE = """
INSERT INTO gateway_stays (gateway_id, valid_from, valid_to, latitude, longitude, areas, moved_by, reason)
VALUES (%(id)s, coalesce(%(since)s::timestamptz, '-infinity'), %(at)s, %(old_latitude)s, %(old_longitude)s,
        %(old_areas)s, %(who)s, %(reason)s)"""
_STAND = "UPDATE gateways SET latitude = %(latitude)s, longitude = %(longitude)s WHERE id = %(id)s"
_UNLINK = "DELETE FROM gateway_areas WHERE gateway_id = %(id)s AND area_id <> ALL(%(areas)s)"
_LINK = """
INSERT INTO gateway_areas (gateway_id, area_id) SELECT %(id)s, unnest(%(areas)s::int[])
ON CONFLICT DO NOTHING"""

_LAST = """
SELECT nullif(valid_from, '-infinity'), valid_to, latitude, longitude, areas FROM gateway_stays
WHERE gateway_id = %(id)s ORDER BY valid_to DESC LIMIT 1"""
_RETURN = "DELETE FROM gateway_stays WHERE gateway_id = %(id)s AND valid_to = %(at)s"


class UnknownGatewayError(LookupError):
    """No gateway has this code."""


async def move(
    conn: AsyncConnection[Any],
    gateway: str,
    place: Place,
    at: datetime,
    *,
    now: datetime,
    who: str,
    reason: str | None = None,
    within: Collection[int] | None = None,
    dry_run: bool = False,
) -> Move:
    """Record that a gateway stands elsewhere from an instant on.

    Args:
        conn: any connection.
        gateway: its code.
        place: where it stands.
        at: aware; after its move before this one, and not in the future.
        now: aware.
        who: whoever tells it.
        reason: why it was moved.
        within: ids of areas, of which it must enter one; None: any place will do.
        dry_run: only return what it would change.

    Raises:
        UnknownGatewayError: there is no such gateway.
        PlaceError: the place or the instant cannot be used; nothing is written.
    """
    async with conn.transaction():
        number, before = await _standing(conn, gateway)
        require_order(gateway, before, at, now)
        units = await read_units(conn)
        after = elsewhere(gateway, before, place, at, units, within=within)
        if not dry_run:
            await _write(conn, number, before, after, {"who": who, "reason": reason})
    return Move(gateway, at, before, after, units, None if dry_run else 0)


async def take_back(
    conn: AsyncConnection[Any], gateway: str, *, dry_run: bool = False
) -> tuple[datetime, Installation]:
    """Take a gateway's last move back, as if it had not been recorded; return its time, and where it stands.

    Raises:
        UnknownGatewayError: there is no such gateway.
        PlaceError: it was never moved.
    """
    async with conn.transaction():
        number, _ = await _standing(conn, gateway)
        row = await (await conn.execute(_LAST, {"id": number})).fetchone()
        if row is None:
            raise PlaceError(f"{gateway} was never moved: `halong gateways set` corrects where it stands")
        since, at, latitude, longitude, areas = row
        if not dry_run:
            changed = {"id": number, "at": at, "latitude": latitude, "longitude": longitude, "areas": areas}
            for statement in (_RETURN, _STAND, _UNLINK, _LINK):
                await conn.execute(statement, changed)
    return at, Installation(
        valid_from=since, valid_to=None, latitude=latitude, longitude=longitude, areas=frozenset(areas)
    )


async def _standing(conn: AsyncConnection[Any], gateway: str) -> tuple[int, Installation]:
    row = await (await conn.execute(_STANDING, [gateway])).fetchone()
    if row is None:
        raise UnknownGatewayError(f"there is no gateway {gateway!r}: `halong gateways list` shows them")
    number, since, latitude, longitude, areas = row
    return number, Installation(
        valid_from=since, valid_to=None, latitude=latitude, longitude=longitude, areas=frozenset(areas)
    )


async def _write(
    conn: AsyncConnection[Any], number: int, before: Installation, after: Installation, told: dict[str, Any]
) -> None:
    changed = told | {
        "id": number, "since": before.valid_from, "at": after.valid_from, "old_latitude": before.latitude,
        "old_longitude": before.longitude, "old_areas": sorted(before.areas),
        "latitude": after.latitude, "longitude": after.longitude, "areas": sorted(after.areas),
    }  # fmt: skip
    for statement in (_LEAVE, _STAND, _UNLINK, _LINK):
        await conn.execute(statement, changed)
