"""Indicators and their values, of which every revision is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.queries import Row, fetch, fetch_one

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from psycopg import AsyncConnection

_INDICATORS = """
SELECT code, name_en, name_vi, unit, step_s, window_s, version, declaration FROM indicators
WHERE %(code)s::text IS NULL OR code = %(code)s ORDER BY code"""

_VALUE = """
    v.area_id, a.code AS area, a.name_en AS area_name_en, a.name_vi AS area_name_vi,
    a.latitude, a.longitude, v.indicator, v.time,
    v.value, v.category, v.reason, v.completeness, v.details, v.version, v.revision, v.computed_at"""

# Ordered as the key (indicator, area_id, time), so that a page costs its own rows and no more.
_VALUES = f"""
SELECT {_VALUE} FROM indicator_values v JOIN areas a ON a.id = v.area_id
WHERE v.indicator = %(indicator)s AND v.time >= %(start)s AND v.time < %(end)s
  AND (%(areas)s::text[] IS NULL OR a.code = ANY(%(areas)s))
  AND (%(level)s::text IS NULL OR a.level = %(level)s)
  AND (%(after_area)s::int IS NULL OR (v.area_id, v.time) > (%(after_area)s, %(after_time)s))
  AND {{revision}}
ORDER BY v.area_id, v.time LIMIT %(limit)s"""
_CURRENT = _VALUES.format(revision="v.superseded_at IS NULL")
_AS_OF = _VALUES.format(
    revision="v.computed_at <= %(as_of)s AND (v.superseded_at IS NULL OR v.superseded_at > %(as_of)s)"
)

_LATEST = f"""
SELECT {_VALUE}
FROM indicators i CROSS JOIN areas a
CROSS JOIN LATERAL (
    SELECT * FROM indicator_values
    WHERE indicator = i.code AND area_id = a.id AND superseded_at IS NULL AND time < now()
    ORDER BY time DESC LIMIT 1
) v
WHERE (%(indicators)s::text[] IS NULL OR i.code = ANY(%(indicators)s))
  AND (%(areas)s::text[] IS NULL OR a.code = ANY(%(areas)s))
  AND (%(level)s::text IS NULL OR a.level = %(level)s)
  AND (%(after_code)s::text IS NULL OR (i.code, a.id) > (%(after_code)s, %(after_area)s::int))
ORDER BY i.code, a.id LIMIT %(limit)s"""


async def indicators(conn: AsyncConnection[Any]) -> list[Row]:
    """Return every indicator's declaration, by code."""
    return await fetch(conn, _INDICATORS, {"code": None})


async def indicator(conn: AsyncConnection[Any], code: str) -> Row | None:
    """Return one indicator's declaration."""
    return await fetch_one(conn, _INDICATORS, {"code": code})


async def values(
    conn: AsyncConnection[Any],
    indicator: str,
    start: datetime,
    end: datetime,
    *,
    areas: Sequence[str] | None,
    level: str | None,
    as_of: datetime | None,
    after: tuple[int, datetime] | None,
    limit: int,
) -> list[Row]:
    """Return values of steps that start in `start` <= time < `end`, by area and time.

    With `as_of` each value is the revision that was in force at that instant.
    """
    area_id, time = after or (None, None)
    params = {
        "indicator": indicator,
        "start": start,
        "end": end,
        "areas": list(areas) if areas else None,
        "level": level,
        "as_of": as_of,
        "after_area": area_id,
        "after_time": time,
        "limit": limit,
    }
    return await fetch(conn, _AS_OF if as_of else _CURRENT, params)


async def latest(
    conn: AsyncConnection[Any],
    *,
    chosen: Sequence[str] | None,
    areas: Sequence[str] | None,
    level: str | None,
    after: tuple[str, int] | None,
    limit: int,
) -> list[Row]:
    """Return the newest value of each indicator and area, by indicator and area."""
    code, area_id = after or (None, None)
    params = {
        "indicators": list(chosen) if chosen else None,
        "areas": list(areas) if areas else None,
        "level": level,
        "after_code": code,
        "after_area": area_id,
        "limit": limit,
    }
    return await fetch(conn, _LATEST, params)
