"""Every SQL statement of the API, one file a resource. Rows are dictionaries."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, LiteralString

from api import reach
from storage import rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import AsyncConnection

Row = dict[str, Any]

_REACH = "%(reach)s"
#: conditions that cut what a query reads to the caller's areas; each names its table's column
#: for things that stand there or once did: what is told of them is cut by their installations
THING_IN_REACH: LiteralString = """(%(reach)s::int[] IS NULL OR t.id IN (
      SELECT thing_id FROM installation_areas WHERE area_id = ANY(%(reach)s::int[])))"""
INSTALLATION_IN_REACH: LiteralString = """(%(reach)s::int[] IS NULL OR (i.thing_id, i.valid_from) IN (
      SELECT thing_id, valid_from FROM installation_areas WHERE area_id = ANY(%(reach)s::int[])))"""
GATEWAY_IN_REACH: LiteralString = """(%(reach)s::int[] IS NULL OR g.id IN (
      SELECT gateway_id FROM gateway_areas WHERE area_id = ANY(%(reach)s::int[])))"""
AREA_IN_REACH: LiteralString = "(%(reach)s::int[] IS NULL OR a.id = ANY(%(reach)s::int[]))"
#: the installation of a thing at an instant
INSTALLED_AT: LiteralString = "i.thing_id = t.id AND i.valid_from <= {at} AND {at} < i.valid_to"
#: the unit that a code means at an instant
_MEANT: LiteralString = """
      SELECT {columns} FROM {linked} l JOIN area_meanings m ON m.id = l.area_id
      WHERE m.code = %(area)s AND m.valid_from <= {at} AND {at} < m.valid_to"""
#: the same of the stay `y` of a gateway that has left that place
_LEFT: LiteralString = """
      SELECT FROM area_meanings m WHERE m.code = %(area)s AND m.valid_from <= {at} AND {at} < m.valid_to
         AND m.id = ANY(y.areas)"""
# As api.suggest.plain does it: without accents (NFD's marks), case, blanks and signs.
_PLAIN: LiteralString = (
    r"lower(regexp_replace(normalize(translate({column}, 'Đđ', 'dd'), NFD), "
    r"'[\u0300-\u036f\u2000-\u206f[:space:][:punct:]]', '', 'g'))"
)


def holds_q(*columns: LiteralString) -> LiteralString:
    """Return the condition that one of these columns has the plain text `q` in it, or that `q` is null."""
    found = [f"strpos({_PLAIN.format(column=column)}, %(q)s) > 0" for column in columns]
    return f"(%(q)s::text IS NULL OR {' OR '.join(found)})"


def installed_in_area(at: LiteralString) -> LiteralString:
    """Return the condition that an installation is in the unit that `area`, if any, means at an instant."""
    meant = _MEANT.format(columns="l.thing_id, l.valid_from", linked="installation_areas", at=at)
    return f"(%(area)s::text IS NULL OR (i.thing_id, i.valid_from) IN ({meant}))"


def gateway_in_area(at: LiteralString) -> LiteralString:
    """Return the condition that a gateway was in the unit that `area`, if any, means at an instant.

    `y` is its stay at that instant, if it has left that place.
    """
    meant = _MEANT.format(columns="l.gateway_id", linked="gateway_areas", at=at)
    return f"""(%(area)s::text IS NULL OR CASE WHEN y.gateway_id IS NULL THEN g.id IN ({meant})
      ELSE EXISTS ({_LEFT.format(at=at)}) END)"""


def has_tags(column: LiteralString) -> LiteralString:
    """Return the condition that a row has all `tags`, if any are asked for."""
    return f"(%(tags)s::text[] IS NULL OR {column} @> %(tags)s::text[])"


async def fetch(conn: AsyncConnection[Any], sql: LiteralString, params: Mapping[str, Any]) -> list[Row]:
    """Run a query and return all its rows."""
    return await rows.fetch(conn, *_cut(sql, params))


async def fetch_one(conn: AsyncConnection[Any], sql: LiteralString, params: Mapping[str, Any]) -> Row | None:
    """Run a query and return its first row."""
    return await rows.fetch_one(conn, *_cut(sql, params))


def _cut(sql: LiteralString, params: Mapping[str, Any]) -> tuple[LiteralString, Mapping[str, Any]]:
    """Return a query and its parameters cut to the reach of whoever this is read for, if it is to be cut."""
    if _REACH not in sql:
        return sql, params
    areas = reach.present()
    if areas is None:
        return _uncut(sql), {**params, "reach": None}
    return sql, {**params, "reach": sorted(areas)}


@cache
def _uncut(sql: LiteralString) -> LiteralString:
    """Return a query without its conditions: the planner would weigh what is always true."""
    for condition in (THING_IN_REACH, INSTALLATION_IN_REACH, GATEWAY_IN_REACH, AREA_IN_REACH):
        sql = sql.replace(condition, "true")
    return sql
