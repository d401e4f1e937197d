"""The SQL of areas: reorganisations, who reports, and what is told of units."""

# ruff: noqa: S608  (the statements are put together from constants of this file alone, as LiteralString says)

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, LiteralString

from devices.model import Area
from devices.registry import apply, stored_areas
from devices.reorganisation import Located, Registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from devices.reorganisation import Reorganisation

_LOCATED: LiteralString = """
SELECT 'thing', t.id, t.code, i.latitude, i.longitude, i.valid_from::text,
       ARRAY(SELECT a.code || '@' || to_char(a.valid_from, 'YYYY-MM-DD')
             FROM installation_areas l JOIN areas a ON a.id = l.area_id
             WHERE (l.thing_id, l.valid_from) = (i.thing_id, i.valid_from))
FROM things t JOIN installations i ON i.thing_id = t.id
UNION ALL
SELECT 'gateway', g.id, g.code, g.latitude, g.longitude, NULL,
       ARRAY(SELECT a.code || '@' || to_char(a.valid_from, 'YYYY-MM-DD')
             FROM gateway_areas l JOIN areas a ON a.id = l.area_id WHERE l.gateway_id = g.id)
FROM gateways g ORDER BY 1, 3, 6"""
# Of the unit and of all above it.
_ABOVE = """
WITH RECURSIVE entered AS (
    SELECT w.id AS located, w.valid_from, a.id AS area, a.parent_id
    FROM unnest(%(ids)s::int[], %(valid_from)s::text[], %(units)s::text[]) w (id, valid_from, unit)
    JOIN areas a ON a.code || '@' || to_char(a.valid_from, 'YYYY-MM-DD') = w.unit
    UNION SELECT e.located, e.valid_from, a.id, a.parent_id FROM entered e JOIN areas a ON a.id = e.parent_id
)"""
_ENTER_THINGS = f"""{_ABOVE}
INSERT INTO installation_areas (thing_id, area_id, valid_from)
SELECT located, area, valid_from::timestamptz FROM entered ON CONFLICT DO NOTHING"""
_ENTER_GATEWAYS = f"""{_ABOVE}
INSERT INTO gateway_areas (gateway_id, area_id) SELECT located, area FROM entered ON CONFLICT DO NOTHING"""
_NAMING = """
SELECT 'alert rule', code, ARRAY(SELECT unnest(areas) INTERSECT SELECT unnest(%(codes)s::text[]) ORDER BY 1)
FROM alert_rules WHERE deleted_at IS NULL AND areas && %(codes)s::text[]
UNION ALL
SELECT 'API key', prefix || ' (' || name || ')',
       ARRAY(SELECT unnest(areas) INTERSECT SELECT unnest(%(codes)s::text[]) ORDER BY 1)
FROM api_keys WHERE revoked_at IS NULL AND areas && %(codes)s::text[]
ORDER BY 1, 2"""
_LISTED = """
SELECT a.code, p.code, a.level, a.name_en, a.name_vi, a.valid_from, a.valid_to, a.reporting,
       a.boundary_source,
       (SELECT count(*) FROM thing_areas l WHERE l.area_id = a.id),
       ARRAY(SELECT r.code || coalesce(format(' (%%s %%%%)', round((100 * s.share)::numeric)), '')
             FROM area_successions s JOIN areas r ON r.id = s.predecessor_id
             WHERE s.successor_id = a.id ORDER BY s.is_main DESC, r.code),
       ARRAY(SELECT r.code || coalesce(format(' (%%s %%%%)', round((100 * s.share)::numeric)), '')
             FROM area_successions s JOIN areas r ON r.id = s.successor_id
             WHERE s.predecessor_id = a.id ORDER BY s.is_main DESC, r.code)
FROM areas a LEFT JOIN areas p ON p.id = a.parent_id
WHERE (%(code)s::text IS NULL OR a.code = %(code)s)
  AND (%(level)s::text IS NULL OR a.level = %(level)s)
  AND (%(at)s::date IS NULL OR (a.valid_from <= %(at)s AND (a.valid_to IS NULL OR a.valid_to > %(at)s)))
ORDER BY a.valid_from, a.level = 'commune', a.code"""
_UNKNOWN = "SELECT code FROM unnest(%s::text[]) code WHERE code NOT IN (SELECT code FROM areas) ORDER BY 1"
# Of a code that was given again the last unit.
_CHOSEN = """
SELECT DISTINCT ON (code) id FROM areas
WHERE (code = ANY(%(codes)s) OR (level = %(level)s AND valid_to IS NULL)) ORDER BY code, valid_from DESC"""
_SWITCHED = f"SELECT code FROM areas WHERE id IN ({_CHOSEN}) AND reporting <> %(on)s ORDER BY code"
_SWITCH = f"""
UPDATE areas SET reporting = %(on)s, reporting_by = %(who)s
WHERE id IN ({_CHOSEN}) AND reporting <> %(on)s RETURNING code"""


class UnknownAreaError(LookupError):
    """No area has a code."""


@dataclass(frozen=True)
class ListedArea:
    """A unit as it is told: how many things stand in it, and what it came from and went into, with shares."""

    code: str
    parent: str | None
    level: str
    name_en: str
    name_vi: str
    valid_from: date
    valid_to: date | None
    reporting: bool
    boundary_source: str | None
    things: int
    predecessors: list[str]
    successors: list[str]


@dataclass(frozen=True)
class Naming:
    """An alert rule or an API key that names areas."""

    kind: str
    name: str
    areas: list[str]


async def registered(conn: AsyncConnection[Any]) -> Registered:
    """Return what a reorganisation changes."""
    stored = await stored_areas(conn)
    located = [
        Located(
            kind=kind, id=id_, code=code, latitude=latitude, longitude=longitude, valid_from=since,
            areas=frozenset(areas),
        )
        async for kind, id_, code, latitude, longitude, since, areas in await conn.execute(_LOCATED)
    ]  # fmt: skip
    areas = tuple(_area(key, row) for key, row in stored.items())
    return Registered(areas, {"areas": stored}, tuple(located))


def _area(key: str, row: Mapping[str, Any]) -> Area:
    code, _, since = key.partition("@")
    columns = {each.name: row[each.name] for each in fields(Area) if each.name in row}
    shares = tuple(row["shares"]) if all(share is not None for share in row["shares"]) else ()
    codes = {
        "code": code,
        "valid_from": date.fromisoformat(since),
        "parent": row["parent"] and row["parent"].partition("@")[0],
        "predecessors": tuple(each.partition("@")[0] for each in row["predecessors"]),
        "shares": shares,
    }
    return Area(**columns | codes)


async def naming(conn: AsyncConnection[Any], codes: Sequence[str]) -> list[Naming]:
    """Return the alert rules and API keys in force that name one of these areas."""
    return [Naming(*row) async for row in await conn.execute(_NAMING, {"codes": list(codes)})]


async def write(conn: AsyncConnection[Any], found: Reorganisation) -> None:
    """Write a reorganisation, all of it or nothing; a second time changes nothing."""
    async with conn.transaction():
        await apply(conn, found.plan)
        for kind, statement in (("thing", _ENTER_THINGS), ("gateway", _ENTER_GATEWAYS)):
            mine = [each for each in found.assigned if each.located.kind == kind]
            entered = {
                "ids": [each.located.id for each in mine],
                "valid_from": [each.located.valid_from for each in mine],
                "units": [each.unit for each in mine],
            }
            await conn.execute(statement, entered)


async def listed(
    conn: AsyncConnection[Any], *, code: str | None = None, level: str | None = None, at: date | None = None
) -> list[ListedArea]:
    """Return units: of a code, of a level, in force on a day; by their first day."""
    wanted = {"code": code, "level": level, "at": at}
    return [ListedArea(*row) async for row in await conn.execute(_LISTED, wanted)]


async def switch_reporting(
    conn: AsyncConnection[Any],
    codes: Sequence[str],
    level: str | None,
    *,
    on: bool,
    who: str,
    dry_run: bool = False,
) -> list[str]:
    """Have indicators computed for units, or not; return the codes of those that change.

    An import of the profile leaves what was switched as it is.

    Args:
        conn: any connection.
        codes: of units; of a code that was given again the last one.
        level: also all units of this level that are in force.
        on: whether they report.
        who: whoever says so.
        dry_run: only return what would change.

    Raises:
        UnknownAreaError: no area has one of the codes.
    """
    unknown = await (await conn.execute(_UNKNOWN, [list(codes)])).fetchall()
    if unknown:
        names = ", ".join(row[0] for row in unknown)
        raise UnknownAreaError(f"there is no area {names}: `halong areas list` shows them")
    wanted = {"codes": list(codes), "level": level, "on": on, "who": who}
    rows = await (await conn.execute(_SWITCHED if dry_run else _SWITCH, wanted)).fetchall()
    return sorted(row[0] for row in rows)
