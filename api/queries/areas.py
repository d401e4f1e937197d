"""Areas: administrative units with the dates between which they are in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import AREA_IN_REACH, Row, fetch, fetch_one, holds_q

if TYPE_CHECKING:
    from datetime import date

    from psycopg import AsyncConnection

_COLUMNS = """
    a.id, a.code, p.code AS parent, a.level, a.kind, a.name_en, a.name_vi, a.population, a.population_source,
    a.area_km2, a.latitude, a.longitude, a.boundary_source, a.reporting, a.valid_from, a.valid_to"""

_LIST = f"""
SELECT {_COLUMNS}, CASE WHEN %(boundaries)s THEN a.boundary END AS boundary
FROM areas a LEFT JOIN areas p ON p.id = a.parent_id
WHERE {AREA_IN_REACH}
  AND (%(level)s::text IS NULL OR a.level = %(level)s)
  AND (%(parent)s::text IS NULL OR p.code = %(parent)s)
  AND (%(reporting)s::boolean IS NULL OR a.reporting = %(reporting)s)
  AND (%(at)s::date IS NULL OR (a.valid_from <= %(at)s AND (a.valid_to IS NULL OR a.valid_to > %(at)s)))
  AND {holds_q("a.code", "a.name_en", "a.name_vi")}
  AND (%(after_code)s::text IS NULL OR (a.code, a.id) > (%(after_code)s, %(after_id)s::int))
ORDER BY a.code, a.id
LIMIT %(limit)s"""

_RELATED = """ARRAY(
        SELECT jsonb_build_object('code', r.code, 'name_en', r.name_en, 'name_vi', r.name_vi,
                                  'valid_from', r.valid_from, 'valid_to', r.valid_to, 'is_main', s.is_main,
                                  'share', s.share)
        FROM area_successions s JOIN areas r ON r.id = s.{other}
        WHERE s.{self} = a.id ORDER BY s.is_main DESC, r.code)"""
_PREDECESSORS = _RELATED.format(other="predecessor_id", self="successor_id")
_SUCCESSORS = _RELATED.format(other="successor_id", self="predecessor_id")

_ONE = f"""
SELECT {_COLUMNS}, a.boundary, {_PREDECESSORS} AS predecessors, {_SUCCESSORS} AS successors
FROM areas a LEFT JOIN areas p ON p.id = a.parent_id
WHERE a.code = %(code)s AND {AREA_IN_REACH}
  AND (%(at)s::date IS NULL OR (a.valid_from <= %(at)s AND (a.valid_to IS NULL OR a.valid_to > %(at)s)))
ORDER BY a.valid_from DESC LIMIT 1"""

_VALIDITY = f"""
SELECT valid_from, valid_to FROM areas a WHERE code = %(code)s AND {AREA_IN_REACH} ORDER BY valid_from"""


async def areas(
    conn: AsyncConnection[Any],
    *,
    level: str | None,
    parent: str | None,
    reporting: bool | None,
    at: date | None,
    boundaries: bool,
    q: str | None = None,
    after: tuple[str, int] | None = None,
    limit: int,
) -> list[Row]:
    """Return areas by (code, id): `q` is a plain part of a name, `after` the key of the row before."""
    code, number = after or (None, None)
    params = {
        "level": level,
        "parent": parent,
        "reporting": reporting,
        "at": at,
        "boundaries": boundaries,
        "q": q,
        "after_code": code,
        "after_id": number,
        "limit": limit,
    }
    return await fetch(conn, _LIST, params)


async def area(conn: AsyncConnection[Any], code: str, at: date | None) -> Row | None:
    """Return the unit that has `code`, in force on `at`, else the latest one, with its neighbours in time."""
    return await fetch_one(conn, _ONE, {"code": code, "at": at})


async def validity(conn: AsyncConnection[Any], code: str) -> list[Row]:
    """Return when units of this code are or were in force."""
    return await fetch(conn, _VALIDITY, {"code": code})
