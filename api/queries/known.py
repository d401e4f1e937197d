"""What every answer about indicators needs of the registry, and how often it has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import Row, fetch

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_TOTAL = "SELECT coalesce(sum(changes), 0)::bigint FROM data_changes"
_COUNTS = "SELECT topic, changes, changed_at FROM data_changes"
_INDICATORS = """
SELECT code, name_en, name_vi, unit, step_s, window_s, version, declaration FROM indicators ORDER BY code"""
_UNITS = """
SELECT id, code, parent_id, level, name_en, name_vi, area_km2, latitude, longitude, reporting, valid_from,
       valid_to
FROM areas ORDER BY id"""
_SUCCESSIONS = "SELECT predecessor_id, successor_id, is_main, share FROM area_successions"


async def total(conn: AsyncConnection[Any]) -> int:
    """Return how many changes there were of everything together."""
    found = await (await conn.execute(_TOTAL)).fetchone()
    return int(found[0]) if found else 0


async def counts(conn: AsyncConnection[Any]) -> list[Row]:
    """Return how many changes each topic has had, and when the last one was."""
    return await fetch(conn, _COUNTS, {})


async def indicators(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every indicator's declaration, by code."""
    return await fetch(conn, _INDICATORS, {})


async def units(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every area, by id."""
    return await fetch(conn, _UNITS, {})


async def successions(conn: AsyncConnection[Any]) -> list[Row]:
    """Return which area came from which."""
    return await fetch(conn, _SUCCESSIONS, {})
