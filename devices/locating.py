"""Gateways and things where surveyed outlines say that they stand, whatever they were assigned to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from devices.installations import read_units

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_STANDING = """
SELECT 'thing', t.id, t.code, t.latitude, t.longitude,
       ARRAY(SELECT area_id FROM thing_areas l WHERE l.thing_id = t.id)
FROM things t
UNION ALL
SELECT 'gateway', g.id, g.code, g.latitude, g.longitude,
       ARRAY(SELECT area_id FROM gateway_areas l WHERE l.gateway_id = g.id)
FROM gateways g ORDER BY 1, 3"""
_LINKS: dict[str, tuple[LiteralString, LiteralString]] = {
    "thing": (
        "DELETE FROM thing_areas WHERE thing_id = %(id)s AND area_id = ANY(%(left)s)",
        "INSERT INTO thing_areas (thing_id, area_id) SELECT %(id)s, unnest(%(entered)s::int[])",
    ),
    "gateway": (
        "DELETE FROM gateway_areas WHERE gateway_id = %(id)s AND area_id = ANY(%(left)s)",
        "INSERT INTO gateway_areas (gateway_id, area_id) SELECT %(id)s, unnest(%(entered)s::int[])",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Relocation:
    """What an outline changes for something, by codes of areas.

    outside: areas that it stays assigned to although it stands outside their outline, as no other holds it.
    """

    kind: str
    code: str
    left: tuple[str, ...]
    entered: tuple[str, ...]
    outside: tuple[str, ...]


async def locate(conn: AsyncConnection[Any], *, dry_run: bool = False) -> list[Relocation]:
    """Have everything count for the areas in whose surveyed outlines it stands; return what that changes.

    It is the present place whose areas are corrected, for all the time that something stands there.
    """
    found = []
    async with conn.transaction():
        units = await read_units(conn)
        for kind, id_, code, latitude, longitude, assigned in await _standing(conn):
            before, after = frozenset(assigned), units.located(latitude, longitude, assigned)
            outside = units.outside(latitude, longitude, after)
            if before != after and not dry_run:
                changed = {"id": id_, "left": list(before - after), "entered": list(after - before)}
                for statement in _LINKS[kind]:
                    await conn.execute(statement, changed)
            if before != after or outside:
                left, entered = units.codes(before - after), units.codes(after - before)
                found.append(Relocation(kind=kind, code=code, left=left, entered=entered, outside=outside))
    return found


async def _standing(conn: AsyncConnection[Any]) -> list[tuple[Any, ...]]:
    return await (await conn.execute(_STANDING)).fetchall()
